"""Real data, samples of our own, and made-up tasks.

Nothing heavy is imported here: pooch and its network libraries only when something is downloaded.
"""

from __future__ import annotations

from course_utils.data.authors import AUTHORS, Passage, write_passages
from course_utils.data.cafe_reviews import write_cafe_reviews
from course_utils.data.download import data_fingerprint, locate, prefetch
from course_utils.data.errors import DataError
from course_utils.data.imdb import load_imdb
from course_utils.data.nature import population_series, sunrise_series, surge_series, tide_series
from course_utils.data.own_reviews import LabelledTexts, load_labelled_csv, sample_csv
from course_utils.data.reviews import WrittenReview, sample_reviews, write_reviews
from course_utils.data.series import noise_series, sine_series, trend_series
from course_utils.data.shakespeare import Corpus, load_tiny_shakespeare, sample_corpus
from course_utils.data.tagged import TAGS, TaggedSentence, tag_odds, tagged_sentences
from course_utils.data.tasks import adding_task, binary_addition, copy_task, latest_task, recall_task
from course_utils.data.vocabulary import Reviews, decode_review, encode_review

__all__ = [
    "AUTHORS",
    "TAGS",
    "Corpus",
    "DataError",
    "LabelledTexts",
    "Passage",
    "Reviews",
    "TaggedSentence",
    "WrittenReview",
    "adding_task",
    "binary_addition",
    "copy_task",
    "data_fingerprint",
    "decode_review",
    "encode_review",
    "latest_task",
    "load_imdb",
    "load_labelled_csv",
    "load_tiny_shakespeare",
    "locate",
    "noise_series",
    "population_series",
    "prefetch",
    "recall_task",
    "sample_corpus",
    "sample_csv",
    "sample_reviews",
    "sine_series",
    "sunrise_series",
    "surge_series",
    "tag_odds",
    "tagged_sentences",
    "tide_series",
    "trend_series",
    "write_cafe_reviews",
    "write_passages",
    "write_reviews",
]

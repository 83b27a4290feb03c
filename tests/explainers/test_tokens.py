"""From a text to numbers, from the side of Python."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import traitlets

from course_utils.data.vocabulary import encode_review
from course_utils.explainers import Tokens
from course_utils.runs import load_run

TEXTS = ["", "The film.", "Not bad at all, the zeppelins!", "it’s " * 12, "one two three four five six seven"]


@pytest.fixture(scope="module")
def words() -> list[str]:
    return load_run("sentiment-lstm").load_vocabulary()


@pytest.mark.parametrize("padding", ["pre", "post"])
@pytest.mark.parametrize("truncating", ["pre", "post"])
@pytest.mark.parametrize("text", TEXTS)
def test_ids_are_cut_and_filled_as_keras_does(
    words: list[str], text: str, truncating: str, padding: str
) -> None:
    index = {word: id_ - 3 for id_, word in enumerate(words) if word and id_ > 3}
    for length in (4, 7, 20):
        figure = Tokens(text, length, padding, truncating)
        expected = keras.utils.pad_sequences(
            [encode_review(text, index)], length, padding=padding, truncating=truncating
        )
        np.testing.assert_array_equal(figure.ids, expected[0])


def test_the_most_frequent_word_has_the_id_4() -> None:
    figure = Tokens("The, zeppelins!", 5)
    assert figure.words == ["the", "zeppelins"]
    assert figure.ids.tolist() == [0, 0, 1, 4, 2]


def test_vectors_are_the_runs() -> None:
    figure = Tokens("not bad at all", 6)
    embedding = load_run("sentiment-lstm").load_weights()[0]  # (words, features)
    assert figure.vectors.shape == (6, 32)
    np.testing.assert_allclose(figure.vectors, embedding[figure.ids], atol=1e-6)


def test_nearest_words_by_hand(words: list[str]) -> None:
    embedding = load_run("sentiment-lstm").load_weights()[0].astype(np.float64)
    of = embedding[words.index("boring")]
    nearest = Tokens().nearest("BORING!", 10)
    assert len(nearest) == 10 and "boring" not in dict(nearest)
    similarity = [similar for _, similar in nearest]
    assert similarity == sorted(similarity, reverse=True)
    for word, similar in nearest:
        other = embedding[words.index(word)]
        expected = of @ other / np.linalg.norm(of) / np.linalg.norm(other)
        assert similar == pytest.approx(expected, abs=1e-5)
    others = [k for k, word in enumerate(words) if k > 3 and word and word not in {"boring", *dict(nearest)}]
    lengths = np.linalg.norm(embedding[others], axis=1) * np.linalg.norm(of)
    assert (embedding[others] @ of / lengths).max() <= similarity[-1] + 1e-6


@pytest.mark.parametrize("word", ["zeppelins", "", "!", "two words"])
def test_a_word_without_a_vector_of_its_own_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="is not one of the 10,000 words"):
        Tokens().nearest(word)


@pytest.mark.parametrize(
    "wrong", [{"length": 3}, {"length": 21}, {"padding": "left"}, {"truncating": ""}, {"text": "a" * 161}]
)
def test_wrong_values_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(traitlets.TraitError, match=f"Tokens: {next(iter(wrong))} is"):
        Tokens(**wrong)  # type: ignore[arg-type]


def test_without_javascript_the_ids_are_there() -> None:
    figure = Tokens("<b>The</b> zeppelins", 6)
    shown = figure.fallback_html()
    assert "“&lt;b&gt;The&lt;/b&gt; zeppelins”" in shown
    assert shown.count('scope="row"') == 6
    assert "<td>4</td><td>the</td>" in shown and "<td>2</td><td>(unknown)</td>" in shown
    for vector in figure.vectors:
        assert f"<td>{vector[0]:z.3f}</td>".replace("-", "−") in shown

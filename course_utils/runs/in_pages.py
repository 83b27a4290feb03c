"""Put numbers of the stored runs and studies into a page, so that none of them is typed by hand."""

from __future__ import annotations

import re
from statistics import fmean

from course_utils.errors import CourseError
from course_utils.runs.small_data import load_small_data
from course_utils.runs.store import list_runs, load_run
from course_utils.runs.table import compare

_SHOWN = ("accuracy", "last", "seconds", "parameters", "trainable")


def with_stored_numbers(text: str) -> str:
    """The page with the numbers of `with_cards` and of `with_studies`."""
    return with_studies(with_cards(text))


def with_cards(text: str) -> str:
    """Put what the cards of the stored runs say into a page.

    ``{{ runs: imdb-lstm, imdb-bag }}`` stands for the table of `course_utils.runs.compare`,
    ``{{ run: imdb-lstm.accuracy }}`` for one number of its row: ``parameters``; ``seconds``; ``accuracy``, ``lowest``
    and ``highest``, in per cent, over the seeds; ``last``, the mean of the last epochs' weights; ``val_loss``, of the
    run that is shipped. ``{{ all runs: hours }}`` stands for how long the trainings of all cards took together.

    Raises:
        CourseError: for a run that is not stored, or a number that a card has not.
    """

    def put(found: re.Match[str]) -> str:
        name, _, fact = found[1].partition(".")
        row, card = compare([name]).rows[0], load_run(name).card
        shown = {
            "parameters": f"{row['parameters']:,}",
            "seconds": f"{row['seconds']:.0f}",
            "accuracy": f"{100 * row['accuracy']:.2f}",
            "lowest": f"{100 * min(row['accuracies']):.2f}",
            "highest": f"{100 * max(row['accuracies']):.2f}",
            "last": f"{100 * fmean(trial.test_accuracy_last_epoch for trial in card.trials):.2f}",
            "val_loss": f"{card.metrics['val_loss']:.3f}",
        }
        if fact not in shown:
            raise CourseError(f"a card has no {fact!r} to put into a page: name one of {', '.join(shown)}")
        return shown[fact]

    if "{{ all runs: hours }}" in text:
        seconds = sum(trial.seconds for name in list_runs() for trial in load_run(name).card.trials)
        text = text.replace("{{ all runs: hours }}", f"{seconds / 3600:.1f}")
    text = re.sub(r"\{\{ run: ([a-z0-9-]+\.\w*) \}\}", put, text)
    return re.sub(
        r"\{\{ runs: ([a-z0-9, -]+) \}\}", lambda found: compare(found[1].split(", ")).markdown(), text
    )


def with_studies(text: str) -> str:
    """Put what the study of few reviews says into a page.

    ``{{ small-data: GRU.accuracy }}`` stands for the test accuracy of its variant GRU with early stopping, mean and
    range over the seeds, ``….last`` for the same after the last epoch, ``….seconds`` for the mean seconds of an epoch,
    ``….parameters`` and ``….trainable`` for numbers of weights.

    Raises:
        CourseError: for a variant or a number that the study does not have.
    """

    def put(found: re.Match[str]) -> str:
        name, _, fact = found[1].rpartition(".")
        study = load_small_data()
        if name not in study.card.trials:
            raise CourseError(
                f"the study of few reviews has no {name!r}: name one of {', '.join(study.card.trials)}"
            )
        if fact not in _SHOWN:
            raise CourseError(f"the study of few reviews shows no {fact!r}: name one of {', '.join(_SHOWN)}")
        if fact == "seconds":
            return f"{study.seconds(name).mean():.2f}"
        if fact in ("parameters", "trainable"):
            return f"{getattr(study.card, fact)[name]:,}"
        shares = 100 * study.accuracy(name, stopped=fact == "accuracy")
        return f"{shares.mean():.1f} % ({shares.min():.1f} to {shares.max():.1f})"

    return re.sub(r"\{\{ small-data: ([^{}\n]+?) \}\}", put, text)

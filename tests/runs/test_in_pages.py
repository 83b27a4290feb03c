"""Numbers of stored runs and studies on a page: put where they are asked for, and refused where there is none."""

from __future__ import annotations

import pytest

from course_utils.errors import CourseError
from course_utils.runs import RunError, compare, list_runs, load_run
from course_utils.runs.in_pages import with_cards, with_stored_numbers, with_studies
from course_utils.runs.small_data import load_small_data


def test_a_page_shows_what_the_study_has_stored() -> None:
    study = load_small_data()
    shares = 100 * study.accuracy("bag of words")
    shown = with_studies("a {{ small-data: bag of words.accuracy }} b")
    assert shown == f"a {shares.mean():.1f} % ({shares.min():.1f} to {shares.max():.1f}) b"
    last = 100 * study.accuracy("plain", stopped=False)
    assert with_studies("{{ small-data: plain.last }}").startswith(f"{last.mean():.1f} % (")
    assert with_studies("{{ small-data: GRU.parameters }}") == f"{study.card.parameters['GRU']:,}"
    assert with_studies("{{ small-data: frozen vectors.trainable }}") == "12,449"
    assert float(with_studies("{{ small-data: rate 0.01.seconds }}")) > 0, "a name with a point in it"


def test_what_the_study_does_not_have_is_refused() -> None:
    with pytest.raises(CourseError, match="has no 'LSTMM'"):
        with_studies("{{ small-data: LSTMM.accuracy }}")
    with pytest.raises(CourseError, match="shows no 'loss'"):
        with_studies("{{ small-data: plain.loss }}")
    assert with_studies("{{ measured: speed }}") == "{{ measured: speed }}"


def test_runs_become_the_table_of_their_cards() -> None:
    text = with_cards("before\n\n{{ runs: imdb-lstm, imdb-bag }}\n\nafter")
    assert text == f"before\n\n{compare(['imdb-lstm', 'imdb-bag']).markdown()}\n\nafter"


def test_a_number_of_a_card_stands_in_a_sentence() -> None:
    card = load_run("imdb-lstm").card
    shares = [100 * trial.test_accuracy for trial in card.trials]
    text = with_cards(
        "{{ run: imdb-lstm.lowest }} to {{ run: imdb-lstm.highest }}, {{ run: imdb-lstm.parameters }}"
    )
    assert text == f"{min(shares):.2f} to {max(shares):.2f}, {card.parameters:,}"
    kept_to_the_end = sum(trial.test_accuracy_last_epoch for trial in card.trials) / len(card.trials)
    assert with_cards("{{ run: imdb-lstm.last }}") == f"{100 * kept_to_the_end:.2f}"


def test_the_hours_of_all_cards_are_added_up() -> None:
    seconds = [trial.seconds for name in list_runs() for trial in load_run(name).card.trials]
    assert len(seconds) > 60
    assert with_cards("took {{ all runs: hours }} h") == f"took {sum(seconds) / 3600:.1f} h"


def test_a_run_or_a_number_that_there_is_not_stops_the_build() -> None:
    with pytest.raises(RunError, match="no run called 'imdb-lsmt'"):
        with_cards("{{ runs: imdb-lsmt }}")
    with pytest.raises(CourseError, match="a card has no 'colour'"):
        with_cards("{{ run: imdb-lstm.colour }}")


def test_a_page_may_ask_for_both() -> None:
    text = with_stored_numbers("{{ run: imdb-lstm.accuracy }} and {{ small-data: plain.last }}")
    assert "{{" not in text
    assert text.startswith(with_cards("{{ run: imdb-lstm.accuracy }}"))

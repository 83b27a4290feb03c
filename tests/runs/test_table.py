"""Runs side by side: the numbers are the cards', in every form that the table has."""

from __future__ import annotations

from statistics import fmean

import pytest

from course_utils.runs import RunError, compare, load_run

NAMES = ["imdb-lstm", "imdb-bag", "sentiment-gru"]


def test_a_row_tells_what_the_card_tells() -> None:
    rows = compare(NAMES).rows
    assert [row["name"] for row in rows] == NAMES
    for row in rows:
        card = load_run(row["name"]).card
        assert row["parameters"] == card.parameters
        assert row["epochs"] == tuple(trial.best_epoch for trial in card.trials)
        assert row["accuracies"] == tuple(trial.test_accuracy for trial in card.trials)
        assert row["accuracy"] == pytest.approx(fmean(row["accuracies"]))
        assert row["seconds"] == pytest.approx(fmean(trial.seconds for trial in card.trials))


def test_the_table_is_the_same_in_all_its_forms() -> None:
    table = compare(NAMES)
    head, *body = table.cells()
    text, page, notebook = repr(table), table.markdown(), table._repr_html_()
    for line in (head, *body):
        for cell in line:
            assert cell in text
            assert cell in page
            assert cell in notebook
    assert page.count("\n") == len(NAMES) + 1
    assert notebook.count("<tr>") == len(NAMES) + 1
    low, high = (
        100 * value for value in (min(table.rows[0]["accuracies"]), max(table.rows[0]["accuracies"]))
    )
    assert body[0][2] == f"{low:.2f} to {high:.2f}"
    assert body[2][2] == "one seed"


def test_what_cannot_be_compared_is_said() -> None:
    with pytest.raises(RunError, match=r"There is no run called 'imdb-bog'\. Did you mean imdb-bag\?"):
        compare(["imdb-bog"])
    with pytest.raises(RunError, match="in a list"):
        compare("imdb-bag")
    with pytest.raises(RunError, match="in a list"):
        compare([])

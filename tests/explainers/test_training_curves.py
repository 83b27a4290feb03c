"""The rule that judges trainings, and the stored trainings that it is shown on."""

from __future__ import annotations

import json

import numpy as np
import pytest
import traitlets as t

from course_utils.explainers import TrainingCurves
from course_utils.explainers.assets import CURVES, asset
from course_utils.explainers.training_curves import LONGEST, judge
from course_utils.runs import load_run


def history(loss: list[float], val_loss: list[float], best_accuracy: float = 0.8) -> dict[str, list[float]]:
    return {"loss": loss, "val_loss": val_loss, "val_accuracy": [0.5] * (len(loss) - 1) + [best_accuracy]}


@pytest.mark.parametrize(
    ("made", "label", "said"),
    [
        (history([0.5, 0.6], [0.5, 0.5]), "diverging", "rose from 0.50 to 0.60"),
        (history([0.5, float("nan")], [0.5, 0.5]), "diverging", "rose from 0.50 to nan"),
        (history([0.9, 0.7], [0.5, 0.5]), "diverging", "ends at 0.70, above the 0.69"),
        (history([0.69, 0.68], [0.69, 0.68], 0.55), "underfitting", "reached 55.0 % at best"),
        (history([0.5, 0.3, 0.1], [0.4, 0.3, 0.331]), "overfitting", "its best 0.30 in epoch 2 to 0.33"),
        (history([0.5, 0.3, 0.1], [0.4, 0.3, 0.329]), "fine", "10 % above its best 0.30 in epoch 2"),
        (history([0.5, 0.3, 0.35], [0.4, 0.3, 0.5]), "fine", "67 % above its best"),
        (history([0.5, 0.3], [0.4, 0.3]), "fine", "ends at its best, 0.30"),
    ],
)
def test_the_rule_by_hand(made: dict[str, list[float]], label: str, said: str) -> None:
    found, reason = judge(made)
    assert found == label
    assert said in reason
    assert reason.endswith(f": {label}.")


def test_a_history_without_its_metrics_is_refused() -> None:
    with pytest.raises(ValueError, match="the history lacks val_loss, val_accuracy"):
        judge({"loss": [0.5]})
    with pytest.raises(ValueError, match="expected at least one epoch of each"):
        judge(history([], []) | {"val_accuracy": []})


def test_there_is_a_training_of_every_kind_and_every_curve_is_a_stored_one() -> None:
    figures = [TrainingCurves(name) for name in CURVES]
    assert {figure.label for figure in figures} == {"fine", "overfitting", "underfitting", "diverging"}
    for figure in figures:
        stored = load_run(figure.run)
        assert {name: list(values) for name, values in figure.history.items()} == stored.history
        assert 3 <= len(figure.history["loss"]) <= LONGEST
        assert all(np.isfinite(values).all() for values in figure.history.values())
        assert json.loads(asset("training-curves"))[figure.run]["title"] == stored.card.title


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(t.TraitError, match="run is 'imdb', expected one of imdb-simple-rnn, "):
        TrainingCurves("imdb")
    with pytest.raises(t.TraitError, match="expected one of loss, accuracy"):
        TrainingCurves(measure="val_loss")
    with pytest.raises(t.TraitError, match="epochs is 0, expected a whole number from 1 to 10"):
        TrainingCurves(epochs=0)


def test_the_static_version_shows_the_run_and_its_verdict() -> None:
    figure = TrainingCurves("imdb-simple-rnn")
    shown = figure.fallback_html()
    assert figure.reason in shown
    assert shown.count('<th scope="row">') == len(figure.history["loss"])
    assert f"<td>{figure.history['val_loss'][-1]:.2f}</td>" in shown

"""The stack of layers from the side of Python: shapes, parameters, and Keras's own words."""

from __future__ import annotations

import keras
import pytest
import traitlets

from course_utils.explainers import Shapes

STACKS = [
    "lstm:64:seq,lstm:32:last",
    "rnn:1:last",
    "gru:128:seq:bi",
    "lstm:7:seq:bi,gru:5:seq,rnn:3:seq:bi,lstm:2:last:bi",
    "lstm:64:last,lstm:32:last",
    "gru:4:seq,gru:4:last:bi,gru:4:seq,rnn:2:last",
    "rnn:3:last:bi,lstm:2:last:bi,rnn:3:last",
]


@pytest.mark.parametrize("source", ["words", "numbers"])
@pytest.mark.parametrize("stack", STACKS)
def test_keras_says_the_same(stack: str, source: str) -> None:
    figure = Shapes(stack, source, time=9, features=6, vocabulary=50, outputs=3)
    keras.layers.LSTM(1)  # a session that is not fresh: the figure's names do not depend on it
    try:
        model = figure.model()
    except ValueError as refusal:
        for what in ("output_shapes", "parameters"):
            with pytest.raises(ValueError) as ours:
                getattr(figure, what)
            assert str(ours.value) == str(refusal)
        assert str(refusal) in figure.fallback_html().replace("&#x27;", "'")
        return
    assert figure.names == [layer.name for layer in model.layers]
    assert figure.output_shapes == [layer.output.shape for layer in model.layers]
    assert figure.parameters == [layer.count_params() for layer in model.layers]
    assert f"{model.count_params():,} parameters in all" in figure.fallback_html()


def test_the_formulas_by_hand() -> None:
    assert Shapes().parameters == [1_280_000, 4 * (128 + 64 + 1) * 64, 4 * (64 + 32 + 1) * 32, 33]
    assert Shapes().output_shapes == [(None, 200, 128), (None, 200, 64), (None, 32), (None, 1)]
    gru = Shapes("gru:5:last:bi", "numbers", features=3, outputs=2)
    assert gru.parameters == [2 * 3 * (3 + 5 + 2) * 5, (10 + 1) * 2]


@pytest.mark.parametrize(
    "stack",
    [
        "",
        "lstm",
        "lstm:0:seq",
        "lstm:129:seq",
        "lstm:064:seq",
        "mlp:3:seq",
        "lstm:3:all",
        "lstm:3:seq,",
        "lstm:3:seq " * 2,
        ",".join(["rnn:1:seq"] * 5),
    ],
)
def test_what_is_no_stack_is_refused(stack: str) -> None:
    with pytest.raises(traitlets.TraitError, match="expected one to four layers such as lstm:64:seq"):
        Shapes(stack)


def test_the_longest_stack_fits() -> None:
    assert Shapes(",".join(["lstm:128:last:bi"] * 4)).stack.count("bi") == 4


@pytest.mark.parametrize("wrong", [{"time": 0}, {"features": 513}, {"source": "pictures"}, {"outputs": 1.5}])
def test_numbers_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(traitlets.TraitError, match=f"Shapes: {next(iter(wrong))} is"):
        Shapes(**wrong)  # type: ignore[arg-type]

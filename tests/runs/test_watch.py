"""Watching a training: printed line by line outside a notebook, one block that rewrites itself inside."""

from __future__ import annotations

import re
from typing import Any

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from course_utils.display import progress_bar
from course_utils.runs import watch_training

TRAIN = """
import keras
import numpy as np
from course_utils.runs import watch_training

model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, "sigmoid")])
model.compile("sgd", loss="binary_crossentropy", metrics=["accuracy"])
inputs, labels = np.ones((200, 2)), np.arange(200) % 2
history = model.fit(
    inputs, labels, epochs=2, batch_size=1, validation_split=0.2, verbose=0, callbacks=[watch_training()]
)
"""
LINE = (
    r"epoch {} of 2 +\d+ s  accuracy \d+\.\d% \(validation \d+\.\d%\)"
    r"  loss \d\.\d\d\d \(validation \d\.\d\d\d\)"
)


@pytest.mark.parametrize(("fraction", "full"), [(0.0, 0), (0.5, 12), (1.0, 24), (1.7, 24)])
def test_the_bar_has_one_length(fraction: float, full: int) -> None:
    bar = progress_bar(fraction)
    assert bar.count("█") == full
    assert bar.count("█") + bar.count("░") == 24


def test_without_a_notebook_each_epoch_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    namespace: dict[str, Any] = {}
    exec(TRAIN, namespace)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    for number, line in enumerate(lines, start=1):
        assert re.fullmatch(LINE.format(number), line), line


def test_in_a_notebook_it_is_one_output_with_all_epochs_at_the_end() -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(TRAIN)])
    NotebookClient(notebook, timeout=300).execute()
    shown = [output for output in notebook.cells[0].outputs if output.output_type == "display_data"]
    assert len(shown) == 1, "each update should replace the one before"
    assert set(shown[0].data) == {"text/plain"}
    lines = shown[0].data["text/plain"].splitlines()
    assert [line[:12] for line in lines] == ["epoch 1 of 2", "epoch 2 of 2"]
    assert "█" not in shown[0].data["text/plain"], "a finished training needs no bar"


def test_the_callback_can_watch_a_second_training() -> None:
    import keras

    watch = watch_training()
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", loss="mse")
    for _ in range(2):
        model.fit(np.ones((4, 1)), np.ones(4), epochs=2, verbose=0, callbacks=[watch])
        assert len(watch.lines) == 2

"""A student's first cell shows nothing but what it makes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FIRST = """
from course_utils import figures
import keras
"""
THEN = """
import numpy as np
from keras import layers
ids = keras.Input((None,), dtype="int32")
states = layers.GRU(4, return_sequences=True)(layers.Embedding(9, 4, mask_zero=True)(ids))
model = keras.Model(ids, layers.Dense(1)(layers.GlobalAveragePooling1D()(states)))
model.compile(loss="mse")
model.fit(np.array([[0, 1, 2], [0, 0, 3]]), np.array([0.0, 1.0]), verbose=0)
model.predict(np.array([[0, 1, 2]]), verbose=0).shape
"""


def test_tensorflow_is_silent_in_a_notebook(tmp_path: Path) -> None:
    cells = [nbformat.v4.new_code_cell(source) for source in (FIRST, THEN)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    first, then = (cell["outputs"] for cell in notebook["cells"])
    assert first == []
    assert [output["output_type"] for output in then] == ["execute_result"], then
    assert then[0]["data"]["text/plain"] == "(1, 1)"


def test_what_fails_in_silence_is_still_raised(tmp_path: Path) -> None:
    (tmp_path / "tensorflow.py").write_text("raise ImportError('no such processor')", encoding="utf-8")
    script = (
        "import sys; sys.modules['ipykernel'] = sys\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "import course_utils\n"
        "try:\n    import tensorflow\nexcept ImportError as error:\n    print(error)\n"
        "print('heard', file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "no such processor"
    assert done.stderr.strip() == "heard"

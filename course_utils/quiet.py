"""Keep TensorFlow's log out of notebooks.

As it is imported, TensorFlow writes about processors and drivers, past Python and whatever the log level
(github.com/tensorflow/tensorflow/issues/100442). JupyterLab shows that in a red box under the first cell.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


def quieten_tensorflow() -> None:
    """In a notebook's kernel that has no TensorFlow yet, let it be imported in silence, and log nothing later.

    What goes wrong is raised as an exception all the same. Elsewhere nothing changes.
    """
    if "ipykernel" in sys.modules and "tensorflow" not in sys.modules:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Finds TensorFlow, once."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "tensorflow":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_in_silence(module: ModuleType) -> None:
                with _no_error_stream():
                    execute(module)

            spec.loader.exec_module = execute_in_silence  # type: ignore[method-assign]
        return spec


@contextmanager
def _no_error_stream() -> Iterator[None]:
    """Drop what the process writes to its standard error, at the level where C++ writes."""
    kept = os.dup(2)
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nothing)
        os.close(kept)

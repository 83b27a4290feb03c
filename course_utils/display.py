"""Text that keeps itself up to date while something long runs."""

from __future__ import annotations

from typing import Any

BAR = 24
"""Length of the progress bar, in characters."""


def progress_bar(fraction: float) -> str:
    """A bar of characters, and the share in per cent."""
    full = round(min(max(fraction, 0.0), 1.0) * BAR)
    return f"{'█' * full}{'░' * (BAR - full)} {fraction:4.0%}"


class LiveText:
    """An output that can be rewritten; without a notebook, each new line is printed."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._in_notebook = _in_notebook()

    def show(self, text: str, new: str = "") -> None:
        if not self._in_notebook:
            if new:
                print(new, flush=True)
            return
        from IPython.display import display

        content = {"text/plain": text}
        if self._handle is None:
            self._handle = display(content, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(content, raw=True)


def _in_notebook() -> bool:
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")

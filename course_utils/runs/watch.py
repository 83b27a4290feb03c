"""Watch a training in a notebook: one block of text that keeps itself up to date."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from course_utils.display import LiveText, progress_bar

PAUSE = 0.25
"""Seconds between two updates, so that showing does not slow training down."""


def watch_training() -> Any:
    """A Keras callback that shows a training while it runs.

    In a notebook it is one output that is rewritten in place: a line for each finished epoch, and a bar for the
    one being trained. Elsewhere each finished epoch is printed once.

    Returns:
        the callback, for ``model.fit(…, verbose=0, callbacks=[watch_training()])``.
    """
    import keras

    class Watch(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
            self.lines: list[str] = []
            self.handle = LiveText()
            self.updated = 0.0

        def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
            self.epoch, self.began = epoch + 1, time.perf_counter()

        def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
            if time.perf_counter() - self.updated < PAUSE:
                return
            self.updated = time.perf_counter()
            steps = self.params.get("steps")
            done = f"{progress_bar((batch + 1) / steps)} " if steps else f"step {batch + 1} "
            self.handle.show("\n".join([*self.lines, f"{self._where()}  {done} {_numbers(logs)}"]))

        def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
            seconds = time.perf_counter() - self.began
            line = f"{self._where()}  {seconds:4.0f} s  {_numbers(logs)}"
            self.lines.append(line)
            self.handle.show("\n".join(self.lines), new=line)

        def _where(self) -> str:
            return f"epoch {self.epoch} of {self.params['epochs']}"

    return Watch()


def _numbers(logs: Mapping[str, float] | None) -> str:
    """Each metric once, with its value on the validation data beside it where there is one."""
    logs = logs or {}
    parts = []
    for key in sorted(key for key in logs if not key.startswith("val_")):
        beside = f" (validation {_number(key, logs[f'val_{key}'])})" if f"val_{key}" in logs else ""
        parts.append(f"{key} {_number(key, logs[key])}{beside}")
    return "  ".join(parts)


def _number(metric: str, value: float) -> str:
    return f"{value:.1%}" if metric.endswith("accuracy") else f"{value:.3f}"

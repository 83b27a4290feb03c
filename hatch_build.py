"""Puts the questions, as students may see them, into the wheel."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """See hatchling."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile `quizzes/` into `course_utils/_bundled/quizzes.json`.

        Args:
            version: "editable" where nothing is copied: then the package finds the banks themselves.
            build_data: what hatchling is told.
        """
        banks = Path(self.root) / "quizzes"
        if version == "editable" or not banks.is_dir():
            return
        sys.path.insert(0, self.root)
        try:
            from course_utils.quiz.publish import write_questions
        except ModuleNotFoundError as error:
            # pip builds in an environment of its own, unless it is told `--no-build-isolation`.
            self.app.display_warning(f"the wheel has no questions in it: {error.name} is not installed")
            return
        self._folder = tempfile.TemporaryDirectory()
        file = Path(self._folder.name) / "quizzes.json"
        write_questions(banks, file)
        build_data["force_include"][str(file)] = "course_utils/_bundled/quizzes.json"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Clean up."""
        if hasattr(self, "_folder"):
            self._folder.cleanup()

"""One place for nbgrader's settings, used by `nbgrader_config.py`, by the builds and by the demo class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

COURSE_ID = "unrolled"


def configure(config: Any, *, root: Path, source: Path, release: str = "release") -> None:
    """Set nbgrader up for the class kept in `root`.

    Args:
        config: the traitlets configuration object.
        root: folder of the class: releases, submissions, gradebook and feedback lie in it.
        source: folder of the instructor's notebooks.
        release: name of the folder below `root` that receives the student versions.
    """
    config.CourseDirectory.course_id = COURSE_ID
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.source_directory = str(source)
    config.CourseDirectory.release_directory = release
    config.CourseDirectory.db_url = f"sqlite:///{root / 'gradebook.db'}"
    # Releasing and collecting on one machine needs no shared folder of the system.
    config.Exchange.root = str(root / "exchange")
    config.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", ".*"]
    # A graceful shutdown waits two seconds for TensorFlow and gains nothing.
    config.Execute.shutdown_kernel = "immediate"
    config.Execute.timeout = 240
    config.ClearSolutions.code_stub = {
        "python": "# YOUR CODE HERE\nraise NotImplementedError()",
    }

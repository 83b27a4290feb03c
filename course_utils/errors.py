"""The error that a reader may see: one line, with what to do next."""

from __future__ import annotations


class CourseError(RuntimeError):
    """Something the reader can mend; the message is one line and ends with what to do.

    The command `course` prints the message without a traceback and leaves with status 1.
    """

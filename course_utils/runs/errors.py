"""The one error that stored runs raise on purpose."""

from __future__ import annotations

from course_utils.errors import CourseError


class RunError(CourseError):
    """A run cannot be loaded or trained; the message is one line and says what to do."""

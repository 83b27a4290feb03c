"""The one error that loading data raises on purpose."""

from __future__ import annotations

from course_utils.errors import CourseError


class DataError(CourseError):
    """Data cannot be used as they are; the message is one line and says what to do."""

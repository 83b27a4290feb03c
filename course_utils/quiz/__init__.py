"""Questions: shown alive, answered, saved, and scored from a bank that students do not have."""

from course_utils.quiz.notebook import answer, quiz

__all__ = ["answer", "quiz"]

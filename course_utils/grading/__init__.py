"""nbgrader for a class: its settings, the student edition, a demo class."""

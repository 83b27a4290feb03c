"""The helper package of *Unrolled*, an interactive course on recurrent neural networks.

The rooms, from the ground floor up: `data` (real data, samples, tasks), `recurrent` (our NumPy engine), `figures`
(drawings that lessons share), `runs` (stored trainings), `explainers` (living figures), `grading` (nbgrader for a
class), `site` (from notebooks to pages), and `cli` (the command `course`). A room imports only from the rooms before
it. TensorFlow is imported where it is used, never here.
"""

from __future__ import annotations

from course_utils.quiet import quieten_tensorflow

__version__ = "0.1.0"

quieten_tensorflow()

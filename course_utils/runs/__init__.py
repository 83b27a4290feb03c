"""Stored training runs: train them, store them small, load them, look at them.

Every figure and number in the course that comes from a long training is read from a stored run. TensorFlow is
imported only by `Run.load_model` and `train_run`.
"""

from __future__ import annotations

from course_utils.runs.card import METRICS, Card, LayerFacts, Trial
from course_utils.runs.errors import RunError
from course_utils.runs.intervals import share_interval
from course_utils.runs.recipes import RECIPES, Recipe, recipe_named, recipe_names
from course_utils.runs.store import Run, list_runs, load_run, runs_folders
from course_utils.runs.table import RunTable, compare
from course_utils.runs.training import Progress, print_progress, train_run
from course_utils.runs.watch import watch_training

__all__ = [
    "METRICS",
    "RECIPES",
    "Card",
    "LayerFacts",
    "Progress",
    "Recipe",
    "Run",
    "RunError",
    "RunTable",
    "Trial",
    "compare",
    "list_runs",
    "load_run",
    "print_progress",
    "recipe_named",
    "recipe_names",
    "runs_folders",
    "share_interval",
    "train_run",
    "watch_training",
]

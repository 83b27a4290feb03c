"""Living figures: one Python class and one JavaScript module each.

They answer in the browser, without Python: in JupyterLab, on the published site, and in a folder without a network.
"""

from course_utils.explainers.forecast import Forecast
from course_utils.explainers.gates import Gates
from course_utils.explainers.gradient_flow import GradientFlow
from course_utils.explainers.layers import Layers
from course_utils.explainers.memory_race import MemoryRace
from course_utils.explainers.neuron import Neuron
from course_utils.explainers.sentiment_reader import SentimentReader
from course_utils.explainers.shapes import Shapes
from course_utils.explainers.text_generator import TextGenerator
from course_utils.explainers.tokens import Tokens
from course_utils.explainers.training_curves import TrainingCurves
from course_utils.explainers.unroll import Unroll
from course_utils.explainers.widget import CourseWidget

__all__ = [
    "CourseWidget",
    "Forecast",
    "Gates",
    "GradientFlow",
    "Layers",
    "MemoryRace",
    "Neuron",
    "SentimentReader",
    "Shapes",
    "TextGenerator",
    "Tokens",
    "TrainingCurves",
    "Unroll",
]

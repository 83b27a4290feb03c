"""Living figures: one Python class and one JavaScript module each.

They answer in the browser, without Python: in JupyterLab, on the published site, and in a folder without a network.
"""

from course_utils.explainers.unroll import Unroll
from course_utils.explainers.widget import CourseWidget

__all__ = ["CourseWidget", "Unroll"]

"""A small engine for recurrent networks in NumPy: cells, networks, back-propagation through time, training.

A cell reads one step; a network stacks cells under a dense head; `fit` trains it. Inputs are (batch, time,
features), as in Keras. Inside, time comes first.
"""

from course_utils.recurrent.bidirectional import Bidirectional
from course_utils.recurrent.callbacks import (
    Callback,
    EarlyStopping,
    History,
    LearningRateDecay,
    ReduceOnPlateau,
)
from course_utils.recurrent.diagnostics import (
    gradient_norm_by_step,
    jacobian_by_step,
    saturation,
    spectral_radius,
)
from course_utils.recurrent.gradient_check import GradientCheck, gradient_check
from course_utils.recurrent.gradient_log import GradientLog
from course_utils.recurrent.gru import GRU
from course_utils.recurrent.head import Dense
from course_utils.recurrent.keras_bridge import from_keras, to_keras
from course_utils.recurrent.lstm import LSTM
from course_utils.recurrent.network import Batch, Network, build_network
from course_utils.recurrent.optimizers import SGD, Adagrad, Adam, RMSprop
from course_utils.recurrent.simple_rnn import SimpleRNN
from course_utils.recurrent.training import fit

__all__ = [
    "GRU",
    "LSTM",
    "SGD",
    "Adagrad",
    "Adam",
    "Batch",
    "Bidirectional",
    "Callback",
    "Dense",
    "EarlyStopping",
    "GradientCheck",
    "GradientLog",
    "History",
    "LearningRateDecay",
    "Network",
    "RMSprop",
    "ReduceOnPlateau",
    "SimpleRNN",
    "build_network",
    "fit",
    "from_keras",
    "gradient_check",
    "gradient_norm_by_step",
    "jacobian_by_step",
    "saturation",
    "spectral_radius",
    "to_keras",
]

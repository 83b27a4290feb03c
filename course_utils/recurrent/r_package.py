"""The functions of the R package `rnn`, by their R names, over this engine: for readers who come from R.

The names, arguments and defaults are those of rnn 1.9.1 by Bastiaan Quast, so a script changes its syntax and not
its calls. The package itself is not needed, and none of its code is here. What is done differently, and why, is
said where it is done; the appendix *Coming from R* measures it.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal, overload

import numpy as np
import numpy.typing as npt

from course_utils.recurrent.activations import activation_named
from course_utils.recurrent.arrays import Array, at_least
from course_utils.recurrent.callbacks import Callback, History, Training
from course_utils.recurrent.cell import Cell
from course_utils.recurrent.gru import GRU
from course_utils.recurrent.head import Dense
from course_utils.recurrent.lstm import LSTM
from course_utils.recurrent.network import Network
from course_utils.recurrent.optimizers import Adagrad, Optimizer, positive, share
from course_utils.recurrent.simple_rnn import SimpleRNN
from course_utils.recurrent.training import fit, shuffled

NETWORK_TYPES: dict[str, Callable[..., Cell[Any]]] = {"rnn": SimpleRNN, "lstm": LSTM, "gru": GRU}
SIGMOIDS = {"logistic": "sigmoid", "Gompertz": "gompertz", "tanh": "tanh"}
"""R's name, and the engine's."""
UPDATE_RULES = ("sgd", "adagrad")
MOST_BITS = 62
"""Whole numbers have 64 bits here."""

_SLOTS = {"rnn": ((0, 1),), "lstm": ((1, 1), (0, 1), (2, 1), (3, 1)), "gru": ((0, -1), (1, 1), (2, 1))}
"""Where the engine keeps what is in R's slots (LSTM: f, i, g, o; GRU: z, r, g), and its sign. R's z says how much
to take, the engine's how much to keep: each is one minus the other, so their weights differ in sign."""

Samples = npt.NDArray[np.int64]
"""Numbers of samples, from 0."""
Batches = Callable[[int, int, np.random.Generator], Iterable[Samples]]
"""How samples are put into batches, as `fit` has it."""
Hook = Callable[["RModel"], "RModel | None"]
"""An epoch function or a loss function: changes the model, and returns it (as in R) or nothing."""


def int2bin(integer: npt.ArrayLike, length: int = 8) -> npt.NDArray[np.int64]:
    """Whole numbers in binary, the least significant bit first.

    Args:
        integer: (samples,), or one number; 0 or more.
        length: bits, 1 to 62.

    Returns:
        (samples, length) of zeros and ones.

    Raises:
        ValueError: for a number that is negative, not whole, or too big (R cuts or bends each of them silently).
    """
    if at_least(length, 1, "length") > MOST_BITS:
        raise ValueError(f"length is {length}, expected at most {MOST_BITS} bits.")
    given = np.asarray(integer)
    if given.ndim > 1 or given.dtype.kind not in "biuf":
        raise ValueError(f"integer is {integer!r:.60}, expected whole numbers of 0 or more, in one row.")
    given = given.reshape(-1)
    unfit = given[~((given >= 0) & (given < np.inf) & (given == np.floor(given)))]
    if unfit.size:
        raise ValueError(f"integer holds {unfit[0]}, expected whole numbers of 0 or more.")
    needed = int(max(given, default=0)).bit_length()
    if needed > length:
        raise ValueError(
            f"integer holds {int(max(given))}, which needs {needed} bits and has {length}: give length={needed}."
        )
    return (given.astype(np.int64)[:, np.newaxis] >> np.arange(length)) & 1


def bin2int(binary: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """What rows of bits, the least significant first, stand for.

    Args:
        binary: (samples, length), or (length,) for one row; rounded first, so that it may come from `predictr`.

    Returns:
        (samples,)

    Raises:
        ValueError: for another rank, more than 62 bits, or a value that does not round to 0 or 1.
    """
    given = np.asarray(binary, dtype=float)
    if given.ndim not in (1, 2) or not 1 <= given.shape[-1] <= MOST_BITS:
        raise ValueError(
            f"binary has shape {given.shape}, expected (samples, length) of 1 to {MOST_BITS} bits."
        )
    bits = np.round(np.atleast_2d(given))
    odd = bits[~np.isin(bits, (0, 1))]
    if odd.size:
        raise ValueError(f"binary holds {odd[0]} once rounded, expected zeros and ones.")
    numbers: npt.NDArray[np.int64] = (bits.astype(np.int64) << np.arange(bits.shape[1])).sum(axis=1)
    return numbers


def i2b(integer: int, length: int = 8) -> npt.NDArray[np.int64]:
    """One whole number in binary, (length,); see `int2bin`."""
    return int2bin([integer], length).reshape(-1)


def b2i(binary: npt.ArrayLike) -> int:
    """The whole number that one row of bits stands for, (length,); see `bin2int`."""
    return int(bin2int(binary).item())


def loss_L1(model: RModel) -> None:
    """Turn the gradient into a step: the update times the learning rate.

    The name is R's; no loss is computed here. A `loss_function` is called before every update of the weights,
    and may change `model.update`, which is the negative gradient until then.
    """
    model.update *= model.learningrate


def epoch_print(model: RModel) -> None:
    """Print how the epoch went, in two lines."""
    print(f"Epoch {model.current_epoch} of {model.numepochs}, learning rate {model.learningrate:.4g}")
    print(f"  error of a sample, on average: {model.epoch_error[-1]:.4g}")


def epoch_annealing(model: RModel) -> None:
    """Multiply the learning rate by `learningrate_decay`."""
    model.learningrate *= model.learningrate_decay


def random_bins(samples: int, batch_size: int, draw: np.random.Generator) -> Iterator[Samples]:
    """R's batches: every sample falls into a random one of samples / batch_size bins, and empty bins are left out.

    With ``batch_size=1`` that is about 0.63 updates a sample, some of them for two samples or more.
    """
    bins = draw.integers(max(round(samples / batch_size), 1), size=samples)
    order = np.argsort(bins, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(bins[order])) + 1)


_FUNCTIONS: dict[str, Any] = {
    "epoch_function": (epoch_print, epoch_annealing),
    "loss_function": loss_L1,
    "batches": shuffled,
}
"""The default ones."""


@dataclass(eq=False, repr=False)
class RModel:
    """What `trainr` returns. Its fields have R's names; arguments of `trainr` that are not listed are fields too.

    Pickled or copied, it is its weights and settings: of `error` and `history` there remains `epoch_error`,
    momentum and Adagrad's sums start anew, and `epoch_function`, `loss_function` and `batches` are the default ones.
    """

    network: Network
    """The engine's network, with all that the engine can do with one."""
    network_type: str
    sigmoid: str
    use_bias: bool
    seq_to_seq_unsync: bool
    draw: np.random.Generator
    """Where random numbers come from."""
    learningrate: float = np.nan
    """The one now: it decays."""
    learningrate_decay: float = 1.0
    momentum: float = 0.0
    numepochs: int = 1
    batch_size: int = 1
    update_rule: str = "sgd"
    clipping: float | None = None
    epoch_function: Sequence[Hook] = _FUNCTIONS["epoch_function"]
    loss_function: Hook = field(default_factory=lambda: loss_L1)
    batches: Batches = field(default_factory=lambda: shuffled)
    time_dim: int = 0
    """Steps that the network runs: with `seq_to_seq_unsync` those of X and Y together, less one."""
    time_dim_input: int = 0
    """Steps of X."""
    current_epoch: int = 0
    """The epoch that is being trained, or was last; the first is 1."""
    error: Array = field(default_factory=lambda: np.zeros((0, 0)))
    """(samples, epochs), the sum of |y − answer| over steps and variables, before the sample's update."""
    epoch_error: Array = field(default_factory=lambda: np.zeros(0))
    """(epochs,), the mean of `error` over the samples: R's ``attr(model, "error")``."""
    update: Array = field(default_factory=lambda: np.zeros(0))
    """While training, what will be added to ``network.flat_weights``; see `loss_L1`."""
    history: History = field(default_factory=History)
    """Of the engine; its `stopped` says why training ended early, if it did."""
    memory: dict[str, Array] = field(default_factory=dict)
    """What the update rule remembers, to train on as if there had been no pause."""

    @property
    def input_dim(self) -> int:
        """Variables a step of X."""
        return self.network.features

    @property
    def hidden_dim(self) -> tuple[int, ...]:
        """Units of each hidden layer."""
        return tuple(cell.units for cell in self._cells())

    @property
    def output_dim(self) -> int:
        """Variables a step of Y."""
        return self.network.head.outputs

    @property
    def synapse_dim(self) -> tuple[int, ...]:
        """Sizes from the input to the output."""
        return (self.input_dim, *self.hidden_dim, self.output_dim)

    @property
    def time_synapse(self) -> list[Array]:
        """Weights upwards, of each layer and the output: (in, units[, gates]), and (units, outputs) last."""
        return [self._to_r(cell.W_x) for cell in self._cells()] + [self.network.head.W_y.copy()]

    @property
    def recurrent_synapse(self) -> list[Array]:
        """Weights from step to step, of each layer: (units, units[, gates])."""
        return [self._to_r(cell.W_h) for cell in self._cells()]

    @property
    def bias_synapse(self) -> list[Array]:
        """Biases of each layer and the output, (units[, gates]) and (outputs,); none without `use_bias`."""
        if not self.use_bias:
            return []
        return [self._to_r(cell.b) for cell in self._cells()] + [self.network.head.b_y.copy()]

    def set_synapses(
        self,
        time_synapse: Sequence[npt.ArrayLike],
        recurrent_synapse: Sequence[npt.ArrayLike],
        bias_synapse: Sequence[npt.ArrayLike] = (),
    ) -> None:
        """Take over weights from R, as the fields of the same names have them; biases count with `use_bias` only.

        Raises:
            ValueError: for another number of arrays, or other shapes.
        """
        cells, head = self._cells(), self.network.head
        n = len(cells)
        wanted = (n + 1, n, n + 1) if self.use_bias else (n + 1, n)
        given = (len(time_synapse), len(recurrent_synapse), len(bias_synapse))[: len(wanted)]
        if given != wanted:
            raise ValueError(
                f"there are {given} arrays of time, recurrent (and bias) synapses, expected {wanted}."
            )
        for i, cell in enumerate(cells):
            cell.W_x = self._from_r(time_synapse[i])
            cell.W_h = self._from_r(recurrent_synapse[i])
            if self.use_bias:
                cell.b = self._from_r(bias_synapse[i])
        head.W_y = np.asarray(time_synapse[n])
        if self.use_bias:
            head.b_y = np.asarray(bias_synapse[n])

    def __repr__(self) -> str:
        sizes = " → ".join(map(str, self.synapse_dim))
        kind = f"{self.network_type}, {sizes}, {self.sigmoid}, {'' if self.use_bias else 'no '}bias"
        trained = "not trained yet"
        if self.epoch_error.size:
            trained = f"error {self.epoch_error[-1]:.4g} in epoch {self.current_epoch} of {self.numepochs}"
        stopped = f"; stopped: {self.history.stopped}" if self.history.stopped else ""
        return f"RModel({kind}, {self.network.flat_weights.size:,} weights; {trained}{stopped})"

    def __getstate__(self) -> dict[str, Any]:
        """For pickle; see the class."""
        left_out = ("error", "update", "memory", *_FUNCTIONS)
        state = {name: value for name, value in self.__dict__.items() if name not in left_out}
        return state | {"history": History(stopped=self.history.stopped)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(error=np.zeros((0, 0)), update=np.zeros(0), memory={}, **_FUNCTIONS)
        self.__dict__.update(state)

    def _copied(self) -> RModel:
        """All of it, of its own: in R a value never changes behind one's back."""
        new = object.__new__(RModel)
        for name, value in self.__dict__.items():
            new.__dict__[name] = value if name in _FUNCTIONS else copy.deepcopy(value)
        return new

    def _cells(self) -> list[Cell[Any]]:
        return list(self.network.cells.values())

    def _to_r(self, weight: Array) -> Array:
        """(…, blocks · units) to (…, units, gates), or (…, units) where there are no gates."""
        slots = _SLOTS[self.network_type]
        parts = np.split(weight, len(slots), axis=-1)
        array = np.stack([sign * parts[block] for block, sign in slots], axis=-1)
        return array[..., 0] if len(slots) == 1 else array

    def _from_r(self, array: npt.ArrayLike) -> Array:
        """The opposite of `_to_r`."""
        slots = _SLOTS[self.network_type]
        given = np.asarray(array, dtype=float)
        given = given[..., np.newaxis] if len(slots) == 1 else given
        if given.ndim < 2 or given.shape[-1] != len(slots):
            raise ValueError(
                f"a synapse has shape {given.shape}, expected {len(slots)} gates on the last axis."
            )
        blocks: list[Array] = [given] * len(slots)
        for slot, (block, sign) in enumerate(slots):
            blocks[block] = sign * given[..., slot]
        return np.concatenate(blocks, axis=-1)


def trainr(
    Y: npt.ArrayLike,
    X: npt.ArrayLike,
    model: RModel | None = None,
    learningrate: float | None = None,
    learningrate_decay: float | None = None,
    momentum: float | None = None,
    hidden_dim: int | Sequence[int] | None = None,
    network_type: str | None = None,
    numepochs: int | None = None,
    sigmoid: str | None = None,
    use_bias: bool | None = None,
    batch_size: int | None = None,
    seq_to_seq_unsync: bool | None = None,
    update_rule: str | None = None,
    epoch_function: Hook | Sequence[Hook] | None = None,
    loss_function: Hook | None = None,
    *,
    clipping: float | None = None,
    batches: Batches | None = None,
    seed: int | np.random.Generator | None = None,
    **fields: Any,
) -> RModel:
    """Train a recurrent network on sequences, by back-propagation through time.

    What falls is half the sum of the squared errors; what is reported is the sum of their absolute values, as in R.
    All weights begin uniform between −1 and 1. Biases begin between −0.1 and 0.1, those of gates between −1 and 1.

    None stands for R's default, given below, or with `model` for what the model has.

    Args:
        Y: (samples, time, variables), what to answer; or (samples, time) where there is one variable.
        X: the same of what to read; samples and time as in Y.
        model: trained before, to go on from; it stays as it is. In R, all other arguments are then ignored; here
            those that say how to train are obeyed, and those that say how the network is built must not change.
        learningrate: must be given.
        learningrate_decay: 1; a factor for the learning rate after each epoch, applied by `epoch_annealing`.
        momentum: 0; share of the last step to add to the next: v ← momentum · v + learningrate · (−gradient).
        hidden_dim: 10; units of the hidden layer, or of each, the lowest first.
        network_type: "rnn"; or "lstm", "gru".
        numepochs: 1; how often all samples are shown. With 0 the network is made, and not trained.
        sigmoid: "logistic"; or "Gompertz", "tanh". For every unit of an rnn. An lstm and a gru have activations of
            their own, so for them it is the output's only (R ignores it there).
        use_bias: False.
        batch_size: 1; samples an update, each epoch shows every sample once in random order (see `random_bins`).
            As in R the gradients of a batch are added up: divide `learningrate` by what `batch_size` grows by.
        seq_to_seq_unsync: False. If true, Y begins at the last step of X and may be of any length; X is followed
            by zeros. Y of one step makes it many to one.
        update_rule: "sgd"; or "adagrad", without `momentum` and `loss_function`.
        epoch_function: (epoch_print, epoch_annealing); called after each epoch with the model. () for none.
        loss_function: `loss_L1`; see there.
        clipping: no limit; the most that a weight may change in one update (with adagrad: the largest entry of the
            gradient). In R it is one of the further arguments.
        batches: `shuffled`, or `random_bins` for R's own; see `fit`.
        seed: of the weights and the order; R's ``set.seed``. With `model`, None goes on with its random numbers.
        **fields: become fields of the model, for functions of your own.

    Returns:
        the model. Training ends early when nothing more can be learned: the loss is not finite, or most of what is
        wrong lies where the sigmoid is flat. A line is printed then, and ``model.history.stopped`` says why.

    Raises:
        ValueError: for an unknown name, shapes that do not fit, values that are not finite, or arguments that
            would have no effect.
    """
    given = {name: value for name, value in locals().items() if value is not None} | fields
    x, y = _sequences(X, "X"), _sequences(Y, "Y")
    if len(x) != len(y):
        raise ValueError(f"X has {len(x)} samples and Y has {len(y)}, expected as many.")
    for name in fields:
        if close := difflib.get_close_matches(name, trainr.__annotations__, 1, 0.9):
            raise ValueError(f"there is no argument {name!r}: did you mean {close[0]!r}?")
        if name in dir(RModel) or name in RModel.__annotations__:
            raise ValueError(f"the model has a field {name!r} of its own, expected another name.")
    if model is None:
        model = _new_model(x.shape[2], y.shape[2], given, np.random.default_rng(seed))
    else:
        _same_network(model, x.shape[2], y.shape[2], given)
        model = model._copied()
        if seed is not None:
            model.draw = np.random.default_rng(seed)
    _set(model, given, fields)

    model.time_dim_input = model.time_dim = x.shape[1]
    first = 0  # the first step whose answer counts
    if model.seq_to_seq_unsync:
        first = x.shape[1] - 1
        model.time_dim += y.shape[1] - 1
        x = np.pad(x, ((0, 0), (0, y.shape[1] - 1), (0, 0)))
        y = np.pad(y, ((0, 0), (first, 0), (0, 0)))
    elif x.shape[1] != y.shape[1]:
        raise ValueError(
            f"X has {x.shape[1]} steps and Y has {y.shape[1]}, expected as many: with seq_to_seq_unsync=True "
            "they may differ."
        )
    model.current_epoch, model.epoch_error, model.history = 0, np.zeros(0), History()
    model.error = np.full((len(x), model.numepochs), np.nan)
    if model.numepochs:
        _train(model, x, y, first)
    return model


@overload
def predictr(
    model: RModel, X: npt.ArrayLike, hidden: Literal[False] = ..., real_output: bool = ...
) -> Array: ...
@overload
def predictr(
    model: RModel, X: npt.ArrayLike, hidden: Literal[True], real_output: bool = ...
) -> list[Array]: ...
def predictr(
    model: RModel, X: npt.ArrayLike, hidden: bool = False, real_output: bool = True
) -> Array | list[Array]:
    """The network's answers, and what goes on inside if wanted.

    Args:
        model: from `trainr`.
        X: (samples, time, variables), or (samples, time) where there is one variable.
        hidden: whether the hidden states are returned as well.
        real_output: whether an axis of one output variable is dropped, and with `seq_to_seq_unsync` X prolonged by
            zeros and the answers cut to those that count.

    Returns:
        (samples, time, variables), or (samples, time) for one variable. With `hidden`, a list: for each layer an
        array whose last axis is, for an lstm, h, c, f, i, g, o, and for a gru h, z, r, g, with R's z (how much to
        take); for an rnn there is no such axis. The answers come last.

    Raises:
        ValueError: for shapes that do not fit, or values that are not finite.
    """
    x = _sequences(X, "X")
    if x.shape[2] != model.input_dim:
        hint = ": a matrix is (samples, time), for one sequence give X[np.newaxis]" if np.ndim(X) == 2 else ""
        raise ValueError(f"X has {x.shape[2]} variables a step, expected {model.input_dim}{hint}.")
    first = 0
    if model.seq_to_seq_unsync and real_output:
        first = x.shape[1] - 1
        x = np.pad(x, ((0, 0), (0, model.time_dim - model.time_dim_input), (0, 0)))
    answers = model.network.predict(x)[:, first:]
    if real_output and model.output_dim == 1:
        answers = answers[:, :, 0]
    if not hidden:
        return answers
    layers: list[Array] = []
    for inside in model.network.trace(x).values():
        if model.network_type == "rnn":
            layers.append(inside["h"])
        elif model.network_type == "lstm":
            names = ("h", "c", "forget", "input", "candidate", "output")
            layers.append(np.stack([inside[name] for name in names], axis=3))
        else:
            parts = [inside["h"], 1.0 - inside["update"], inside["reset"], inside["candidate"]]
            layers.append(np.stack(parts, axis=3))
    return [*layers, answers]


class _Rule(Optimizer):
    """R's order of things: the loss function scales the update, then come momentum and clipping."""

    def __init__(self, model: RModel) -> None:
        super().__init__(model.learningrate)
        self.model = model

    def apply(self, weights: Array, gradient: Array) -> None:
        """See `Optimizer.apply`."""
        model = self.model
        model.update = -gradient
        _call(model.loss_function, model)
        step: Array = model.update
        if model.momentum:
            velocity = self.remembered("velocity", weights)
            velocity *= model.momentum
            velocity += step
            step = velocity
        if model.clipping is not None:
            np.clip(step, -model.clipping, model.clipping, out=step)
        weights += step


class _Epochs(Callback):
    """Keeps R's error, calls the epoch functions, and sees when nothing more can be learned."""

    def __init__(self, model: RModel, x: Array, y: Array, first: int) -> None:
        self.model, self.first = model, first
        self.watched = x[:500], y[:500, first:]
        self.stuck = self._stuck()

    def on_epoch_begin(self, training: Training) -> None:
        """The next epoch, at the model's learning rate."""
        self.model.history = training.history
        self.model.current_epoch += 1
        training.optimizer.learning_rate = self.model.learningrate

    def on_batch_end(
        self, training: Training, samples: Samples, outputs: Array, targets: Array, loss: float
    ) -> None:
        """The samples' errors before their update."""
        missed = np.abs(targets - outputs)[self.first :]  # (time, batch, outputs)
        self.model.error[samples, self.model.current_epoch - 1] = missed.sum(axis=(0, 2))

    def on_epoch_end(self, training: Training, logs: dict[str, float]) -> None:
        """Call the epoch functions; stop if the network is stuck."""
        model = self.model
        model.epoch_error = model.error[:, : model.current_epoch].mean(axis=0)
        logs["error"] = float(model.epoch_error[-1])
        for function in model.epoch_function:
            _call(function, model)
        before, self.stuck = self.stuck, self._stuck()
        if self.stuck > 0.25 and self.stuck >= before:
            training.stop = (
                f"{self.stuck:.0%} of the answers are wrong where the sigmoid is flat, so no gradient comes back: "
                "lower the learning rate, or scale Y to what the sigmoid can reach"
            )
            if model.batch_size > 1:
                training.stop += (
                    f" (gradients of a batch are added up: {model.batch_size} samples want 1/{model.batch_size} of "
                    "the learning rate of one)"
                )

    def _stuck(self) -> float:
        """Share of answers, among some samples, that are wrong by more than a half where the slope is almost 0."""
        network, (x, y) = self.model.network, self.watched
        answers = network.predict(x)[:, self.first :]
        flat = activation_named(network.head.activation).slope(answers) < 0.0025
        return float(np.mean(flat & (np.abs(y - answers) > 0.5)))


def _train(model: RModel, x: Array, y: Array, first: int) -> None:
    """Train in place; answers count from the step `first` on."""
    rule: Optimizer = _Rule(model)
    if model.update_rule == "adagrad":
        rule = Adagrad(model.learningrate, clip_value=model.clipping)
    rule.memory = model.memory
    counts = np.broadcast_to(np.arange(x.shape[1]) >= first, x.shape[:2]) if first else None
    fit(
        model.network,
        x,
        y,
        optimizer=rule,
        epochs=model.numepochs,
        batch_size=model.batch_size,
        target_mask=counts,
        callbacks=[_Epochs(model, x, y, first)],
        batches=model.batches,
        seed=model.draw,
        progress=False,
    )
    model.update = np.zeros(0)
    model.error = model.error[:, : model.current_epoch]
    if model.history.stopped:
        print(f"Stopped after epoch {model.current_epoch} of {model.numepochs}: {model.history.stopped}.")


def _new_model(inputs: int, outputs: int, given: dict[str, Any], draw: np.random.Generator) -> RModel:
    """A model with its first weights, made from those of the given arguments that say how it is built."""
    if "learningrate" not in given:
        raise ValueError("learningrate is missing: try 1 with batch_size=1, or 0.1 where that is too fast.")
    kind = _one_of(given.get("network_type", "rnn"), NETWORK_TYPES, "network_type")
    sigmoid = _one_of(given.get("sigmoid", "logistic"), SIGMOIDS, "sigmoid")
    use_bias = bool(given.get("use_bias", False))
    hidden = [at_least(units, 1, "hidden_dim") for units in np.atleast_1d(given.get("hidden_dim", 10))]
    if not hidden:
        raise ValueError("hidden_dim is empty, expected at least one layer.")
    options = {"activation": SIGMOIDS[sigmoid]} if kind == "rnn" else {}
    cells = [
        NETWORK_TYPES[kind](below, units, use_bias=use_bias, seed=0, **options)
        for below, units in pairwise([inputs, *hidden])
    ]
    head = Dense(
        hidden[-1],
        outputs,
        SIGMOIDS[sigmoid],
        loss="half_squared_error",
        reduction="sum",
        use_bias=use_bias,
        seed=0,
    )
    network = Network(cells, head, every_step=True)
    for name, weight in network.weights.items():
        narrow = weight.ndim == 1 and (kind == "rnn" or name.startswith("head."))  # no gate's bias
        weight[...] = draw.uniform(-1, 1, weight.shape) * (0.1 if narrow else 1.0)
    return RModel(network, kind, sigmoid, use_bias, bool(given.get("seq_to_seq_unsync", False)), draw)


def _same_network(model: RModel, inputs: int, outputs: int, given: dict[str, Any]) -> None:
    """Refuse what would need another network than the model's."""
    for name in ("network_type", "hidden_dim", "sigmoid", "use_bias", "seq_to_seq_unsync"):
        value, wanted = given.get(name), getattr(model, name)
        if value is not None and not np.array_equal(np.atleast_1d(value), np.atleast_1d(wanted)):
            raise ValueError(f"{name} is {value!r}, and the model was made with {wanted!r}: leave it out.")
    if (inputs, outputs) != (model.input_dim, model.output_dim):
        raise ValueError(
            f"X and Y have {inputs} and {outputs} variables a step, expected {model.input_dim} and "
            f"{model.output_dim}, as the model was made for."
        )


def _set(model: RModel, given: dict[str, Any], fields: dict[str, Any]) -> None:
    """Check the arguments that say how to train, and write them into the model."""
    for name, check in _SETTINGS.items():
        if name in given:
            value = check(given[name], name)
            if name == "update_rule" and value != model.update_rule:
                model.memory = {}
            setattr(model, name, value)
    for name, value in fields.items():
        setattr(model, name, value)
    if model.update_rule == "adagrad" and (model.momentum or model.loss_function is not loss_L1):
        raise ValueError(
            "adagrad sets its own steps: momentum and loss_function go with update_rule 'sgd' only."
        )
    if model.learningrate_decay != 1 and epoch_annealing not in model.epoch_function:
        raise ValueError(
            "learningrate_decay acts through epoch_annealing, which is not among the epoch functions: add it "
            "there, or give a factor of your own another name."
        )


def _function(value: Any, name: str) -> Any:
    """`value`, if it is a function."""
    if not callable(value):
        raise ValueError(f"{name} is {value!r}, expected a function.")
    return value


def _functions(value: Any, name: str) -> Any:
    """One function or several, as a tuple."""
    several = (value,) if callable(value) or isinstance(value, str) else tuple(value)
    return tuple(_function(one, name) for one in several)


_SETTINGS: dict[str, Callable[[Any, str], Any]] = {
    "learningrate": positive,
    "learningrate_decay": positive,
    "momentum": share,
    "numepochs": lambda value, name: at_least(value, 0, name),
    "batch_size": lambda value, name: at_least(value, 1, name),
    "update_rule": lambda value, name: _one_of(value, UPDATE_RULES, name),
    "clipping": positive,
    "epoch_function": _functions,
    "loss_function": _function,
    "batches": _function,
}
"""The arguments that say how to train, and how each is checked."""


def _sequences(values: npt.ArrayLike, name: str) -> Array:
    """(samples, time, variables) of finite numbers; a matrix has one variable.

    Raises:
        ValueError: for anything else.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} cannot be read as one array of numbers.") from None
    if array.ndim not in (2, 3) or 0 in array.shape:
        raise ValueError(
            f"{name} has shape {array.shape}, expected (samples, time, variables), or (samples, time) with one "
            "variable."
        )
    if not np.isfinite(array).all():
        where = tuple(np.argwhere(~np.isfinite(array))[0].tolist())
        raise ValueError(f"{name}{list(where)} is {array[where]}, expected finite numbers only.")
    return array if array.ndim == 3 else array[:, :, np.newaxis]


def _one_of(name: str, names: Iterable[str], argument: str) -> str:
    """`name`, if it is one of the names."""
    if name not in names:
        raise ValueError(f"there is no {argument} {name!r}, expected one of {', '.join(names)}.")
    return name


def _call(function: Hook, model: RModel) -> None:
    """Call an epoch function or a loss function."""
    returned = function(model)
    if returned is not None and returned is not model:
        name = getattr(function, "__name__", "a function")
        raise ValueError(
            f"{name} returned {type(returned).__name__}, expected the model it was given, or nothing."
        )

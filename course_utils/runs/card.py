"""What is known about a stored run: the file ``card.json``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Strict(BaseModel):
    """A part of a card: nothing unknown comes in, and nothing changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class LayerFacts(Strict):
    """One layer of the model.

    Attributes:
        kind: the Keras class, such as ``"LSTM"``.
        output_shape: as Keras prints it; None for the batch.
        parameters: how many numbers it learns.
    """

    kind: str
    output_shape: tuple[int | None, ...]
    parameters: int = Field(ge=0)


class Trial(Strict):
    """One training from one seed. The run ships the trial that is best on the validation data.

    Attributes:
        seed: fixes the first weights, the order of the reviews and the dropout.
        epochs: how many were trained.
        best_epoch: the one whose weights were kept, counted from 1.
        seconds: of training, on a machine that may have been busy.
        val_loss: on the validation reviews, at the best epoch.
        val_accuracy: likewise.
        test_accuracy: of the best epoch's weights, float32.
        test_accuracy_last_epoch: of the weights after the last epoch, float32.
    """

    seed: int
    epochs: int = Field(ge=1)
    best_epoch: int = Field(ge=1)
    seconds: float = Field(ge=0.0)
    val_loss: float
    val_accuracy: Share
    test_accuracy: Share
    test_accuracy_last_epoch: Share


METRICS = (
    "test_accuracy",
    "test_loss",
    "test_accuracy_float32",
    "test_loss_float32",
    "test_accuracy_last_epoch",
    "val_accuracy",
    "val_loss",
)
"""What every card measures. ``test_accuracy`` and ``test_loss`` are of the weights as shipped (int8, float16; as
trained, where none are shipped), ``…_float32`` of the weights as trained, ``…_last_epoch`` of those after the last
epoch; ``val_…`` of those at the best epoch."""


class Card(Strict):
    """A stored run in facts: all that the course says about it is read from here.

    Attributes:
        format: version of this file's layout.
        name: the run's folder.
        title: a few words for a figure or a table.
        model: the model in one line.
        layers: the model, layer by layer.
        parameters: how many numbers it learns.
        data: what it was trained on, in one line.
        data_is_sample: whether that was the bundled sample; such a run is never shipped.
        data_sha256: of the very arrays that the model saw (training, validation, test; inputs and labels).
        recipe: how it was trained, in one line.
        chosen_by: the validation metric that chose the epoch and, among several seeds, the trial.
        seed: of the shipped trial.
        trials: every training made for this run, in order.
        epochs: how many the shipped trial was trained for; the history has as many entries.
        best_epoch: the epoch whose weights are shipped, counted from 1.
        seconds: the shipped trial's training time.
        metrics: what it scores; the keys are `METRICS`.
        versions: of Python and the packages that matter.
        weights_bytes: size of ``weights.npz``, for a run that keeps its weights.
        weights_sha256: hash of ``weights.npz``, likewise.
        history_sha256: hash of ``history.json``.
        vocabulary_sha256: hash of ``vocabulary.json``, for a run that keeps one.
        answers_sha256: hash of ``answers.npz``, for a run that keeps its answers.
    """

    format: Literal[1] = 1
    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    title: str
    model: str
    layers: tuple[LayerFacts, ...] = Field(min_length=1)
    parameters: int = Field(ge=1)
    data: str
    data_is_sample: bool
    data_sha256: Sha256
    recipe: str
    chosen_by: Literal["val_loss", "val_accuracy"]
    seed: int
    trials: tuple[Trial, ...] = Field(min_length=1)
    epochs: int = Field(ge=1)
    best_epoch: int = Field(ge=1)
    seconds: float = Field(ge=0.0)
    metrics: dict[str, float]
    versions: dict[str, str]
    weights_bytes: int | None = Field(default=None, ge=1)
    weights_sha256: Sha256 | None = None
    history_sha256: Sha256
    vocabulary_sha256: Sha256 | None = None
    answers_sha256: Sha256 | None = None

    @property
    def trial(self) -> Trial:
        """The trial that is shipped."""
        return next(trial for trial in self.trials if trial.seed == self.seed)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Card:
        if set(self.metrics) != set(METRICS):
            raise ValueError(f"the metrics are {sorted(self.metrics)}, expected {sorted(METRICS)}")
        shares = [value for key, value in self.metrics.items() if "accuracy" in key]
        if not all(0 <= share <= 1 for share in shares):
            raise ValueError(f"an accuracy lies between 0 and 1, found {shares}")
        if sum(layer.parameters for layer in self.layers) != self.parameters:
            raise ValueError("the layers' parameters do not add up to the model's")
        shipped = [trial for trial in self.trials if trial.seed == self.seed]
        if len(shipped) != 1:
            raise ValueError(f"seed {self.seed} should have exactly one trial, found {len(shipped)}")
        trial = shipped[0]
        if (trial.epochs, trial.best_epoch) != (
            self.epochs,
            self.best_epoch,
        ) or self.best_epoch > self.epochs:
            raise ValueError("the epochs disagree with the shipped trial's")
        if trial != best_trial(self.trials, self.chosen_by):
            raise ValueError(f"seed {self.seed} does not have the best {self.chosen_by} of the trials")
        return self


def best_trial(trials: tuple[Trial, ...], chosen_by: str) -> Trial:
    """The trial to ship: the best on the validation set; the first of equals."""
    if chosen_by == "val_loss":
        return min(trials, key=lambda trial: trial.val_loss)
    return max(trials, key=lambda trial: trial.val_accuracy)

"""Three forecasts of the same series, from many starting points."""

from __future__ import annotations

from typing import ClassVar

import traitlets as t

from course_utils.explainers.traits import Choice, Flag, Number, Whole
from course_utils.explainers.weights import unpack_network
from course_utils.explainers.widget import JS_FOLDER, CourseWidget
from course_utils.recurrent.arrays import Array
from course_utils.runs.forecast import (
    LONGEST_HORIZON,
    LONGEST_WINDOW,
    SOURCES,
    STARTS,
    TRAIN,
    all_forecasts,
    known_series,
    mean_errors,
)

LABELS = {"naive": "naive", "linear": "linear", "lstm": "LSTM", "floor": "knowing all but chance"}
"""What the forecasts are called, and whoever knows all but chance: the waves, or where the walk stands."""


class Forecast(CourseWidget):
    """A series of known truth, forecast in three ways: naive, linear, and by a trained LSTM.

    The naive forecast repeats the last value. The linear one is fitted by least squares on the first 240 values of this
    very series. The LSTM is the stored one of `course_utils.runs.forecast.load_forecast`: it was trained on other
    series, all of them waves.

    Args:
        window: how many past values the linear forecast and the LSTM read, 4 to 48.
        horizon: how many steps ahead they look, 1 to 24.
        noise: deviation of what is added to the truth, 0 to 0.5.
        period: steps that the slow wave takes, 8 to 40; a random walk has none.
        source: ``waves`` or ``walk``, a random walk.
        name: what links call the figure: `[set it](#forecast?noise=0.4)`.
        seed: 1 to 50, decides where the waves begin, each step of the walk, and the noise.
        origin: the starting point that is shown: how many values after the first 240 are known, 0 to 119.
        shown: whether the errors are to be seen, or to be guessed.

    Raises:
        TraitError: for a value out of its range.
        RunError: if the network is not stored here.
    """

    module: ClassVar = JS_FOLDER / "forecast.js"
    asset_names: ClassVar = {"network": "forecast-lstm"}

    window = Whole(24, low=4, high=LONGEST_WINDOW)
    horizon = Whole(12, low=1, high=LONGEST_HORIZON)
    noise = Number(0.3, low=0, high=0.5, step=0.05)
    period = Number(20, low=8, high=40, step=1)
    source = Choice("waves", options=SOURCES)
    seed = Whole(1, low=1, high=50)
    origin = Whole(0, low=0, high=STARTS - 1)
    shown = Flag(False)
    network = t.Bytes().tag(sync=True)

    def __init__(
        self,
        window: int = 24,
        horizon: int = 12,
        noise: float = 0.3,
        period: float = 20,
        source: str = "waves",
        name: str = "forecast",
        *,
        seed: int = 1,
        origin: int = 0,
        shown: bool = False,
    ) -> None:
        super().__init__(
            window=window,
            horizon=horizon,
            noise=noise,
            period=period,
            source=source,
            name=name,
            seed=seed,
            origin=origin,
            shown=shown,
        )

    @property
    def series(self) -> Array:
        """(time,), all values: 240 to learn from, and those after them."""
        return self._series()[0]

    @property
    def forecasts(self) -> dict[str, Array]:
        """From the starting point that is shown, by name (``naive``, ``linear``, ``lstm``): (horizon,)."""
        return {name: each[self.origin, : self.horizon] for name, each in self._forecasts().items()}

    @property
    def errors(self) -> dict[str, float]:
        """Mean absolute error at the horizon, over 120 starting points: by name, and ``floor`` for all but chance."""
        return {name: float(errors[self.horizon - 1]) for name, errors in self._errors().items()}

    def _series(self) -> tuple[Array, Array]:
        return known_series(self.source, period=self.period, noise=self.noise, seed=self.seed)

    def _forecasts(self) -> dict[str, Array]:
        return all_forecasts(self.series, self.window, unpack_network(self.network).network)

    def _errors(self) -> dict[str, Array]:
        return mean_errors(self.source, *self._series(), self._forecasts())

    def fallback_html(self) -> str:
        """The errors at several horizons, as a table."""
        horizons = sorted({1, 6, 12, 24, int(self.horizon)})
        head = "".join(f'<th scope="col">{steps} ahead</th>' for steps in horizons)
        body = "\n".join(
            f'<tr><th scope="row">{LABELS[name]}</th>'
            + "".join(f"<td>{errors[steps - 1]:.3f}</td>" for steps in horizons)
            + "</tr>"
            for name, errors in self._errors().items()
        )
        kind = f"waves of {self.period:g} steps" if self.source == "waves" else "a random walk"
        return (
            f"<table>\n<caption>Forecasts of {kind} with noise of {self.noise:g}, from the last {self.window} values: "
            f"how far each is off on average, over {STARTS} starting points after the {TRAIN} values that were learnt "
            f'from.</caption>\n<thead><tr><th scope="col">forecast</th>{head}</tr></thead>\n'
            f"<tbody>\n{body}\n</tbody>\n</table>"
        )

"""A stack of recurrent layers: the shape after each, its parameters, and where Keras refuses it."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import traitlets as t

from course_utils.explainers.traits import Choice, Text, Whole
from course_utils.explainers.widget import JS_FOLDER, CourseWidget

if TYPE_CHECKING:
    import keras

Shape = tuple[int | None, ...]

REFUSAL = (
    "Input 0 with name 'None' of layer '{layer}' is incompatible with the layer: "
    "expected ndim=3, found ndim=2. Full shape received: {shape}"
)
"""What Keras 3 says where a recurrent layer gets no sequence."""

_UNITS = "([1-9]|[1-9][0-9]|1[01][0-9]|12[0-8])"
_LAYER = f"(rnn|lstm|gru):{_UNITS}:(seq|last)(:bi)?"
_CLASSES = {"rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}
_NAMES = {"rnn": "simple_rnn", "lstm": "lstm", "gru": "gru"}


class _Layer(NamedTuple):
    kind: str
    units: int
    every_step: bool
    bidirectional: bool
    cell_name: str
    """What Keras calls the cell's layer in a fresh session."""
    name: str
    """The same, or what it calls the two directions together."""

    def parameters(self, features: int) -> int:
        """Weights and biases, both directions."""
        per_unit = features + self.units + 1
        # Keras's GRU resets after the product with W_h, and so has a second bias.
        blocks = {"rnn": per_unit, "lstm": 4 * per_unit, "gru": 3 * (per_unit + 1)}[self.kind]
        return blocks * self.units * (2 if self.bidirectional else 1)


class Shapes(CourseWidget):
    """A stack that the reader builds, and the shape of every tensor in it.

    Args:
        stack: one to four recurrent layers, from the first to the last, such as ``"lstm:64:seq,gru:32:last:bi"``: the
            cell (rnn, lstm or gru), its units (1 to 128), whether it gives its state after every step (seq) or only
            the last one, and ``bi`` where it is bidirectional.
        source: what comes in: "words" (ids, which an embedding turns into vectors) or "numbers".
        time: steps of a sequence.
        features: numbers a step; for words, those of the embedding.
        vocabulary: how many words the embedding has.
        outputs: units of the dense layer on top.
        name: what links call the figure.
        position: how much is shown: 0 the layers, 1 their shapes too, 2 their parameters too.

    Raises:
        TraitError: for a stack that is not written like this, or a number out of range.
    """

    module: ClassVar = JS_FOLDER / "shapes.js"
    refusal = t.Unicode(REFUSAL, read_only=True).tag(sync=True, public=True)

    stack = Text(
        "lstm:64:seq,lstm:32:last",
        longest=67,
        pattern=f"{_LAYER}(,{_LAYER}){{0,3}}",
        expected="one to four layers such as lstm:64:seq,gru:32:last:bi",
    )
    source = Choice("words", options=("words", "numbers"))
    time = Whole(200, low=1, high=1000)
    features = Whole(128, low=1, high=512)
    vocabulary = Whole(10_000, low=2, high=100_000)
    outputs = Whole(1, low=1, high=1000)
    position = Whole(0, low=0, high=2)

    def __init__(
        self,
        stack: str = "lstm:64:seq,lstm:32:last",
        source: str = "words",
        time: int = 200,
        features: int = 128,
        vocabulary: int = 10_000,
        outputs: int = 1,
        name: str = "shapes",
        *,
        position: int = 0,
    ) -> None:
        super().__init__(
            stack=stack,
            source=source,
            time=time,
            features=features,
            vocabulary=vocabulary,
            outputs=outputs,
            name=name,
            position=position,
        )

    @property
    def names(self) -> list[str]:
        """What Keras calls the layers in a fresh session."""
        return [name for name, _, _ in self._rows()[0]]

    @property
    def output_shapes(self) -> list[Shape]:
        """The shape after each layer, None for the batch.

        Raises:
            ValueError: where Keras refuses the stack, with Keras's own message.
        """
        return [shape for _, shape, _ in self._accepted_rows()]

    @property
    def parameters(self) -> list[int]:
        """Weights and biases of each layer.

        Raises:
            ValueError: where Keras refuses the stack, with Keras's own message.
        """
        return [count for _, _, count in self._accepted_rows()]

    def model(self) -> keras.Sequential:
        """The stack as a Keras model, its layers named as in a fresh session.

        Raises:
            ValueError: Keras's, where a recurrent layer gets no sequence.
        """
        import keras

        below: list[keras.Layer] = [keras.Input((self.time, self.features))]
        if self.source == "words":
            embedding = keras.layers.Embedding(self.vocabulary, self.features, name="embedding")
            below = [keras.Input((self.time,)), embedding]
        layers = [_keras_layer(layer) for layer in self._layers()]
        return keras.Sequential([*below, *layers, keras.layers.Dense(self.outputs, name="dense")])

    def _layers(self) -> list[_Layer]:
        made: list[str] = []

        def fresh(name: str) -> str:
            made.append(name)
            number = made.count(name) - 1
            return f"{name}_{number}" if number else name

        layers = []
        for written in self.stack.split(","):
            kind, units, output, *rest = written.split(":")
            cell_name = fresh(_NAMES[kind])
            name = fresh("bidirectional") if rest else cell_name
            layers.append(_Layer(kind, int(units), output == "seq", bool(rest), cell_name, name))
        return layers

    def _rows(self) -> tuple[list[tuple[str, Shape, int]], str]:
        """Name, shape after it and parameters of each layer that Keras builds, and why it stops."""
        rows: list[tuple[str, Shape, int]] = []
        width = int(self.features)
        shape: Shape = (None, self.time, width)
        if self.source == "words":
            rows.append(("embedding", shape, self.vocabulary * self.features))
        for layer in self._layers():
            if len(shape) < 3:
                return rows, REFUSAL.format(layer=layer.name, shape=shape)
            count = layer.parameters(width)
            width = layer.units * (2 if layer.bidirectional else 1)
            shape = (None, self.time, width) if layer.every_step else (None, width)
            rows.append((layer.name, shape, count))
        rows.append(("dense", (*shape[:-1], self.outputs), (width + 1) * self.outputs))
        return rows, ""

    def _accepted_rows(self) -> list[tuple[str, Shape, int]]:
        rows, refusal = self._rows()
        if refusal:
            raise ValueError(refusal)
        return rows

    def fallback_html(self) -> str:
        """Layers, shapes and parameters as a table, and Keras's message where it refuses the stack."""
        rows, refusal = self._rows()
        body = "\n".join(
            f'<tr><th scope="row">{name}</th><td>{shape}</td><td>{count:,}</td></tr>'
            for name, shape, count in rows
        )
        total = f"{sum(count for _, _, count in rows):,} parameters in all"
        ending = f"ValueError: {html.escape(refusal)}" if refusal else total
        came = f"(None, {self.time})" if self.source == "words" else f"(None, {self.time}, {self.features})"
        return (
            f"<table>\n<caption>A stack of layers that reads a tensor of shape {came}.</caption>\n"
            '<thead><tr><th scope="col">layer</th><th scope="col">shape after it</th>'
            f'<th scope="col">parameters</th></tr></thead>\n<tbody>\n{body}\n</tbody>\n'
            f'<tfoot><tr><td colspan="3">{ending}</td></tr></tfoot>\n</table>'
        )


def _keras_layer(layer: _Layer) -> keras.Layer:
    import keras

    kind = getattr(keras.layers, _CLASSES[layer.kind])
    made = kind(layer.units, return_sequences=layer.every_step, name=layer.cell_name)
    return keras.layers.Bidirectional(made, name=layer.name) if layer.bidirectional else made

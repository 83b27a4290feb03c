"""R's functions over the engine: R's own numbers, its documented examples, and what is mended."""

from __future__ import annotations

import importlib.util
import inspect
import json
import pickle
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import course_utils.recurrent
from course_utils.recurrent.activations import activation_named
from course_utils.recurrent.r_package import (
    RModel,
    b2i,
    bin2int,
    epoch_annealing,
    epoch_print,
    i2b,
    int2bin,
    loss_L1,
    predictr,
    random_bins,
    trainr,
)

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
VECTORS = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in HERE.glob("vectors/*.json")}
FUNCTIONS = VECTORS.pop("functions")
KINDS = ("rnn", "lstm", "gru")
SYNAPSES = ("time_synapse", "recurrent_synapse", "bias_synapse")

Array = npt.NDArray[Any]


def r_random(seed: int) -> Any:
    """The helper beside this file; tests are not a package."""
    name = "r_random"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, HERE / "r_random.py")
        assert spec is not None and spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name].RRandom(seed)


def additions(samples: int, seed: int) -> tuple[Array, Array, Array]:
    """R's documented example: X of two numbers' bits, Y of their sum's, and the sums."""
    draw = np.random.default_rng(seed)
    X1, X2 = draw.integers(0, 128, samples), draw.integers(0, 128, samples)
    return np.stack([int2bin(X1), int2bin(X2)], axis=2), int2bin(X1 + X2), X1 + X2


def exact(model: RModel, samples: int = 7000) -> float:
    """Share of unseen sums that come out right in all bits."""
    A, _, sums = additions(samples, seed=99)
    return float(np.mean(bin2int(np.clip(predictr(model, A), 0, 1)) == sums))


def model_of(vector: dict[str, Any], **options: Any) -> RModel:
    """The network of a vector, with R's weights, not trained."""
    shape = {
        name: vector[name]
        for name in ("network_type", "hidden_dim", "sigmoid", "use_bias", "seq_to_seq_unsync")
    }
    options = {"learningrate": 0.1, "epoch_function": epoch_annealing, "numepochs": 0} | options
    model = trainr(vector["Y"], vector["X"], **shape, **options)
    model.set_synapses(*(vector[name] for name in SYNAPSES))
    return model


def quiet(**arguments: Any) -> RModel:
    """`trainr` on the additions, with nothing printed."""
    X, Y, _ = additions(arguments.pop("samples", 1000), seed=3)
    return trainr(Y=Y, X=X, **({"epoch_function": epoch_annealing, "seed": 1} | arguments))


def small(**arguments: Any) -> RModel:
    """`quiet`, with little to train."""
    return quiet(**({"samples": 40, "learningrate": 0.5, "hidden_dim": 4} | arguments))


class TestRsNumbers:
    """What R computes, and computes rightly."""

    @pytest.mark.parametrize("name", VECTORS)
    def test_forward(self, name: str) -> None:
        vector = VECTORS[name]
        model = model_of(vector)
        answers = predictr(model, vector["X"], hidden=True)
        output = np.array(vector["output"])
        np.testing.assert_allclose(answers[-1].reshape(output.shape), output, rtol=0, atol=1e-12)
        for found, expected in zip(answers[:-1], vector.get("layers", []), strict="layers" in vector):
            np.testing.assert_allclose(found, np.array(expected), rtol=0, atol=1e-12)
        alone = [predictr(model, [one]) for one in vector["X"]]
        np.testing.assert_allclose(np.concatenate(alone).reshape(output.shape), output, rtol=0, atol=1e-12)

    @pytest.mark.parametrize("name", [name for name in VECTORS if "negative_gradient" in VECTORS[name]])
    def test_gradient(self, name: str) -> None:
        vector = VECTORS[name]
        model = model_of(vector)
        before = [getattr(model, synapse) for synapse in SYNAPSES]
        # One update at rate 1 with all samples moves every weight by the sum of the negative gradients.
        after = trainr(vector["Y"], vector["X"], model=model, learningrate=1, batch_size=2, numepochs=1)
        for synapse, old in zip(SYNAPSES, before, strict=True):
            new = getattr(after, synapse)
            assert len(new) == len(old) == len(vector["negative_gradient"][synapse])
            for w_new, w_old, wanted in zip(new, old, vector["negative_gradient"][synapse], strict=True):
                np.testing.assert_allclose(w_new - w_old, np.array(wanted), rtol=0, atol=1e-9)

    @pytest.mark.parametrize(
        ("name", "run", "arguments"),
        [
            ("rnn", "plain", {}),
            ("rnn", "decay", {"learningrate_decay": 0.5}),
            ("rnn", "momentum", {"momentum": 0.5 * 0.1}),  # R multiplies what it keeps by the rate once more
        ],
    )
    def test_training_on_one_sample(self, name: str, run: str, arguments: dict[str, float]) -> None:
        vector = VECTORS[name]
        found = trainr(vector["Y"][:1], vector["X"][:1], model=model_of(vector), numepochs=3, **arguments)
        self.same_as_r(found, vector["trained"][run])

    def test_training_many_to_one_in_one_batch(self) -> None:
        vector = VECTORS["rnn_unsync_one"]
        found = trainr(vector["Y"], vector["X"], model=model_of(vector), numepochs=1, batch_size=2)
        self.same_as_r(found, vector["trained"]["full_batch"])

    def same_as_r(self, model: RModel, trained: dict[str, Any]) -> None:
        for synapse in ("time_synapse", "recurrent_synapse"):
            for found, wanted in zip(getattr(model, synapse), trained[synapse], strict=True):
                np.testing.assert_allclose(found, np.array(wanted), rtol=0, atol=1e-12)
        np.testing.assert_allclose(model.error[: len(trained["error"])], trained["error"], rtol=0, atol=1e-12)

    def test_sigmoids(self) -> None:
        x = np.array(FUNCTIONS["x"])
        for r_name, name in (("logistic", "sigmoid"), ("gompertz", "gompertz"), ("tanh", "tanh")):
            np.testing.assert_allclose(activation_named(name)(x), FUNCTIONS[r_name], rtol=1e-12)

    def test_bits(self) -> None:
        numbers = FUNCTIONS["int2bin_in"]
        assert int2bin(numbers).tolist() == FUNCTIONS["int2bin_len8"]
        assert int2bin(numbers, length=10).tolist() == FUNCTIONS["int2bin_len10"]
        assert bin2int(FUNCTIONS["int2bin_len8"]).tolist() == FUNCTIONS["bin2int_of_len8"]

    def test_the_random_numbers_are_rs(self) -> None:
        np.testing.assert_allclose(
            r_random(1).unit(3), [0.2655086631421, 0.3721238996367902, 0.5728533633518964]
        )
        draw = r_random(1)
        draw.unit(3)
        assert (draw.sample(10, 5) + 1).tolist() == [1, 2, 7, 2, 3]
        assert (draw.sample(100, 5) + 1).tolist() == [97, 85, 21, 54, 74]
        assert (draw.sample(1000, 4) + 1).tolist() == [775, 841, 591, 725]

    @pytest.mark.parametrize(
        ("samples", "arguments", "errors"),
        [
            (10_000, {"learningrate": 1, "hidden_dim": 16}, [0.53765814305887749]),
            (
                500,
                {"learningrate": 1, "hidden_dim": 16, "numepochs": 3},
                [3.9705246738443343, 3.3514135348559524, 2.0419590553188867],
            ),
            (
                300,
                {"learningrate": 0.5, "hidden_dim": (6, 4), "learningrate_decay": 0.5, "numepochs": 2},
                [4.0003652170636679, 4.0017136896616856],
            ),
            (
                400,
                # R's momentum of 0.5, which counts for 0.5 · 0.05
                {"learningrate": 0.05, "hidden_dim": 8, "batch_size": 4, "momentum": 0.025, "numepochs": 2},
                [4.0018784797313121, 3.9904992233760623],
            ),
        ],
    )
    def test_a_whole_run_of_r(self, samples: int, arguments: dict[str, Any], errors: list[float]) -> None:
        """`set.seed(1)`, the documented example, `trainr`: the same numbers drawn, the same error in each epoch."""
        draw = r_random(1)
        X1, X2 = draw.sample(128, samples), draw.sample(128, samples)
        X, Y = np.stack([int2bin(X1), int2bin(X2)], axis=2), int2bin(X1 + X2)
        model = trainr(Y, X, **(arguments | {"numepochs": 0}))
        sizes = model.synapse_dim
        upwards = [draw.runif(pair, -1, 1) for pair in pairwise(sizes)]
        onwards = [draw.runif((units, units), -1, 1) for units in model.hidden_dim]
        draw.unit(sum(sizes[1:]))  # R draws the biases, used or not
        model.set_synapses(upwards, onwards)

        def rs_bins(count: int, batch_size: int, _: np.random.Generator) -> Iterator[npt.NDArray[np.int64]]:
            bins = draw.sample(round(count / batch_size), count)
            for one in np.unique(bins):
                yield np.flatnonzero(bins == one)

        model = trainr(Y, X, model=model, numepochs=arguments.get("numepochs", 1), batches=rs_bins)
        np.testing.assert_allclose(model.epoch_error, errors, rtol=0, atol=1e-9)


class TestDocumentedExample:
    """Binary addition, as in R's help pages."""

    def test_line_by_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        draw = np.random.default_rng(1)
        X1 = draw.integers(0, 128, 10_000)
        X2 = draw.integers(0, 128, 10_000)
        Y = X1 + X2
        X1 = int2bin(X1, length=8)
        X2 = int2bin(X2, length=8)
        Y = int2bin(Y, length=8)
        X = np.stack([X1, X2], axis=2)
        model = trainr(Y=Y, X=X, learningrate=1, hidden_dim=16, seed=1)
        assert capsys.readouterr().out.startswith("Epoch 1 of 1, learning rate 1\n")
        assert exact(model) == 1
        assert model.epoch_error[0] < 1

    @pytest.mark.parametrize(
        ("kind", "hidden_dim", "rate", "epochs"),
        [
            ("lstm", 16, 0.5, 3),
            ("gru", 16, 0.3, 3),
            ("rnn", (16, 8), 0.5, 6),
            ("lstm", (16, 8), 0.5, 3),
            ("gru", (16, 8), 0.3, 4),
        ],
    )
    def test_every_network_learns_it(self, kind: str, hidden_dim: Any, rate: float, epochs: int) -> None:
        model = quiet(
            network_type=kind, hidden_dim=hidden_dim, use_bias=True, learningrate=rate, numepochs=epochs
        )
        assert model.epoch_error[-1] < model.epoch_error[0] / 2
        assert exact(model) == 1

    @pytest.mark.parametrize(
        "arguments",
        [
            {"learningrate": 0.1, "momentum": 0.9},
            {"learningrate": 1, "learningrate_decay": 0.8},
            {"learningrate": 0.5, "update_rule": "adagrad"},
            {"learningrate": 1, "clipping": 0.2},
            {"learningrate": 1, "use_bias": True},
            {"learningrate": 0.5, "sigmoid": "Gompertz"},
            {"learningrate": 0.1, "batch_size": 10, "numepochs": 12},
            {"learningrate": 1, "batches": random_bins, "numepochs": 8},
            {"learningrate": 0.02, "sigmoid": "tanh", "use_bias": True, "numepochs": 10},
        ],
        ids=lambda arguments: " ".join(map(str, list(arguments)[1:] or arguments)),
    )
    def test_every_argument_works(self, arguments: dict[str, Any]) -> None:
        assert exact(quiet(**({"hidden_dim": 16, "numepochs": 6} | arguments))) > 0.995

    def test_more_bits_than_were_trained_on(self) -> None:
        model = quiet(samples=2000, learningrate=1, hidden_dim=16, numepochs=2)
        draw = np.random.default_rng(5)
        X1, X2 = draw.integers(0, 2**11, 500), draw.integers(0, 2**11, 500)
        B = predictr(model, np.stack([int2bin(X1, 12), int2bin(X2, 12)], axis=2))
        assert np.array_equal(bin2int(B), X1 + X2)


class TestUnsync:
    """X and Y of different lengths."""

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("place", [7, 2])
    def test_many_to_one(self, kind: str, place: int) -> None:
        X = np.random.default_rng(0).integers(0, 2, (1200, 8, 1))
        Y = X[:, place]  # (samples, 1): one step
        rate, epochs = {"rnn": (1.0, 15), "lstm": (1.0, 6), "gru": (0.5, 6)}[kind]
        model = trainr(
            Y[:1000],
            X[:1000],
            learningrate=rate,
            hidden_dim=12,
            network_type=kind,
            numepochs=epochs,
            seed=2,
            seq_to_seq_unsync=True,
            use_bias=True,
            epoch_function=(),
        )
        assert (model.time_dim, model.time_dim_input) == (8, 8)
        answers = predictr(model, X[1000:])
        assert answers.shape == (200, 1)
        assert np.mean((answers > 0.5) == Y[1000:]) == 1

    def test_three_answers_begin_at_the_last_step(self) -> None:
        X = np.random.default_rng(0).normal(size=(6, 5, 2))
        model = trainr(X[:, :3, :1], X, learningrate=0.1, seq_to_seq_unsync=True, seed=1, epoch_function=())
        assert (model.time_dim, model.time_dim_input) == (7, 5)
        assert predictr(model, X).shape == (6, 3)
        inside, answers = predictr(model, X, hidden=True)
        assert (inside.shape, answers.shape) == ((6, 7, 10), (6, 3))
        assert predictr(model, X, real_output=False).shape == (6, 5, 1)
        prolonged = np.concatenate([X, np.zeros((6, 2, 2))], axis=1)
        np.testing.assert_allclose(
            predictr(model, X), predictr(model, prolonged, real_output=False)[:, 4:, 0], atol=1e-14
        )

    def test_one_step_in_and_several_out_counts_every_answer(self) -> None:
        """R sets the error of the first step to zero here."""
        X, Y = np.full((1, 1, 1), 0.5), np.ones((1, 3, 1))
        start = trainr(Y, X, learningrate=0.1, seq_to_seq_unsync=True, numepochs=0, seed=1)
        model = trainr(Y, X, model=start, numepochs=1)
        assert model.error[0, 0] == pytest.approx(np.abs(1 - predictr(start, X)).sum(), abs=1e-12)


class TestGoingOn:
    """`model=`"""

    @pytest.mark.parametrize(
        "arguments",
        [
            {"learningrate_decay": 0.7, "momentum": 0.3},
            {"update_rule": "adagrad"},
            {"network_type": "lstm", "use_bias": True},
        ],
    )
    def test_two_and_three_epochs_are_five(self, arguments: dict[str, Any]) -> None:
        X, Y, _ = additions(60, seed=3)
        at_once = small(samples=60, numepochs=5, **arguments)
        first = small(samples=60, numepochs=2, **arguments)
        kept = first.network.flat_weights.copy()
        second = trainr(Y, X, model=first, numepochs=3)
        np.testing.assert_array_equal(second.network.flat_weights, at_once.network.flat_weights)
        np.testing.assert_array_equal(np.append(first.epoch_error, second.epoch_error), at_once.epoch_error)
        assert second.learningrate == at_once.learningrate
        np.testing.assert_array_equal(first.network.flat_weights, kept)
        assert (first.numepochs, second.numepochs) == (2, 3)

    def test_the_error_goes_on_falling(self) -> None:
        X, Y, _ = additions(500, seed=3)
        first = quiet(samples=500, learningrate=1, hidden_dim=16, numepochs=4)
        second = trainr(Y, X, model=first)
        assert (second.numepochs, second.error.shape) == (4, (500, 4))
        assert second.epoch_error[0] < first.epoch_error[-1]
        assert second.epoch_error[-1] < second.epoch_error[0]

    def test_what_is_given_is_obeyed(self, capsys: pytest.CaptureFixture[str]) -> None:
        X, Y, _ = additions(40, seed=3)
        first = small(numepochs=3)
        second = trainr(
            Y,
            X,
            model=first,
            numepochs=1,
            learningrate=0.01,
            learningrate_decay=0.5,
            momentum=0.1,
            batch_size=7,
            clipping=0.5,
            epoch_function=(epoch_print, epoch_annealing),
            seed=4,
            note="mine",
        )
        assert capsys.readouterr().out.splitlines()[0] == "Epoch 1 of 1, learning rate 0.01"
        assert (second.numepochs, second.momentum, second.batch_size, second.clipping) == (1, 0.1, 7, 0.5)
        assert second.learningrate == 0.005
        assert second.note == "mine"
        assert (first.numepochs, first.momentum, first.batch_size, first.clipping) == (3, 0.0, 1, None)

    @pytest.mark.parametrize("samples", [25, 70])
    def test_with_other_samples_and_other_lengths(self, samples: int) -> None:
        draw = np.random.default_rng(0)
        X1, X2 = draw.integers(0, 1024, (2, samples))
        X, Y = np.stack([int2bin(X1, 12), int2bin(X2, 12)], axis=2), int2bin(X1 + X2, 12)
        second = trainr(Y, X, model=small())
        assert second.error.shape == (samples, 1)
        assert (second.time_dim, np.isfinite(second.error).all()) == (12, True)

    def test_the_memory_of_another_rule_is_not_used(self) -> None:
        X, Y, _ = additions(40, seed=3)
        first = small(momentum=0.9)
        after = trainr(Y, X, model=first, momentum=0, update_rule="adagrad")
        assert list(after.memory) == ["squares"]


class TestInside:
    """`hidden = TRUE`, weights, biases."""

    def test_shapes_and_what_they_hold(self) -> None:
        X, _, _ = additions(5, seed=0)
        states, answers = predictr(small(), X, hidden=True)
        assert (states.shape, answers.shape) == ((5, 8, 4), (5, 8))

        low, high, answers = predictr(small(network_type="lstm", hidden_dim=(4, 3)), X, hidden=True)
        assert (low.shape, high.shape, answers.shape) == ((5, 8, 4, 6), (5, 8, 3, 6), (5, 8))
        for layer in (low, high):
            h, c, f, i, g, o = np.moveaxis(layer, 3, 0)
            before = np.concatenate([np.zeros_like(c[:, :1]), c[:, :-1]], axis=1)
            np.testing.assert_allclose(c, f * before + i * g, atol=1e-14)
            np.testing.assert_allclose(h, o * np.tanh(c), atol=1e-14)

        (layer, answers) = predictr(small(network_type="gru"), X, hidden=True)
        h, z, _, g = np.moveaxis(layer, 3, 0)
        before = np.concatenate([np.zeros_like(h[:, :1]), h[:, :-1]], axis=1)
        np.testing.assert_allclose(h, (1 - z) * before + z * g, atol=1e-14)
        assert predictr(small(), X, real_output=False).shape == (5, 8, 1)

    def test_two_variables_are_not_dropped(self) -> None:
        X, Y, _ = additions(30, seed=0)
        both = np.stack([Y, 1 - Y], axis=2)
        model = trainr(both, X, learningrate=0.5, seed=1, epoch_function=())
        assert (model.output_dim, model.synapse_dim) == (2, (2, 10, 2))
        assert predictr(model, X).shape == (30, 8, 2)
        assert model.error[0, 0] > 4  # of both variables together

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_prediction_does_not_depend_on_its_batch(self, kind: str) -> None:
        X, _, _ = additions(50, seed=0)
        model = small(network_type=kind, use_bias=True, hidden_dim=(5, 3))
        together = predictr(model, X)
        for some in (slice(0, 1), slice(7), slice(None, None, -1), slice(30, 50)):
            np.testing.assert_allclose(predictr(model, X[some]), together[some], rtol=0, atol=1e-14)

    @pytest.mark.parametrize("kind", KINDS)
    def test_every_bias_is_trained(self, kind: str) -> None:
        start = small(network_type=kind, use_bias=True, hidden_dim=(5, 3), numepochs=0)
        trained = small(network_type=kind, use_bias=True, hidden_dim=(5, 3), numepochs=1)
        assert [b.shape[0] for b in start.bias_synapse] == [5, 3, 1]
        for before, after in zip(start.bias_synapse, trained.bias_synapse, strict=True):
            assert (before != after).all()

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_first_weights_are_drawn_as_in_r(self, kind: str) -> None:
        model = small(network_type=kind, use_bias=True, hidden_dim=60, numepochs=0)
        gates = {"rnn": (), "lstm": (4,), "gru": (3,)}[kind]
        assert [w.shape for w in model.time_synapse] == [(2, 60, *gates), (60, 1)]
        assert [w.shape for w in model.recurrent_synapse] == [(60, 60, *gates)]
        assert [b.shape for b in model.bias_synapse] == [(60, *gates), (1,)]
        (recurrent,) = model.recurrent_synapse
        assert 0.98 < np.abs(recurrent).max() < 1
        assert np.std(recurrent) == pytest.approx(1 / np.sqrt(3), abs=0.02)
        assert np.abs(model.bias_synapse[0]).max() == pytest.approx(0.1 if kind == "rnn" else 1.0, rel=0.1)
        assert abs(model.bias_synapse[1][0]) < 0.1
        assert small(network_type=kind).bias_synapse == []

    def test_weights_in_are_weights_out(self) -> None:
        for kind in KINDS:
            model = small(network_type=kind, use_bias=True, hidden_dim=(5, 3))
            other = small(network_type=kind, use_bias=True, hidden_dim=(5, 3), seed=8)
            other.set_synapses(model.time_synapse, model.recurrent_synapse, model.bias_synapse)
            np.testing.assert_array_equal(other.network.flat_weights, model.network.flat_weights)

    def test_sigmoid_is_the_outputs_for_gates(self) -> None:
        X, Y, _ = additions(200, seed=3)
        model = trainr(
            2 * Y - 1,
            X,
            learningrate=0.2,
            hidden_dim=8,
            network_type="lstm",
            sigmoid="tanh",
            numepochs=3,
            seed=1,
            epoch_function=(),
        )
        answers = predictr(model, X)
        assert answers.min() < -0.5
        assert np.mean((answers > 0) == (Y > 0)) > 0.95


class TestBatches:
    """How samples come together."""

    def test_each_sample_is_in_one_batch_of_an_epoch(self) -> None:
        seen: list[int] = []

        def watch(model: RModel) -> None:
            seen.append(int(model.current_epoch))
            model.update *= model.learningrate

        small(numepochs=2, batch_size=7, loss_function=watch)
        assert seen == [1] * 6 + [2] * 6  # 40 samples in batches of 7
        seen.clear()
        small(loss_function=watch)
        assert seen == [1] * 40

    def test_random_bins_are_rs(self) -> None:
        draw = np.random.default_rng(0)
        for batch_size in (1, 3, 5000):
            bins = list(random_bins(2000, batch_size, draw))
            assert np.array_equal(np.sort(np.concatenate(bins)), np.arange(2000))
            assert all(len(one) for one in bins)
            wanted = {1: 2000 * (1 - np.exp(-1)), 3: 667 * (1 - np.exp(-3)), 5000: 1}[batch_size]
            assert len(bins) == pytest.approx(wanted, rel=0.05)

    def test_the_gradients_of_a_batch_are_added_up(self) -> None:
        X, Y, _ = additions(40, seed=3)
        start = small(numepochs=0)
        once = trainr(Y, X, model=start, numepochs=1, batch_size=40, learningrate=1e-3)
        twice = trainr(
            np.tile(Y, (2, 1)),
            np.tile(X, (2, 1, 1)),
            model=start,
            numepochs=1,
            batch_size=80,
            learningrate=1e-3,
        )
        moved = [model.network.flat_weights - start.network.flat_weights for model in (once, twice)]
        np.testing.assert_allclose(moved[1], 2 * moved[0], rtol=1e-9)

    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            ({"learningrate": 1, "batch_size": 10}, r"wrong where the sigmoid is flat.*10 samples want 1/10"),
            ({"learningrate": 1, "sigmoid": "tanh"}, "wrong where the sigmoid is flat"),
            ({"learningrate": 1e300}, "no finite number|sigmoid is flat"),
        ],
    )
    def test_training_that_died_says_so(
        self, arguments: dict[str, Any], reason: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        model = quiet(hidden_dim=16, numepochs=4, samples=500, **arguments)
        assert model.current_epoch < 4
        assert model.error.shape == (500, model.current_epoch)
        printed = capsys.readouterr().out
        assert printed == f"Stopped after epoch {model.current_epoch} of 4: {model.history.stopped}.\n"
        assert re.search(reason, model.history.stopped)
        assert "stopped: " in repr(model)

    def test_a_network_that_is_flat_but_getting_better_goes_on(self) -> None:
        X, Y, _ = additions(200, seed=3)
        start = trainr(Y, X, learningrate=0.01, hidden_dim=4, numepochs=0, seed=1)
        start.network.head.W_y = 22 * start.network.head.W_y
        wrong = np.abs(Y - predictr(start, X)) > 0.99
        assert np.mean(wrong) > 0.4
        model = trainr(Y, X, model=start, numepochs=4, epoch_function=())
        assert (model.current_epoch, model.history.stopped) == (4, "")

    def test_adagrad_is_the_published_rule(self) -> None:
        X, Y, _ = additions(40, seed=3)
        start = small(numepochs=0)
        options = {"update_rule": "adagrad", "batch_size": 40, "learningrate": 0.1}
        first = trainr(Y, X, model=start, numepochs=1, **options)
        moved = first.network.flat_weights - start.network.flat_weights
        np.testing.assert_allclose(np.abs(moved), 0.1, rtol=1e-2)  # the rate, in the first step
        assert (moved > 0).any() and (moved < 0).any()

        second = trainr(Y, X, model=first, numepochs=1, learningrate=0.05)
        both = trainr(Y, X, model=start, numepochs=2, learningrate_decay=0.5, **options)
        np.testing.assert_array_equal(both.network.flat_weights, second.network.flat_weights)
        assert first.memory["squares"].max() > 1
        clipped = trainr(Y, X, model=start, numepochs=1, clipping=0.5, **options)
        assert clipped.memory["squares"].max() == 0.25

    def test_clipping_limits_what_a_weight_changes(self) -> None:
        X, Y, _ = additions(40, seed=3)
        start = small(numepochs=0)
        free = trainr(Y, X, model=start, numepochs=1, batch_size=40, learningrate=1)
        clipped = trainr(Y, X, model=start, numepochs=1, batch_size=40, learningrate=1, clipping=0.01)
        moved = [model.network.flat_weights - start.network.flat_weights for model in (free, clipped)]
        assert np.abs(moved[0]).max() > 0.1
        np.testing.assert_allclose(moved[1], np.clip(moved[0], -0.01, 0.01), atol=1e-15)

    def test_momentum_is_the_usual_one(self) -> None:
        X, Y, _ = additions(40, seed=3)
        start = small(numepochs=0)
        options = {"batch_size": 40, "learningrate": 0.1}
        first = trainr(Y, X, model=start, numepochs=1, **options)
        second = trainr(Y, X, model=first, numepochs=1, **options)
        both = trainr(Y, X, model=start, numepochs=2, momentum=0.9, **options)
        w0, w1, w2 = (model.network.flat_weights for model in (start, first, second))
        np.testing.assert_allclose(both.network.flat_weights, w2 + 0.9 * (w1 - w0), atol=1e-12)


class TestTheModel:
    """Fields, hooks, pickle."""

    def test_fields_have_rs_names(self) -> None:
        model = small(numepochs=2, learningrate_decay=0.5, hidden_dim=(4, 3), remark="a field")
        assert (model.input_dim, model.hidden_dim, model.output_dim) == (2, (4, 3), 1)
        assert (model.synapse_dim, model.time_dim, model.time_dim_input) == ((2, 4, 3, 1), 8, 8)
        assert (model.sigmoid, model.network_type, model.update_rule) == ("logistic", "rnn", "sgd")
        assert (model.numepochs, model.batch_size, model.momentum, model.use_bias) == (2, 1, 0.0, False)
        assert (model.learningrate, model.learningrate_decay, model.seq_to_seq_unsync) == (0.125, 0.5, False)
        assert (model.current_epoch, model.remark) == (2, "a field")
        assert model.error.shape == (40, 2)
        np.testing.assert_allclose(model.epoch_error, model.error.mean(axis=0))
        np.testing.assert_allclose(model.history.history["error"], model.epoch_error)
        assert "rnn, 2 → 4 → 3 → 1, logistic, no bias" in repr(model)
        assert "in epoch 2 of 2" in repr(model)
        assert "not trained yet" in repr(small(numepochs=0))

    def test_defaults_are_rs(self) -> None:
        X, Y, _ = additions(20, seed=0)
        model = trainr(Y, X, learningrate=0.3)
        assert (model.learningrate, model.learningrate_decay, model.momentum) == (0.3, 1, 0)
        assert (model.hidden_dim, model.network_type, model.numepochs) == ((10,), "rnn", 1)
        assert (model.sigmoid, model.use_bias, model.batch_size) == ("logistic", False, 1)
        assert (model.seq_to_seq_unsync, model.update_rule) == (False, "sgd")
        assert (model.epoch_function, model.loss_function) == ((epoch_print, epoch_annealing), loss_L1)

    def test_the_error_is_taken_before_the_update(self) -> None:
        X, Y, _ = additions(40, seed=3)
        start = small(numepochs=0)
        model = trainr(Y, X, model=start, numepochs=1, batch_size=40)
        np.testing.assert_allclose(model.error[:, 0], np.abs(Y - predictr(start, X)).sum(axis=1), atol=1e-12)

    def test_what_is_printed(self, capsys: pytest.CaptureFixture[str]) -> None:
        model = small(numepochs=2, learningrate_decay=0.5, epoch_function=[epoch_print, epoch_annealing])
        first, second = model.epoch_error
        assert capsys.readouterr().out.splitlines() == [
            "Epoch 1 of 2, learning rate 0.5",
            f"  error of a sample, on average: {first:.4g}",
            "Epoch 2 of 2, learning rate 0.25",
            f"  error of a sample, on average: {second:.4g}",
        ]

    def test_functions_of_your_own(self) -> None:
        def halve(model: RModel) -> RModel:
            model.seen.append((model.current_epoch, model.epoch_error.size, model.learningrate))
            model.learningrate /= 2
            return model

        model = small(numepochs=3, epoch_function=halve, seen=[])
        assert model.seen == [(1, 1, 0.5), (2, 2, 0.25), (3, 3, 0.125)]
        assert model.learningrate == 0.0625

        def nothing_moves(model: RModel) -> None:
            model.update *= 0

        start, model = small(numepochs=0), small(loss_function=nothing_moves)
        np.testing.assert_array_equal(model.network.flat_weights, start.network.flat_weights)

    def test_no_epoch_function_prints_nothing(self, capsys: pytest.CaptureFixture[str]) -> None:
        small(epoch_function=())
        assert capsys.readouterr().out == ""

    @pytest.mark.parametrize("kind", KINDS)
    def test_pickled_it_is_its_weights_and_little_more(self, kind: str) -> None:
        X, Y, _ = additions(1000, seed=3)
        model = quiet(
            learningrate=0.01,
            hidden_dim=(16, 8),
            network_type=kind,
            momentum=0.5,
            use_bias=True,
            numepochs=2,
            batch_size=50,
            epoch_function=lambda model: None,
        )
        pickled = pickle.dumps(model)
        assert len(pickled) - model.network.flat_weights.nbytes < 2048
        back: RModel = pickle.loads(pickled)
        np.testing.assert_array_equal(predictr(back, X), predictr(model, X))
        np.testing.assert_array_equal(back.epoch_error, model.epoch_error)
        assert back.error.shape == (0, 0)
        assert back.loss_function is loss_L1
        assert repr(back) == repr(model)
        again = trainr(Y, X, model=back, epoch_function=())
        assert again.epoch_error.size == 2


class TestBits:
    @given(
        st.integers(1, 62).flatmap(
            lambda n: st.tuples(st.just(n), st.lists(st.integers(0, 2**n - 1), min_size=1))
        )
    )
    @settings(deadline=None)
    def test_there_and_back(self, case: tuple[int, list[int]]) -> None:
        length, numbers = case
        bits = int2bin(numbers, length)
        assert bits.shape == (len(numbers), length)
        assert bin2int(bits).tolist() == numbers
        assert bin2int(bits[0]).tolist() == numbers[:1]
        assert b2i(i2b(numbers[0], length)) == numbers[0]

    def test_least_significant_first(self) -> None:
        assert int2bin(6, length=4).tolist() == [[0, 1, 1, 0]]
        assert i2b(6, length=4).tolist() == [0, 1, 1, 0]
        assert b2i([0.2, 0.9, 0.6, 0.1]) == 6
        assert int2bin(np.array([3.0])).tolist() == [[1, 1, 0, 0, 0, 0, 0, 0]]

    @pytest.mark.parametrize(
        ("integer", "length", "message"),
        [
            (300, 8, "holds 300, which needs 9 bits and has 8: give length=9"),
            ([1, 2**40], 32, "needs 41 bits"),
            (-1, 8, "holds -1, expected whole numbers of 0 or more"),
            (3.7, 8, r"holds 3\.7, expected whole numbers"),
            (np.nan, 8, "holds nan"),
            (np.inf, 8, "holds inf"),
            (1, 0, "length is 0, expected a whole number of at least 1"),
            (1, 63, "at most 62 bits"),
            ([[1, 2]], 8, "in one row"),
            ("seven", 8, "expected whole numbers"),
            (2**70, 8, "needs 71 bits|expected whole numbers"),
        ],
    )
    def test_what_does_not_fit(self, integer: Any, length: int, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            int2bin(integer, length)

    @pytest.mark.parametrize(
        ("binary", "message"),
        [
            ([[0, 1, 2]], r"holds 2\.0 once rounded"),
            ([[0.1, np.nan]], "holds nan"),
            ([-0.7, 0], r"holds -1\.0 once rounded"),
            (1, r"shape \(\), expected \(samples, length\)"),
            (np.zeros((1, 63)), "of 1 to 62 bits"),
        ],
    )
    def test_what_is_no_row_of_bits(self, binary: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            bin2int(binary)


class TestBadInputs:
    X, Y, _ = additions(20, seed=0)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"learningrate": None}, "learningrate is missing: try 1 with batch_size=1"),
            ({"learningrate": 0}, "learningrate is 0, expected a number above 0"),
            ({"learningrate_decay": -1}, "learningrate_decay is -1"),
            ({"momentum": 1}, "momentum is 1, expected a number from 0 to under 1"),
            ({"hidden_dim": 0}, "hidden_dim is .*0.*, expected a whole number of at least 1"),
            ({"hidden_dim": (4, 2.5)}, "hidden_dim is"),
            ({"hidden_dim": ()}, "hidden_dim is empty"),
            ({"network_type": "foo"}, "no network_type 'foo', expected one of rnn, lstm, gru"),
            ({"sigmoid": "ReLU"}, "no sigmoid 'ReLU', expected one of logistic, Gompertz, tanh"),
            ({"update_rule": "adam"}, "no update_rule 'adam', expected one of sgd, adagrad"),
            ({"numepochs": -1}, "numepochs is -1"),
            ({"batch_size": 0}, "batch_size is 0"),
            ({"clipping": 0}, "clipping is 0"),
            ({"epoch_function": "epoch_print"}, "epoch_function is 'epoch_print', expected a function"),
            ({"loss_function": 1}, "loss_function is 1, expected a function"),
            ({"update_rule": "adagrad", "momentum": 0.5}, "adagrad sets its own steps"),
            ({"update_rule": "adagrad", "loss_function": print}, "adagrad sets its own steps"),
            ({"learningrate_decay": 0.5, "epoch_function": epoch_print}, "acts through epoch_annealing"),
            ({"learning_rate": 1}, "no argument 'learning_rate': did you mean 'learningrate'"),
            ({"hidden_dims": 3}, "did you mean 'hidden_dim'"),
            ({"hiddendim": 3}, "did you mean 'hidden_dim'"),
            ({"network": 3}, "a field 'network' of its own"),
            ({"error": 3}, "a field 'error' of its own"),
            ({"Y": Y[:19]}, "X has 20 samples and Y has 19, expected as many"),
            ({"Y": Y[:, :1]}, "X has 8 steps and Y has 1, expected as many: with seq_to_seq_unsync=True"),
            ({"Y": Y[:, 0]}, r"Y has shape \(20,\), expected \(samples, time, variables\)"),
            ({"X": X[np.newaxis]}, r"X has shape \(1, 20, 8, 2\), expected"),
            ({"X": X[:0], "Y": Y[:0]}, r"X has shape \(0, 8, 2\)"),
            ({"X": np.where(X == 1, np.nan, 0)}, r"X\[\d+, \d+, \d+\] is nan, expected finite numbers"),
            ({"Y": Y + np.inf}, r"Y\[0, 0\] is inf, expected finite"),
            ({"X": [[1, 2], [3]]}, "X cannot be read as one array of numbers"),
            ({"epoch_function": lambda model: 3}, "<lambda> returned int, expected the model"),
        ],
        ids=str,
    )
    def test_trainr_says_what_it_expected(self, arguments: dict[str, Any], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            trainr(**({"Y": self.Y, "X": self.X, "learningrate": 1, "epoch_function": ()} | arguments))

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"hidden_dim": 5}, r"hidden_dim is 5, and the model was made with \(4,\): leave it out"),
            ({"network_type": "gru"}, "network_type is 'gru', and the model was made with 'rnn'"),
            ({"sigmoid": "tanh"}, "sigmoid is 'tanh', and the model was made with 'logistic'"),
            ({"use_bias": True}, "use_bias is True"),
            ({"seq_to_seq_unsync": True}, "seq_to_seq_unsync is True"),
            ({"X": X[:, :, :1]}, "X and Y have 1 and 1 variables a step, expected 2 and 1"),
            ({"learningrate_decay": 0.5}, "acts through epoch_annealing"),
        ],
        ids=str,
    )
    def test_a_model_cannot_become_another(self, arguments: dict[str, Any], message: str) -> None:
        model = small(epoch_function=())
        with pytest.raises(ValueError, match=message):
            trainr(**({"Y": self.Y, "X": self.X, "model": model} | arguments))
        trainr(self.Y, self.X, model=model, hidden_dim=4, network_type="rnn", use_bias=False)

    @pytest.mark.parametrize(
        ("X", "message"),
        [
            (X[0], r"1 variables a step, expected 2: a matrix is \(samples, time\), .* X\[np.newaxis\]"),
            (X[:, :, :1], "1 variables a step, expected 2"),
            (X[0, 0], r"X has shape \(2,\)"),
            (np.full((1, 8, 2), np.nan), "is nan, expected finite"),
        ],
    )
    def test_predictr_says_what_it_expected(self, X: Array, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            predictr(small(), X)

    def test_weights_that_do_not_fit(self) -> None:
        model = small(network_type="lstm", use_bias=True)
        time, recurrent, bias = model.time_synapse, model.recurrent_synapse, model.bias_synapse
        with pytest.raises(ValueError, match=r"there are \(2, 1, 0\) arrays .* expected \(2, 1, 2\)"):
            model.set_synapses(time, recurrent)
        with pytest.raises(ValueError, match="expected 4 gates on the last axis"):
            model.set_synapses([time[0][..., :3], time[1]], recurrent, bias)
        with pytest.raises(ValueError, match="W_x is set to an array of shape"):
            model.set_synapses([time[0][:1], time[1]], recurrent, bias)


class TestThePage:
    """*Coming from R*, and what it quotes."""

    page = (ROOT / "notebooks/appendix/coming_from_r.md").read_text(encoding="utf-8")
    record = json.loads((ROOT / "benchmarks/results/r_package.json").read_text(encoding="utf-8"))

    def test_its_python_runs(self, capsys: pytest.CaptureFixture[str]) -> None:
        example, bringing = re.findall(r"```python\n(.*?)```", self.page, re.DOTALL)
        names: dict[str, Any] = {}
        exec(example, names)
        assert capsys.readouterr().out.splitlines()[-1] == "1.0"
        trained = names["model"]
        names |= {"time_synapse": trained.time_synapse, "recurrent_synapse": trained.recurrent_synapse}
        names["trainr"] = trainr
        exec(bringing, names)
        np.testing.assert_array_equal(predictr(names["model"], names["X"]), predictr(trained, names["X"]))

    def test_it_has_every_argument(self) -> None:
        table = self.page.split("## Arguments of `trainr`")[1].split("**Why a batch")[0]
        rows = re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
        named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
        assert named == set(inspect.signature(trainr).parameters) - {"fields"}

    def test_it_has_every_function_of_the_package(self) -> None:
        exported = "bin2int epoch_annealing epoch_print int2bin loss_L1 predictr trainr"
        inside = (
            "b2i i2b backprop_r backprop_rnn backprop_lstm backprop_gru clean_r clean_rnn clean_lstm init_r init_rnn "
            "init_lstm init_gru predict_rnn predict_lstm predict_gru update_r update_sgd update_adagrad"
        )
        named = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`\n]+)`", self.page))))
        assert {*exported.split(), *inside.split()} <= named

    def test_what_stands_beside_the_inner_functions_is_there(self) -> None:
        table = self.page.split("| in R, inside |")[1].split("\n\n")[0]
        here = [row.split("|")[2] for row in table.splitlines()[2:]]
        names = [name for cell in here for name in re.findall(r"`([\w.]+)`", cell)]
        assert len(names) >= 6
        for name in names:
            thing: Any = course_utils.recurrent
            for part in name.split("."):
                thing = getattr(thing, part)

    def test_every_keras_name_exists(self) -> None:
        import keras

        names = set(re.findall(r"`[^`]*?keras((?:\.\w+)+)", self.page))
        assert len(names) > 15
        for name in names:
            thing: Any = keras
            for part in name[1:].split("."):
                thing = getattr(thing, part)

    def test_what_it_quotes_was_measured(self) -> None:
        quoted = re.findall(r"\{\{ measured: r_package(?:\.(\w+))? \}\}", self.page)
        assert len(quoted) == self.page.count("{{") > 1
        assert set(quoted) - {""} <= set(self.record["values"])

    def test_the_record_is_whole(self) -> None:
        assert set(self.record["measured"]) == {"date", "machine", "versions"}
        assert len(self.record["rows"]) > 20
        texts = [text for row in self.record["rows"] for text in row.values()]
        assert all({"what", "r", "ours", "why"} == set(row) for row in self.record["rows"])
        assert all(isinstance(text, str) and text for text in [*texts, *self.record["values"].values()])
        shares = {
            key: [float(p) for p in re.findall(r"([\d.]+) %", self.record["values"][key])]
            for key in ("ours_lstm", "r_lstm", "ours_gru", "r_gru")
        }
        assert min(shares["ours_lstm"] + shares["ours_gru"]) > 99
        assert max(shares["r_lstm"] + shares["r_gru"]) < 5

"""Measure where `course_utils.recurrent.r_package` differs from the R package `rnn`, both in one run.

    python benchmarks/r_package.py                    what ours does, and R where Rscript with `rnn` is found
    python benchmarks/r_package.py --r FOLDER/Rscript
    python benchmarks/r_package.py --write            also records it in benchmarks/results/r_package.json

R looks for the package where it always does; the environment variable R_LIBS names further folders. The lines of R
below call the package's public functions only. Takes about five minutes, nearly all of it R's.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import json
import os
import pickle
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from this_machine import processor

from course_utils.recurrent.r_package import RModel, bin2int, epoch_annealing, int2bin, predictr, trainr

RECORD = Path(__file__).resolve().parents[1] / "benchmarks" / "results" / "r_package.json"
SAMPLES, HELD_OUT = 500, 2000

draw = np.random.default_rng(20)
SUMMANDS = draw.integers(0, 128, (SAMPLES + HELD_OUT, 2))


def bits_of(summands: Any) -> Any:
    """(samples, 8, 2), least significant bit first."""
    return np.stack([int2bin(summands[:, 0]), int2bin(summands[:, 1])], axis=2)


X, A = bits_of(SUMMANDS[:SAMPLES]), bits_of(SUMMANDS[SAMPLES:])
Y, S = int2bin(SUMMANDS[:SAMPLES].sum(axis=1)), int2bin(SUMMANDS[SAMPLES:].sum(axis=1))

R_BEGIN = f"""
suppressMessages(library(rnn))
summands <- as.matrix(read.csv("summands.csv", header = FALSE))
bits_of <- function(s) array(c(int2bin(s[, 1]), int2bin(s[, 2])), dim = c(nrow(s), 8, 2))
train_rows <- 1:{SAMPLES}
X <- bits_of(summands[train_rows, ]); Y <- int2bin(rowSums(summands[train_rows, ]))
A <- bits_of(summands[-train_rows, ]); S <- int2bin(rowSums(summands[-train_rows, ]))
train <- function(..., seed = 1) {{
  arguments <- modifyList(list(Y = Y, X = X, learningrate = 1, hidden_dim = 16), list(...))
  set.seed(seed)
  suppressMessages(do.call(trainr, arguments))
}}
share <- function(p) sprintf("%.1f %%", 100 * p)
exact <- function(m) mean(apply(round(predictr(m, A)) == S, 1, function(ok) isTRUE(all(ok))))
error <- function(m) sprintf("%.2f", tail(colMeans(m$error), 1))
three <- function(...) paste(sapply(1:3, function(seed) share(exact(train(..., seed = seed)))), collapse = ", ")
row <- function(key, code) {{
  text <- tryCatch(code, error = function(e) paste0("error: `", conditionMessage(e), "`"))
  cat("ROW", key, gsub("\\\\s+", " ", text), sep = "\\t"); cat("\\n")
}}
cat("ROW", "versions", paste0("R ", getRversion(), ", rnn ", packageVersion("rnn")), sep = "\\t"); cat("\\n")
"""


def train(**arguments: Any) -> RModel:
    """As `train` in R above."""
    defaults = {
        "Y": Y,
        "X": X,
        "learningrate": 1,
        "hidden_dim": 16,
        "seed": 1,
        "epoch_function": epoch_annealing,
    }
    return trainr(**(defaults | arguments))


def share(p: float) -> str:
    return f"{100 * p:.1f} %"


def exact(model: RModel) -> float:
    """Share of unseen sums that come out right in all 8 bits."""
    return float(np.mean((np.round(predictr(model, A)) == S).all(axis=1)))


def error(model: RModel) -> str:
    return f"{model.epoch_error[-1]:.2f}"


def three(**arguments: Any) -> str:
    return ", ".join(share(exact(train(**arguments, seed=seed))) for seed in (1, 2, 3))


def company(model: RModel) -> str:
    together = predictr(model, A[:200])
    alone = np.concatenate([predictr(model, A[k : k + 1]) for k in range(200)])
    return f"a prediction changes by up to {np.abs(together - alone).max():.2g}"


def first_bias() -> str:
    before, after = (train(use_bias=True, learningrate=rate).bias_synapse[0] for rate in (1e-9, 1))
    return f"moves by up to {np.abs(after - before).max():.2g}"


def updates() -> str:
    model = train(loss_function=count, counted=[])
    return f"{len(model.counted)} updates for {SAMPLES} samples"


def count(model: RModel) -> None:
    model.counted.append(1)
    model.update *= model.learningrate


def saturated() -> str:
    model = train(batch_size=10, numepochs=5)
    return (
        f"{share(exact(model))}, error {error(model)}; stops after epoch {model.current_epoch} and says why"
    )


def sigmoid_of_a_gated() -> str:
    given = [
        predictr(train(network_type="lstm", sigmoid=name, learningrate=0.1), A)
        for name in ("logistic", "tanh")
    ]
    return f"acts on the output: the answers differ by up to {np.abs(given[0] - given[1]).max():.2f}"


def most_significant_first() -> str:
    model = train(X=X[:, ::-1], Y=Y[:, ::-1], numepochs=10)
    return share(float(np.mean((np.round(predictr(model, A[:, ::-1])) == S[:, ::-1]).all(axis=1))))


def again() -> str:
    model = trainr(Y, X, model=train(numepochs=2), numepochs=3, learningrate=0.1)
    return f"{model.error.shape[1]} epochs, rate {model.learningrate:g}"


def more_samples() -> str:
    small = train(X=X[:250], Y=Y[:250])
    return f"error {error(trainr(Y, X, model=small))} with 500 after 250"


def inside_unsync() -> str:
    found = predictr(train(Y=Y[:, :2], seq_to_seq_unsync=True), A, hidden=True)
    return "arrays " + " and ".join(str(array.shape) for array in found)


def first_of_one_step() -> str:
    """The recorded error of three answers after one step, as a share of what it should be."""
    one, three_ones = np.full((1, 1, 1), 0.5), np.ones((1, 3, 1))
    start = trainr(three_ones, one, learningrate=1e-9, seq_to_seq_unsync=True, seed=1, epoch_function=())
    return share(float(start.error[0, 0] / np.abs(1 - predictr(start, one)).sum()))


def decay_without_annealing() -> str:
    model = train(numepochs=3, learningrate_decay=0.5, epoch_function=lambda model: model)
    return f"rate {model.learningrate:g}"


def misspelled() -> str:
    return f"{train(hidden_dim=10, hiddendim=16).hidden_dim[0]} units"


@dataclass(frozen=True)
class Row:
    """One difference: what is done, in R and here, and why ours is as it is."""

    key: str
    what: str
    r: str
    """An expression in R that gives a text."""
    ours: Callable[[], str]
    why: str


ROWS = [
    Row(
        "rnn",
        "The documented example, 10 epochs, three seeds: unseen sums right in all 8 bits",
        "three(numepochs = 10)",
        lambda: three(numepochs=10),
        "The same rule: with R's random numbers, this engine repeats R's run.",
    ),
    Row(
        "lstm",
        "The same with `network_type='lstm'`, rate 0.5",
        "three(network_type = 'lstm', learningrate = 0.5, numepochs = 10)",
        lambda: three(network_type="lstm", learningrate=0.5, numepochs=10),
        "R's update is not the gradient. Ours is, checked against differences of R's own answers.",
    ),
    Row(
        "gru",
        "The same with `network_type='gru'`, rate 0.3",
        "three(network_type = 'gru', learningrate = 0.3, numepochs = 10)",
        lambda: three(network_type="gru", learningrate=0.3, numepochs=10),
        "As for the lstm.",
    ),
    Row(
        "rnn_layers",
        "`hidden_dim=c(16, 8)`",
        "three(hidden_dim = c(16, 8), numepochs = 10)",
        lambda: three(hidden_dim=(16, 8), numepochs=10),
        "The same rule.",
    ),
    Row(
        "lstm_layers",
        "`hidden_dim=c(16, 8)`, lstm, rate 0.5",
        "three(hidden_dim = c(16, 8), network_type = 'lstm', learningrate = 0.5, numepochs = 10)",
        lambda: three(hidden_dim=(16, 8), network_type="lstm", learningrate=0.5, numepochs=10),
        "As above; besides, R keeps the states of every gated layer in an array of the first one's size.",
    ),
    Row(
        "company",
        "`use_bias=TRUE`: a sample predicted alone, and among 200",
        """{
          m <- train(use_bias = TRUE)
          alone <- do.call(rbind, lapply(1:200, function(k) predictr(m, A[k, , , drop = FALSE])))
          sprintf("a prediction changes by up to %.2g", max(abs(predictr(m, A[1:200, , ]) - alone)))
        }""",
        lambda: company(train(use_bias=True)),
        "A bias belongs to a unit. R recycles the biases down the samples.",
    ),
    Row(
        "first_bias",
        "`use_bias=TRUE`: the first layer's bias, in one epoch",
        """{
          b <- lapply(c(1e-9, 1), function(rate) train(use_bias = TRUE, learningrate = rate)$bias_synapse[[1]])
          sprintf("moves by up to %.2g", max(abs(b[[1]] - b[[2]])))
        }""",
        first_bias,
        "Every weight is trained.",
    ),
    Row(
        "tanh",
        "`sigmoid='tanh'`, rate 0.02, with bias, 20 epochs",
        "three(sigmoid = 'tanh', learningrate = 0.02, use_bias = TRUE, numepochs = 20)",
        lambda: three(sigmoid="tanh", learningrate=0.02, use_bias=True, numepochs=20),
        "Each sigmoid has its own derivative; R takes the logistic's for all.",
    ),
    Row(
        "adagrad",
        "`update_rule='adagrad'`, rate 0.5",
        "three(update_rule = 'adagrad', learningrate = 0.5, numepochs = 10)",
        lambda: three(update_rule="adagrad", learningrate=0.5, numepochs=10),
        "Squares are added up and their root taken, as published.",
    ),
    Row(
        "batch_1",
        "`batch_size=1`: updates in one epoch",
        """{
          updates <- 0
          train(loss_function = function(m) { updates <<- updates + 1; loss_L1(m) })
          sprintf("%d updates for %d samples", updates, nrow(X))
        }""",
        updates,
        "Every sample once, in random order. R throws samples into random bins: `batches=random_bins` does too.",
    ),
    Row(
        "batch_10",
        "`batch_size=10` at rate 1, 5 epochs: exact, last error",
        "{ set.seed(1); m <- train(batch_size = 10, numepochs = 5); paste0(share(exact(m)), ', error ', error(m)) }",
        saturated,
        "Gradients of a batch are added up, as in R, so that a script's rate means the same. Ours says what happened.",
    ),
    Row(
        "batch_10_slow",
        "`batch_size=10` at rate 0.1, 20 epochs",
        "three(batch_size = 10, learningrate = 0.1, numepochs = 20)",
        lambda: three(batch_size=10, learningrate=0.1, numepochs=20),
        "A tenth of the rate for ten times the samples: works in both.",
    ),
    Row(
        "momentum",
        "`momentum=0.9` at rate 0.1, error after 5 epochs (without momentum)",
        """paste0(error(train(momentum = 0.9, learningrate = 0.1, numepochs = 5)), " (",
                  error(train(learningrate = 0.1, numepochs = 5)), ")")""",
        lambda: (
            f"{error(train(momentum=0.9, learningrate=0.1, numepochs=5))} "
            f"({error(train(learningrate=0.1, numepochs=5))})"
        ),
        "R multiplies what it keeps by the rate again: its momentum m at rate r is the usual one of m times r.",
    ),
    Row(
        "decay",
        "`learningrate_decay=0.5` with an epoch function of one's own, 3 epochs: the rate afterwards",
        """{
          m <- train(learningrate_decay = 0.5, numepochs = 3, epoch_function = c(function(m) m))
          sprintf("rate %g", m$learningrate)
        }""",
        decay_without_annealing,
        "The decay happens in `epoch_annealing`. Leaving that out and giving a decay is refused.",
    ),
    Row(
        "sigmoid",
        "`sigmoid='tanh'` for an lstm",
        """{
          one <- function(s) predictr(train(network_type = "lstm", sigmoid = s, learningrate = 0.1), A)
          p <- lapply(c("logistic", "tanh"), one)
          if (identical(p[[1]], p[[2]])) "ignored: the answers are identical" else "acts"
        }""",
        sigmoid_of_a_gated,
        "The gates have activations of their own; the output need not.",
    ),
    Row(
        "again",
        "`model=` with `numepochs=3, learningrate=0.1`, after 2 epochs at rate 1",
        """{
          m <- suppressMessages(trainr(Y = Y, X = X, model = train(numepochs = 2), numepochs = 3, learningrate = 0.1))
          sprintf("%d epochs, rate %g", ncol(m$error), m$learningrate)
        }""",
        again,
        "What is given is obeyed; what is not, stays.",
    ),
    Row(
        "more",
        "`model=` with more samples than before",
        """{
          m <- train(X = X[1:250, , ], Y = Y[1:250, ])
          paste("error", error(suppressMessages(trainr(Y = Y, X = X, model = m))), "with 500 after 250")
        }""",
        more_samples,
        "Nothing in the model depends on the samples.",
    ),
    Row(
        "bytes",
        "Size of a trained rnn of 304 weights, written out",
        "sprintf('%s bytes', format(length(serialize(train(), NULL)), big.mark = ','))",
        lambda: f"{len(pickle.dumps(train())):,} bytes",
        "R's model keeps all states of the training samples; ours is weights and settings.",
    ),
    Row(
        "unsync_hidden",
        "`seq_to_seq_unsync` with `hidden=TRUE`",
        """{
          m <- train(Y = Y[, 1:2], seq_to_seq_unsync = TRUE)
          sizes <- sapply(predictr(m, A, hidden = TRUE), function(a) paste(dim(a), collapse = " x "))
          paste("arrays", paste(sizes, collapse = " and "))
        }""",
        inside_unsync,
        "States of all steps, and the answers that count.",
    ),
    Row(
        "unsync_one",
        "`seq_to_seq_unsync`, X of one step and Y of three: share of the error that is counted",
        """{
          x <- array(0.5, dim = c(1, 1, 1)); y <- array(1, dim = c(1, 3, 1)); set.seed(1)
          m <- suppressMessages(trainr(Y = y, X = x, learningrate = 1e-9, seq_to_seq_unsync = TRUE))
          share(m$error[1, 1] / sum(abs(1 - predictr(m, x))))
        }""",
        first_of_one_step,
        "R leaves out the first answer.",
    ),
    Row(
        "big",
        "`int2bin(300, 8)`, and back",
        "paste('becomes', bin2int(int2bin(300, 8)))",
        lambda: f"becomes {bin2int(int2bin(300, 8))}",
        "What does not fit is not cut.",
    ),
    Row(
        "row",
        "`bin2int(c(1, 0, 1))`",
        "paste(bin2int(c(1, 0, 1)))",
        lambda: f"{bin2int([1, 0, 1])[0]}",
        "One row is as good as many.",
    ),
    Row(
        "misspelled",
        "`trainr(…, hiddendim=16)`, misspelled",
        """{
          m <- suppressMessages(trainr(Y = Y, X = X, learningrate = 1, hiddendim = 16))
          sprintf("%d units, and no message", m$hidden_dim)
        }""",
        misspelled,
        "Further arguments become fields of the model, unless they look like one that exists.",
    ),
    Row(
        "unknown",
        "`network_type='foo'`",
        "train(network_type = 'foo')",
        lambda: str(train(network_type="foo")),
        "An unknown name is answered with the known ones.",
    ),
    Row(
        "bare",
        "`epoch_function=epoch_print`, one function",
        "{ m <- train(epoch_function = epoch_print); 'works' }",
        lambda: "works" if train(epoch_function=lambda model: None) else "",
        "One function or several.",
    ),
    Row(
        "order",
        "The most significant bit first, as the example in `?predictr` has it, 10 epochs",
        """{
          m <- train(X = X[, 8:1, ], Y = Y[, 8:1], numepochs = 10)
          share(mean(apply(round(predictr(m, A[, 8:1, ])) == S[, 8:1], 1, function(ok) isTRUE(all(ok)))))
        }""",
        most_significant_first,
        "No fault of the package, nor mended by ours: so read, a carry comes from the future. Reverse nothing.",
    ),
]


def ours() -> dict[str, str]:
    """By key, what ours gives."""
    found = {}
    for row in ROWS:
        try:
            found[row.key] = row.ours()
        except ValueError as reason:
            found[row.key] = f"error: `{reason}`"
        print(f"ours  {row.key}: {found[row.key]}", flush=True)
    return found


def of_r(rscript: str) -> dict[str, str]:
    """By key, what R gives; empty if the package is not there."""
    with tempfile.TemporaryDirectory() as folder:
        with (Path(folder) / "summands.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(SUMMANDS.tolist())
        script = R_BEGIN + "".join(f"row('{row.key}', {row.r})\n" for row in ROWS)
        (Path(folder) / "rows.R").write_text(script, encoding="utf-8")
        run = subprocess.Popen(
            [rscript, "rows.R"], cwd=folder, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        found = {}
        assert run.stdout is not None
        for line in run.stdout:
            if line.startswith("ROW\t"):
                _, key, text = line.rstrip("\n").split("\t", 2)
                found[key] = text
                print(f"R     {key}: {text}", flush=True)
        return found if run.wait() == 0 else {}


def main() -> int:
    """Measure, print, and record if wanted."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument(
        "--r", default=shutil.which("Rscript"), help="Rscript, where it is not on the path"
    )
    arguments.add_argument(
        "--write", action="store_true", help=f"record in {RECORD.relative_to(RECORD.parents[2])}"
    )
    chosen = arguments.parse_args()
    r = of_r(chosen.r) if chosen.r else {}
    here = ours()
    if not r:
        print("Rscript with the package rnn was not found: only ours was measured.")
        return int(chosen.write)
    versions = f"{r['versions']}, Python {platform.python_version()}, NumPy {np.__version__}"
    record = {
        "measured": {
            "date": str(datetime.date.today()),
            "machine": f"{os.cpu_count()} cores, {processor()}",
            "versions": versions,
        },
        "values": {
            "samples": f"{SAMPLES:,}",
            "held_out": f"{HELD_OUT:,}",
            "versions": versions,
            **{
                f"{name}_{key}": side[key]
                for key in ("lstm", "gru", "bytes", "batch_1")
                for name, side in (("r", r), ("ours", here))
            },
        },
        "columns": {"what": "what was done", "r": "R", "ours": "here", "why": "why"},
        "rows": [{"what": row.what, "r": r[row.key], "ours": here[row.key], "why": row.why} for row in ROWS],
    }
    if chosen.write:
        RECORD.parent.mkdir(parents=True, exist_ok=True)
        RECORD.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        print(f"written: {RECORD.relative_to(RECORD.parents[2])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

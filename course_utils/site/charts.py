"""Charts that are drawn from the cards of the stored runs as the site is built, so that they never fall behind."""

from __future__ import annotations

from pathlib import Path

REBUILT = (
    "imdb-simple-rnn",
    "imdb-lstm-tutorial",
    "imdb-stack",
    "imdb-gru",
    "imdb-bidirectional",
    "imdb-bag",
    "imdb-averaged",
    "imdb-last-state",
    "imdb-pooled",
    "imdb-attention",
    "imdb-vectors",
    "imdb-both-ways",
    "imdb-counted-pairs",
    "imdb-best",
)
"""The runs of the chart on *What we measured*, from the top."""

PRINTED = {"imdb-simple-rnn": (0.81464, 0.81464), "imdb-lstm-tutorial": (0.85, 0.88)}
"""What the sources print of the networks that are rebuilt: GeeksforGeeks (2026) and Schweinberger (2026)."""


def draw_charts(folder: Path) -> list[Path]:
    """Write the charts into a copy of `notebooks`.

    Args:
        folder: that copy.

    Returns:
        the files.

    Raises:
        RunError: if a run of a chart is not stored.
    """
    import matplotlib.pyplot as plt

    from course_utils.figures import accuracies
    from course_utils.runs import compare

    rows = compare(REBUILT).rows
    titles = {row["name"]: row["title"] for row in rows}
    figure = accuracies(
        {row["title"]: row["accuracies"] for row in rows},
        printed={titles[name]: span for name, span in PRINTED.items()},
    )
    path = folder / "appendix" / "what_we_measured.svg"
    path.parent.mkdir(parents=True, exist_ok=True)
    with plt.rc_context({"svg.hashsalt": "unrolled"}):  # the same file each time
        figure.savefig(path, metadata={"Date": None})
    return [path]

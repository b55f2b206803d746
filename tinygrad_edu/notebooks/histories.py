"""A `History` in a notebook: its losses as curves, and its first, best and last epoch in numbers.

The curves are drawn here, and not by matplotlib, because they need it nowhere, and keep to the theme of the notebook;
`plotting.plot_loss` is the figure for everywhere else.

May import: `texts`, `training`; `chart` and `elements` of this folder.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from tinygrad_edu.notebooks.chart import Curve, chart, keys
from tinygrad_edu.notebooks.elements import Entry, beside, display, note, table, title
from tinygrad_edu.texts import counted, drawn_number
from tinygrad_edu.training.history import History

__all__ = ["history_html"]


def history_html(history: History) -> str:
    """The curves of the losses with the best epoch marked, and a table of the epochs that one asks for.

    >>> html = history_html(History(loss=[2.0, 0.5, 0.25]))
    >>> "<svg" in html, "best, last" in html
    (True, True)
    """
    curves = [curve for curve in _curves(history) if curve.is_drawn]
    best = _best(history)
    picture = chart(curves, "epoch", "loss", marked=best) + keys(curves, "best epoch" if best else "") if curves else ""
    return display(
        f"<p>{title('History', _length(history))}</p>",
        beside(f"<div>{picture}</div>" if picture else "", _table(history) if history.epochs else ""),
        *map(note, (history.stopped, _broken(history), _made_by(history))),
    )


def _length(history: History) -> str:
    """How much was done."""
    if not history.epochs:
        return "no whole epoch"
    iterations = f", {counted(history.iterations, 'iteration')}" if history.batch_loss else ""
    total = sum(history.seconds)
    seconds = f", {f'{total:.1f}' if total >= 1.0 else f'{total:.2g}'} seconds" if history.seconds else ""
    return counted(history.epochs, "epoch") + iterations + seconds


def _curves(history: History) -> list[Curve]:
    training = Curve("training", history.loss)
    return [training, Curve("validation", history.validation_loss)] if history.validation_loss else [training]


def _best(history: History) -> tuple[int, float] | None:
    """Where the best epoch is, if any loss is a number."""
    best = history.best_epoch
    loss = history.watched[best - 1] if best else math.nan
    return (best, loss) if math.isfinite(loss) else None


def _columns(history: History) -> dict[str, Sequence[float]]:
    """What there is to say of an epoch, by its heading."""
    columns = {
        "training loss" if history.validation_loss else "loss": history.loss,
        "validation loss": history.validation_loss,
        "gradient norm": history.gradient_norm,
        "learning rate": history.learning_rate,
    }
    return {heading: numbers for heading, numbers in columns.items() if numbers}


def _table(history: History) -> str:
    names: dict[int, list[str]] = {1: ["first"]}
    if best := _best(history):
        names.setdefault(best[0], []).append("best")
    names.setdefault(history.epochs, []).append("last")
    rows = [_row(history, epoch, ", ".join(names[epoch])) for epoch in sorted(names)]
    return table("the epochs in numbers", [Entry(), "epoch", *_columns(history)], rows)


def _row(history: History, epoch: int, name: str) -> list[Entry]:
    numbers = [drawn_number(column[epoch - 1]) if epoch <= len(column) else "" for column in _columns(history).values()]
    return [Entry(name, kind="words", header=True), Entry(f"{epoch:,}"), *map(Entry, numbers)]


def _broken(history: History) -> str:
    """Of losses that are no numbers: how many, and since when."""
    sentences = []
    for curve in _curves(history):
        epochs = [epoch for epoch, loss in enumerate(curve.heights, 1) if not math.isfinite(loss)]
        if epochs:
            of_all = f"{len(epochs):,} of {len(curve.heights):,} {curve.name} losses"
            sentences.append(f"{of_all} {'is' if len(epochs) == 1 else 'are'} not finite, first in epoch {epochs[0]:,}")
    return "; ".join(sentences)


def _made_by(history: History) -> str:
    """How the gradients were computed, with what settings."""
    if not history.engine:
        return ""
    engine, _, reason = history.engine.partition(": ")
    batches = f"; batches of {history.batch_size:,}" if history.batch_size else ""
    return f"engine: {engine}{reason and f' ({reason})'}{batches}; seed {history.seed}"

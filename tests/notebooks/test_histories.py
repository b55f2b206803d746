"""A History in a notebook: its curves and its epochs are those of the run."""

from __future__ import annotations

import math

import numpy as np
import pytest
from notebooks.reading import SVG, elements, notes, number, parsed, tables

from tinygrad_edu import MLP, SGD, History, fit
from tinygrad_edu.notebooks.histories import history_html

NAN, INF = math.nan, math.inf


def test_a_run_shows_its_first_best_and_last_epoch() -> None:
    X = np.random.default_rng(1).normal(size=(64, 2))
    y = (X[:, 0] * X[:, 1] > 0).astype(float)
    model = MLP(2, [4, 1], seed=1)
    history = fit(
        model, X, y, "mean_squared_error", SGD(model.parameters(), lr=0.5), epochs=5, batch_size=16,
        validation_data=(X[:9], y[:9]),
    )  # fmt: skip
    html = history._repr_html_()
    (shown,) = tables(html)
    assert shown.headings == ["", "epoch", "training loss", "validation loss", "gradient norm", "learning rate"]
    for row in shown.rows:
        epoch = int(row[1])
        of_the_epoch = [history.loss, history.validation_loss, history.gradient_norm, history.learning_rate]
        assert list(map(number, row[2:])) == pytest.approx([column[epoch - 1] for column in of_the_epoch], rel=1e-3)
        assert ("best" in row[0]) == (epoch == history.best_epoch)
        assert ("first" in row[0], "last" in row[0]) == (epoch == 1, epoch == 5)
    assert notes(html)[0].startswith("History · 5 epochs, 20 iterations, ")
    assert notes(html)[-1].startswith(f"engine: {history.engine.partition(':')[0]} (")
    assert notes(html)[-1].endswith("; batches of 16; seed 0")


@pytest.mark.parametrize(
    ("seconds", "said"), [([0.02, 0.037], "0.057 seconds"), ([60.0, 63.44], "123.4 seconds"), ([0.0, 0.0], "0 seconds")]
)
def test_the_time_is_said_in_few_digits(seconds: list[float], said: str) -> None:
    assert notes(history_html(History(loss=[2.0, 1.0], seconds=seconds)))[0] == f"History · 2 epochs, {said}"


def test_the_keys_name_the_curves() -> None:
    keys = [
        note for note in notes(history_html(History(loss=[2.0, 1.0], validation_loss=[3.0, 2.0]))) if "best" in note
    ]
    assert keys[0].split() == ["training", "validation", "best", "epoch"]


def test_without_an_epoch_there_is_nothing_but_the_reason() -> None:
    html = History(stopped="interrupted")._repr_html_()
    assert notes(html) == ["History · no whole epoch", "interrupted"]
    assert elements(html).isdisjoint({"svg", "table"})
    assert notes(History()._repr_html_()) == ["History · no whole epoch"]


def test_losses_that_are_no_numbers_are_counted() -> None:
    html = History(loss=[3.0, 0.1, NAN, INF, 0.05, NAN])._repr_html_()
    assert "3 of 6 training losses are not finite, first in epoch 3" in notes(html)
    (shown,) = tables(html)
    assert shown.rows == [["first", "1", "3"], ["best", "5", "0.05"], ["last", "6", "nan"]]
    html = history_html(History(loss=[1.0, 2.0], validation_loss=[NAN, 1.0]))
    assert "1 of 2 validation losses is not finite, first in epoch 1" in notes(html)


def test_where_no_loss_is_a_number_there_is_no_curve_and_no_best_epoch() -> None:
    html = History(loss=[NAN, INF, NAN])._repr_html_()
    assert "svg" not in elements(html)
    assert [row[0] for row in tables(html)[0].rows] == ["first", "last"]
    html = History(loss=[1.0, 0.5], validation_loss=[NAN, NAN])._repr_html_()
    assert len(list(parsed(html).iter(f"{SVG}polyline"))) == 1
    assert not any("best" in note for note in notes(html))


def test_a_column_that_is_shorter_than_the_run_has_gaps() -> None:
    (shown,) = tables(History(loss=[2.0, 1.0], learning_rate=[0.5])._repr_html_())
    assert shown.column("learning rate") == ["0.5", ""]


def test_what_an_engine_says_stays_text() -> None:
    html = History(loss=[1.0], engine="<img src=x>: <script>", stopped="<script>")._repr_html_()
    assert elements(html).isdisjoint({"img", "script"})
    assert "engine: <img src=x> (<script>); seed 0" in notes(html)

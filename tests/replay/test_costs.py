"""What is run line by line: where each scalar has an array operation of its own, and for few examples."""

from __future__ import annotations

from typing import Any

from tinygrad_edu import MLP, Value, choose, fsum, logsumexp, record
from tinygrad_edu.nn import LSTM
from tinygrad_edu.replay import costs
from tinygrad_edu.replay.costs import examples_by_machine


def logistic(steps: int) -> Any:
    rate = Value(3.7)

    def function(x: Any) -> Any:
        for _ in range(steps):
            x = rate * x * (1.0 - x)
        return x

    return record(function, ((),), [rate])


def test_a_recurrence_is_run_by_line_up_to_a_few_examples() -> None:
    assert 5 <= logistic(50).by_line <= 50
    assert logistic(200).by_line >= logistic(50).by_line, "what it costs to begin counts less for a longer one"


def test_what_is_short_stays_on_arrays() -> None:
    assert logistic(1).by_line == 0


def test_what_is_alike_stays_on_arrays() -> None:
    model = MLP(8, [8, 2], "tanh", seed=0)
    assert record(lambda x: logsumexp(model(x)), (8,), model.parameters()).by_line == 0
    weights = [Value(0.1 * k) for k in range(100)]
    assert record(lambda x: sum(w * v for w, v in zip(weights, x, strict=True)), (100,), weights).by_line == 0


def test_what_chooses_by_an_index_stays_on_arrays() -> None:
    w = Value(0.5)

    def function(x: Any, k: Any) -> Any:
        for _ in range(50):
            x = (w * x).tanh()
        return choose(k, [x, w, 1.0])

    assert record(function, ((), ()), [w]).by_line == 0


def test_compiling_must_pay_off(monkeypatch):
    """An LSTM of eight steps: thousands of products a step are a few array operations, and would take a minute."""
    network = LSTM(8, 16, seed=0)
    program = record(lambda x: fsum(network(x)[0][-1]), ((8, 8),), network.parameters())
    lines = program._functions.lines
    known = lines, program.instructions, program._plan, len(network.parameters()) + 64
    assert examples_by_machine(*known) == 0
    monkeypatch.setattr(costs, "COMPILED", 0.0)
    assert examples_by_machine(*known) > 0

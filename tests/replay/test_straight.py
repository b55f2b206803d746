"""Straight lines: the scalars of a graph in order, and the sweep back through those that parameters are part of."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu import Value, ops
from tinygrad_edu.replay.scalars import ScalarGraph
from tinygrad_edu.replay.straight import is_straight, straight_lines


def graph_of(function: Any) -> ScalarGraph:
    """The graph of a function of an input x and a parameter w."""
    x, w = Value(0.5), Value(2.0)
    output = function(x, w)
    graph = ScalarGraph([x], [w])
    graph.include([output], joined=Value.apply(ops.fsum, [output]))
    return graph


def text(function: Any, differentiated: bool = True) -> list[str]:
    lines = straight_lines(graph_of(function), range(1, 2), differentiated)
    names: dict[int, str] = {0: "x", 1: "w", lines.seed: "seed", **{k: repr(c) for k, c in lines.constants.items()}}
    written = []
    for target, formula, operands in (*lines.forward, *lines.backward):
        names.setdefault(target, f"v{len(written)}")
        written.append(f"{names[target]} = {formula.raising.format(*[names[k] for k in operands])}")
    return [*written, f"gradient {[names[g] if g is not None else None for g in lines.gradient]}"]


def test_forward_and_back() -> None:
    assert text(lambda x, w: (x * w) * w) == [
        "v0 = (x * w)",
        "v1 = (v0 * w)",
        "v2 = (seed * w)",
        "v3 = (seed * v0)",
        "v4 = (v3 + (v2 * x))",
        "gradient ['v4']",
    ]


def test_nothing_goes_back_to_inputs_or_through_comparisons() -> None:
    assert text(lambda x, w: (x * x) + w) == ["v0 = (x * x)", "v1 = (v0 + w)", "gradient ['seed']"]
    assert text(lambda x, w: x.exp()) == ["v0 = exp(x)", "gradient [None]"]
    chosen = text(lambda x, w: Value.apply(ops.where, [Value.apply(ops.greater, [w, x]), w, x]))
    assert chosen == [
        "v0 = (1.0 if (w > x) else 0.0)",
        "v1 = (w if v0 else x)",
        "v2 = (seed * (1.0 if v0 else 0.0))",
        "gradient ['v2']",
    ]


def test_only_what_the_results_need_is_written() -> None:
    function = lambda x, w: w.silu()  # noqa: E731 - its output and its slope share a call
    assert text(function)[0] == "v0 = exp(-w)"
    logarithm = lambda x, w: Value.apply(ops.logsumexp, [x, w])  # noqa: E731 - what the slopes share is not needed
    assert text(logarithm, differentiated=False) == ["v0 = logsumexp((x, w, ))", "gradient [None]"]
    lines = straight_lines(graph_of(logarithm), range(1, 2), differentiated=True)
    assert (len(lines.forward), len(lines.backward)) == (1, 4)


def test_a_parameter_that_is_the_output() -> None:
    assert text(lambda x, w: w) == ["gradient ['seed']"]


def test_what_chooses_by_an_index_is_not_written_so() -> None:
    assert is_straight(graph_of(lambda x, w: x * w))
    assert not is_straight(graph_of(lambda x, w: Value.apply(ops.choose, [x, w, w])))


def test_a_long_chain_takes_a_line_for_each_number() -> None:
    def chain(x: Any, w: Any) -> Any:
        for _ in range(20_000):
            x = x * w
        return x

    lines = straight_lines(graph_of(chain), range(1, 2), differentiated=True)
    assert len(lines.forward) == 20_000
    assert len(lines.backward) == 2 * 20_000 - 1
    assert lines.variables == 2 + 20_000 + 1 + len(lines.backward)
    assert np.unique([line.target for line in (*lines.forward, *lines.backward)]).size == len(lines.forward) * 3 - 1

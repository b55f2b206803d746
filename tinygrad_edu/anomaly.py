"""`detect_anomaly`: the first operation that makes a number non-finite out of finite ones, and why.

A nan that is seen in a loss was usually made many operations earlier. Under `detect_anomaly()` every operation is
looked at when it is computed, and every step of the backward sweep when it is taken. The first that makes inf or nan
out of finite numbers raises `AnomalyError`; one that is given inf or nan is not to blame.

May import: `number_systems`, `origins`, `modes`, `value`, `backprop`, `gradients`, `stopping`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from math import isfinite
from typing import Any

from tinygrad_edu.backprop import Step
from tinygrad_edu.gradients import StandIn
from tinygrad_edu.modes import changed_mode
from tinygrad_edu.number_systems import formula
from tinygrad_edu.origins import Source
from tinygrad_edu.stopping import shortest_path
from tinygrad_edu.value import Value

__all__ = ["AnomalyError", "detect_anomaly"]

#: What operands without a label are called in the formula of a report; where there are more, they are only counted.
_LETTERS = "abcd"
#: Of a longer chain of nodes, a report shows the two ends.
_SHOWN_CHAIN = 8

_GREW = "numbers grew beyond 1.8e308: scale the inputs, lower the learning rate, or clip the gradients"


class AnomalyError(ArithmeticError):
    """The first operation that made inf or nan out of finite numbers.

    `node` is the operation, `phase` "forward" or "backward", `chain` the shortest way from the node to the root
    (in the forward pass only the node itself, because what will be made of it is not known yet), and `cure` what
    usually helps. `source` says which line made the node, if it was made under `detect_anomaly` or `trace_sources`.

    >>> with detect_anomaly():
    ...     try:
    ...         Value(0.0, "x").log()
    ...     except AnomalyError as error:
    ...         print(error.phase, error.node.op.name, error.node.data)
    forward log -inf
    """

    def __init__(self, node: Value, phase: str, made: str, chain: Sequence[Value], cure: str) -> None:
        self.node = node
        self.phase = phase
        self.chain = list(chain)
        self.cure = cure
        details = {
            "formula": _formula(node),
            "operands": _operands(node),
            "made at": _place(node.source),
            "leads to": " → ".join(_short_chain(self.chain)),
            "cure": cure,
        }
        lines = [f"{made} out of finite numbers in the {phase} pass"]
        super().__init__("\n".join([*lines, *(f"  {name:<9} {text}" for name, text in details.items())]))

    @property
    def source(self) -> Source | None:
        """The line that made the node."""
        return self.node.source


def detect_anomaly() -> AbstractContextManager[None]:
    """Raise `AnomalyError` at the first operation, forward or backward, that makes inf or nan out of finite numbers.

    The error names the operation and its operands, the line of the forward pass that made the node, the shortest
    chain of nodes to the root, and the usual cure. Lines are traced while the mode is on, so wrap the forward pass
    as well as `backward()`. For this thread or asyncio task only; it makes every operation slower.

    >>> with detect_anomaly():
    ...     p = Value(0.0, "p")
    ...     loss = -p.log()
    Traceback (most recent call last):
    ...
    tinygrad_edu.anomaly.AnomalyError: log made -inf out of finite numbers in the forward pass
      formula   log(p)
      operands  p = 0
      made at   <doctest tinygrad_edu.anomaly.detect_anomaly[0]>, line 3: p.log()
      leads to  log
      cure      keep the argument positive with clip(1e-12, 1.0), use log1p for ln(1 + x), or use a loss that takes \
logits, such as cross_entropy or binary_cross_entropy_with_logits
    """
    return changed_mode(traces=True, check=_check_node, watch=_watched)


def _check_node(node: Value) -> None:
    """Raise if this new node is not finite although its inputs are."""
    if node.op is not None and not isfinite(node.data) and _finite(node.inputs):
        made = f"{node.op.name} made {node.data:g}"
        raise AnomalyError(node, "forward", made, [node], node.op.cure or _GREW)


def _watched(root: Value, steps: Iterator[Step]) -> Iterator[Step]:
    """The steps of a sweep, each checked as soon as it is taken."""
    for step in steps:
        node = step.node.node if isinstance(step.node, StandIn) else step.node
        assert isinstance(node, Value)
        _check_step(root, node, step)
        yield step


def _check_step(root: Value, node: Value, step: Step) -> None:
    """Raise if the backward step of this node made a gradient that is not finite out of numbers that are."""
    if not (isfinite(_as_float(step.upstream)) and isfinite(node.data) and _finite(node.inputs)):
        return
    for value, edge in zip(node.inputs, step.contributions, strict=True):
        before, after, local, upstream = map(_as_float, (edge.before, edge.after, edge.local, edge.upstream))
        if isfinite(before) and not isfinite(after):
            assert node.op is not None
            made = (
                f"the gradient of {node.op.name} by {_name(value)} became {after:g} "
                f"({before:g} + upstream {upstream:g} × local {local:g})"
            )
            cure = _GREW if isfinite(local) else node.op.cure or _GREW
            raise AnomalyError(node, "backward", made, shortest_path(root, node), cure)


def _as_float(gradient: Any) -> float:
    """A gradient as a float; in a graph of gradients it is a `Value`, or a `Plain` number."""
    return gradient.data if isinstance(gradient, Value) else float(gradient)


def _finite(values: Sequence[Value]) -> bool:
    return all(isfinite(value.data) for value in values)


def _name(value: Value) -> str:
    return value.label or (value.op.name if value.op is not None else f"{value.data:.6g}")


def _formula(node: Value) -> str:
    assert node.op is not None
    if len(node.inputs) > len(_LETTERS):
        return f"{node.op.method} of {len(node.inputs)} inputs"
    return formula(node.op, _operand_names(node))


def _operand_names(node: Value) -> list[str]:
    """The labels of the operands, or letters."""
    return [value.label or letter for value, letter in zip(node.inputs, _LETTERS, strict=False)]


def _operands(node: Value) -> str:
    named = zip(_operand_names(node), node.inputs, strict=False)
    shown = [f"{name} = {value.data:.6g}" + _origin(value) for name, value in named]
    more = len(node.inputs) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _origin(value: Value) -> str:
    """What an operand was computed by, if it was."""
    expression = value.source.expression if value.source is not None else ""
    return f" (from {expression or value.op.name})" if value.op is not None else ""


def _place(source: Source | None) -> str:
    if source is None:
        return "not known: the node was made outside detect_anomaly()"
    return f"{source.file}, line {source.line}: {source.expression or source.text}"


def _short_chain(chain: Sequence[Value]) -> list[str]:
    names = [_name(node) for node in chain]
    if len(names) <= _SHOWN_CHAIN:
        return names
    half = _SHOWN_CHAIN // 2
    return [*names[:half], f"… {len(names) - _SHOWN_CHAIN} more …", *names[-half:]]

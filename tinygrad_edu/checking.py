"""`gradcheck`: finite differences against the sweep.

Two independent ways lead to the same derivative: backpropagation, which multiplies local derivatives, and finite
differences, which know no rule. When they disagree, each operation of the graph is put to the same test on its own, and
the one whose rule is wrong is named.

May import: `arguments`, `elsewhere`, `later`, `texts`, `terminal`, `number_systems`, `value`, `backprop`, `arrays`,
`gradients`, `finite_differences`; NumPy.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from tinygrad_edu.arguments import check_takes
from tinygrad_edu.arrays import array, flat
from tinygrad_edu.backprop import topological_order
from tinygrad_edu.elsewhere import GRADCHECK_KEYWORDS, says_ours
from tinygrad_edu.finite_differences import USUAL, Around, InputCheck, Precision
from tinygrad_edu.gradients import grad
from tinygrad_edu.later import later
from tinygrad_edu.number_systems.floats import evaluate
from tinygrad_edu.terminal import RenderableType, Table, Text, text_of
from tinygrad_edu.texts import counted
from tinygrad_edu.value import Value, as_value

__all__ = ["GradCheck", "InputCheck", "WrongOperation", "check_node", "gradcheck", "sentences", "shown_rows", "slopes"]

#: More rows than these do not fit on a screen.
_SHOWN_ROWS = 20


@dataclass(frozen=True, slots=True)
class WrongOperation:
    """A node whose stored local derivative is not the slope of its own forward computation.

    >>> wrong = WrongOperation(Value(3.0).exp(), 0, 1.0, 20.085537)
    >>> str(wrong).split(",")[0]
    "the operation 'exp' is wrong: at (3) its local derivative by input 0 is 1"
    """

    node: Value
    position: int
    analytic: float
    numeric: float

    def __str__(self) -> str:
        assert self.node.op is not None
        arguments = ", ".join(f"{value.data:g}" for value in self.node.inputs)
        return (
            f"the operation {self.node.op.method!r} is wrong: at ({arguments}) its local derivative by "
            f"input {self.position} is {self.analytic:.6g}, but differences of its output give {self.numeric:.6g}"
        )


@dataclass(frozen=True, slots=True)
class GradCheck:
    """What `gradcheck` found: true when every input passed; printed, a table.

    `rows` holds an `InputCheck` per input, `wrong` a `WrongOperation` for each operation that is at fault, and
    `remarks` sentences about what else was noticed.

    >>> check = gradcheck(lambda x, y: x * y, [2.0, 3.0])
    >>> bool(check), [(row.name, row.verdict) for row in check.rows]
    (True, [('x', 'pass'), ('y', 'pass')])
    """

    output: float
    rows: tuple[InputCheck, ...]
    wrong: tuple[WrongOperation, ...] = ()
    remarks: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return all(row.passed for row in self.rows)

    @property
    def max_relative_error(self) -> float:
        """The largest relative error of the inputs that are not at a kink."""
        return max((row.relative_error for row in self.rows if row.verdict != "kink"), default=0.0)

    _repr_html_ = later("tinygrad_edu.notebooks.checks", "check_html")

    def __rich__(self) -> RenderableType:
        failed, count = sum(not row.passed for row in self.rows), counted(len(self.rows), "input")
        passed = f"{failed} of {count} FAILED" if failed else f"{count} passed"
        table = Table(
            title=f"gradcheck at f = {self.output:.6g}: {passed}", title_justify="left", caption_justify="left"
        )
        table.add_column("input")
        for heading in ("at", "analytic", "numeric", "absolute error", "relative error"):
            table.add_column(heading, justify="right")
        table.add_column("verdict")
        for row in shown_rows(self):
            numbers = [f"{row.at:.6g}", f"{row.analytic:.8g}", f"{row.numeric:.8g}"]
            errors = [f"{error:.1e}" if error else "0" for error in (row.absolute_error, row.relative_error)]
            table.add_row(Text(row.name), *numbers, *errors, _verdict(row))
        table.caption = Text("\n".join(sentences(self)))
        return table

    def __str__(self) -> str:
        return text_of(self)

    __repr__ = __str__


def shown_rows(check: GradCheck) -> list[InputCheck]:
    """All rows, or, of very many, those that most want looking at, in their own order.

    >>> len(shown_rows(gradcheck(lambda x: (x * x).sum(), [np.ones(30)])))
    20
    """
    telling = sorted(check.rows, key=lambda row: (row.passed, row.verdict == "pass", -row.relative_error))
    chosen = {id(row) for row in telling[:_SHOWN_ROWS]}
    return [row for row in check.rows if id(row) in chosen]


def sentences(check: GradCheck) -> Iterator[str]:
    """What is to be said below the rows: how many are not shown, which operation is at fault, what else was noticed.

    >>> list(sentences(gradcheck(lambda x: x * x, [3.0])))
    []
    """
    hidden = len(check.rows) - _SHOWN_ROWS
    if hidden > 0:
        yield f"… and {hidden} more; the largest relative error of all is {check.max_relative_error:.1e}"
    yield from map(str, check.wrong)
    yield from check.remarks


def slopes(row: InputCheck) -> str:
    """The slopes on both sides, where they differ by more than one percent, and so should be seen.

    >>> slopes(gradcheck(lambda x: x.relu(), [0.0]).rows[0])
    'slope 0 left, 1 right'
    """
    is_wide = not abs(row.left - row.right) <= 0.01 * max(abs(row.left), abs(row.right))
    return f"slope {row.left:.4g} left, {row.right:.4g} right" if row.verdict != "pass" and is_wide else ""


def _verdict(row: InputCheck) -> Text:
    return Text(
        ": ".join(filter(None, (row.verdict, slopes(row)))),
        {"pass": "green", "kink": "yellow"}.get(row.verdict, "bold red"),
    )


@says_ours(GRADCHECK_KEYWORDS)
def gradcheck(
    f: Callable[..., Any], inputs: Sequence[Any], *, step: float = 1e-6, rtol: float = 1e-5, atol: float = 1e-7
) -> GradCheck:
    """Compare the gradient of `f(*inputs)` by backpropagation with central differences.

    An input passes when |analytic - numeric| ≤ atol + rtol · |numeric| + rounding error, where numeric is
    (f(x + h) - f(x - h)) / 2h with h = step · max(1, |x|). At a kink, such as `relu` at 0, it reports the slopes
    on both sides and accepts what lies between them. When an input fails, it names the operation that is at fault.

    Inputs are numbers, or leaf `Value`s (the parameters of a model, say), which are nudged in place and put back;
    no `.grad` is touched. An input may also be an array, or a list, of these, and `f` is given an array of Values then.
    `f` must return one number.

    Raises TypeError for inputs or results that are not numbers, ValueError for a computed `Value` or an infinite
    number as input, for a step or tolerance that cannot be, and for a function that is random, and RuntimeError for
    one that computes its result under `no_grad()`.

    >>> result = gradcheck(lambda x, y: (x * y).tanh() + y / x, [0.5, -2.0])
    >>> bool(result), result.max_relative_error < 1e-8
    (True, True)
    >>> gradcheck(lambda x: x.relu(), [0.0]).rows[0].verdict
    'kink'
    >>> bool(gradcheck(lambda W, x: np.tanh(W @ x).sum(), [np.eye(2), [0.5, -1.0]]))
    True
    """
    precision = _checked(Precision(step, rtol, atol))
    if not isinstance(inputs, Iterable):
        raise TypeError(f"inputs is a list with each argument of f, such as [{inputs!r}], not {inputs!r}")
    arguments = [_argument(given, position) for position, given in enumerate(inputs)]
    count = len(arguments)
    check_takes(f, count, f"gradcheck gives f one argument for each of the {count} inputs, where one array x is [x]")
    leaves = flat(arguments)
    output = _one_number(f(*arguments))
    _check_deterministic(output.data, _one_number(f(*arguments)).data)
    gradient = grad(output, leaves)
    rows = [
        Around(_along(f, arguments, leaf), leaf.data, output.data, precision).compare(name, analytic)
        for name, leaf, analytic in zip(_names(f, arguments), leaves, gradient, strict=True)
    ]
    if all(row.passed for row in rows):
        return GradCheck(output.data, tuple(rows))
    wrong = tuple(_wrong_operations(output, precision))
    return GradCheck(output.data, tuple(rows), wrong, tuple(_remarks(rows, wrong, output)))


def _checked(precision: Precision) -> Precision:
    step, rtol, atol = precision
    if not 0.0 < step < math.inf:
        raise ValueError(f"gradcheck needs a step that is positive and finite, such as 1e-6, not {step!r}")
    if not (rtol >= 0.0 and atol >= 0.0):
        raise ValueError(f"gradcheck needs tolerances of 0 or more, not rtol = {rtol!r} and atol = {atol!r}")
    return precision


def _argument(given: Any, position: int) -> Any:
    """One argument of `f`: a leaf, or an array of them."""
    if isinstance(given, (np.ndarray, list, tuple)) and np.ndim(given):
        return array([_leaf(number, position) for number in array(given).flat]).reshape(np.shape(given))
    return _leaf(given, position)


def _leaf(number: Any, position: int) -> Value:
    leaf = as_value(number)
    if leaf.op is not None:
        raise ValueError(
            f"gradcheck needs inputs that were not computed, but input {position} is {leaf!r}; .detach() it"
        )
    if not math.isfinite(leaf.data):
        raise ValueError(
            f"gradcheck needs finite inputs, but input {position} is {leaf.data}: no point is a step from it"
        )
    return leaf


def _one_number(result: Any) -> Value:
    try:
        return as_value(result)
    except TypeError as error:
        raise TypeError(
            f"gradcheck needs a function that returns one number, but it returned a {type(result).__name__}; "
            "pick one of its elements, or sum them"
        ) from error


def _check_deterministic(once: float, again: float) -> None:
    if repr(once) != repr(again):
        raise ValueError(
            f"gradcheck needs a function that gives the same number each time, but two calls at the same point gave "
            f"{once!r} and {again!r}; fix the seed of what is random in it"
        )


def _names(f: Callable[..., Any], arguments: Sequence[Any]) -> list[str]:
    """What the inputs are called: by their labels, else as `f` calls its parameters, else by number."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):  # some callables have no signature
        parameters = []
    names = []
    for position, argument in enumerate(arguments):
        name = f"input {position}"
        if position < len(parameters) and parameters[position].kind is not inspect.Parameter.VAR_POSITIONAL:
            name = parameters[position].name
        elif parameters and parameters[-1].kind is inspect.Parameter.VAR_POSITIONAL:
            name = f"{parameters[-1].name}[{position - len(parameters) + 1}]"
        if isinstance(argument, Value):
            names.append(argument.label or name)
        else:
            names += [argument[k].label or f"{name}[{', '.join(map(str, k))}]" for k in np.ndindex(argument.shape)]
    return names


def _along(f: Callable[..., Any], arguments: Sequence[Any], leaf: Value) -> Callable[[float], float]:
    """`f` as a function of one of its inputs, the others staying as they are."""

    def restricted(x: float) -> float:
        before = leaf.data
        leaf.data = x
        try:
            return _one_number(f(*arguments)).data
        finally:
            leaf.data = before

    return restricted


def _wrong_operations(output: Value, precision: Precision) -> Iterator[WrongOperation]:
    """For each kind of operation, the first node whose local derivatives are not the slopes of its output."""
    named = set()
    for node in topological_order(output):
        if node.op is None or node.op.method in named:
            continue
        for position, (value, local) in enumerate(zip(node.inputs, node.local_derivatives, strict=True)):
            row = Around(_alone(node, position), value.data, node.data, precision).compare("", local)
            if row.verdict == "FAIL" and math.isfinite(row.numeric):
                named.add(node.op.method)
                yield WrongOperation(node, position, row.analytic, row.numeric)
                break


def _alone(node: Value, position: int) -> Callable[[float], float]:
    """The forward computation of one node, as a function of one of its inputs."""
    data = [value.data for value in node.inputs]
    operation = node.op
    assert operation is not None

    def restricted(x: float) -> float:
        return evaluate(operation, *data[:position], x, *data[position + 1 :])[0]

    return restricted


def check_node(nodes: Sequence[Value], node: Value, gradient: float) -> InputCheck:
    """Compare `gradient`, the derivative of the last of `nodes` by `node`, with central differences.

    `nodes` are those of a graph, in topological order. What depends on `node` is computed anew; nothing is changed.

    >>> x = Value(0.5, "x")
    >>> square = x * x
    >>> nodes = topological_order(square.exp())
    >>> check_node(nodes, square, grad(nodes[-1], [square])[0]).verdict
    'pass'
    """
    f = _in_terms_of(nodes, node)
    return Around(f, node.data, f(node.data), USUAL).compare(node.label, gradient)


def _in_terms_of(nodes: Sequence[Value], node: Value) -> Callable[[float], float]:
    """The last of the nodes as a function of one of them."""
    dependents = dict.fromkeys([node])  # an ordered set
    for other in nodes:
        if not dependents.keys().isdisjoint(other.inputs):
            dependents[other] = None
    del dependents[node]
    now = {value: value.data for value in (nodes[-1], *chain.from_iterable(other.inputs for other in dependents))}

    def restricted(x: float) -> float:
        data = {**now, node: x}
        for other in dependents:
            assert other.op is not None
            data[other], _ = evaluate(other.op, *[data[value] for value in other.inputs])
        return data[nodes[-1]]

    return restricted


def _remarks(rows: Sequence[InputCheck], wrong: Sequence[Any], output: Value) -> Iterator[str]:
    """What may be wrong when it is not a rule."""
    undefined = [row.name for row in rows if not math.isfinite(row.numeric)]
    jumps = [row.name for row in rows if row.verdict == "jump"]
    if undefined:
        yield f"f is not finite on both sides of {', '.join(undefined)}, so there is no difference to compare with"
    if jumps:
        flat = sorted({node.op.method for node in topological_order(output) if node.op is not None and node.op.flat})
        steps = f"; the slope of {', '.join(flat)} is 0 wherever it has one" if flat else ""
        yield f"f jumps at {', '.join(jumps)}, so it has no derivative there{steps}"
    if not (undefined or jumps or wrong):
        yield (
            "every operation passes on its own, so part of f is hidden from the sweep: "
            "does it read .data, detach, or compute under no_grad?"
        )

"""What is asked in chapters 16 to 18: derivatives for an operation, a step of Newton's method, a topological order.

May import: `exercise`, `learner` and `comparing` of this folder; `number_systems`, `value`, `gradients`, `declaring`,
`checking`, `replay`, `texts`; NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.checking import gradcheck
from tinygrad_edu.declaring import forget, operation
from tinygrad_edu.exercises.comparing import Function, Question
from tinygrad_edu.exercises.exercise import Exercise
from tinygrad_edu.exercises.learner import Learner, NotYet
from tinygrad_edu.gradients import grad, hessian
from tinygrad_edu.number_systems.floats import floats
from tinygrad_edu.replay.programs import record
from tinygrad_edu.texts import counted, short_number
from tinygrad_edu.value import Value

__all__ = ["FOURTH"]


def _squareplus(a: float, b: float) -> float:
    return (a + math.sqrt(a * a + b)) / 2.0


def _root(a: float, b: float) -> float:
    return math.sqrt(a * a + b)


def _on_floats(rule: Function, a: float, b: float) -> Any:
    return rule(floats, _squareplus(a, b), a, b)


def _own_operation(code: Learner) -> None:
    cases, step = [(0.5, 1.0), (-2.0, 0.25), (0.0, 4.0), (3.0, 2.0)], 1e-6
    by_a: dict[str, Function] = {
        "The factor ½ is missing.": lambda m, y, a, b: 1.0 + a / _root(a, b),
        "The inner derivative is missing: of a² + b by a, it is 2a.": lambda m, y, a, b: (
            (1.0 + 0.5 / _root(a, b)) / 2.0
        ),
        "The first term of the sum, a itself, has the slope 1.": lambda m, y, a, b: a / _root(a, b) / 2.0,
        "That is the derivative by b.": lambda m, y, a, b: 0.25 / _root(a, b),
        "The root's own ½ and the 2 of 2a cancel; a factor 2 is too many.": lambda m, y, a, b: (
            (1.0 + 2.0 * a / _root(a, b)) / 2.0
        ),
    }
    by_b: dict[str, Function] = {
        "There are two factors ½, one from the root and one before the bracket.": lambda m, y, a, b: 0.5 / _root(a, b),
        "That is the derivative by a.": lambda m, y, a, b: (1.0 + a / _root(a, b)) / 2.0,
        "The a outside of the root does not depend on b.": lambda m, y, a, b: (1.0 + 0.5 / _root(a, b)) / 2.0,
    }
    for k, (name, mistakes) in enumerate({"by_a": by_a, "by_b": by_b}.items()):
        moves = (step, 0.0) if k == 0 else (0.0, step)
        Question(
            name,
            expected=lambda a, b, moves=moves: (
                (_squareplus(a + moves[0], b + moves[1]) - _squareplus(a - moves[0], b - moves[1])) / (2 * step)
            ),
            says="finite differences say",
            mistakes=mistakes,
            run=_on_floats,
            told=lambda name, a, b: f"{name} at a = {short_number(a)}, b = {short_number(b)}",
        ).ask(code, cases)
    _declared(code)


def _declared(code: Learner) -> None:
    """The derivatives as part of an operation: on formulas, Values and arrays too."""
    rules = [code.function(name) for name in ("squareplus", "by_a", "by_b")]
    try:
        squareplus = operation("squareplus_of_exercise", rules[0], (rules[1], rules[2]))
    except (ValueError, TypeError, ArithmeticError) as error:
        raise NotYet(f"On floats they are right, but they cannot be declared: {error}") from None
    try:
        check = gradcheck(squareplus, [0.5, 1.0])
        if not check:
            raise NotYet(f"squareplus is not as it was handed out:\n{check}")
        program = record(lambda a, b: squareplus(a, b), shapes=((), ()), params=[])
        if not np.allclose(program(np.array([0.5]), np.array([1.0])), _squareplus(0.5, 1.0)):
            raise NotYet("squareplus is not as it was handed out.")
    finally:
        forget("squareplus_of_exercise")
    code.passed.append("declared: gradcheck passes, and it can be recorded")


#: Functions to go down on.
_SURFACES: dict[str, Callable[..., Value]] = {
    "x² + xy + 3y²": lambda x, y: x * x + x * y + 3.0 * y * y,
    "Rosenbrock's valley": lambda x, y: (1.0 - x) ** 2 + 100.0 * (y - x * x) ** 2,
    "exp(x) - 2x": lambda x: x.exp() - 2.0 * x,
    "cosh(x) + (x - 2y)² + z⁴ + z²": lambda x, y, z: x.cosh() + (x - 2.0 * y) ** 2 + z**4 + z**2,
}


def _next_point(step: Function, surface: str, *point: float) -> Any:
    return step(_SURFACES[surface], np.array(point))


def _like_newton(rule: Callable[[Any, Any], Any]) -> Function:
    def step(f: Callable[..., Value], point: Any) -> Any:
        values = [Value(number) for number in point]
        return point + rule(np.array(grad(f(*values), values)), hessian(f, point))

    return step


def _newton(code: Learner) -> None:
    right = _like_newton(lambda g, H: -np.linalg.inv(H) @ g)
    Question(
        "newton_step",
        expected=lambda *case: _next_point(right, *case),
        says="the inverse of the Hessian leads to",
        run=_next_point,
        told=lambda name, surface, *point: f"{name} on {surface} at ({', '.join(map(short_number, point))})",
        mistakes={
            "It goes the other way: the step is minus the solution of H s = g.": (
                _like_newton(lambda g, H: np.linalg.solve(H, g))
            ),
            "That is a step of gradient descent with rate 1; the Hessian is not in it.": _like_newton(lambda g, H: -g),
            "The gradient is multiplied by the Hessian; it has to be solved for: np.linalg.solve(H, g).": (
                _like_newton(lambda g, H: -H @ g)
            ),
            "Only the diagonal of the Hessian is used; the slope by x changes with y, too.": (
                _like_newton(lambda g, H: -g / np.diag(H))
            ),
        },
    ).ask(
        code,
        [
            ("x² + xy + 3y²", 1.0, -2.0),
            ("Rosenbrock's valley", -1.2, 1.0),
            ("exp(x) - 2x", 1.0),
            ("cosh(x) + (x - 2y)² + z⁴ + z²", 0.5, 1.0, -1.0),
        ],
    )


def _chain(length: int) -> Value:
    end = Value(1.0, "start")
    for _ in range(length):
        end = end * 1.0
    return end


def _graphs() -> dict[str, Value]:
    """Graphs on which a wrong order shows."""
    a, b, twin = Value(2.0, "a"), Value(3.0, "b"), Value(2.0, "twin")
    c = a * b
    c.label = "c"
    return {
        "a * b": a * b,
        "a * a": a * a,
        "c * c + c, where c = a * b": c * c + c,
        "c + (c + a).exp(), where c = a * b": c + (c + a).exp(),
        "a * b + twin, where twin is as large as a": a * b + twin,
        "a leaf alone": a,
        "a chain of 10,000 operations": _chain(10_000),
    }


def _nodes_of(root: Value) -> set[Value]:
    found, waiting = {root}, [root]
    while waiting:
        new = set(waiting.pop().inputs) - found
        found |= new
        waiting += new
    return found


def _engine(code: Learner) -> None:
    graphs = _graphs()
    for name, root in graphs.items():
        order = code.call("topological_order", root)
        if not isinstance(order, list | tuple) or not all(isinstance(node, Value) for node in order):
            raise NotYet(f"For {name}, {order!r:.60} comes back, where a list of Values is asked for.")
        complaint = _about_members(list(order), root) or _about_places(list(order), root)
        if complaint:
            raise NotYet(f"For {name}: {complaint}")
    code.passed.append(f"topological_order: {counted(len(graphs), 'graph')}")


def _called(node: Value) -> str:
    return node.label or f"the node {node.op.name!r}" if node.op else node.label or "a leaf"


def _about_members(order: list[Value], root: Value) -> str:
    """Who is missing, who is there twice, who does not belong there."""
    nodes, listed = _nodes_of(root), set(order)
    missing, strange = nodes - listed, listed - nodes
    if missing:
        one = next(iter(missing))
        twins = [node for node in order if node.data == one.data]
        because = (
            f"; {_called(twins[0])} has the same number, and `in` a list asks whether numbers are equal. A set, or "
            "`is`, asks whether it is the same node"
            if twins
            else ""
        )
        return f"{_called(one)} is missing{because}."
    if strange:
        return f"{_called(next(iter(strange)))} is no part of the graph."
    twice = [node for node in listed if sum(node is other for other in order[:100]) > 1]
    if len(order) != len(nodes):
        who = _called(twice[0]) if twice else "a node"
        return f"{who} stands in the list more than once; remember in a set who was there already."
    return ""


def _about_places(order: list[Value], root: Value) -> str:
    """Who stands before something that it was made of."""
    place = {node: k for k, node in enumerate(order)}
    wrong = [(v, node) for node in order for v in node.inputs if place[v] > place[node]]
    if not wrong:
        return ""
    if order[0] is root and all(place[v] > place[node] for node in order for v in node.inputs):
        return "the order is upside down: the root comes first, and it has to come last."
    value, node = wrong[0]
    return (
        f"{_called(node)} stands before {_called(value)}, of which it was made. A node gets its place when all of its "
        "inputs have theirs."
    )


FOURTH = (
    Exercise(
        "16_your_own_operation",
        "derivatives for an operation of your own",
        _own_operation,
        (
            "What is the derivative of √u? And what is u here, and its derivative by a, and by b?",
            "By the chain rule, √(a² + b) has the derivative 2a / (2 √(a² + b)) by a, and 1 / (2 √(a² + b)) by b.",
            "The ½ before the bracket multiplies everything in it. Use m.sqrt, not math.sqrt: a may be a formula.",
        ),
    ),
    Exercise(
        "17_classical_mechanics",
        "a step of Newton's method",
        _newton,
        (
            "Three lines: the gradient at the point, the Hessian there, and where to go.",
            "For the gradient you need Values of the point's numbers: grad(f(*values), values).",
            "np.linalg.solve(H, g) is the s with H s = g. What sign has the step?",
        ),
    ),
    Exercise(
        "18_reading_the_engine",
        "a topological order",
        _engine,
        (
            "Go down into the inputs first, and put a node into the list on the way back up.",
            "Without a function that calls itself: keep a list of what is still to be done, and take from its end.",
            "Put a node on that list twice: to look at its inputs, and below them once more to be given its place.",
        ),
    ),
)

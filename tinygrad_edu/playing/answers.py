"""What the server answers: the live page of a formula, or what is wrong with it, and where; and how to share it.

Questions and answers are JSON. A question is `{"formula": text, "numbers": {name: number}}`, the numbers as text. An
answer to a formula that is none is `{"problem": sentence, "place": characters from its beginning, or null}`.

May import: `backprop`, `stepping`, `value`; `writing` of this folder.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from tinygrad_edu.backprop import topological_order
from tinygrad_edu.playing.writing import python_of
from tinygrad_edu.stepping.expression import ExpressionError, constants_in, names_in, parse_expression
from tinygrad_edu.stepping.pages import page_html
from tinygrad_edu.value import Value

__all__ = ["ANSWERS", "MAX_LENGTH", "AnswerOf", "answer", "command_of"]

#: What gives an answer for a root, its formula and its leaves by name.
AnswerOf = Callable[[Value, str, dict[str, Value]], dict[str, Any]]
#: What is drawn within a second or two.
MAX_LENGTH, MAX_NODES = 2_000, 200
#: What a name gets that has no number yet.
_FIRST = 1.0


def answer(question: Any, kind: AnswerOf) -> dict[str, Any]:
    """The answer to a question, of one of the kinds below.

    Raises ValueError where the question is not of the form above.

    >>> answer({"formula": "w * * x", "numbers": {}}, as_page)
    {'problem': "expected a number, a name or a bracket, but there is '*'", 'place': 4}
    """
    formula, numbers = _checked(question)
    try:
        if len(formula) > MAX_LENGTH:
            problem = f"a formula here may have {MAX_LENGTH:,} characters, and this one has {len(formula):,}"
            raise ExpressionError(problem, MAX_LENGTH, formula)
        leaves = {name: Value(numbers.get(name, _FIRST), name) for name in names_in(formula)}
        root = parse_expression(formula, leaves)
        _check_graph(root)
        return kind(root, formula, leaves)
    except ExpressionError as error:
        return {"problem": error.problem, "place": error.place}
    except ValueError as error:  # the drawing has limits of its own
        return {"problem": str(error), "place": None}


def _checked(question: Any) -> tuple[str, dict[str, float]]:
    """The formula, and finite numbers by name."""
    match question:
        case {"formula": str() as formula, "numbers": dict() as numbers, **others} if not others:
            return formula, {name: _finite(name, number) for name, number in numbers.items()}
    raise ValueError('a question is {"formula": text, "numbers": {name: number as text}}')


def _finite(name: str, text: Any) -> float:
    number = math.nan
    if isinstance(text, str) and len(text) <= 100:
        with suppress(ValueError):
            number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number of {name:.30} should be finite, written as text such as '0.5', not {text!r:.30}")
    return number


def _check_graph(root: Value) -> None:
    if root.op is None:
        raise ValueError("this is a number without an operation: there is nothing to go back through yet")
    count = len(topological_order(root))
    if count > MAX_NODES:
        raise ValueError(f"this formula has {count:,} nodes, and {MAX_NODES} are drawn here; save_page draws 2,000")


def as_page(root: Value, formula: str, leaves: Mapping[str, Value]) -> dict[str, Any]:
    """The live page, for the frame below the formula line, the numbers it starts with, and where its constants stand.

    A constant is the number of its node, its number, and where it begins and ends in the formula, which has to follow
    when it is changed in the page.
    """
    nodes = topological_order(root)
    constants = [(k, node.data) for k, node in enumerate(nodes) if node.op is None and node.origin.is_plain]
    places = [(place.start, place.stop) for place in constants_in(formula)]
    return {
        "page": page_html(root, {}, addition="played.js"),
        "numbers": {name: leaf.data for name, leaf in leaves.items()},
        "constants": [[*constant, *place] for constant, place in zip(constants, places, strict=True)],
    }


def as_file(root: Value, formula: str, leaves: Mapping[str, Value]) -> dict[str, Any]:
    """The live page as a file that works by itself."""
    return {"page": page_html(root, {})}


def as_text(root: Value, formula: str, leaves: Mapping[str, Value]) -> dict[str, Any]:
    """The command and the Python that make it again."""
    return {
        "command": command_of(formula, {name: leaf.data for name, leaf in leaves.items()}),
        "python": python_of(root),
    }


def command_of(formula: str, numbers: Mapping[str, float]) -> str:
    """The command that plays with this formula; what a formula may have, every shell takes in double quotes.

    >>> command_of("tanh(w*x + b)", {"w": 1.0, "x": 2.5, "b": -0.5})
    'tinygrad-edu play "tanh(w*x + b)" w=1 x=2.5 b=-0.5'
    """
    one_line = re.sub(r"\s+", " ", formula).strip()
    return " ".join([f'tinygrad-edu play "{one_line}"', *[f"{name}={_short(x)}" for name, x in numbers.items()]])


def _short(number: float) -> str:
    return repr(number).removesuffix(".0")


#: By the path that is asked.
ANSWERS = {"/draw": as_page, "/file": as_file, "/share": as_text}

"""The commands about a formula and its numbers: step through it, draw it, check its derivatives.

May import: `value`, `checking`, `drawing`, `stepping`; `exit_codes` of this folder.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections.abc import Callable, Sequence
from typing import Any

from tinygrad_edu.checking import gradcheck
from tinygrad_edu.cli.exit_codes import FAILED
from tinygrad_edu.drawing import draw
from tinygrad_edu.drawing.graph import ENDINGS
from tinygrad_edu.stepping.expression import names_in, parse_expression
from tinygrad_edu.stepping.pages import save_page
from tinygrad_edu.stepping.shell import debug
from tinygrad_edu.value import Value

__all__ = ["add_check", "add_draw", "add_step", "leaves_of", "with_negative_formulas"]

_FORMULA_COMMANDS = ("step", "draw", "check", "play")


def add_step(commands: Any) -> None:
    """Declare `step`: a prompt, or a page, that steps through both passes."""
    step = _formula_command(
        commands, "step", _step_through, "step through the forward and the backward pass of a formula"
    )
    step.add_argument("--html", metavar="FILE", help="write a page that steps in any browser, instead of a prompt")


def _step_through(arguments: argparse.Namespace) -> int:
    root = _root(arguments)
    if arguments.html:
        save_page(root, arguments.html, names={})
        print(f"wrote {arguments.html}")
    else:
        debug(root, names={})
    return 0


def add_draw(commands: Any) -> None:
    """Declare `draw`: a picture of the graph."""
    picture = _formula_command(commands, "draw", _draw_graph, "draw the graph of a formula, with all derivatives")
    written = ".svg, .png or .dot (default: %(default)s)"
    picture.add_argument("-o", "--out", metavar="FILE", default="graph.svg", help=written)
    picture.add_argument("--forward-only", action="store_true", help="draw the graph before backpropagation")


def _draw_graph(arguments: argparse.Namespace) -> int:
    root = _root(arguments)
    if not arguments.forward_only:
        root.backward()
    draw(root, arguments.out, names={})
    print(f"wrote {arguments.out}")
    if not math.isfinite(root.data):
        print(f"L is {root.data:g}: step {arguments.formula!r} ... shows where that comes from", file=sys.stderr)
    return 0


def add_check(commands: Any) -> None:
    """Declare `check`: the derivatives beside finite differences."""
    _formula_command(
        commands, "check", _check_derivatives, "check the derivatives of a formula against finite differences"
    )


def _check_derivatives(arguments: argparse.Namespace) -> int:
    leaves = leaves_of(arguments)
    result = gradcheck(lambda *_: parse_expression(arguments.formula, leaves), list(leaves.values()))
    print(result)
    return 0 if result else FAILED


def _formula_command(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], what: str
) -> argparse.ArgumentParser:
    """A command that takes a formula and its values; `run` does it, and `what` says so in the help."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=what, description=what)
    parser.add_argument("formula", metavar="FORMULA", help='such as "tanh(w*x + b)"')
    parser.add_argument("values", metavar="NAME=NUMBER", nargs="*", help="such as w=1 x=2 b=-0.5")
    parser.set_defaults(run=run)
    return parser


def with_negative_formulas(argv: Sequence[str]) -> list[str]:
    """The arguments, with a space before a formula that begins with a minus.

    `argparse` would take it for an option. Options themselves (`-o`, `-h`, and those with two minuses) stay.

    >>> with_negative_formulas(["draw", "-x**2", "x=3", "-o", "graph.svg"])
    ['draw', ' -x**2', 'x=3', '-o', 'graph.svg']
    """
    if not argv or argv[0] not in _FORMULA_COMMANDS:
        return list(argv)
    return [f" {text}" if re.match(r"-(?!-|[ho]$)", text) else text for text in argv]


def _root(arguments: argparse.Namespace) -> Value:
    """The formula, computed."""
    return parse_expression(arguments.formula, leaves_of(arguments))


def leaves_of(arguments: argparse.Namespace) -> dict[str, Value]:
    """A leaf for each NAME=NUMBER.

    Raises ValueError for a text that is no such thing, a name that comes twice, and one that the formula does not use.
    """
    leaves: dict[str, Value] = {}
    for text in arguments.values:
        name, sign, value = text.partition("=")
        if not (sign and name.isidentifier()):
            file = f"; the file that is written is -o {text}" if text.endswith(ENDINGS) else ""
            raise ValueError(f"after the formula come values such as w=1, not {text!r}{file}")
        if name in leaves:
            raise ValueError(f"{name} is given twice")
        leaves[name] = Value(_number_given(name, value), name)
    unused = [name for name in leaves if name not in re.findall(r"\w+", arguments.formula)]
    if unused:
        names_in(arguments.formula)  # which says what is wrong with it, if it is no formula, such as 2x
        raise ValueError(f"the formula {arguments.formula!r} does not use {', '.join(unused)}")
    return leaves


def _number_given(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"the value of {name} has to be a number, not {text!r}") from None

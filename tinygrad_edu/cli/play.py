"""`tinygrad-edu play`: the live page behind a line to type formulas in, from a small server on this machine.

May import: `playing`, `stepping`; `formulas` of this folder.
"""

from __future__ import annotations

import argparse
import math
import threading
from typing import Any

from tinygrad_edu.cli.formulas import leaves_of
from tinygrad_edu.stepping.expression import parse_expression

__all__ = ["add_play"]


def add_play(commands: Any) -> None:
    """Declare `play`: a page to type formulas in."""
    what = "type a formula in the browser, and watch its graph"
    parser: argparse.ArgumentParser = commands.add_parser(
        "play",
        help=what,
        description=f"{what[0].upper()}{what[1:]}. A small server on this machine draws it, for your browser only; it "
        "ends with Ctrl-C, or when the page is closed.",
    )
    parser.add_argument("formula", metavar="FORMULA", nargs="?", help='such as "tanh(w*x + b)" (default: an example)')
    parser.add_argument("values", metavar="NAME=NUMBER", nargs="*", help="such as w=1 x=2 b=-0.5")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.set_defaults(run=_play)


def _play(arguments: argparse.Namespace) -> int:
    from tinygrad_edu.playing.front import fragment
    from tinygrad_edu.playing.server import Server

    numbers = _numbers(arguments)
    formula = arguments.formula and arguments.formula.strip()
    with Server() as server:
        address = f"{server.address}/#{fragment(server.token, formula, numbers)}"
        print(f"{address}\nCtrl-C, or closing the page, ends this.", flush=True)
        opening = threading.Thread(target=_open_browser, args=[address], daemon=True)
        if not arguments.no_browser:
            opening.start()  # beside the server, as some browsers open in the terminal and wait for their page
        try:
            server.serve_forever(poll_interval=0.1)
        except KeyboardInterrupt:
            print()
    return 0


def _open_browser(address: str) -> None:
    import webbrowser

    if not webbrowser.open(address):
        print("No browser opens from here: open the address above in one.", flush=True)


def _numbers(arguments: argparse.Namespace) -> dict[str, float]:
    """The numbers to start with, of a formula that is one; ValueError if it is none, and for numbers not finite."""
    if arguments.formula is None:
        return {}
    leaves = leaves_of(arguments)
    parse_expression(arguments.formula, leaves)
    numbers = {name: leaf.data for name, leaf in leaves.items()}
    for name, number in numbers.items():
        if not math.isfinite(number):
            raise ValueError(f"the page steps through finite numbers, and {name} is {number}")
    return numbers

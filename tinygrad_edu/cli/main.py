"""The command line: `tinygrad-edu COMMAND ...`, or `python -m tinygrad_edu COMMAND ...`.

To add a command, write a function that takes the parsed arguments and returns the exit code, and one that declares
its arguments, and add the latter to `_COMMANDS`. An error that a command raises is printed as one sentence.

May import: `stepping`, `version`; `exercise`, `exit_codes`, `formulas`, `play` and `train` of this folder.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Never

from tinygrad_edu.cli.exercise import add_exercise
from tinygrad_edu.cli.exit_codes import INTERRUPTED, MISUSED
from tinygrad_edu.cli.formulas import add_check, add_draw, add_step, with_negative_formulas
from tinygrad_edu.cli.play import add_play
from tinygrad_edu.cli.train import add_train
from tinygrad_edu.stepping.shell import sentence_of
from tinygrad_edu.version import __version__

__all__ = ["main"]

_COMMANDS = (add_step, add_draw, add_check, add_play, add_train, add_exercise)


class _CommandParser(argparse.ArgumentParser):
    """Complains in one sentence, without repeating how it is used."""

    def error(self, message: str) -> Never:
        self.exit(MISUSED, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, or one of `exit_codes`.

    Leaves by SystemExit, as `argparse` does, after help and for arguments that no command takes.
    """
    parser = _CommandParser(prog=_called(sys.argv[0]), description="Write scalars, see every derivative.")
    parser.add_argument("--version", action="version", version=f"tinygrad_edu {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for add_command in _COMMANDS:
        add_command(commands)
    arguments = parser.parse_args(with_negative_formulas(sys.argv[1:] if argv is None else argv))
    try:
        return int(arguments.run(arguments))
    except (ValueError, TypeError, OSError, ImportError) as error:
        print(f"{parser.prog}: {sentence_of(error)}", file=sys.stderr)
        return MISUSED
    except KeyboardInterrupt:
        return INTERRUPTED


def _called(program: str) -> str:
    """What was typed to run this file.

    >>> _called("/home/ada/.venv/bin/tinygrad-edu"), _called("/home/ada/tinygrad_edu/__main__.py")
    ('tinygrad-edu', 'python -m tinygrad_edu')
    """
    return "tinygrad-edu" if Path(program).stem == "tinygrad-edu" else "python -m tinygrad_edu"

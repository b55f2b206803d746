"""The command line: `python -m tinygrad_edu COMMAND ...`.

To add a command, write a function that takes the parsed arguments and returns the exit code, and one that declares
its arguments, and add the latter to `_COMMANDS`. An error that a command raises is printed as one sentence.

May import: `stepping`; `exit_codes`, `formulas` and `train` of this folder.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Never

from tinygrad_edu.cli.exit_codes import INTERRUPTED, MISUSED
from tinygrad_edu.cli.formulas import add_check, add_draw, add_step, with_negative_formulas
from tinygrad_edu.cli.train import add_train
from tinygrad_edu.stepping.shell import sentence_of

__all__ = ["main"]

_COMMANDS = (add_step, add_draw, add_check, add_train)


class _CommandParser(argparse.ArgumentParser):
    """Complains in one sentence, without repeating how it is used."""

    def error(self, message: str) -> Never:
        self.exit(MISUSED, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, or one of `exit_codes`.

    Leaves by SystemExit, as `argparse` does, after help and for arguments that no command takes.
    """
    parser = _CommandParser(prog="python -m tinygrad_edu", description="Write scalars, see every derivative.")
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

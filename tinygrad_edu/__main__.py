"""`python -m tinygrad_edu`, which is also installed as `tinygrad-edu`.

May import: `cli`, `terminal`.
"""

import sys

from tinygrad_edu.cli.main import main
from tinygrad_edu.terminal import as_a_program

__all__ = ["program"]


def program() -> int:
    """The command line as a program of its own; what it returns is the exit code."""
    as_a_program()
    return main()


if __name__ == "__main__":
    sys.exit(program())

"""Exit codes of the commands: 0 where all is well, else one of these, as programs on Unix have them.

May import: the standard library only.
"""

__all__ = ["FAILED", "INTERRUPTED", "MISUSED"]

#: A check that did not pass, or a training run that broke off.
FAILED = 1
#: A mistake in what was asked; `argparse` leaves with 2, too.
MISUSED = 2
#: Ctrl-C: 128 and the number of the signal, which is 2.
INTERRUPTED = 130

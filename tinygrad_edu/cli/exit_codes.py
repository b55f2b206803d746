"""Exit codes of the commands: 0 where all is well, else one of these.

May import: the standard library only.
"""

__all__ = ["FAILED", "INTERRUPTED", "MISUSED"]

FAILED, MISUSED, INTERRUPTED = 1, 2, 130

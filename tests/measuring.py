"""What a test that starts a process says to the one that measures coverage."""

from __future__ import annotations

import os


def unmeasured(*also: str) -> dict[str, str]:
    """The environment for a process that is not measured, and does not know the variables in `also` either.

    An interrupt that arrives inside the tracer leaves its lock taken, and the process then waits for ever; and a
    debugger wants to be told of each line, as the tracer does, and only one of them can be.
    """
    hidden = {"COVERAGE_PROCESS_START", *also}
    return {name: text for name, text in os.environ.items() if name not in hidden}

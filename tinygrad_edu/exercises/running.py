"""An exercise is checked in a process of its own, which may hang, crash or print without end.

`check_file` starts it and waits; the process is this module run as a program, and leaves a verdict in a file.

May import: `catalog`, `exercise` and `learner` of this folder; `files`, `terminal`.
"""

from __future__ import annotations

import faulthandler
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from tinygrad_edu.exercises.catalog import exercise_number
from tinygrad_edu.exercises.exercise import Exercise
from tinygrad_edu.exercises.learner import Learner, NotBegun, NotYet
from tinygrad_edu.files import write_whole
from tinygrad_edu.terminal import as_a_program

__all__ = ["Verdict", "check_file"]

#: So many seconds of work a check may take; a right solution takes less than one.
_SECONDS = 10.0
#: On a busy machine, or asleep, it may take so many times as long by the clock.
_PATIENCE = 6.0
#: A process that has not even managed to stop itself is stopped after as many seconds more.
_GRACE = 120.0
#: So many characters code may print.
_MOST_PRINTED = 100_000


@dataclass(frozen=True)
class Verdict:
    """Whether an exercise is done; if not, what was found; what was right; and what the code printed meanwhile.

    >>> Verdict(passed=True, checks=["slope_of_silu: 6 cases"]).found
    ''
    """

    passed: bool
    begun: bool = True
    found: str = ""
    checks: Sequence[str] = ()
    printed: str = field(default="", repr=False)


def check_file(exercise: Exercise, file: Path, seconds: float = _SECONDS) -> Verdict:
    """Check what a learner wrote into `file`; never raises for anything that is wrong in it.

    >>> check_file(exercise_number(4), Path("no such file.py")).found.partition(":")[0].endswith("cannot be read")
    True
    """
    with tempfile.TemporaryDirectory() as folder:
        verdict, trace = Path(folder, "verdict.json"), Path(folder, "trace.txt")
        program = [sys.executable, "-m", __spec__.name, str(exercise.number), str(file.resolve())]
        try:
            ended = subprocess.run(
                [*program, str(verdict), str(trace), str(seconds)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_PATIENCE * seconds + _GRACE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Verdict(False, found=_too_long(seconds, ""))
        if verdict.exists():
            return Verdict(**json.loads(verdict.read_text("utf-8")))
        stopped = trace.read_text("utf-8", errors="replace") if trace.exists() else ""
        if stopped:
            return Verdict(False, found=_too_long(seconds, _line_of(file.resolve(), stopped)))
        said = ended.stderr.decode("utf-8", errors="replace").strip().splitlines()
        last = f": {said[-1]}" if said else ""
        return Verdict(False, found=f"The process ended without a word, with exit code {ended.returncode}{last}.")


def _too_long(seconds: float, where: str) -> str:
    place = f" When it was stopped it was in {where}." if where else ""
    why = "Is there a loop that never ends, or a long list that is searched again and again?"
    return f"It has not come to an end within {seconds:g} seconds.{place} {why}"


def _line_of(file: Path, trace: str) -> str:
    """Where in the learner's file the process was, by what `faulthandler` wrote."""
    for name, number in re.findall(r'File "(.*)", line (\d+)', trace):
        if Path(name) == file:
            lines = file.read_text("utf-8", errors="replace").splitlines()
            return f"line {number}: {lines[int(number) - 1].strip()}"
    return ""


class _Printed(io.StringIO):
    """What code prints; raises NotYet when that becomes too much."""

    def write(self, text: str) -> int:
        if self.tell() + len(text) > _MOST_PRINTED:
            raise NotYet(f"It prints more than {_MOST_PRINTED:,} characters: is there a loop that never ends?")
        return super().write(text)


def _verdict(exercise: Exercise, file: Path) -> Verdict:
    """Check the file in this process."""
    printed, code = _Printed(), None
    with redirect_stdout(printed), redirect_stderr(printed):
        try:
            code = Learner(file)
            exercise.check(code)
        except NotYet as finding:
            done = code.passed if code else []
            return Verdict(False, not isinstance(finding, NotBegun), str(finding), done, printed.getvalue())
    return Verdict(True, checks=code.passed, printed=printed.getvalue())


def _stop_after(seconds: float, stream: IO[str]) -> None:
    """End this process when it has worked for so long, and write down where it was."""
    started = time.process_time()
    while time.process_time() - started < seconds:
        time.sleep(0.05)
    faulthandler.dump_traceback(stream)
    os._exit(1)


def _run(number: str, file: str, verdict: str, trace: str, seconds: str) -> None:
    """What the process does."""
    as_a_program()
    stream = open(trace, "w", encoding="utf-8")  # noqa: SIM115 - it is open as long as the process may be stopped
    faulthandler.dump_traceback_later(_PATIENCE * float(seconds), exit=True, file=stream)
    threading.Thread(target=_stop_after, args=(float(seconds), stream), daemon=True).start()
    sys.path.insert(0, str(Path(file).parent))
    found = _verdict(exercise_number(int(number)), Path(file))
    write_whole(verdict, json.dumps(asdict(found)))


if __name__ == "__main__":
    _run(*sys.argv[1:])

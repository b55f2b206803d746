"""The command line as a process."""

from __future__ import annotations

import subprocess
import sys


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tinygrad_edu", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=600, check=False)

"""Record scalar code once, re-roll it into matrix operations, and run it on arrays."""

from tinygrad_edu.replay.program import Program, Programs, record
from tinygrad_edu.replay.recorder import RecordingError

__all__ = ["Program", "Programs", "RecordingError", "record"]

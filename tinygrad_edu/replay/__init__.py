"""Record scalar code once, re-roll it into matrix operations, and run it on arrays."""

from tinygrad_edu.replay.programs import Programs, record
from tinygrad_edu.replay.recording import RecordingError
from tinygrad_edu.replay.run import Program

__all__ = ["Program", "Programs", "RecordingError", "record"]

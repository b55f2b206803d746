"""Diagnosis: what goes wrong in training, with the evidence and the cure."""

from tinygrad_edu.diagnosis.examination import Diagnosis, diagnose
from tinygrad_edu.diagnosis.pathologies import Finding
from tinygrad_edu.diagnosis.watch import Watch

__all__ = ["Diagnosis", "Finding", "Watch", "diagnose"]

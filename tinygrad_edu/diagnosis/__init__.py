"""Diagnosis: what goes wrong in training, with the evidence and the cure."""

from tinygrad_edu.diagnosis.findings import Diagnosis, Finding, Watch, diagnose

__all__ = ["Diagnosis", "Finding", "Watch", "diagnose"]

"""Diagnosis: what goes wrong in training, with the evidence and the cure.

    pathologies      what can be found, with its cure
    observation      what a network does on some examples
    network_checks   what the observation shows
    history_checks   what the record of a run shows
    examination      `diagnose`, which asks all checks
    watch            a callback that diagnoses while a network is trained

To add a pathology, begin in `pathologies`.
"""

from tinygrad_edu.diagnosis.examination import Diagnosis, diagnose
from tinygrad_edu.diagnosis.pathologies import Finding
from tinygrad_edu.diagnosis.watch import Watch

__all__ = ["Diagnosis", "Finding", "Watch", "diagnose"]

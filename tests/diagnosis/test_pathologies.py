"""The table of pathologies, and a finding in words."""

from diagnosis.networks import SICK

from tinygrad_edu.diagnosis.pathologies import PATHOLOGIES


def test_every_pathology_has_a_network_that_has_it():
    assert set(SICK.values()) == set(PATHOLOGIES)

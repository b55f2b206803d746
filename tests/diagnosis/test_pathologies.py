"""The table of pathologies, and a finding in words."""

from diagnosis.networks import SICK

from tinygrad_edu.diagnosis.pathologies import PATHOLOGIES, Finding


def test_every_pathology_has_a_network_that_has_it():
    assert set(SICK.values()) == set(PATHOLOGIES)


def test_a_finding_is_told_in_one_sentence_with_its_cure():
    finding = Finding("overfitting", "the run", "the validation loss rose")
    assert str(finding) == f"overfitting in the run: the validation loss rose. Cure: {PATHOLOGIES['overfitting']}."
    later = Finding("overfitting", "the run", "the validation loss rose", epoch=7)
    assert str(later).startswith("overfitting in the run (since epoch 7): the")


def test_every_cure_can_end_a_sentence():
    assert [cure for cure in PATHOLOGIES.values() if cure.endswith(".") or "\n" in cure or not cure] == []

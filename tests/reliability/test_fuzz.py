"""Hostile input, in short: `python tests/fuzz/fuzzer.py --count 1000000` is the long run."""

from __future__ import annotations

import itertools
import random

import pytest
from fuzz.fuzzer import HOSTILE, agree, as_python, check_formula, formulas, fuzz, run


def test_hostile_input_meets_only_documented_errors(capsys):
    assert fuzz(count=8_000, seed=random.SystemRandom().randrange(2**32)) == []
    said = capsys.readouterr().out
    assert [line.split()[0] for line in said.splitlines()] == ["expressions", "commands", "weights", "checkpoints"]


def test_both_ends_are_reached():
    outcomes = {check_formula(text) for text in itertools.islice(formulas(random.Random(1)), 500)}
    assert outcomes == {"accepted", "refused"}


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
def test_no_hostile_formula_is_more_than_refused(text):
    assert check_formula(text) in ("accepted", "refused")


def test_the_fuzzer_can_fail(capsys):
    def crashes(item):
        raise KeyError(item)

    assert "KeyError" in run("planted", iter([1]), crashes, 1)[0]
    assert not agree(1.0, 2.0)
    assert as_python("007 +\n 1.005 + x0") == "7 + 1.005 + x0"

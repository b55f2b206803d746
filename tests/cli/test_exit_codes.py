"""Exit codes: those that other programs on Unix have."""

import argparse
import signal

import pytest

from tinygrad_edu.cli.exit_codes import FAILED, INTERRUPTED, MISUSED


def test_a_mistake_is_what_argparse_takes_it_for(capsys):
    with pytest.raises(SystemExit) as leaving:
        argparse.ArgumentParser().parse_args(["--no-such-option"])
    assert leaving.value.code == MISUSED


def test_an_interrupt_is_128_and_the_number_of_the_signal():
    assert INTERRUPTED == 128 + signal.SIGINT


def test_they_can_be_told_apart():
    assert len({0, FAILED, MISUSED, INTERRUPTED}) == 4

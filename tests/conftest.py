"""How hard Hypothesis tries, how the tests are shared out, and a rule book that every test finds as it was.

`pytest --hypothesis-profile=nightly` tries fifty times as many examples.
"""

from __future__ import annotations

import gc
import os
import signal

import pytest
from hypothesis import settings

from tinygrad_edu.declaring import forget
from tinygrad_edu.op import RULE_BOOK

settings.register_profile("usual", max_examples=100, deadline=None)
settings.register_profile("quick", max_examples=20, deadline=None)  # for many runs, as in mutation testing
settings.register_profile("nightly", max_examples=5000, deadline=None)
settings.load_profile("usual")


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # by a shell that started us in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)  # or else nothing that we start could be interrupted


def pytest_collection_finish() -> None:
    """What has been imported stays: no test's garbage is looked for in it."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist, as the next
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores, as tests wait for browsers and for other processes."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    """Neighbors stay together, with what they share; who has nothing left takes from others, so all end together."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log) if config.getoption("dist") == "load" else None


@pytest.fixture(autouse=True)
def the_rule_book_is_left_as_it_was():
    before = set(RULE_BOOK)
    yield
    for name in set(RULE_BOOK) - before:
        forget(name)

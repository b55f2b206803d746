"""Small steps have one thread for their matrix products, and afterwards everything is as it was."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from measuring import unmeasured
from threadpoolctl import threadpool_info, threadpool_limits

from tinygrad_edu import MLP, fit
from tinygrad_edu.training.threads import threads_for


def threads() -> list[int]:
    """Of each BLAS library."""
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


@pytest.fixture(autouse=True)
def _two_threads():
    with threadpool_limits(2, user_api="blas"):
        yield


def test_small_steps_have_one_thread_and_large_ones_what_there_is() -> None:
    np.ones((2, 2)) @ np.ones((2, 2))
    assert threads()
    assert set(threads()) == {2}
    with threads_for(examples=99, parameters=100_000):
        assert set(threads()) == {1}
    assert set(threads()) == {2}
    with threads_for(examples=100, parameters=100_000):
        assert set(threads()) == {2}


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_they_are_given_back_however_the_block_ends(error: type[BaseException]) -> None:
    with pytest.raises(error), threads_for(examples=1, parameters=1):
        raise error
    assert set(threads()) == {2}


@pytest.mark.parametrize("engine", ["eager", "replay"])
def test_fit_gives_them_back_also_where_a_callback_interrupts(engine: str) -> None:
    seen = []

    def interrupt(run) -> None:
        seen.extend(threads())
        raise KeyboardInterrupt

    history = fit(MLP(1, [1], seed=0), [[0.0], [1.0]], [0.0, 1.0], callbacks=[interrupt], engine=engine)
    assert history.stopped == "interrupted in epoch 1"
    assert set(seen) == {1}
    assert set(threads()) == {2}


def test_without_threadpoolctl_fit_trains_all_the_same() -> None:
    program = "import sys; sys.modules['threadpoolctl'] = None\nfrom tinygrad_edu import MLP, fit\n"
    program += "print(fit(MLP(1, [1]), [[1.0]], [1.0], epochs=3, progress=False).epochs)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=unmeasured())
    assert done.stdout == "3\n", done.stderr

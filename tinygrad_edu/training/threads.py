"""How many threads the matrix products of a training run are given.

NumPy hands matrix products to a BLAS library, which splits large ones among threads. Measured for a step of 784-128-10,
forward and backward, on 16 idle processors, with 1, 2, 4 and 16 threads: 0.64, 0.52, 0.46 and 0.39 ms in batches of 32;
1.7, 1.0, 1.0 and 0.9 ms in batches of 128; 8.9, 6.9, 4.8 and 3.9 ms in batches of 1,024. A step of 64-32-10 gains
nothing at any size. But threads wait for each other: on two processors with seven times as much to do, a step of 32
examples took 9 ms with one thread and 128 ms with two. So small steps have little to win, and much to lose.

May import: threadpoolctl inside functions.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["threads_for"]

#: Products of one step, examples times parameters, from which on threads are worth it: a millisecond or so.
_LARGE = 10_000_000


@contextmanager
def threads_for(examples: int, parameters: int) -> Iterator[None]:
    """Run a block in which small matrix products have one thread, if a step of so many examples is small.

    That holds for the whole process; what was set before is set again however the block ends. It decides by size and
    not by how busy the machine is, so that the same run gives the same numbers, to the last bit, at any time. Where
    threadpoolctl, which scikit-learn brings along, is not installed, everything stays as it is.

    >>> with threads_for(examples=32, parameters=2410):
    ...     pass
    """
    if examples * parameters >= _LARGE:
        yield
        return
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        yield
        return
    with threadpool_limits(1, user_api="blas"):
        yield

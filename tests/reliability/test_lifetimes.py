"""Threads, asyncio tasks, modes and lifetimes: nothing leaks from one to another, and nothing is kept too long."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest

from tinygrad_edu import (
    MLP,
    AnomalyError,
    Value,
    detect_anomaly,
    dot,
    grad,
    gradcheck,
    hessian,
    logsumexp,
    no_grad,
    trace_sources,
)


def records():
    return (Value(1.0) + 1.0).op is not None


def traces():
    return (Value(1.0) + 1.0).source is not None


def watches():
    try:
        return Value(0.0).log().data == 0.0
    except AnomalyError:
        return True


MODES = {
    "no_grad": (no_grad, records),
    "trace_sources": (trace_sources, traces),
    "detect_anomaly": (detect_anomaly, watches),
}
modes = pytest.mark.parametrize(("mode", "shows"), MODES.values(), ids=MODES)


@modes
def test_modes_nest_and_are_undone_by_exceptions(mode, shows):
    outside = shows()
    with mode():
        inside = shows()
        assert inside != outside
        with mode():
            assert shows() == inside
        assert shows() == inside
        with pytest.raises(KeyError), mode():
            raise KeyError
        assert shows() == inside
    assert shows() == outside


def test_different_modes_nest_in_any_order():
    with no_grad():
        with trace_sources():
            assert (records(), traces()) == (False, True)
            with detect_anomaly():
                assert (records(), traces(), watches()) == (False, True, True)
        assert (records(), traces(), watches()) == (False, False, False)
    assert (records(), traces(), watches()) == (True, False, False)


@modes
def test_modes_are_per_thread(mode, shows):
    outside = shows()
    seen = []
    with mode():
        thread = threading.Thread(target=lambda: seen.append(shows()))
        thread.start()
        thread.join()
    assert seen == [outside]


@modes
def test_modes_are_per_task(mode, shows):
    outside = shows()

    async def inside(turns):
        with mode():
            for _ in range(turns):
                await asyncio.sleep(0)
                assert shows() != outside
        return shows()

    async def beside(turns):
        for _ in range(turns):
            await asyncio.sleep(0)
            assert shows() == outside
        return shows()

    async def main():
        return await asyncio.gather(inside(5), beside(7), inside(3), beside(2))

    assert asyncio.run(main()) == [outside] * 4


def work(seed):
    """A little of everything: build, step, differentiate twice, train."""
    model = MLP(3, [4, 1], "tanh", seed=seed)
    losses = []
    for step in range(8):
        inputs = [0.1 * step, -0.3, seed / 10]
        loss = (model(inputs)[0] - 0.5) ** 2 + logsumexp([p * 0.01 for p in model.parameters()])
        model.zero_grad()
        if step % 2:
            loss.backward()
        else:
            for _ in loss.backward_steps():
                pass
        for parameter in model.parameters():
            parameter.data -= 0.1 * parameter.grad
        losses.append(loss.data)
    x = Value(0.3)
    with no_grad():
        frozen = (x * x).data
    (first,) = grad(x.sin() * x, [x], create_graph=True)
    return [*losses, frozen, first.data, *grad(first, [x]), *hessian(lambda a, b: a * a * b, [1.0, seed]).ravel()]


def test_eight_threads_compute_what_one_computes():
    expected = [work(seed) for seed in range(8)]
    start = threading.Barrier(8)

    def in_a_thread(seed):
        start.wait()
        return [work(seed) for _ in range(3)]

    with ThreadPoolExecutor(8) as pool:
        for results, alone in zip(pool.map(in_a_thread, range(8)), expected, strict=True):
            assert results == [alone] * 3


def test_one_graph_differentiated_by_many_threads_without_touching_it():
    x, w = Value(0.7), Value(-1.3)
    y = (x * w).tanh() * dot([x, w], [w, x]).exp()
    alone = grad(y, [x, w])
    with ThreadPoolExecutor(8) as pool:
        assert all(result == alone for result in pool.map(lambda _: grad(y, [x, w]), range(64)))
    assert (x.grad, w.grad) == (0.0, 0.0)


# Lifetimes ------------------------------------------------------------------------------------------------


@pytest.fixture
def no_collector():
    """Python's cycle collector off: what is freed is freed because nothing refers to it any more."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def build_and_drop(use):
    x = Value(0.5, "x")
    y = (x.tanh() * x + dot([x, x], [x, 2.0])).exp()
    nodes = [weakref.ref(node) for node in (x, y, *y.inputs)]
    use(x, y)
    return nodes


USES = {
    "nothing": lambda x, y: None,
    "backward": lambda x, y: y.backward(),
    "twice": lambda x, y: (y.backward(), y.backward()),
    "all steps": lambda x, y: list(y.backward_steps()),
    "half of the steps": lambda x, y: next(iter(y.backward_steps())),
    "grad": lambda x, y: grad(y, [x]),
    "grad of grad": lambda x, y: grad(grad(y, [x], create_graph=True)[0], [x]),
    "repr": lambda x, y: repr(y),
    "gradcheck": lambda x, y: gradcheck(lambda v: v * v, [x]),
}


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_graphs_are_freed_when_dropped(use):
    assert [node() for node in build_and_drop(use)] == [None] * 3


@pytest.mark.usefixtures("no_collector")
def test_nothing_is_left_for_the_cycle_collector():
    for use in USES.values():
        build_and_drop(use)
    gc.collect()  # what pytest itself left
    for use in USES.values():
        build_and_drop(use)
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        assert [found for found in gc.garbage if type(found).__module__.startswith("tinygrad_edu")] == []
    finally:
        gc.set_debug(0)
        gc.garbage.clear()


@pytest.mark.usefixtures("no_collector")
def test_a_leaf_does_not_keep_what_was_made_of_it():
    x = Value(1.0)
    node = weakref.ref(x.exp())
    assert node() is None


@pytest.mark.usefixtures("no_collector")
def test_a_million_nodes_wide_or_deep_are_freed_without_a_stack_overflow():
    x = Value(1.0)
    for shape in ("chain", "ladder", "star"):
        v = x
        if shape == "star":
            v = dot([x] * 100_000, [x + 1.0 for _ in range(100_000)])
        for _ in range(300_000 if shape == "chain" else 150_000):
            v = v + x if shape == "chain" else v * 0.5 + v * 0.5
        last = weakref.ref(v)
        del v
        assert last() is None

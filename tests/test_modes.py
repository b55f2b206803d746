"""Modes: for one thread or task, restored however a block ends, and costing nothing while there is none."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading

import pytest

from tinygrad_edu import MLP, Value, detect_anomaly, dot, grad, no_grad, trace_sources
from tinygrad_edu.modes import changed_mode, modes_alive, noise
from tinygrad_edu.origins import OUTSIDE


@pytest.fixture
def alive():
    """The modes of this test that are alive; what an earlier one left to the garbage collection does not count."""
    gc.collect()
    before = set(modes_alive)
    return lambda: set(modes_alive) - before


def is_recorded():
    return (Value(2.0) * 3.0).op is not None


def test_no_mode_is_alive_outside_of_blocks(alive):
    assert not alive()
    with no_grad(), trace_sources():
        assert alive()
    assert not alive()


def test_a_mode_ends_with_its_block_even_by_an_error(alive):
    with pytest.raises(ZeroDivisionError), no_grad():
        1 / 0  # noqa: B018 - the error is what is wanted
    gc.collect()  # the traceback kept the block alive
    assert is_recorded()
    assert not alive()


def test_blocks_nest_and_change_only_what_they_name():
    with trace_sources():
        with no_grad():
            node = Value(2.0) * 3.0
            assert node.op is None
            assert "Value(2.0) * 3.0" in node.source.text
        assert is_recorded()
    assert (Value(2.0) * 3.0).source is None


def test_a_mode_is_for_one_thread(alive):
    inside, outside = [], []
    entered, done = threading.Event(), threading.Event()

    def in_a_block():
        with no_grad():
            entered.set()
            done.wait(30)
            inside.append(is_recorded())

    thread = threading.Thread(target=in_a_block)
    thread.start()
    entered.wait(30)
    outside.append(is_recorded())
    done.set()
    thread.join()
    assert (inside, outside) == ([False], [True])
    assert not alive()


def test_a_task_started_inside_a_block_keeps_its_mode_after_the_block(alive):
    async def later(started):
        started.set()
        await asyncio.sleep(0.01)
        return is_recorded()

    async def main():
        started = asyncio.Event()
        with no_grad():
            task = asyncio.create_task(later(started))
            await started.wait()
        assert is_recorded()
        return await task

    assert asyncio.run(main()) is False
    gc.collect()
    assert not alive()


def test_a_copied_context_keeps_the_mode_it_was_copied_with(alive):
    with no_grad():
        context = contextvars.copy_context()
    assert is_recorded()
    assert context.run(is_recorded) is False
    del context
    gc.collect()
    assert not alive()


class EverythingVaries:
    """A recorder that keeps what it is shown, and refuses to tell any number."""

    def __init__(self):
        self.made = []

    def add(self, node):
        self.made.append(node)
        return node

    def varies(self, value):
        return True

    def refuse(self, what, cure):
        raise LookupError(f"{what}; {cure}")


def test_a_recorder_is_shown_every_new_value_constants_and_leaves_too():
    recorder = EverythingVaries()
    x = Value(2.0)
    with changed_mode(recorder=recorder):
        y = Value(1.0) + 3.0 * x
    assert [node.data for node in recorder.made] == [1.0, 3.0, 6.0, 7.0]
    assert recorder.made[-1] is y


def test_a_recorder_is_asked_before_a_number_is_told_in_its_thread_alone():
    x = Value(2.0)
    seen = []
    with changed_mode(recorder=EverythingVaries()):
        with pytest.raises(LookupError, match="reading"):
            x.data  # noqa: B018 - what is tested
        with pytest.raises(LookupError, match="truth value"):
            bool(x)
        thread = threading.Thread(target=lambda: seen.append((x.data, x > 1.0, f"{x:.1f}")))
        thread.start()
        thread.join()
    assert seen == [(2.0, True, "2.0")]
    assert x.data == 2.0


def test_a_leaf_may_have_another_number_for_one_thread():
    x, y = Value(2.0), Value(5.0)
    seen = []
    with changed_mode(numbers={id(x): 3.0}):
        z = x * x + y
        assert (x.data, z.data, grad(z, [x])) == (3.0, 14.0, [6.0])
        assert x > 2.5
        thread = threading.Thread(target=lambda: seen.append((x * x + y).data))
        thread.start()
        thread.join()
    assert seen == [9.0]
    assert (x.data, x._data) == (2.0, 2.0)


def test_leaves_and_constants_know_their_line_under_trace_sources():
    with trace_sources():
        leaf = Value(1.0)
        node = leaf * 2.0
    assert "leaf = Value(1.0)" in leaf.source.text
    assert all("leaf * 2.0" in v.source.text for v in (node, node.inputs[1]))


def test_detect_anomaly_sees_every_kind_of_method():
    for make in (lambda v: 1.0 / v, lambda v: v**-1, lambda v: v.log(), lambda v: v % 0, lambda v: v.power(-1.0)):
        with pytest.raises(ArithmeticError, match="out of finite numbers"), detect_anomaly():
            make(Value(0.0))


def test_no_grad_records_nothing_and_nests_and_ends():
    x = Value(2.0)
    with no_grad():
        with no_grad():
            assert (x * x).inputs == ()
        y = x * x + dot([x], [x]) + 1.0
        assert (y.op, y.inputs, y.local_derivatives) == (None, (), ())
        assert y.data == 9.0
    assert (x * x).inputs == (x, x)
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert (x * x).inputs == (x, x)


def test_no_grad_also_decorates():
    @no_grad()
    def square(v):
        return v * v

    assert square(Value(3.0)).inputs == ()
    assert square(Value(3.0)).data == 9.0


def test_noise_is_drawn_at_once_unless_someone_listens():
    assert noise(lambda: 0.25) == 0.25
    with no_grad():
        assert noise(lambda: 0.5) == 0.5
    with changed_mode(noise=lambda draw: Value(draw() * 10.0)):
        assert noise(lambda: 0.5).data == 5.0


def test_trace_sources_also_says_the_module():
    model = MLP(1, [1], seed=0)
    with trace_sources():
        (y,) = model([2.0])
        outside = y * 2.0
    assert (y.module.path, outside.module.path) == ("layers.0.neurons.0", "")
    assert y.source.text == "(y,) = model([2.0])"
    assert (y * 2.0).module is None


def test_a_node_may_be_asked_for_its_module_alone():
    with changed_mode(modules=True):
        y = Value(2.0) * 3.0
    assert y.module == OUTSIDE
    assert y.source is None


def test_no_grad_and_modules_do_not_disturb_each_other():
    with no_grad(), changed_mode(modules=True):
        y = Value(2.0) * 3.0
    assert (y.op, y.module, y.origin.is_unrecorded) == (None, OUTSIDE, True)

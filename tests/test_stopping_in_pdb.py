"""`backward(stop_at=...)` and breakpoints on the chain rule, in real pdb and in any debugger that is configured."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest
from measuring import unmeasured

import tinygrad_edu.backprop as backprop
from tinygrad_edu import Value
from tinygrad_edu.backprop import Contribution, Step

SCRIPT = """\
from tinygrad_edu import Value
x = Value(2.0, "x")
h = (x * 3.0).tanh()
h.label = "h"
loss = h * h + x
loss.backward(stop_at={stop_at!r})
print("x.grad is", x.grad)
"""


def graph() -> tuple[Value, Value, Value]:
    x = Value(2.0, "x")
    h = (x * 3.0).tanh()
    h.label = "h"
    return h * h + x, h, x


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[FrameType]:
    """The frames that a debugger would have been opened on."""
    frames: list[FrameType] = []
    monkeypatch.setattr(sys, "breakpointhook", lambda: frames.append(sys._getframe(1)))
    return frames


# stop_at --------------------------------------------------------------------------------------------------


def test_the_debugger_opens_on_a_frame_with_these_three_locals(opened: list[FrameType]) -> None:
    loss, h, _ = graph()
    loss.backward(stop_at="h")
    (frame,) = opened
    assert list(frame.f_locals) == ["node", "upstream", "contributions"]
    node, upstream, contributions = frame.f_locals.values()
    assert node is h
    assert upstream == h.grad == 2 * h.data
    (contribution,) = contributions
    assert isinstance(contribution, Contribution)
    assert contribution.after == contribution.before + upstream * contribution.local


@pytest.mark.parametrize(
    ("choose", "count"),
    [
        (lambda loss, h, x: "h", 1),
        (lambda loss, h, x: "tanh", 1),
        (lambda loss, h, x: "*", 2),
        (lambda loss, h, x: "multiply", 2),
        (lambda loss, h, x: h, 1),
        (lambda loss, h, x: x, 2),  # a leaf: both steps that add to its gradient
        (lambda loss, h, x: lambda step: len(step.contributions) == 2, 3),
        (lambda loss, h, x: lambda step: False, 0),
    ],
)
def test_it_stops_at_a_label_an_operation_a_value_or_a_condition(
    choose: Callable[..., str | Value | Callable[[Step], bool]], count: int, opened: list[FrameType]
) -> None:
    loss, h, x = graph()
    loss.backward(stop_at=choose(loss, h, x))
    assert len(opened) == count


def test_stopping_changes_no_gradient(opened: list[FrameType]) -> None:
    (loss, h, x), (loss2, h2, x2) = graph(), graph()
    loss.backward()
    loss2.backward(stop_at="*")
    assert (x.grad, h.grad, loss.grad) == (x2.grad, h2.grad, loss2.grad)


@pytest.mark.parametrize("where", ["nowhere", "", "sigmoid"])
def test_a_place_that_is_nowhere_is_refused_before_anything_changes(where: str, opened: list[FrameType]) -> None:
    loss, h, x = graph()
    with pytest.raises(ValueError, match=f"no node of this graph has the label '{where}'.*labels: .*'h'"):
        loss.backward(stop_at=where)
    with pytest.raises(ValueError, match="not part of this graph"):
        loss.backward(stop_at=Value(2.0, "x"))
    with pytest.raises(TypeError, match="a place to stop is"):
        loss.backward(stop_at=3)
    assert (loss.grad, h.grad, x.grad, opened) == (0.0, 0.0, 0.0, [])


def test_a_label_that_two_nodes_share_is_refused(opened: list[FrameType]) -> None:
    one, two = Value(1.0, "w"), Value(2.0, "w")
    with pytest.raises(ValueError, match="2 nodes share the label 'w', so give the Value"):
        (one * two).backward(stop_at="w")
    (one * two).backward(stop_at=one)
    assert len(opened) == 1


def test_a_root_that_is_a_leaf_has_no_step_to_stop_at(opened: list[FrameType]) -> None:
    leaf = Value(1.0, "w")
    with pytest.raises(ValueError, match="is a leaf that nothing was computed from"):
        leaf.backward(stop_at="w")
    assert leaf.grad == 0.0


# Real debuggers -------------------------------------------------------------------------------------------


def in_a_process(
    folder: Path, script: str, commands: str, *options: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    file = folder / "script.py"
    file.write_text(script, "utf-8")
    return subprocess.run(
        [sys.executable, *options, str(file)],
        input=commands,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=folder,
        env={**unmeasured("PYTHONBREAKPOINT"), "PYTHONPATH": str(folder), **environment},
    )


def test_pdb_opens_on_the_step_and_leads_up_to_the_call(tmp_path: Path) -> None:
    commands = "p node\np upstream\np len(contributions)\np contributions[0].local\nup\nup\nlist\np loss\nc\n"
    done = in_a_process(tmp_path, SCRIPT.format(stop_at="h"), commands)
    loss, h, x = graph()
    loss.backward()
    assert done.returncode == 0, done.stderr
    assert repr(h) in done.stdout
    assert f"(Pdb) {h.grad!r}" in done.stdout
    assert f"(Pdb) {h.local_derivatives[0]!r}" in done.stdout
    assert "-> loss.backward(stop_at='h')" in done.stdout
    assert f"x.grad is {x.grad!r}" in done.stdout


def test_quitting_pdb_ends_the_program(tmp_path: Path) -> None:
    done = in_a_process(tmp_path, SCRIPT.format(stop_at="h"), "q\n")
    assert "BdbQuit" in done.stderr or done.returncode == 0  # newer versions of Python leave in silence
    assert "x.grad is" not in done.stdout


def test_pythonbreakpoint_decides_which_debugger_opens(tmp_path: Path) -> None:
    hook = "import sys\ndef look():\n    print('mine:', *sys._getframe(1).f_locals)\n"
    (tmp_path / "my_debugger.py").write_text(hook, "utf-8")
    script = SCRIPT.format(stop_at="h")
    mine = in_a_process(tmp_path, script, "", PYTHONBREAKPOINT="my_debugger.look")
    assert "mine: node upstream contributions" in mine.stdout
    none = in_a_process(tmp_path, script, "", PYTHONBREAKPOINT="0")
    assert none.stdout.startswith("x.grad is")


def test_a_breakpoint_on_the_chain_rule_is_hit_once_for_each_contribution(tmp_path: Path) -> None:
    lines = Path(backprop.__file__).read_text("utf-8").splitlines()
    (place,) = [number for number, line in enumerate(lines, start=1) if line.endswith("# the chain rule")]
    lines_of_sweep, first = inspect.getsourcelines(backprop.sweep)
    assert first < place < first + len(lines_of_sweep)
    script = SCRIPT.replace("stop_at={stop_at!r}", "")
    look = "p 'seen', index, node, input, upstream, local, before\nc\n"
    done = in_a_process(tmp_path, script, f"b {backprop.__file__}:{place}\nc\n{look * 7}q\n", "-m", "pdb")
    seen = [line for line in done.stdout.splitlines() if "'seen'" in line]
    loss, _, _ = graph()
    steps = list(loss.backward_steps())
    contributions = [(step, c) for step in steps for c in step.contributions]
    assert len(seen) == len(contributions) == 7
    for line, (step, c) in zip(seen, contributions, strict=True):
        assert f"'seen', {step.index}, Value({step.node.data!r}" in line
        assert line.endswith(f"{c.upstream!r}, {c.local!r}, {c.before!r})")


def test_the_repr_of_a_node_is_one_line_with_label_operation_value_and_gradient() -> None:
    loss, h, _ = graph()
    loss.backward()
    assert repr(h) == f"Value({h.data!r}, label='h', op='tanh', grad={h.grad!r})"

"""The terminal: the words of pdb, what each shows, and what is said when something is wrong."""

from __future__ import annotations

import io
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from measuring import unmeasured

from tinygrad_edu import MLP, Value, debug, trace_sources
from tinygrad_edu.stepping import Stepper, StepperShell


def example() -> Value:
    """The expression of the README: e = c * d, of which c = a * b is used twice."""
    a, b = Value(2.0, "a"), Value(-1.0, "b")
    c = a * b
    c.label = "c"
    d = c + 5.0
    d.label = "d"
    e = c * d
    e.label = "e"
    return e


def session(*commands: str, root: Value | None = None) -> list[str]:
    """What the shell says to these commands, without its introduction, line by line."""
    out = io.StringIO()
    shell = StepperShell(
        Stepper(example() if root is None else root, {}), io.StringIO("".join(f"{c}\n" for c in commands)), out
    )
    shell.run()
    _introduction, _, said = out.getvalue().partition(shell.prompt)
    return [line.rstrip() for line in said.replace(shell.prompt, "").splitlines() if line]


# Steps ----------------------------------------------------------------------------------------------------


def test_a_whole_session_as_text() -> None:
    assert session("n", "n", "n", "n", "n", "n") == [
        "[1/3]  c = a * b = 2 * (-1) = -2",
        "[2/3]  d = c + 5 = (-2) + 5 = 3",
        "[3/3]  e = c * d = (-2) * 3 = -6",
        "--Backward-- gradients flow from here, starting with ∂e/∂e = 1",
        "[1/3]  e = c * d           upstream ∂e/∂e = 1",
        "   ∂e/∂c = d = 3           c.grad = 0 + 1 × 3 = 3",
        "   ∂e/∂d = c = -2          d.grad = 0 + 1 × -2 = -2",
        "[2/3]  d = c + 5          upstream ∂e/∂d = -2",
        "   ∂d/∂c = 1              c.grad = 3 + -2 × 1 = 1",
        "[3/3]  c = a * b           upstream ∂e/∂c = 1",
        "   ∂c/∂a = b = -1          a.grad = 0 + 1 × -1 = -1",
        "   ∂c/∂b = a = 2           b.grad = 0 + 1 × 2 = 2",
        "--End-- every gradient is complete; back, goto and restart lead back",
    ]


def test_back_shows_the_step_before_and_restart_the_beginning() -> None:
    assert session("n 5", "back", "restart")[-2:] == [
        "   ∂e/∂d = c = -2          d.grad = 0 + 1 × -2 = -2",
        "--Beginning-- leaves have their numbers, nothing is computed yet",
    ]


def test_until_leads_to_a_place_or_to_the_end_of_the_pass() -> None:
    assert session("u d")[0] == "[2/3]  d = c + 5 = (-2) + 5 = 3"
    assert session("u")[0].startswith("[3/3]  e = c * d = ")
    assert session("u", "u")[-1].startswith("--End--")
    assert session("goto 5")[0].startswith("[2/3]  d = c + 5 ")


def test_breakpoints_are_set_listed_met_and_cleared() -> None:
    said = session("b d", "b +", "b", "c", "cl 1", "cl", "b", "c")
    assert said[:4] == ["Breakpoint 1 at d", "Breakpoint 2 at +", "Breakpoint 1 at d", "Breakpoint 2 at +"]
    assert said[4] == "[2/3]  d = c + 5 = (-2) + 5 = 3"
    assert said[5:8] == [
        "Deleted breakpoint 1 at d",
        "Deleted breakpoint 2 at +",
        "no breakpoint is set; b WHERE sets one",
    ]
    assert said[-1].startswith("--End--")


@pytest.mark.parametrize(
    ("condition", "stop"),
    [
        ("upstream < 0", "[2/3]  d = c + 5"),
        ("abs(upstream) > 1", "[2/3]  d = c + 5"),
        ("data == -2", "[3/3]  c = a * b"),
        ("*, upstream <= 1", "[1/3]  e = c * d"),
        ("c, upstream != 0", "[3/3]  c = a * b"),
    ],
)
def test_a_breakpoint_may_have_a_condition_on_backward_steps(condition: str, stop: str) -> None:
    said = session(f"b {condition}", "c")
    assert said[0] == f"Breakpoint 1 at {condition}"
    assert said[1].startswith(stop)
    assert "upstream" in said[1]


def test_a_module_path_is_a_place() -> None:
    root = MLP(2, [2, 1], seed=0)([1.0, -2.0])[0]
    said = session("b layers.0.neurons.1", "c", root=root)
    assert "w⁽¹⁾₂₁ * x₁ + w⁽¹⁾₂₂ * x₂ + b⁽¹⁾₂" in said[1]


def test_non_finite_numbers_are_announced_and_found() -> None:
    x = Value(-1.0, "x")
    root = x.log() * 2.0 + x
    out = io.StringIO()
    StepperShell(Stepper(root, {}), io.StringIO("b nan\nc\n"), out).run()
    assert "v1 = log(x) = log(-1) = nan: b non-finite stops where that happens" in out.getvalue()
    said = session("b nan", "c", root=root)
    assert said[1:] == ["[1/3]  v1 = log(x) = log(-1) = nan", "   not finite: something here is infinite or nan"]


def test_numbers_that_are_out_of_date_are_announced() -> None:
    x = Value(2.0, "x")
    root = x * x
    x.data = 5.0
    out = io.StringIO()
    StepperShell(Stepper(root, {}), io.StringIO(""), out).run()
    assert "The .data of some inputs was changed after L had been computed" in out.getvalue()


# Looking --------------------------------------------------------------------------------------------------


def test_p_is_exact_and_says_how_far_a_node_is() -> None:
    x = Value(0.1, "x")
    root = (x + 0.2) * x
    assert session("p x", "n", "p v1", "u", "n", "p x", "p", root=root) == [
        "x, a leaf",
        "   data 0.1",
        "   grad not reached yet",
        "[1/2]  v1 = x + 0.2 = 0.1 + 0.2 = 0.3",
        "v1 = x + 0.2",
        "   data 0.30000000000000004",
        "   grad not reached yet",
        "[2/2]  L = v1 * x = 0.3 * 0.1 = 0.03",
        "--Backward-- gradients flow from here, starting with ∂L/∂L = 1",
        "[1/2]  L = v1 * x            upstream ∂L/∂L = 1",
        "   ∂L/∂v1 = x = 0.1          v1.grad = 0 + 1 × 0.1 = 0.1",
        "   ∂L/∂x = v1 = 0.3          x.grad = 0 + 1 × 0.3 = 0.3",
        "x, a leaf",
        "   data 0.1",
        "   grad 0.30000000000000004   (accumulating: 1 of 2 contributions)",
        "L = v1 * x",
        "   data 0.030000000000000006",
        "   grad 1.0",
    ]


def test_the_name_of_a_node_alone_prints_it_as_pdb_prints_a_variable() -> None:
    assert session("d") == session("p d")


@pytest.mark.parametrize("asked", ["d.grad", "d.data", "p d.grad", "print d", "print d.data", "pp d"])
def test_a_node_is_shown_also_to_those_who_ask_as_in_python(asked: str) -> None:
    assert session(asked) == session("p d")
    assert session("watch a.grad") == session("watch a")


@pytest.mark.parametrize("line", ["a=3", "a = 3", "d.data = 2", "w=3"])
def test_a_number_is_not_changed_and_the_page_is_named(line: str) -> None:
    assert session(line)[0].startswith("*** no number can be changed here; on the page it can: save_page(loss, FILE)")


def test_a_comparison_is_no_assignment() -> None:
    assert session("b upstream == 1")[0] == session("b upstream >= 1")[0].replace(">=", "==")


def test_why_gives_the_sum_over_consumers_and_over_paths() -> None:
    assert session("u", "n", "why c")[-9:] == [
        "∂e/∂c, the sum over what c goes into:",
        "     ∂e/∂e × ∂e/∂c = 1 × 3 = 3",
        "   + ∂e/∂d × ∂d/∂c = -2 × 1 = -2   not reached yet",
        "   = 1",
        "∂e/∂c = 1: the sum over 2 paths",
        "path       product of local derivatives",
        "c → e      3                              3",
        "c → d → e  1 × -2                        -2",
        "sum                                       1",
    ]
    assert session("why e") == ["∂e/∂e = 1, where the backward pass begins"]


def test_check_compares_with_finite_differences_and_knows_kinks() -> None:
    said = session("u", "check c")
    assert said[-2] == "∂e/∂c = 1 by the sweep, 1 by central differences"
    assert said[-1].startswith("   pass: relative error ")
    kink = session("check x", root=Value(0.0, "x").relu() * 3.0)
    assert kink[-1] == "   kink: slope 0 on the left, 3 on the right"
    assert session("check e") == ["*** e is the root: its derivative by itself is 1"]


def test_watch_tells_of_changes_until_unwatched() -> None:
    said = session("watch c", "n", "u", "n", "n", "unwatch c", "n", "watch")
    assert [line for line in said if line.startswith("watch")] == [
        "watch c: not reached yet",
        "watch c: not reached yet → data -2",
        "watch c: data -2 → grad 3   (accumulating: 1 of 2 contributions)",
        "watch c: grad 3 → grad 1   (complete: 2 of 2 contributions)",
    ]
    assert said[-1] == "nothing is watched; watch NAME watches a node"


def test_list_marks_where_we_are_and_where_we_would_stop() -> None:
    assert session("b d", "u", "u", "n", "list all")[-6:] == [
        "   1     forward   c = a * b = 2 * (-1) = -2",
        "   2 B   forward   d = c + 5 = (-2) + 5 = 3",
        "   3     forward   e = c * d = (-2) * 3 = -6",
        "   4  -> backward  e = c * d                       ∂e/∂e = 1",
        "   5 B   backward  d = c + 5                       not reached yet",
        "   6     backward  c = a * b                       not reached yet",
    ]
    chain = Value(1.0, "x")
    for _ in range(100):
        chain = chain.tanh()
    assert len(session("goto 50", "l", root=chain)) == 12


def test_where_shows_the_line_that_made_the_node() -> None:
    with trace_sources():
        x = Value(2.0, "x")
        root = x.tanh()  # this very line
    said = session("n", "w", root=root)
    assert said[-2].startswith("> ")
    assert Path(__file__).name in said[-2]
    assert said[-1] == "-> root = x.tanh()  # this very line"
    assert "compute it inside `with trace_sources():`" in session("n", "w")[-1]


def test_draw_writes_the_gradients_so_far_and_leaves_the_nodes_alone(tmp_path: Path) -> None:
    root = example()
    file = tmp_path / "graph.dot"
    assert session("u", "n", f"draw {file}", root=root)[-1] == f"wrote {file}"
    assert "−2" in file.read_text("utf-8")
    assert root.grad == root.inputs[0].grad == 0.0
    missing = session(f"draw {tmp_path / 'no' / 'graph.dot'}", "draw", "draw graph.gif")
    assert missing[0].startswith("*** cannot write")
    assert missing[1:] == [
        "*** draw needs a file to write, such as graph.svg",
        "*** a drawing is written to a file ending in .svg, .png or .dot, not to 'graph.gif'",
    ]


def test_a_step_with_many_inputs_is_cut_and_ll_shows_it_whole() -> None:
    root = MLP(30, [1], seed=0)([1.0] * 30)[0]
    said = session("u", "n", "ll", root=root)
    assert "   … 51 more inputs; ll shows all" in said
    assert sum(".grad = " in line for line in said) == 10 + 61


def test_every_command_is_in_the_help_and_explains_itself() -> None:
    help_ = session("h")
    for command in ("n", "b", "c", "back", "u", "p", "w", "why", "watch", "l", "draw", "check", "restart", "h", "q"):
        assert any(line.split(":")[0].split()[0] == command for line in help_), command
        assert session(f"h {command}")[0].split(":")[0].split()[0] == command


# As in pdb ------------------------------------------------------------------------------------------------


def test_an_empty_line_repeats_the_last_command() -> None:
    assert session("n", "", "") == session("n", "n", "n")


def test_quit_leaves_at_once() -> None:
    for word in ("q", "quit", "exit"):
        assert session("n", word, "n") == session("n")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("foo", "*** there is no command 'foo'; h lists them"),
        ("chek c", "*** there is no command 'chek'; did you mean 'check'? h lists them"),
        ("p q.grad", "*** no node is called 'q'; there are a, b, c, 5, d, e"),
        ("p q", "*** no node is called 'q'; there are a, b, c, 5, d, e"),
        ("b nowhere", "*** no node of this graph has the label 'nowhere', and no operation that name"),
        ("b upstream >", "*** expected a number, a name or a bracket, but the expression ends"),
        ("b x > 1", "*** there is no value for 'x'"),
        ("b __import__(data) > 1", "*** no function is called '__import__'"),
        ("u nowhere", "*** no node of this graph has the label 'nowhere'"),
        ("back", "*** this is the beginning of the forward pass: there is no step to undo"),
        ("n 0", "*** a number of steps is a whole number of at least 1, not '0'"),
        ("goto 99", "*** there is no position 99: they run from 0 to 6"),
        ("goto x", "*** goto needs a position from 0 to 6, not 'x'"),
        ("cl 3", "*** there is no breakpoint 3; set: none"),
        ("cl x", "*** clear needs the number of a breakpoint, not 'x'"),
        ("watch q", "*** no node is called 'q'"),
        ("h foo", "*** there is no command 'foo'; h lists them"),
    ],
)
def test_what_cannot_be_done_is_said_after_three_stars_and_the_shell_goes_on(command: str, said: str) -> None:
    first, *rest = session(command, "n")
    assert first.startswith(said)
    assert rest == ["[1/3]  c = a * b = 2 * (-1) = -2"]


def test_stepping_past_the_end_is_said_and_changes_nothing() -> None:
    said = session("c", "n", "c", "l")
    assert [line for line in said if line.startswith("***")] == [
        "*** the backward pass ended with step 3: back and goto lead back"
    ] * 2
    assert any("6  -> backward" in line for line in said)


def test_a_leaf_is_refused_before_any_prompt() -> None:
    with pytest.raises(ValueError, match="is a leaf"):
        debug(Value(2.0))


PROGRAM = """
from tinygrad_edu import Value, debug
x = Value(0.5, "x")
root = x
for _ in range({length}):
    root = root.tanh()
print("ready", flush=True)
debug(root)
print("over", x.grad, flush=True)
"""


def in_a_terminal(program: str) -> tuple[subprocess.Popen[bytes], int]:
    """A Python process whose standard streams are a terminal, and our end of that terminal."""
    ours, theirs = pty.openpty()
    environment = {**unmeasured("NO_COLOR"), "TERM": "xterm-256color", "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        start_new_session=True,
    )
    os.close(theirs)
    return process, ours


def read_until(terminal: int, text: str, if_nothing_comes: Callable[[], object] = bool) -> str:
    """What the terminal shows up to `text`, which has to come within a minute."""
    seen, end = "", time.monotonic() + 60
    while text not in seen:
        assert time.monotonic() < end, f"{text!r} did not come after {seen[-2000:]!r}"
        if select.select([terminal], [], [], 0.2)[0]:
            seen += os.read(terminal, 65536).decode(errors="replace")
        else:
            if_nothing_comes()
    return seen


def test_ctrl_c_at_the_prompt_and_in_a_run_goes_back_to_the_prompt_in_color() -> None:
    process, terminal = in_a_terminal(PROGRAM.format(length=100_000))

    def press_ctrl_c() -> None:  # more than once if need be: readline misses it between its prompt and its first look
        process.send_signal(signal.SIGINT)

    try:
        read_until(terminal, "(step) ")
        read_until(terminal, "--KeyboardInterrupt--", press_ctrl_c)
        os.write(terminal, b"n\n")
        assert "\x1b[1m" in read_until(terminal, "v1 = tanh(x)"), "bold, in a terminal"
        os.write(terminal, b"c\n")
        assert "--End--" not in read_until(terminal, "--KeyboardInterrupt--", press_ctrl_c)
        os.write(terminal, b"back\n")
        assert "--End--" not in read_until(terminal, "] ")
        os.write(terminal, b"q\n")
        read_until(terminal, "over 0.0")
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.wait()
        os.close(terminal)


def test_without_a_terminal_there_is_no_color_and_the_end_of_input_leaves() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(length=2)],
        input="n\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "\x1b" not in done.stdout
    assert "[1/2]  v1 = tanh(x) = tanh(0.5) = 0.462117" in done.stdout
    assert done.stdout.splitlines()[-1] == "over 0.0"


def test_what_constants_receive_is_shown_to_those_who_ask() -> None:
    assert not any("(5)" in line for line in session("goto 5"))
    assert session("goto 5", "ll")[-1] == "   ∂d/∂(5) = 1            (5).grad = 0 + -2 × 1 = -2"

"""The stepper in the terminal, with the words of pdb.

Built on `cmd`, as pdb is, so that the end of input, an empty line, an unknown command and Ctrl-C do what they do there.

May import: `texts`, `terminal`, `value`, `backprop`, `gradients`, `checking`; `conditions`, `explanation`
and `stepper` of this folder.
"""

from __future__ import annotations

import cmd
import difflib
import inspect
import math
import re
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

from tinygrad_edu.backprop import Step
from tinygrad_edu.checking import check_node
from tinygrad_edu.gradients import grad
from tinygrad_edu.stepping.conditions import place, place_or_condition
from tinygrad_edu.stepping.explanation import explanation
from tinygrad_edu.stepping.stepper import NON_FINITE, AnyStep, ForwardStep, NodeStage, Stepper, makes_non_finite
from tinygrad_edu.terminal import Console, Text, readable
from tinygrad_edu.texts import counted, short_number
from tinygrad_edu.value import Value

__all__ = ["StepperShell", "debug"]

#: Lines of `list`, as many as in pdb.
_LISTED = 11
#: Edges of a step, and terms of a sum, that are shown: with their headings they fit on a small screen.
_EDGES = 10

#: What one writes in Python to change a number, and to read those of a node.
_ASSIGNMENT = re.compile(r"[^\s=<>!]+\s*=(?!=)")
_OF_A_NODE = re.compile(r"[.](grad|data)$")

_ALIASES = {
    "n": "next",
    "s": "next",
    "step": "next",
    "b": "break",
    "c": "continue",
    "cont": "continue",
    "u": "until",
    "w": "where",
    "l": "list",
    "ll": "longlist",
    "cl": "clear",
    "h": "help",
    "q": "quit",
    "exit": "quit",
    "print": "p",
    "pp": "p",
}


def debug(root: Value, names: Mapping[str, Any] | None = None) -> None:
    """Step through the forward and the backward pass of `root` in the terminal, with the words of pdb.

    `names` maps names to nodes, as `locals()` does; without it the variables of the calling code are used. No
    gradient is touched.

    Raises TypeError when `root` is not a `Value`, and ValueError when it is a leaf.

    >>> import io
    >>> a = Value(3.0, "a")
    >>> StepperShell(Stepper(a * a), io.StringIO("next\\nquit\\n"), io.StringIO()).run()  # as debug(a * a), at a prompt
    """
    StepperShell(Stepper(root, names)).run()


class StepperShell(cmd.Cmd):
    """The prompt around a `Stepper`. With `stdin` and `stdout` it talks to those instead of the terminal.

    >>> import sys
    >>> a = Value(3.0, "a")
    >>> stopped = StepperShell(Stepper(a.exp()), stdout=sys.stdout).onecmd("p a")
    a, a leaf
       data 3.0
       grad not reached yet
    """

    prompt = "(step) "

    def __init__(self, stepper: Stepper, stdin: IO[str] | None = None, stdout: IO[str] | None = None) -> None:
        super().__init__(stdin=stdin, stdout=stdout)
        if stdin is not None:
            self.use_rawinput = False
        self.stepper = stepper
        self.console = Console(file=stdout, highlight=False, soft_wrap=True)
        self.watched: dict[Value, str] = {}

    def run(self) -> None:
        """Ask for commands until `quit` or the end of input."""
        with readable(self.stdout):
            self.say(self._introduction())
            while True:
                try:
                    self.cmdloop()
                    return
                except KeyboardInterrupt:
                    self.say("--KeyboardInterrupt--")

    def _introduction(self) -> str:
        words, operations = self.stepper.wording, len(self.stepper.operations)
        passes = f"{counted(operations, 'step')} forward, and as many back"
        lines = [f"{words.definition(self.stepper.root)}: {passes}; h lists the commands", words.staleness()]
        broken = next((node for node in self.stepper.operations if not math.isfinite(node.data)), None)
        if broken is not None:
            lines.append(f"{words.computation(broken)}: b {NON_FINITE} stops where that happens")
        return "\n".join(filter(None, lines))

    # What `cmd` asks for.

    def onecmd(self, line: str) -> bool:
        """Run one command; what is wrong with it is said as in pdb, after three stars."""
        try:
            return bool(super().onecmd(line))
        except (ValueError, TypeError, IndexError, OSError, ImportError, RuntimeError) as error:
            self.say(f"*** {sentence_of(error)}", "red")
            return False

    def parseline(self, line: str) -> tuple[str | None, str | None, str]:
        """The command, its argument, and the line; short words stand for long ones."""
        command, argument, line = super().parseline(line)
        if _ASSIGNMENT.match(line):  # w=3, which is no command `w`
            return None, None, line
        return _ALIASES.get(command or "", command), argument, line

    def default(self, line: str) -> None:
        """A line that is no command: the name of a node is printed, as pdb prints a variable."""
        if _ASSIGNMENT.match(line):
            raise ValueError("no number can be changed here; on the page it can: save_page(loss, FILE), or --html FILE")
        name, word = _OF_A_NODE.sub("", line.strip()), line.split()[0]
        if name not in self.stepper.names.values():
            close = difflib.get_close_matches(word, [*_COMMANDS, *_ALIASES], n=1)
            alike = f"did you mean {close[0]!r}? " if close else ""
            raise ValueError(f"there is no command {word!r}; {alike}h lists them")
        self.do_p(name)

    def completedefault(self, text: str, *_: Any) -> list[str]:
        """Names of nodes that begin with `text`."""
        return sorted({name for name in self.stepper.names.values() if name.startswith(text)})

    def say(self, text: str | Text, style: str = "") -> None:
        """Print a line, in color where there is a terminal that has colors."""
        self.console.print(Text(text, style) if isinstance(text, str) else text)

    # Moving.

    def do_next(self, argument: str) -> None:
        """n [COUNT]: take the next step, or as many as said."""
        for _ in range(_number_of_steps(argument)):
            step = self.stepper.step()
        self.show(step)

    def do_back(self, argument: str) -> None:
        """back [COUNT]: undo the step just taken, exactly, or as many as said."""
        for _ in range(_number_of_steps(argument)):
            self.stepper.back()
        self.show(self.stepper.current)

    def do_continue(self, argument: str) -> None:
        """c: go on to the next breakpoint or to the end; Ctrl-C stops."""
        self._run(None)

    def do_until(self, argument: str) -> None:
        """u [WHERE]: go on until there; without WHERE until the end of this pass."""
        operations = len(self.stepper.operations)
        if argument:
            self._run(place(argument))
        else:
            self._run(None, to=operations if self.stepper.position < operations else None)

    def do_goto(self, argument: str) -> None:
        """goto POSITION: go to a position, as numbered by list; 0 is the beginning."""
        if not argument.isdecimal():
            raise ValueError(f"goto needs a position from 0 to {self.stepper.total}, not {argument!r}")
        self.stepper.goto(int(argument))
        self.show(self.stepper.current)

    def do_restart(self, argument: str) -> None:
        """restart: go back to the beginning; breakpoints and watches stay."""
        self.stepper.goto(0)
        self.show(None)

    def _run(self, until: Any, to: int | None = None) -> None:
        with _interrupts() as interrupted:
            step = self.stepper.run(until, to=to, interrupted=interrupted)
            if interrupted():
                self.say("--KeyboardInterrupt--")
        self.show(step)

    # Where to stop.

    def do_break(self, argument: str) -> None:
        """b [WHERE] [, CONDITION]: stop right after the steps of WHERE; alone, list the breakpoints.

        WHERE is a name, an operation (tanh, *), a module path (layers.0.neurons.3) or non-finite. A leaf has no step
        of its own: it means the steps that use it. CONDITION compares upstream and data, of backward steps:
        b abs(upstream) > 10; b tanh, upstream < 0.
        """
        if not argument:
            for breakpoint_ in self.stepper.breakpoints:
                self.say(f"Breakpoint {breakpoint_.number} at {breakpoint_.text}")
            if not self.stepper.breakpoints:
                self.say("no breakpoint is set; b WHERE sets one")
            return
        added = self.stepper.add_breakpoint(place_or_condition(argument, self.stepper))
        self.say(f"Breakpoint {added.number} at {added.text}")

    def do_clear(self, argument: str) -> None:
        """cl [NUMBER]: remove a breakpoint, or all of them."""
        if argument and not argument.isdecimal():
            raise ValueError(f"clear needs the number of a breakpoint, not {argument!r}")
        numbers = [int(argument)] if argument else [b.number for b in self.stepper.breakpoints]
        for number_ in numbers:
            removed = self.stepper.clear_breakpoint(number_)
            self.say(f"Deleted breakpoint {removed.number} at {removed.text}")

    # Looking.

    def do_p(self, argument: str) -> None:
        """p [NAME]: a node in full precision, and how far it is; alone, the node of this step."""
        node = self._node(argument)
        look = self.stepper.look(node)
        data = "not reached yet" if look.data is None else repr(look.data)
        grad = "not reached yet" if look.grad is None else repr(look.grad)
        module = self.stepper.module_paths.get(node)
        self.say(self.stepper.wording.definition(node) if node.op else f"{self.stepper.names[node]}, a leaf", "bold")
        self.say(f"   data {data}")
        self.say(f"   grad {grad}{self._progress(node)}")
        if module:
            self.say(f"   in {module}")

    def do_where(self, argument: str) -> None:
        """w [NAME]: the source line that made the node, if it was traced."""
        node = self._node(argument)
        if node.source is None:
            name = self.stepper.names[node]
            raise ValueError(f"{name} was not traced; compute it inside `with trace_sources():` to see its line")
        self.say(f"> {node.source.file}({node.source.line})")
        self.say(f"-> {node.source.text}")

    def do_why(self, argument: str) -> None:
        """why [NAME]: its gradient as the chain rule has it, over what it goes into, and over paths to the end."""
        node = self._node(argument)
        words, names = self.stepper.wording, self.stepper.names
        terms = self.stepper.contributions_to(node)
        if node is self.stepper.root:
            self.say(f"{words.root_gradient} = 1, where the backward pass begins")
            return
        self.say(f"{words.gradient(node)}, the sum over what {names[node]} goes into:", "bold")
        backward = self.stepper.operations
        for sign, (position, c) in zip(["  ", *["+ "] * len(terms)], terms[:_EDGES], strict=False):
            user = backward[self.stepper.total - position]
            product = f"{words.gradient(user)} × {words.derivative(user, node)}"
            numbers = f"{short_number(c.upstream)} × {short_number(c.local)} = {short_number(c.amount)}"
            reached = "" if position <= self.stepper.position else "   not reached yet"
            self.say(f"   {sign}{product} = {numbers}{reached}")
        if len(terms) > _EDGES:
            self.say(f"   + … {len(terms) - _EDGES} more")
        self.say(f"   = {short_number(terms[-1][1].after)}")
        # As text, not as a table that fits itself to the terminal: a narrow one then breaks lines, and no column.
        self.say(str(explanation(self.stepper.nodes, node, names)))

    def do_watch(self, argument: str) -> None:
        """watch [NAME]: show this node now, and at each stop where it changed; alone, list what is watched."""
        if argument:
            self.watched[self._node(argument)] = ""
            self._show_watched()
            return
        for node, seen in self.watched.items():
            self.say(f"watch {self.stepper.names[node]}: {seen}")
        if not self.watched:
            self.say("nothing is watched; watch NAME watches a node")

    def do_unwatch(self, argument: str) -> None:
        """unwatch [NAME]: no longer watch this node, or any."""
        for node in [self.stepper.find(argument)] if argument else list(self.watched):
            self.watched.pop(node, None)

    def do_list(self, argument: str) -> None:
        """l [all]: the steps around this one, or all; -> marks the step just taken, B a breakpoint."""
        here, total = self.stepper.position, self.stepper.total
        first = max(min(here - _LISTED // 2, total - _LISTED + 1), 1)
        chosen = range(1, total + 1) if argument == "all" else range(first, min(first + _LISTED, total + 1))
        for position in chosen:
            self.say(self._line(position))

    def _line(self, position: int) -> Text:
        stepper, words = self.stepper, self.stepper.wording
        is_forward = position <= len(stepper.operations)
        node = stepper.operations[position - 1 if is_forward else stepper.total - position]
        stops = any(b.stops(ForwardStep(position, stepper.total, node)) for b in stepper.breakpoints)
        arrow = "->" if position == stepper.position else "  "
        start = f"{position:>4} {'B' if stops else ' '}{arrow} {'forward ' if is_forward else 'backward'}  "
        if position > stepper.position:
            return Text.assemble(start, (f"{words.definition(node):<30}  not reached yet", "dim"))
        if is_forward:
            return Text(start + words.computation(node))
        return Text(
            f"{start}{words.definition(node):<30}  {words.gradient(node)} = {short_number(stepper.grad(node) or 0.0)}"
        )

    def do_longlist(self, argument: str) -> None:
        """ll: this step with all its inputs, however many, and with what constants receive."""
        self.show(self.stepper.current, limit=None)

    def do_draw(self, argument: str) -> None:
        """draw FILE: the graph with the gradients so far, as .svg, .png or .dot."""
        if not argument:
            raise ValueError("draw needs a file to write, such as graph.svg")
        self.stepper.draw(argument)
        self.say(f"wrote {argument}")

    def do_check(self, argument: str) -> None:
        """check [NAME]: the gradient of a node against finite differences of the whole computation."""
        node = self._node(argument)
        if node is self.stepper.root:
            raise ValueError(f"{self.stepper.names[node]} is the root: its derivative by itself is 1")
        (gradient,) = grad(self.stepper.root, [node])
        row = check_node(self.stepper.nodes, node, gradient)
        name = self.stepper.wording.gradient(node)
        self.say(f"{name} = {row.analytic:.9g} by the sweep, {row.numeric:.9g} by central differences")
        verdict = f"{row.verdict}: relative error {row.relative_error:.1e}"
        if row.verdict == "kink":
            verdict = f"kink: slope {row.left:g} on the left, {row.right:g} on the right"
        self.say(f"   {verdict}", "green" if row.verdict == "pass" else "bold red")

    def _node(self, argument: str) -> Value:
        """The node with this name, also where its `.grad` or `.data` is asked for, or that of the present step."""
        if argument:
            named = argument in self.stepper.names.values()
            return self.stepper.find(argument if named else _OF_A_NODE.sub("", argument))
        current = self.stepper.current
        return self.stepper.root if current is None else current.node

    def _progress(self, node: Value) -> str:
        look = self.stepper.look(node)
        if look.grad is None or not look.expected:
            return ""
        return f"   ({look.stage.value}: {look.arrived} of {look.expected} contributions)"

    # Leaving, and being helped.

    def do_help(self, arg: str) -> None:
        """h [COMMAND]: what a command does; alone, all of them."""
        commands = {name: getattr(self, f"do_{name}").__doc__ for name in _COMMANDS}
        wanted = _ALIASES.get(arg, arg)
        if wanted in commands:
            self.say(inspect.cleandoc(commands[wanted]))
        elif arg:
            raise ValueError(f"there is no command {arg!r}; h lists them")
        else:
            for text in commands.values():
                self.say(text.splitlines()[0])

    def do_quit(self, argument: str) -> bool:
        """q: leave."""
        return True

    def do_EOF(self, argument: str) -> bool:  # noqa: N802 - the name that `cmd` gives the end of input
        """Leave, as at the end of input."""
        self.say("")
        return True

    # What is shown at each stop.

    def show(self, step: AnyStep | None, limit: int | None = _EDGES) -> None:
        """The step just taken, the beginning or end if we are there, and what changed of the nodes watched."""
        stepper = self.stepper
        if step is None or stepper.position == 0:
            self.say("--Beginning-- leaves have their numbers, nothing is computed yet", "dim")
        elif isinstance(stepper.current, ForwardStep):
            self._show_forward(stepper.current)
        elif stepper.current is not None:
            self._show_backward(stepper.current, limit)
        if stepper.position == len(stepper.operations):
            self.say(
                f"--Backward-- gradients flow from here, starting with {stepper.wording.gradient(stepper.root)} = 1",
                "dim",
            )
        if stepper.position == stepper.total:
            self.say("--End-- every gradient is complete; back, goto and restart lead back", "dim")
        self._show_watched()

    def _show_forward(self, step: ForwardStep) -> None:
        line = Text.assemble(_counter(step), "  ", (self.stepper.wording.computation(step.node), "bold"))
        self.say(line)
        self._show_if_broken(step)

    def _show_backward(self, step: Step, limit: int | None) -> None:
        words = self.stepper.wording
        everything = limit is None
        edges = words.contributions(step, limit, to_constants=everything)
        asked = [c for c in step.contributions if everything or c.input not in words.constants]
        heading = f"{_counter(step)}  {words.definition(step.node)}"
        rules = [f"   {edge.rule}" for edge in edges]
        width = max(map(len, [heading, *rules])) + 10
        self.say(Text.assemble((heading.ljust(width), "bold"), "upstream ", (words.upstream(step), "cyan")))
        for rule, edge in zip(rules, edges, strict=True):
            self.say(Text.assemble(rule.ljust(width), (edge.sum, "green")))
        if len(edges) < len(asked):
            self.say(f"   … {len(asked) - len(edges)} more inputs; ll shows all")
        self._show_if_broken(step)

    def _show_if_broken(self, step: AnyStep) -> None:
        if makes_non_finite(step):
            self.say("   not finite: something here is infinite or nan", "bold red")

    def _show_watched(self) -> None:
        for node, before in self.watched.items():
            now = self._seen(node)
            if now != before:
                change = f"{before} → {now}" if before else now
                self.say(f"watch {self.stepper.names[node]}: {change}{self._progress(node)}", "magenta")
                self.watched[node] = now

    def _seen(self, node: Value) -> str:
        look = self.stepper.look(node)
        if look.grad is not None:
            return f"grad {short_number(look.grad)}"
        return NodeStage.NOT_REACHED.value if look.data is None else f"data {short_number(look.data)}"


_COMMANDS = tuple(
    name.removeprefix("do_") for name in vars(StepperShell) if name.startswith("do_") and name != "do_EOF"
)


def sentence_of(error: Exception) -> str:
    """What an error says, without the number that the operating system gives it."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    return f"{error.strerror}: {str(error.filename)!r}" if error.filename else error.strerror


def _counter(step: AnyStep) -> str:
    return f"[{step.index}/{step.total}]"


def _number_of_steps(argument: str) -> int:
    if argument and not (argument.isdecimal() and int(argument) > 0):
        raise ValueError(f"a number of steps is a whole number of at least 1, not {argument!r}")
    return int(argument or 1)


@contextmanager
def _interrupts() -> Iterator[Callable[[], bool]]:
    """While the block runs, Ctrl-C is remembered instead of raised, so that no step is left half done."""
    pressed: list[int] = []
    try:
        before = signal.signal(signal.SIGINT, lambda number_, frame: pressed.append(number_))
    except ValueError:  # only the main thread may do this, and only it gets Ctrl-C
        yield lambda: False
        return
    try:
        yield lambda: bool(pressed)
    finally:
        signal.signal(signal.SIGINT, before)

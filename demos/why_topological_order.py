# %% [markdown]
"""
# Why backpropagation goes in topological order, adds, and starts from zero

You will see the smallest graph on which three plausible backward passes go wrong, b = a + a and c = b + b, message by
message beside the right one: where each first differs from it, and by how much the gradient ends up wrong.
"""

# %%
from collections.abc import Iterator
from typing import NamedTuple

from common import Demo, console
from rich.box import SIMPLE_HEAD
from rich.table import Table

from tinygrad_edu import Value, gradcheck, save_page, topological_order

demo = Demo(__doc__)


class Message(NamedTuple):
    """What a node says to its input number `position`: your gradient was `before`, and now it is `after`."""

    node: Value
    position: int
    before: float
    amount: float
    after: float

    def __str__(self) -> str:
        before, amount, after = (f"{number:g}" for number in self[2:])
        added = self.after == self.before + self.amount
        change = f"{before} + {amount} = {after}" if added else f"{after} replaces {before}"
        return f"{self.node.label} → {self.node.inputs[self.position].label}: {change}"


def graph() -> tuple[Value, Value, Value]:
    """a, b = a + a and c = b + b, so that ∂c/∂a = 4; c has its gradient of 1."""
    a = Value(3.0, "a")
    b = a + a
    c = b + b
    b.label, c.label, c.grad = "b", "c", 1.0
    return a, b, c


# %% [markdown]
# ## Four backward passes
# The right one is the library's own. The others hand on upstream × local as well, but when, or to what, differs.


# %%
def right_sweep(root: Value) -> Iterator[Message]:
    """Each node once, after everything made of it; contributions are added; interior gradients start from 0."""
    for step in root.backward_steps():
        for position, c in enumerate(step.contributions):
            yield Message(step.node, position, c.before, c.amount, c.after)


def hand_on(node: Value, position: int, overwrite: bool = False) -> Message:
    """One message: upstream × local, added to the gradient of the input or, wrongly, put in its place."""
    target = node.inputs[position]
    before, amount = target.grad, node.grad * node.local_derivatives[position]
    target.grad = amount if overwrite else before + amount
    return Message(node, position, before, amount, target.grad)


def depth_first(node: Value) -> Iterator[Message]:
    """Hand on to an input, and let it hand on at once: before the rest of its own gradient has come."""
    for position, value in enumerate(node.inputs):
        yield hand_on(node, position)
        yield from depth_first(value)


def overwriting(root: Value) -> Iterator[Message]:
    """The right order, but with = in place of +=."""
    for node in reversed(topological_order(root)):
        for position in range(len(node.inputs)):
            yield hand_on(node, position, overwrite=True)


def second_without_reset(root: Value) -> Iterator[Message]:
    """The right order and +=, but b.grad is left over from a first pass; a.grad was zeroed, as optimizers do."""
    root.inputs[0].grad = 2.0
    for node in reversed(topological_order(root)):
        for position in range(len(node.inputs)):
            yield hand_on(node, position)


PASSES = {
    "the right sweep": (right_sweep, ""),
    "depth first": (
        depth_first,
        "b hands on 1 before its second half has come, and then 2, all of it, once more",
    ),
    "= instead of +=": (
        overwriting,
        "the second message of c wipes out the first, so a path is lost",
    ),
    "no reset": (second_without_reset, "b still has the 2 of the pass before, and hands it on again"),
}
runs: dict[str, list[Message]] = {}
gradients: dict[str, float] = {}
for name, (walk, _) in PASSES.items():
    a, _, c = graph()
    runs[name] = list(walk(c))
    gradients[name] = a.grad


def first_difference(messages: list[Message]) -> int | None:
    """The number of the first message that the right sweep does not send; None if it is the right sweep."""
    right = [str(message) for message in runs["the right sweep"]]
    for number, message in enumerate(messages):
        if number >= len(right) or str(message) != right[number]:
            return number
    return None


# %%
heading = "node → input: gradient + contribution = gradient; ✗ is the first that is wrong"
table = Table(title=heading, title_justify="left", box=SIMPLE_HEAD, padding=0)
table.add_column("")
for name in PASSES:
    table.add_column(name)
for number in range(max(map(len, runs.values()))):
    cells = []
    for messages in runs.values():
        text = str(messages[number]) if number < len(messages) else ""
        cells.append(f"[bold red]✗ {text}[/]" if number == first_difference(messages) else text)
    table.add_row(str(number + 1), *cells)
table.add_section()
table.add_row("", *[f"a.grad = {gradient:g}" for gradient in gradients.values()])
console.print(table)
(row,) = gradcheck(lambda a: (a + a) + (a + a), [3.0]).rows
print(f"Finite differences say {row.numeric:.6g}. What first goes wrong, at ✗:")
for name, (_, why) in PASSES.items():
    if why:
        print(f"    {name}, message {first_difference(runs[name]) + 1}: {why}.")

# %% [markdown]
# ## The same as a page
# One file, no network. Each mistake is a switch in its menu: the sweep goes wrong before your eyes, the first wrong
# step is marked, and finite differences convict it. Change the graph's number, and it is wrong again.

# %%
a, b, c = graph()
c.grad = 0.0
page = demo.path("why_topological_order.html")
save_page(c, page)

# %%
demo.done("open why_topological_order.html#mistake=order and press →; the menu has the other mistakes")

# %% [markdown]
"""
# 18. Reading the engine: three files, line by line

You will read all of `op.py`, `value.py` and `backprop.py`: every line is printed here, from the files themselves, and
none is left out. Between the pieces one small formula, e = (a·b + a)², goes through the code that you have just read,
and assertions hold what is said about it. After this you know the whole engine; every other file is a room beside it.
"""

# %%
import numpy as np
from common import Demo, title
from matplotlib import pyplot as plt

from tinygrad_edu import Value, backprop, op, ops, value
from tinygrad_edu.number_systems.floats import floats
from tinygrad_edu.number_systems.printing import mathematics
from tinygrad_edu.number_systems.symbols import Symbol, symbols

demo = Demo(__doc__)


class File:
    """A source file that is read from its first line to its last, piece by piece, and leaves nothing out."""

    def __init__(self, module: object) -> None:
        self.path = module.__file__
        with open(self.path, encoding="utf-8") as stream:
            self.lines = stream.read().splitlines()
        self.shown = 0
        title(f"{module.__name__.rpartition('.')[2]}.py, {len(self.lines)} lines")

    def read(self, until: str = "") -> None:
        """Print the lines up to the next that begins with `until`, or to the end."""
        rest = range(self.shown, len(self.lines))
        stops = [k for k in rest if until and self.lines[k].strip().startswith(until) and k > self.shown]
        if until and not stops:
            raise SystemExit(f"{self.path} has no further line that begins with {until!r}: this chapter wants mending")
        stop = stops[0] if until else len(self.lines)
        for k in range(self.shown, stop):
            print(f"{k + 1:4} │ {self.lines[k]}".rstrip())
        self.shown = stop

    @property
    def is_read(self) -> bool:
        """Whether every line has been shown."""
        return self.shown == len(self.lines)


# %% [markdown]
# ## op.py: what an operation is
# Its first lines say what a file is and what it may import; here, nothing. The chain rule needs two things of an
# operation: how to compute it, and its derivative by each input. Both are *rules*, functions that are handed the number
# system `m` they run on, so that the same rule can compute with floats, print a formula, or run on whole arrays.

# %%
file = File(op)
file.read(until="@dataclass")

# %% [markdown]
# `Op` is a record of what is known of an operation. The first four entries are the engine's: a name, a method, how to
# compute it, and its derivatives. All others are there for somebody who shows or checks it. `frozen` means that nobody
# can change it; `eq=False` that two operations are equal only if they are the same one.

# %%
file.read(until="def compute")

# %%
title("Meanwhile: × and ², asked directly")
multiply, power = op.RULE_BOOK["multiply"], op.RULE_BOOK["power_by"]
x, y = Symbol("x"), Symbol("y")
print(multiply, "on floats: ", multiply.compute(floats, 2.0, 3.0), multiply.local_derivatives(floats, 6.0, 2.0, 3.0))
by_x, by_y = map(mathematics, multiply.local_derivatives(symbols, x * y, x, y))
print(multiply, "on symbols:", mathematics(multiply.compute(symbols, x, y)), f"({by_x}, {by_y})")
assert (by_x, by_y) == ("y", "x"), "the same rules, written out"
assert multiply.compute(floats, 2.0, 3.0) == 6.0
assert multiply.local_derivatives(floats, 6.0, 2.0, 3.0) == (3.0, 2.0), "∂(xy)/∂x is y, ∂(xy)/∂y is x"

# %% [markdown]
# `compute` and `local_derivatives` add the settings, such as the exponent of a power, and hand everything to the rules.
# A derivative gets the output `y` before the inputs, because some are shortest with it: exp′ is exp itself.

# %%
file.read(until="def __repr__")

# %% [markdown]
# An operation prints itself with its settings. `__reduce__` is for pickling: an operation travels as its name, and is
# looked up in the rule book where it arrives, since functions do not travel well.

# %%
file.read(until="def op(")

# %% [markdown]
# `op` is what the rule book, `ops.py`, is written with. `bind` fills in settings: x ** 2.0 and x ** 3.0 are the same
# operation with another exponent. It is cached, so that a network with a million squares has one `Op` for them all.

# %%
file.read()
assert file.is_read

# %%
title("Meanwhile: an operation with its exponent filled in")
square = op.bind(power, 2.0)
print(square, "of 5 is", square.compute(floats, 5.0), "with slope", square.local_derivatives(floats, 25.0, 5.0)[0])
assert square.local_derivatives(floats, 25.0, 5.0) == (10.0,)
assert op.bind(power, 2.0) is square, "the same settings give the same operation"

# %% [markdown]
# ## The first screen of ops.py
# There the rules are; this is how they look. `op(name, forward, derivatives, ...)`, once for each operation.

# %%
first_screen = File(ops)
first_screen.read(until="power =")

# %% [markdown]
# ## value.py: a number that remembers how it was made
# The imports name the rooms beside the core: `coercion` turns what users hand in into floats or says why not; `methods`
# makes methods out of operations; `modes` is about no_grad, recording and tracing; `origins` remembers lines of code.

# %%
file = File(value)
file.read(until="@compiled")

# %% [markdown]
# `@compiled` replaces each method below by the same method written out as fast Python. Without it the engine passes the
# same tests: what you read here is the meaning, and that is the same, sooner.
#
# A leaf has data, a gradient of 0, no operation and no inputs. `__slots__` says that a `Value` has these attributes and
# no others, which saves memory; `_data` stands behind the property `data`, of which more below.

# %%
file.read(until="@classmethod")

# %%
title("Meanwhile: two leaves")
a, b = Value(2.0, "a"), Value(-3.0, "b")
print(a, b, "op", a.op, "inputs", a.inputs, "local derivatives", a.local_derivatives, "gradient", a.grad)
assert (a.op, a.inputs, a.local_derivatives, a.grad) == (None, (), (), 0.0)

# %% [markdown]
# Now the one place where nodes are made. `evaluate` computes the number and, **at the same moment**, the local
# derivative by each input. Backpropagation will only multiply and add what stands there, and it stays right if somebody
# changes a weight before the backward pass. `object.__new__` makes a `Value` without `__init__`, whose checks are not
# needed here; `finish` does what a mode asks for, such as remembering the line of code.

# %%
file.read(until="__add__")

# %%
title("Meanwhile: a·b, by hand and by its operator")
product = Value.apply(multiply, [a, b])
assert (a * b).data == product.data == -6.0
assert (a * b).op is product.op is multiply
assert product.inputs[0] is a
assert product.inputs[1] is b
assert product.local_derivatives == (-3.0, 2.0), "by a it is b, by b it is a"
print(product, "was made by", product.op, "with local derivatives", product.local_derivatives)

# %% [markdown]
# Each operator is `apply` for one operation of the rule book. `infix` makes `a * b`, and `reflected` makes `2.0 * b`,
# where the number stands on the left and Python asks the right side. A power is two operations: with a `Value` as
# exponent it has two inputs, with a plain number it has one, and a setting.

# %%
file.read(until="def detach")

# %%
title("Meanwhile: the running example")
c = product + a
e = c**2
for name, node in {"a·b": product, "c = a·b + a": c, "e = c²": e}.items():
    print(f"{name:12} {node.data:6g}   by", node.op, "  local derivatives", node.local_derivatives)
assert e.data == (2.0 * -3.0 + 2.0) ** 2 == 16.0
assert e.local_derivatives == (2 * c.data,) == (-8.0,)

# %% [markdown]
# `detach` cuts a number off from its past. `data` and `grad` are properties, for the sake of modes: while a function is
# recorded for replay, reading a number would freeze one example's choice into a program for all, so `revealed` refuses.
# Otherwise they are the slots `_data` and `_grad`. What is seldom needed, a label, is kept by `Seldom` in a slot that
# stays empty in most of a million nodes.

# %%
file.read(until="#: What the operators accept")

# %% [markdown]
# Last, what the operators accept beside a `Value`, and how a plain number becomes a leaf.

# %%
file.read()
assert file.is_read
assert value.as_value(e) is e
assert value.as_value(7).data == 7.0

# %% [markdown]
# ## backprop.py: the order, and the one sweep
# Two records first, for those who want to watch. A `Contribution` is what happens on one edge; a `Step` is what happens
# at one node.

# %%
file = File(backprop)
file.read(until="def topological_order")

# %% [markdown]
# The order. A node's gradient is the sum of what comes back from everything made of it, so all of that must have had
# its turn before. A list in which inputs come first, read from its end, does it. The search keeps its own stack
# `to_visit` instead of calling itself, since Python allows only about a thousand calls within calls. A node is taken
# off and put back, with a `None` on top of it and its inputs on top of that: when the `None` turns up, all that the
# node was made of has been dealt with, and the node gets its place.

# %%
file.read(until="def sweep")

# %%
title("Meanwhile: the order of the example")
order = backprop.topological_order(e)
names = {a: "a", b: "b", product: "a·b", c: "c", e: "e"}
print(" → ".join(names[node] for node in order))
place = {node: k for k, node in enumerate(order)}
assert all(place[i] < place[node] for node in order for i in node.inputs), "inputs come before what is made of them"
assert len(order) == 5, "a is used twice, and stands in the list once"

# %% [markdown]
# And here is backpropagation. For each node, outputs first: take what has arrived (`upstream`), and for each input
# multiply it by the local derivative, and **add** that to the input's gradient. The line marked `# the chain rule` and
# the one below it are all there is to it; what follows `if observed` tells those who watch. It is a generator, so that
# a stepper can stop between two nodes for as long as it likes. Anything with `inputs`, `local_derivatives` and `_grad`
# can be swept: replay uses the same lines on whole arrays.

# %%
file.read(until="def watched_sweep")

# %% [markdown]
# `detect_anomaly` looks at each step as it is taken. `_prepared` puts the gradients of everything computed back to 0,
# so that a second call starts anew, leaves those of the leaves as they are, so that they accumulate, and gives the root
# its 1: ∂e/∂e.

# %%
file.read(until="def backward_steps")

# %%
title("Meanwhile: the sweep of the example, step by step")
after = [{name: node.grad for node, name in names.items()}]
for step in backprop.backward_steps(e):
    for edge in step.contributions:
        print(f"step {step.index}: {names[step.node]:3} → {names[edge.input]:3}  "
              f"{edge.before:g} + {edge.upstream:g} × {edge.local:g} = {edge.after:g}")  # fmt: skip
        assert edge.amount == edge.upstream * edge.local
        assert edge.after == edge.before + edge.amount
    after.append({name: node.grad for node, name in names.items()})
assert a.grad == 2 * c.data * (b.data + 1) == 16.0, "by the chain rule: 2c · (b + 1)"
assert b.grad == 2 * c.data * a.data == -16.0, "by the chain rule: 2c · a"

# %% [markdown]
# The public doors: `backward_steps` hands the steps on, `backward` lets them pass. The last line makes them methods of
# `Value`, from here, since `value.py` knows nothing of backpropagation.

# %%
file.read()
assert file.is_read
e.backward()
assert (a.grad, c.grad) == (32.0, -8.0), "leaves accumulate, what was computed starts anew"
print(f"\nA second backward(): a.grad {a.grad:g}, which is twice 16; c.grad {c.grad:g}, as before.")

# %% [markdown]
# The picture shows the `grad` of each node after each step: a row is a moment. The 1 of the root wanders to the leaves,
# and a gets two shares, first as a summand and then as a factor.

# %%
figure, axis = plt.subplots(figsize=(6.4, 2.9))
shown = ["e", "c", "a·b", "b", "a"]
grid = np.array([[0.0] * 5] + [[row[name] for name in shown] for row in after[1:]])
grid[0, 0] = 1.0  # the seed, before the first step
axis.imshow(np.where(grid == 0.0, np.nan, grid), cmap="PuOr", vmin=-40, vmax=40, aspect="auto")
for (row, column), number in np.ndenumerate(grid):
    axis.text(column, row, f"{number:g}", ha="center", va="center", fontsize=12)
axis.set(title="grad of each node while e.backward() runs", xticks=range(5), yticks=range(len(grid)))
axis.set(xticklabels=shown, yticklabels=["seed", *(f"after step {k}" for k in range(1, len(grid)))])
axis.spines[:].set_visible(False)
axis.tick_params(length=0)
demo.save(figure, "18_sweep.png")
c.label, e.label = "c", "e"
a.grad = b.grad = 0.0
e.backward()
demo.draw(e, "18_graph.svg")

# %% [markdown]
# ## Exercises
# 1. Replace `before + amount` by `amount` in `sweep`, in your mind. Which of a.grad and b.grad is wrong then, and how
#    large is it? why_topological_order.py shows such a pass.
# 2. How long does `to_visit` become for a chain of a million operations? And for a sum of a million leaves?
# 3. In code: a topological order. Fill in `demos/exercises/18_reading_the_engine.py`; `tinygrad-edu exercise 18` says
#    what is wrong with it.

# %%
demo.done("set a breakpoint on the line marked `# the chain rule` and run any other chapter; then read ops.py")

"""What backward means, against a model that knows only the definition: the sum over all paths of their products.

The machine builds graphs with shared parts, calls `backward` on whatever it likes as often as it likes, resets
gradients, changes data between passes and computes under `no_grad`, whose results refuse `backward`; after every step
the gradients must be those of the model, which keeps its own formulas and follows every path from the root to a leaf
one by one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tinygrad_edu import Value, no_grad

#: The operations of the model: the number, and the slope by each operand.
MODEL = {
    "+": lambda a, b: (a + b, (1.0, 1.0)),
    "-": lambda a, b: (a - b, (1.0, -1.0)),
    "*": lambda a, b: (a * b, (b, a)),
    "tanh": lambda a: (math.tanh(a), (1.0 - math.tanh(a) ** 2,)),
    "sin": lambda a: (math.sin(a), (math.cos(a),)),
}
OURS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "tanh": lambda a: a.tanh(),
    "sin": lambda a: a.sin(),
}
MAX_PATHS = 3000


@dataclass(eq=False)
class Modelled:
    """A number of the model: how it was made, at the slopes of that moment, and what its gradient should be."""

    data: float
    operands: tuple[Modelled, ...] = ()
    slopes: tuple[float, ...] = ()
    grad: float = 0.0
    unrecorded: bool = False  # computed under `no_grad`
    paths: int = field(init=False)

    def __post_init__(self):
        self.paths = 1 + sum(operand.paths for operand in self.operands)

    def every_path(self):
        """Each way from here down to any number, with the product of the slopes along it."""
        stack = [(self, 1.0)]
        while stack:
            node, product = stack.pop()
            yield node, product
            stack += [(operand, product * slope) for operand, slope in zip(node.operands, node.slopes, strict=True)]

    def backward(self):
        sums = {}
        for node, product in self.every_path():
            sums[node] = sums.get(node, 0.0) + product
        for node, total in sums.items():
            node.grad = total if node.operands else node.grad + total


class BackwardMachine(RuleBasedStateMachine):
    """Random histories of building, differentiating, resetting and changing."""

    @initialize(numbers=st.lists(st.floats(-2.0, 2.0), min_size=2, max_size=4))
    def make_leaves(self, numbers):
        self.ours = [Value(number) for number in numbers]
        self.model = [Modelled(number) for number in numbers]

    def _pick(self, index):
        index %= len(self.ours)
        return self.ours[index], self.model[index]

    def _keep(self, ours, modeled):
        if modeled.paths <= MAX_PATHS:
            self.ours.append(ours)
            self.model.append(modeled)

    @rule(operation=st.sampled_from(sorted(MODEL)), i=st.integers(0, 99), j=st.integers(0, 99))
    def compute(self, operation, i, j):
        count = MODEL[operation].__code__.co_argcount
        pairs = [self._pick(index) for index in (i, j)[:count]]
        data, slopes = MODEL[operation](*[modeled.data for _, modeled in pairs])
        self._keep(OURS[operation](*[ours for ours, _ in pairs]), Modelled(data, tuple(m for _, m in pairs), slopes))

    @rule(operation=st.sampled_from(sorted(MODEL)), i=st.integers(0, 99), j=st.integers(0, 99))
    def compute_without_recording(self, operation, i, j):
        count = MODEL[operation].__code__.co_argcount
        pairs = [self._pick(index) for index in (i, j)[:count]]
        with no_grad():
            ours = OURS[operation](*[ours for ours, _ in pairs])
        data, _ = MODEL[operation](*[modeled.data for _, modeled in pairs])
        self._keep(ours, Modelled(data, unrecorded=True))

    @rule(i=st.integers(0, 99))
    def detach(self, i):
        ours, modeled = self._pick(i)
        self._keep(ours.detach(), Modelled(modeled.data))

    @rule(i=st.integers(0, 99), times=st.integers(1, 3), in_steps=st.booleans())
    def run_backward(self, i, times, in_steps):
        ours, modeled = self._pick(-i - 1)
        sweep = (lambda: list(ours.backward_steps())) if in_steps else ours.backward
        if modeled.unrecorded:
            with pytest.raises(RuntimeError, match="computed under no_grad"):
                sweep()
            return
        for _ in range(times):
            sweep()
            modeled.backward()

    @rule(i=st.integers(0, 99))
    def reset(self, i):
        ours, modeled = self._pick(i)
        ours.grad = modeled.grad = 0.0

    @rule(i=st.integers(0, 99), number=st.floats(-2.0, 2.0))
    def change_data(self, i, number):
        ours, modeled = self._pick(i)
        if not modeled.operands:
            ours.data = modeled.data = number

    @invariant()
    def gradients_are_the_models(self):
        for ours, modeled in zip(getattr(self, "ours", []), getattr(self, "model", []), strict=True):
            assert ours.data == pytest.approx(modeled.data, rel=1e-12, abs=1e-12)
            assert ours.grad == pytest.approx(modeled.grad, rel=1e-9, abs=1e-9)


TestBackwardMachine = BackwardMachine.TestCase
TestBackwardMachine.settings = settings(max_examples=settings.default.max_examples, stateful_step_count=30)


def test_the_model_is_not_ours_under_another_name():
    """Worked by hand: e = (a + b)², at a = 2 and b = 3, twice."""
    a, b = Modelled(2.0), Modelled(3.0)
    c = Modelled(5.0, (a, b), (1.0, 1.0))
    e = Modelled(25.0, (c, c), (5.0, 5.0))
    e.backward()
    e.backward()
    assert (a.grad, b.grad, c.grad, e.grad) == (20.0, 20.0, 10.0, 1.0)

"""The leanest scalar engine to measure ours against, in the style of Karpathy's microgpt: `engine.py` does so.

Four slots, six operations, every other operator made of those; no labels, no checks, no modes. Its `backward` is
recursive, so that a long chain needs `backward_in_a_loop`.
"""

from __future__ import annotations

import math


class Value:
    """A number, its gradient, what it was made of, and the derivative by each of those."""

    __slots__ = ("children", "data", "grad", "local_gradients")

    def __init__(self, data, children=(), local_gradients=()):
        self.data = data
        self.grad = 0.0
        self.children = children
        self.local_gradients = local_gradients

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, number):
        return Value(self.data**number, (self,), (number * self.data ** (number - 1),))

    def exp(self):
        result = math.exp(self.data)
        return Value(result, (self,), (result,))

    def log(self):
        return Value(math.log(self.data), (self,), (1 / self.data,))

    def relu(self):
        return Value(max(0.0, self.data), (self,), (float(self.data > 0),))

    def __neg__(self):
        return self * -1

    def __radd__(self, other):
        return self + other

    def __sub__(self, other):
        return self + (-other)

    def __rsub__(self, other):
        return other + (-self)

    def __rmul__(self, other):
        return self * other

    def __truediv__(self, other):
        return self * other**-1

    def __rtruediv__(self, other):
        return other * self**-1

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for child in node.children:
                    visit(child)
                order.append(node)

        visit(self)
        hand_on(self, order)


def hand_on(root, order):
    """The reverse sweep: the last in the order first, each node hands its gradient on to its children."""
    root.grad = 1.0
    for node in reversed(order):
        for child, local in zip(node.children, node.local_gradients):  # noqa: B905 - as lean as can be
            child.grad += local * node.grad


def backward_in_a_loop(root):
    """`root.backward()` without recursion. A None on the stack says that the children of the node below are done."""
    order, seen, stack = [], set(), [root]
    while stack:
        node = stack.pop()
        if node is None:
            order.append(stack.pop())
        elif node not in seen:
            seen.add(node)
            stack += (node, None)
            stack += node.children
    hand_on(root, order)

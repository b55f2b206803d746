"""Exercise 6: the backward pass.

`nodes` are the operations of a graph, outputs first; the gradient of the first is 1 already. Each node knows

    node.grad                  what has arrived at it: the derivative of the output by this node
    node.inputs                the Values that it was computed from
    node.local_derivatives     ∂node/∂input, one for each of them, in the same order

Hand the gradient of each node on to its inputs, by changing their `grad`. Nothing is to be returned. All gradients
but the first are 0 when you are called. An input may be used twice, by one node or by several.

Check:  tinygrad-edu exercise 6        A hint:  tinygrad-edu exercise 6 --hint 1
"""

from tinygrad_edu import Value


def hand_back(nodes: list[Value]) -> None:
    """Run the reverse sweep over the nodes, outputs first."""
    raise NotImplementedError  # your lines go here

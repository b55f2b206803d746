"""Exercise 18: a topological order.

Return every Value that `root` was made of, and `root` itself, each once, in such an order that inputs come before what
is made of them. `node.inputs` are the Values that a node was computed from. The graph may be a chain of ten thousand
operations, and Python allows a function to call itself about a thousand times.

Check:  tinygrad-edu exercise 18        A hint:  tinygrad-edu exercise 18 --hint 1
"""

from tinygrad_edu import Value


def topological_order(root: Value) -> list[Value]:
    """All nodes of the graph, inputs first and the root last."""
    raise NotImplementedError  # your lines go here

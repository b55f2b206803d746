"""A solution of exercise 18."""

from tinygrad_edu import Value


def topological_order(root: Value) -> list[Value]:
    """All nodes of the graph, inputs first and the root last."""
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack += [(value, False) for value in node.inputs]
    return order

"""Exercise 1: Rosenblatt's rule.

A perceptron answers 1 if w·x + b > 0, and else 0. Whenever its answer is wrong, its weights move by the error,
target - answer, times the inputs, and its bias by the error times 1. Return the new weights and the new bias; they are
the old ones where the answer was right.

Check:  tinygrad-edu exercise 1        A hint:  tinygrad-edu exercise 1 --hint 1
"""


def updated(weights: list[float], bias: float, inputs: list[float], target: int) -> tuple[list[float], float]:
    """The weights and the bias of a perceptron after it has seen one example."""
    raise NotImplementedError  # your lines go here

"""Exercise 9: precision and recall.

A network gives each case a probability, and those above the threshold are called. The precision is the share of the
called cases that are positive (target 1); the recall is the share of the positive cases that were called. Where there
is nothing to take a share of, let it be 0.0. Return both.

Check:  tinygrad-edu exercise 9        A hint:  tinygrad-edu exercise 9 --hint 1
"""


def precision_and_recall(targets: list[int], probabilities: list[float], threshold: float) -> tuple[float, float]:
    """How far a call can be believed, and how many of the positives are found."""
    raise NotImplementedError  # your lines go here

"""Exercise 11: folds.

Cut the numbers 0, 1, ..., n - 1 into k parts, as equal as can be: their sizes differ by at most 1. Return a list of k
pairs (training, test) of lists: each part is the test of one fold, and everything else is what that fold trains on.

Check:  tinygrad-edu exercise 11        A hint:  tinygrad-edu exercise 11 --hint 1
"""


def folds(n: int, k: int) -> list[tuple[list[int], list[int]]]:
    """The k folds of n examples, each a pair of (training, test)."""
    raise NotImplementedError  # your lines go here

"""A solution of exercise 11."""


def folds(n: int, k: int) -> list[tuple[list[int], list[int]]]:
    """The k folds of n examples, each a pair of (training, test)."""
    pairs = []
    for part in range(k):
        test = [i for i in range(n) if i % k == part]
        pairs.append(([i for i in range(n) if i % k != part], test))
    return pairs

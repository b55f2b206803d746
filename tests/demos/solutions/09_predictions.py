"""A solution of exercise 9."""


def precision_and_recall(targets: list[int], probabilities: list[float], threshold: float) -> tuple[float, float]:
    """How far a call can be believed, and how many of the positives are found."""
    called = [t for t, p in zip(targets, probabilities, strict=True) if p > threshold]
    found, positives = sum(called), sum(targets)
    return (found / len(called) if called else 0.0, found / positives if positives else 0.0)

"""A solution of exercise 1."""


def updated(weights: list[float], bias: float, inputs: list[float], target: int) -> tuple[list[float], float]:
    """The weights and the bias of a perceptron after it has seen one example."""
    total = bias
    for weight, x in zip(weights, inputs, strict=True):
        total += weight * x
    answer = 1 if total > 0 else 0
    error = target - answer
    return [weight + error * x for weight, x in zip(weights, inputs, strict=True)], bias + error

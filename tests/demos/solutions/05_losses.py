"""A solution of exercise 5."""

import math


def gradient_by_logits(logits: list[float], target: int) -> list[float]:
    """The derivative of -log softmax(logits)[target] by each logit."""
    top = max(logits)
    exponentials = [math.exp(z - top) for z in logits]
    total = sum(exponentials)
    return [e / total - (k == target) for k, e in enumerate(exponentials)]

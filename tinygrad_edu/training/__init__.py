"""Training: what changes the parameters of a network so that its loss falls."""

from tinygrad_edu.training.optimisers import SGD

__all__ = ["SGD"]

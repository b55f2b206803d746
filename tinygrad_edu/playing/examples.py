"""Formulas to start from: what each shows, and numbers for its names.

May import: nothing.
"""

from __future__ import annotations

__all__ = ["EXAMPLES"]

#: By what the menu calls them; the first is there when nothing is asked for.
EXAMPLES: dict[str, tuple[str, dict[str, float]]] = {
    "a neuron": ("tanh(w*x + b)", {"w": 1.0, "x": 2.0, "b": -0.5}),
    "a name used twice": ("(a*b + c) * a", {"a": 2.0, "b": -3.0, "c": 10.0}),
    "a squared error": ("(w*x + b - y)**2", {"w": 0.5, "x": 3.0, "b": 0.0, "y": 2.0}),
    "two neurons in a row": ("tanh(v * tanh(w*x))", {"v": -1.5, "w": 0.5, "x": 2.0}),
    "a neuron that learns little": ("sigmoid(w*x + b)", {"w": 4.0, "x": 3.0, "b": -2.0}),
    "a relu that is off": ("relu(w*x + b)**2", {"w": -1.0, "x": 2.0, "b": 0.5}),
    "the cross entropy of two logits": ("logsumexp(z1, z2) - z1", {"z1": 0.5, "z2": 1.5}),
    "one neuron's cross entropy": ("softplus(-y * (w*x + b))", {"y": 1.0, "w": -0.5, "x": 2.0, "b": 0.1}),
    "XOR by hand": (
        "relu(x1 + x2) - 2*relu(x1 + x2 - 1)",
        {"x1": 1.0, "x2": 0.25},
    ),
    "a distance": ("sqrt((x1 - x2)**2 + (y1 - y2)**2)", {"x1": 1.0, "x2": 4.0, "y1": -1.0, "y2": 3.0}),
    "a bell curve": ("exp(-(x - m)**2 / (2*s**2))", {"x": 1.0, "m": 0.5, "s": 0.8}),
}

"""Step through backprop: the time-travel stepper, and gradients explained.

May import: everything above `__main__`.
"""

from tinygrad_edu.debug.explain import Explanation, Path, explain
from tinygrad_edu.debug.expression import parse_expression
from tinygrad_edu.debug.shell import StepperShell, debug
from tinygrad_edu.debug.stepper import NON_FINITE, Breakpoint, ForwardStep, NodeState, State, Stepper

__all__ = [
    "NON_FINITE",
    "Breakpoint",
    "Explanation",
    "ForwardStep",
    "NodeState",
    "Path",
    "State",
    "Stepper",
    "StepperShell",
    "debug",
    "explain",
    "parse_expression",
]

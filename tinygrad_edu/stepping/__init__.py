"""Step through backprop: the time-travel stepper, and gradients explained.

May import: the modules of this folder.
"""

from tinygrad_edu.stepping.cells import Page, page
from tinygrad_edu.stepping.explanation import Explanation, Path, explain
from tinygrad_edu.stepping.expression import ExpressionError, parse_expression
from tinygrad_edu.stepping.pages import save_page
from tinygrad_edu.stepping.shell import StepperShell, debug
from tinygrad_edu.stepping.stepper import NON_FINITE, Breakpoint, ForwardStep, NodeStage, NodeView, Stepper

__all__ = [
    "NON_FINITE",
    "Breakpoint",
    "Explanation",
    "ExpressionError",
    "ForwardStep",
    "NodeStage",
    "NodeView",
    "Page",
    "Path",
    "Stepper",
    "StepperShell",
    "debug",
    "explain",
    "page",
    "parse_expression",
    "save_page",
]

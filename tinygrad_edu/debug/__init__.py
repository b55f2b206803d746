"""Step through backprop: the time-travel stepper.

May import: everything above `__main__`.
"""

from tinygrad_edu.debug.page import save_page
from tinygrad_edu.debug.stepper import NON_FINITE, Breakpoint, ForwardStep, NodeState, State, Stepper

__all__ = ["NON_FINITE", "Breakpoint", "ForwardStep", "NodeState", "State", "Stepper", "save_page"]

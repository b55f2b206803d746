"""The number systems that rules run on: floats, symbols, `Value`s and arrays.

A rule such as `lambda m, y, a: 1.0 / m.cosh(y)` uses Python's operators and the functions of `m`. What a system does
not define itself it takes from the rule book by name, so a rule may use any operation; `primitives` says what else.
Each `m` is in the module of its name: `from tinygrad_edu.number_systems.floats import floats`.
"""

from tinygrad_edu.number_systems.arrays import Arrays
from tinygrad_edu.number_systems.primitives import OPERATORS, PRIMITIVES, TRUTH
from tinygrad_edu.number_systems.printing import formula, local_formulas, mathematics
from tinygrad_edu.number_systems.symbols import Symbol

__all__ = ["OPERATORS", "PRIMITIVES", "TRUTH", "Arrays", "Symbol", "formula", "local_formulas", "mathematics"]

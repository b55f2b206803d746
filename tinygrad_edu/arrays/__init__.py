"""NumPy arrays of `Value`s: code written for NumPy computes on them, and derivatives flow back through it.

value_array     `array` and `ValueArray`: what an array of Values is
dispatch        how NumPy's functions find what they mean here
elementwise     functions of each element: every one is an operation of the rule book
reductions      sums, means, extremes and what is made of them
products        products of matrices and the like, as `dot` nodes
moving          functions that move elements to other places, and those that look at numbers
choosing        where, clip, sort and others that choose elements
linear_algebra  norms, and by elimination determinants, inverses and solutions
showing         an array as text, and in a notebook
"""

from tinygrad_edu.arrays import choosing, linear_algebra, moving, products, reductions  # each declares its functions
from tinygrad_edu.arrays.value_array import ValueArray, array, flat, function_of_value, ufunc_of_value

__all__ = ["ValueArray", "array", "flat"]

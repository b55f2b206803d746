"""NumPy arrays of `Value`s: code written for NumPy computes on them, and derivatives flow back through it.

value_array     `array` and `ValueArray`: what an array of Values is
dispatch        how NumPy's functions find what they mean here
elementwise     functions of each element: every one is an operation of the rule book
reductions      sums, means, extremes and what is made of them
products        products of matrices and the like, as `dot` nodes
moving          functions that move elements to other places, and those that look at numbers
choosing        where, clip, sort and others that choose elements
linear_algebra  norms, and by elimination determinants, inverses and solutions
numbers         what `.data` and `.grad` give
showing         an array as text
"""

# Each of these declares what functions of NumPy mean.
from tinygrad_edu.arrays import choosing as choosing
from tinygrad_edu.arrays import linear_algebra as linear_algebra
from tinygrad_edu.arrays import moving as moving
from tinygrad_edu.arrays import products as products
from tinygrad_edu.arrays import reductions as reductions
from tinygrad_edu.arrays.value_array import ValueArray, array, flat
from tinygrad_edu.arrays.value_array import function_of_value as function_of_value
from tinygrad_edu.arrays.value_array import ufunc_of_value as ufunc_of_value

__all__ = ["ValueArray", "array", "flat"]

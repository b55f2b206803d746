"""Exercise 16: derivatives for an operation of your own.

squareplus(a, b) = (a + √(a² + b)) / 2 is a smooth rectifier (Barron, 2021); b says how smooth. It is declared by its
forward rule. Write its two derivatives, by a and by b: they get the number system `m`, the output `y` and the inputs,
and may use m.sqrt. y is not needed, but it is there.

Check:  tinygrad-edu exercise 16        A hint:  tinygrad-edu exercise 16 --hint 1
"""

from typing import Any


def squareplus(m: Any, a: Any, b: Any) -> Any:
    """The forward rule; leave it as it is."""
    return (a + m.sqrt(a * a + b)) / 2.0


def by_a(m: Any, y: Any, a: Any, b: Any) -> Any:
    """The derivative of squareplus by a."""
    raise NotImplementedError  # your lines go here


def by_b(m: Any, y: Any, a: Any, b: Any) -> Any:
    """The derivative of squareplus by b."""
    raise NotImplementedError  # your lines go here

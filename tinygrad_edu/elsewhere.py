"""What other engines call something that a `Value` has: told, so that nobody has to guess.

May import: the standard library only.
"""

from __future__ import annotations

from typing import Any, NoReturn

__all__ = ["ELSEWHERE", "CalledElsewhere"]

#: What other engines call something that a `Value` has, and what it is called here.
ELSEWHERE = {
    "_prev": "what it was made of is `inputs`",
    "_children": "what it was made of is `inputs`",
    "children": "what it was made of is `inputs`",
    "parents": "what it was made of is `inputs`",
    "creator": "the operation that made it is `op`, what it was made of is `inputs`",
    "grad_fn": "the operation that made it is `op`, what it was made of is `inputs`",
    "_op": "the operation that made it is `op`, and its name `op.name`",
    "_local_grads": "the derivatives by its inputs are `local_derivatives`",
    "_backward": "the derivatives by its inputs are `local_derivatives`, and `backward_steps()` shows the sweep",
    "gradient": "its gradient is `grad`",
    "item": "its number is `data`",
    "value": "its number is `data`",
    "val": "its number is `data`",
    "numpy": "its number is `data`",
    "tolist": "its number is `data`",
    "name": "its name is `label`",
    "zero_grad": "`v.grad = 0.0` clears one gradient, and `module.zero_grad()` those of all parameters",
    "zero_": "`v.data = 0.0` sets its number, and `v.grad = 0.0` its gradient",
    "requires_grad": "every Value has a gradient; `no_grad()` computes without remembering, `v.detach()` gives a leaf",
    "requires_grad_": "every Value has a gradient; `no_grad()` computes without remembering, `v.detach()` gives a leaf",
    "retain_grad": "every Value keeps its gradient",
    "is_leaf": "a leaf is a Value whose `op` is None",
    "clone": "`v.detach()` gives a leaf with the same number, `+v` is the Value itself",
    "pow": "a power is `v ** exponent`",
    "mul": "a product is `v * w`",
    "add": "a sum is `v + w`",
    "sub": "a difference is `v - w`",
    "div": "a quotient is `v / w`",
    "neg": "its negative is `-v`",
    "abs": "its absolute value is `abs(v)`",
    "leakyrelu": "the activation is `leaky_relu(negative_slope=0.01)`",
    "asin": "the inverse functions are `arcsin`, `arccos`, `arctan`, as in NumPy",
    "acos": "the inverse functions are `arcsin`, `arccos`, `arctan`, as in NumPy",
    "atan": "the inverse functions are `arcsin`, `arccos`, `arctan`, as in NumPy",
    "logsigmoid": "the activation is `log_sigmoid`",
    "clamp": "it is `clip(low, high)`, as in NumPy",
}


class CalledElsewhere:
    """In the place of a name that other engines use: an AttributeError that says what it is called here.

    >>> from tinygrad_edu import Value
    >>> Value(1.0).item()
    Traceback (most recent call last):
        ...
    AttributeError: a Value has no attribute 'item': its number is `data`
    """

    def __init__(self, name: str, cure: str) -> None:
        self.name = name
        self.cure = cure

    def __get__(self, value: Any, owner: Any = None) -> NoReturn:
        raise AttributeError(f"a Value has no attribute {self.name!r}: {self.cure}", name=self.name, obj=value)

    def __set__(self, value: Any, assigned: Any) -> NoReturn:
        self.__get__(value)

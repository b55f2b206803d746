"""Machine code: modules of LLVM, compiled by llvmlite and called through ctypes.

May import: `number_systems`; `assembly` of this folder; llvmlite inside functions.
"""

from __future__ import annotations

import ctypes
import math
import sys
import time
from collections.abc import Callable
from functools import cache
from typing import Any

from tinygrad_edu.number_systems.floats import FLOAT_FUNCTIONS
from tinygrad_edu.replay.assembly import CALLED_BACK, c_functions

__all__ = ["MachineCode", "check_installed", "raised"]

_OF_NUMBERS = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.POINTER(ctypes.c_double), ctypes.c_long)


def check_installed() -> None:
    """Raises ImportError, with what to do, where there is no llvmlite."""
    try:
        import llvmlite.binding  # noqa: F401 - whether it is there
    except ImportError as error:
        raise ImportError(
            'record(..., native=True) needs llvmlite, the compiler that Numba has; pip install "tinygrad_edu[native]"'
        ) from error


class MachineCode:
    """A module, given as text, compiled: a `function` of the address of its fields, and how many `seconds` that took.

    What Python raises when it is called back stands in `raised` then.
    """

    def __init__(self, text: str) -> None:
        import llvmlite.binding as llvm

        began = time.perf_counter()
        self._symbols = _symbols()
        parsed = llvm.parse_assembly(text)
        parsed.verify()
        machine = llvm.Target.from_default_triple().create_target_machine(
            cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=2, jit=True
        )
        self._engine = llvm.create_mcjit_compiler(parsed, machine)
        self._engine.finalize_object()
        self.function = _KEEPS_THE_LOCK(self._engine.get_function_address("run"))
        self.seconds = time.perf_counter() - began


#: Python is called back, so its lock is kept.
_KEEPS_THE_LOCK = ctypes.PYFUNCTYPE(None, ctypes.c_void_p)
#: What was raised where nobody could catch it, such as a KeyboardInterrupt.
raised: list[BaseException] = []


@cache
def _symbols() -> list[Any]:
    """Make the functions that modules call known to LLVM; what is returned must live as long as these."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    library = ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None)
    functions: dict[str, Any] = {f"python_{name}": _asked(FLOAT_FUNCTIONS[name]) for name in CALLED_BACK}
    for name, c_name in c_functions().items():
        functions[f"rule_{name}"] = getattr(library, c_name)
    for name, function in functions.items():
        llvm.add_symbol(name, ctypes.cast(function, ctypes.c_void_p).value)
    return [library, *functions.values()]


def _asked(function: Callable[..., float]) -> Any:
    """A function of Python's, as one of C that is given the address of its numbers, and how many there are."""
    takes_two = function is FLOAT_FUNCTIONS["hypot"]

    def answer(address: Any, count: int) -> float:
        try:
            numbers = address[:count]
            return function(*numbers) if takes_two else function(numbers)
        except BaseException as error:  # it would be printed and forgotten
            raised.append(error)
            return math.nan

    return _OF_NUMBERS(answer)

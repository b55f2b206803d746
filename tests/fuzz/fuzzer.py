"""Throws hostile input at whatever reads outside data: `python tests/fuzz/fuzzer.py --count 1000000 --seed 0`.

    expressions   the command line's formulas: well-formed, slightly broken, and rubbish
    commands      the command line itself, with its NAME=NUMBER arguments
    weights       safetensors files with bits flipped, bytes cut out, headers rewritten
    checkpoints   the same, for the files that a run continues from

Only documented errors may come out, within a second, with the model unchanged; and a formula that is accepted must
have the value that NumPy gives it when Python's own parser reads it. Prints what it tried, and fails loudly.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import json
import math
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))
from oracles import IN_NUMPY

from tinygrad_edu import MLP, Value
from tinygrad_edu.__main__ import main as run_command
from tinygrad_edu.stepping.calls import callable_operations
from tinygrad_edu.stepping.expression import parse_expression
from tinygrad_edu.training.checkpoints import read_checkpoint, write_checkpoint
from tinygrad_edu.training.saving import load, save

SLOWEST_ALLOWED = 1.0  # seconds
NAMES = {"x": 0.7, "w": -1.3, "größe": 2.0, "ｘ1": 0.5, "b_2": 0.0}

HOSTILE = [
    "9**9**9**9", "9**-9**9", "(" * 10_000 + "x" + ")" * 10_000, "-" * 10_000 + "x", "x" + "**x" * 3_000,
    "x+" * 4_999 + "x", "1" * 9_999, "1e" + "9" * 9_000, "0." + "0" * 9_000 + "1", "x" * 9_999, "tanh(" * 2_000,
    "__import__('os').system('true')", "().__class__.__bases__[0]", "lambda: 0", "x.__class__", "exec('1')", "f'{x}'",
    "x if w else b", "[x for x in w]", "x := 1", "x\x00", "\ud800", "🦆(x)", "x＋w", "ｔａｎｈ(x)", "ﬁ", "℘", "x²", "٣",
    "\u202ex", "x\n+\nw", "\t x \r\n", "1_000", "0x10", "1e999", "inf", "nan", "x/0", "log(0)", "power_by(x, x)",
    "clip(x, 2, 1)", "leaky_relu(x, 0.1, 0.2)", "fsum()", "fsum(" + "x," * 4_000 + "x)", "where(x)", "tanh()", "max(x)",
    "", " ", "()", "1 2", "x y", "2x", "x(2)", "x**", "*x", "x**-2", "--x", "+x", "1.", ".5", ".", "1..2", "1e", "1e+",
]  # fmt: skip


def formulas(source: random.Random) -> Iterator[str]:
    """Hostile examples first, then thirds: well-formed, a few characters away from it, and rubbish."""
    yield from HOSTILE
    while True:
        kind = source.random()
        if kind < 0.4:
            yield well_formed(source, source.randint(0, 5))
        elif kind < 0.85:
            yield broken(source, well_formed(source, source.randint(0, 5)))
        else:
            yield rubbish(source)


def well_formed(source: random.Random, depth: int) -> str:
    if depth == 0 or source.random() < 0.15:
        return source.choice([*NAMES, f"{source.uniform(0, 9):.3g}", "1e-3", "2", ".5"])
    kind = source.random()
    if kind < 0.5:
        operator = source.choice(["+", "-", "*", "/", "**"])
        return f"{well_formed(source, depth - 1)} {operator} {well_formed(source, depth - 1)}"
    if kind < 0.65:
        return f"({well_formed(source, depth - 1)})"
    if kind < 0.75:
        return f"-{well_formed(source, depth - 1)}"
    name = source.choice(list(callable_operations()))
    count = source.choice([1, 1, 2, 3])
    return f"{name}({', '.join(well_formed(source, depth - 1) for _ in range(count))})"


def broken(source: random.Random, text: str) -> str:
    characters = list(text)
    for _ in range(source.randint(1, 3)):
        place = source.randint(0, len(characters))
        action = source.randint(0, 2)
        if action == 0:
            characters.insert(place, source.choice("()+-*/,.eExw_0123456789 \t\n#'\"[]{}:;=<>!@$%^&|~`\\ᾳß٣²𝟚\u200b"))
        elif characters:
            place %= len(characters)
            if action == 1:
                del characters[place]
            else:
                other = source.randrange(len(characters))
                characters[place], characters[other] = characters[other], characters[place]
    return "".join(characters)


def rubbish(source: random.Random) -> str:
    length = source.randint(0, 40)
    if source.random() < 0.5:
        return "".join(source.choice("()+-*/,.x w1eE ") for _ in range(length))
    return "".join(chr(source.randrange(0x110000)) for _ in range(length))


def evaluated(tree: ast.AST) -> Any:
    """The number that Python's grammar and NumPy's float64 give to a formula."""
    if isinstance(tree, ast.Expression):
        return evaluated(tree.body)
    if isinstance(tree, ast.Constant):
        return np.float64(tree.value)
    if isinstance(tree, ast.Name):
        return np.float64({**NAMES, "x1": 0.5}[tree.id])
    if isinstance(tree, ast.UnaryOp):
        return -evaluated(tree.operand) if isinstance(tree.op, ast.USub) else evaluated(tree.operand)
    if isinstance(tree, ast.BinOp):
        function = {
            ast.Add: np.add,
            ast.Sub: np.subtract,
            ast.Mult: np.multiply,
            ast.Div: np.divide,
            ast.Pow: np.power,
            ast.FloorDiv: np.floor_divide,
            ast.Mod: np.remainder,
        }
        return function[type(tree.op)](evaluated(tree.left), evaluated(tree.right))
    assert isinstance(tree, ast.Call)
    assert isinstance(tree.func, ast.Name)
    name = "absolute" if tree.func.id == "abs" else tree.func.id
    arguments = [evaluated(argument) for argument in tree.args]
    return IN_NUMPY[name](*arguments, *([0.01] if name == "leaky_relu" and len(arguments) == 1 else []))


def check_formula(text: str) -> str:
    """Parse it; "accepted" or "refused", or an error that should not be."""
    try:
        value = parse_expression(text, NAMES)
    except ValueError as error:
        return "refused" if "\n" not in str(error) else "refused in more than one line"
    assert isinstance(value, Value)
    if len(text) < 300:
        with np.errstate(all="ignore"):
            expected = float(evaluated(ast.parse(as_python(text), mode="eval")))
        assert agree(value.data, expected), f"{value.data!r} is not NumPy's {expected!r}"
    return "accepted"


def as_python(text: str) -> str:
    """The formula on one line, and without the zeros in front of a number that Python does not want."""
    return re.sub(r"(?<![\w.])0+(?=\d)", "", " ".join(text.split()))


def agree(ours: float, numpys: float) -> bool:
    """Equal up to rounding that a formula may amplify; where NumPy's pow takes exponent ½ for a root, either."""
    if math.isnan(ours) or math.isnan(numpys) or math.isinf(ours) or math.isinf(numpys):
        return True  # which of several infinities meets which nan hangs on the last digit
    return abs(ours - numpys) <= 1e-6 * max(1.0, abs(ours), abs(numpys)) or max(abs(ours), abs(numpys)) > 1e6


def commands(source: random.Random) -> Iterator[list[str]]:
    """A formula, and NAME=NUMBER arguments or what looks like them."""
    while True:
        formula = well_formed(source, 2)
        names = [name for name in NAMES if name in formula]
        if source.random() < 0.5:
            names += source.sample(["x", "w", "", "1x", "x.y", "tanh", "-h"], source.randint(0, 2))
        given = [f"{name}={source.choice(['1', '-2.5', '1e999', 'nan', '0', '٣', ''])}" for name in names]
        yield [formula, *(broken(source, text) if source.random() < 0.2 else text for text in given)]


def altered(source: random.Random, content: bytes) -> bytes:
    """A file with some of its bytes changed, or its header rewritten."""
    changed = bytearray(content)
    kind = source.randint(0, 5)
    if kind == 0:
        return bytes(changed[: source.randrange(len(changed) + 1)])
    if kind == 1:
        changed[: source.randint(0, 16)] = source.randbytes(source.randint(0, 16))
    elif kind == 2:
        length = int.from_bytes(content[:8], "little")
        header = json.loads(content[8 : 8 + length])
        name = source.choice(list(header))
        if name != "__metadata__":
            key = source.choice(["dtype", "shape", "data_offsets", "extra"])
            header[name][key] = source.choice(
                ["F32", "I64", "BOOL", [3, 2], [6], [-1], [2**63], [0, 8], [0, 2**60], None]
            )
        else:
            header[name] = source.choice(
                [{}, {"format": "tinygrad_edu"}, {"model": "MLP()"}, {"state": "{"}, None, [1]]
            )
        text = json.dumps(header).encode()
        return len(text).to_bytes(8, "little") + text + content[8 + length :]
    else:
        for _ in range(source.randint(1, 6)):
            changed[source.randrange(len(changed))] = source.randrange(256)
    return bytes(changed)


class Files:
    """Weight files and checkpoints, altered; and the model that they must leave alone."""

    def __init__(self, folder: str) -> None:
        self.file = Path(folder) / "altered.safetensors"
        self.model = MLP(2, [3, 1], seed=0)
        save(self.model, self.file)
        self.weights = self.file.read_bytes()
        self.numbers = [parameter.data for parameter in self.model.parameters()]
        write_checkpoint(self.file, {"epoch": 3, "theta": np.arange(4.0), "losses": [1.0, None, "x"]})
        self.checkpoint = self.file.read_bytes()

    def check_weights(self, content: bytes) -> str:
        self.file.write_bytes(content)
        try:
            load(self.model, self.file)
        except ValueError:
            assert [parameter.data for parameter in self.model.parameters()] == self.numbers, "half loaded"
            return "refused"
        for parameter, number in zip(self.model.parameters(), self.numbers, strict=True):
            assert type(parameter.data) is float
            parameter.data = number
        return "accepted"

    def check_checkpoint(self, content: bytes) -> str:
        self.file.write_bytes(content)
        try:
            read_checkpoint(self.file)
        except ValueError:
            return "refused"
        return "accepted"


def check_command(arguments: list[str]) -> str:
    """`check FORMULA NAME=NUMBER`: exit code 0 or 1 for an answer, 2 for one line about what was wrong."""
    said, complained = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
        try:
            code: Any = run_command(["check", *arguments])
        except SystemExit as end:
            code = end.code
    assert code in (0, 1, 2), code
    assert "Traceback" not in complained.getvalue()
    return "accepted" if code < 2 else "refused"


def run(kind: str, inputs: Iterator[Any], check: Callable[[Any], str], count: int) -> list[str]:
    """Check so many inputs; print what became of them; the failures."""
    outcomes: Counter[str] = Counter()
    failures: list[str] = []
    slowest, started = 0.0, time.perf_counter()
    for _, item in zip(range(count), inputs, strict=False):
        start = time.process_time()
        try:
            outcomes[check(item)] += 1
        except Exception as error:  # whatever is not documented is what is looked for
            outcomes["failed"] += 1
            failures.append(f"{kind}: {item!r:.300}: {type(error).__name__}: {error!s:.300}")
        slowest = max(slowest, time.process_time() - start)
    if slowest > SLOWEST_ALLOWED:
        failures.append(f"{kind}: one input took {slowest:.1f} s")
    spent = time.perf_counter() - started
    print(
        f"{kind:<12} {outcomes.total():>9,} inputs in {spent:.0f} s, slowest {slowest * 1e3:.0f} ms: {dict(outcomes)}"
    )
    return failures


def fuzz(count: int, seed: int) -> list[str]:
    """Everything, `count` inputs in all; the failures."""
    source = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        files = Files(folder)
        weights = (altered(source, files.weights) for _ in iter(int, 1))
        checkpoints = (altered(source, files.checkpoint) for _ in iter(int, 1))
        return [
            *run("expressions", formulas(source), check_formula, count * 69 // 100),
            *run("commands", commands(source), check_command, count // 100),
            *run("weights", weights, files.check_weights, count // 5),
            *run("checkpoints", checkpoints, files.check_checkpoint, count // 10),
        ]


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000, help="inputs in all (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    failures = fuzz(arguments.count, arguments.seed)
    for failure in failures[:20]:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

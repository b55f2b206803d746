"""What is asked in chapters 11 to 15: folds, a convolution, back through time, an LSTM, attention.

May import: `exercise`, `learner` and `comparing` of this folder; `texts`, `nn`; NumPy.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.exercises.comparing import Function, Question
from tinygrad_edu.exercises.exercise import Exercise
from tinygrad_edu.exercises.learner import Learner, NotYet, shown
from tinygrad_edu.nn.attention import scaled_dot_product_attention
from tinygrad_edu.nn.recurrent import LSTMCell
from tinygrad_edu.texts import counted

__all__ = ["THIRD"]


def _k_fold(code: Learner) -> None:
    cases = [(10, 5), (10, 3), (7, 7), (178, 5)]
    for n, k in cases:
        call = shown("folds", n, k)
        pairs = _as_pairs(code.call("folds", n, k), call, k)
        tests = [i for _, test in pairs for i in test]
        complaints = (
            _about_tests(sorted(tests), n),
            _about_sizes([len(test) for _, test in pairs]),
            next(filter(None, (_about_training(*pair, n) for pair in pairs)), ""),
        )
        for complaint in filter(None, complaints):
            raise NotYet(f"{call}: {complaint}")
    code.passed.append(f"folds: {counted(len(cases), 'case')}")


def _as_pairs(result: Any, call: str, k: int) -> list[tuple[list[int], list[int]]]:
    try:
        pairs = [(list(map(int, training)), list(map(int, test))) for training, test in result]
    except (TypeError, ValueError):
        raise NotYet(
            f"{call} returns {result!r:.60}, where a list of pairs (training, test) of lists of numbers is asked for."
        ) from None
    if len(pairs) != k:
        raise NotYet(f"{call} returns {counted(len(pairs), 'pair')}, where {k} are asked for.")
    return pairs


def _about_tests(tests: list[int], n: int) -> str:
    """What is wrong with the numbers that are in any test."""
    twice = {i for i in tests if tests.count(i) > 1}
    if twice:
        return f"{min(twice)} is in the test of more than one fold; each example is tested exactly once."
    missing, strange = set(range(n)) - set(tests), set(tests) - set(range(n))
    if missing:
        return (
            f"{', '.join(map(str, sorted(missing)[:5]))} {'are' if len(missing) > 1 else 'is'} in no test; "
            "where k does not divide n, some parts are one larger."
        )
    return f"{min(strange)} is none of 0, ..., {n - 1}." if strange else ""


def _about_sizes(sizes: list[int]) -> str:
    return (
        f"the parts have the sizes {', '.join(map(str, sizes))}; they may differ by 1 at most."
        if max(sizes) - min(sizes) > 1
        else ""
    )


def _about_training(training: list[int], test: list[int], n: int) -> str:
    """What is wrong with what one fold trains on."""
    both = set(training) & set(test)
    if both:
        return f"{min(both)} is in the training and in the test of a fold: it would be tested on what it has learned."
    left_out = set(range(n)) - set(training) - set(test)
    if left_out:
        return f"{min(left_out)} is neither in the training nor in the test of a fold."
    return "a training has an example twice." if len(training) != len(set(training)) else ""


def _windows(image: Any, kernel: Any) -> Any:
    """The same with NumPy's windows."""
    image, kernel = np.array(image), np.array(kernel)
    return np.einsum("ijuv,uv->ij", np.lib.stride_tricks.sliding_window_view(image, kernel.shape), kernel)


def _turned(image: Any, kernel: Any) -> Any:
    return _windows(image, np.array(kernel)[::-1, ::-1])


def _padded(image: Any, kernel: Any) -> Any:
    """An answer as large as the image, with zeros beyond its border."""
    rows, columns = (size - 1 for size in np.shape(kernel))
    return _windows(np.pad(np.array(image), ((0, rows), (0, columns))), kernel)


def _cnn(code: Learner) -> None:
    generator = np.random.default_rng(1)
    shapes = [((3, 4), (2, 2)), ((4, 4), (3, 3)), ((5, 3), (2, 3)), ((2, 2), (2, 2)), ((3, 3), (1, 1))]
    cases = [tuple(generator.integers(-3, 4, size=shape).astype(float).tolist() for shape in pair) for pair in shapes]
    Question(
        "convolved",
        expected=_windows,
        says="NumPy's windows give",
        mistakes={
            "The kernel is turned over, as in the convolution of mathematics; here it is laid on as it is.": _turned,
            "The last row and the last column are missing: there are height - kernel height + 1 rows.": (
                lambda image, kernel: _windows(image, kernel)[:-1, :-1].tolist()
            ),
            "The window goes beyond the image; only places where it lies inside are asked for.": _padded,
            "The kernel is laid on with rows and columns exchanged.": lambda image, kernel: _windows(
                image, np.array(kernel).T
            ),
        },
    ).ask(code, cases)


def _last_state(w: float, inputs: list[float]) -> float:
    state = 0.0
    for x in inputs:
        state = math.tanh(w * state + x)
    return state


def _back(truncated: bool = False, slope: bool = True, by_input: bool = True) -> Function:
    """Back through time with mistakes: only the last step, no slope of tanh, no weight on the way back."""

    def gradient(w: float, inputs: list[float]) -> float:
        states = [0.0]
        for x in inputs:
            states.append(math.tanh(w * states[-1] + x))
        total, upstream = 0.0, 1.0
        for k in range(len(inputs), len(inputs) - 1 if truncated else 0, -1):
            upstream *= 1 - states[k] ** 2 if slope else 1.0
            total += upstream * states[k - 1]
            upstream *= w if by_input else 1.0
        return total

    return gradient


def _rnn(code: Learner) -> None:
    step = 1e-6
    Question(
        "gradient_by_weight",
        expected=lambda w, inputs: (_last_state(w + step, inputs) - _last_state(w - step, inputs)) / (2 * step),
        says="finite differences say",
        mistakes={
            "Only the last step has a share here; the weight is used at every step, and has one from each.": (
                _back(truncated=True)
            ),
            "The slope of tanh is missing: on the way back each step multiplies by 1 - h².": _back(slope=False),
            "From step to step the gradient is multiplied by w as well: h enters the sum as w·h.": (
                _back(by_input=False)
            ),
            "That is the last state itself.": _last_state,
        },
    ).ask(code, [(0.5, [1.0, -0.5, 0.25]), (-1.2, [0.3, 0.8]), (0.9, [0.2]), (2.0, [0.5, 0.5, 0.5, 0.5])])


def _lstm_by_library(forget: float, write: float, show: float, candidate: float, cell: float) -> tuple[float, float]:
    """The same by our LSTMCell, with these sums as biases of gates without weights."""
    gates = LSTMCell(1, 1, init="zeros")
    for layer, bias in (
        (gates.forget_gate, forget),
        (gates.input_gate, write),
        (gates.output_gate, show),
        (gates.candidate, candidate),
    ):
        layer.neurons[0].bias.data = bias
    hidden, kept = gates([0.0], ([0.0], [cell]))
    return hidden[0].data, kept[0].data


def _gate(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


def _lstm_with(
    forget: float, write: float, show: float, candidate: float, cell: float, *, squash: Any = math.tanh, out: Any = None
) -> tuple[float, float]:
    kept = _gate(forget) * cell + _gate(write) * squash(candidate)
    return _gate(show) * (out or math.tanh)(kept), kept


def _lstm(code: Learner) -> None:
    Question(
        "lstm_step",
        expected=_lstm_by_library,
        says="our LSTMCell has",
        parts=("the hidden state", "the cell"),
        mistakes={
            "The forget gate and the write gate are exchanged.": lambda f, w, s, g, c: _lstm_with(w, f, s, g, c),
            "The candidate goes through a sigmoid; it is a tanh, which may be below 0.": lambda *case: _lstm_with(
                *case, squash=_gate
            ),
            "The candidate has no activation; it is a tanh.": lambda *case: _lstm_with(*case, squash=float),
            "The hidden state takes the cell as it is; it takes its tanh.": lambda *case: _lstm_with(*case, out=float),
            "The hidden state is made of the old cell; it is made of the new one.": lambda f, w, s, g, c: (
                _gate(s) * math.tanh(c),
                _lstm_with(f, w, s, g, c)[1],
            ),
            "The two results are exchanged: first the hidden state, then the cell.": lambda *case: _lstm_with(*case)[
                ::-1
            ],
            "A gate that is open forgets nothing: the cell is multiplied by the forget gate, not by 1 minus it.": (
                lambda f, w, s, g, c: _lstm_with(-f, w, s, g, c)
            ),
        },
    ).ask(
        code,
        [
            (1.0, -0.5, 0.25, 2.0, 0.8),
            (-2.0, 1.5, 1.0, -0.7, 3.0),
            (0.0, 0.0, 0.0, 1.0, -1.0),
            (3.0, -3.0, 2.0, 0.4, 0.5),
        ],
    )


def _like_attention(power: float = 0.5, diagonal: int = 0, axis: int = 1, late: bool = False) -> Function:
    """Attention with mistakes: another scale or mask, softmax over columns, a mask after the softmax."""

    def attend(queries: Any, keys: Any, values: Any) -> Any:
        scores = queries @ keys.T / queries.shape[1] ** power
        seen = np.tri(len(queries), len(keys), k=diagonal)
        masked = scores if late else np.where(seen > 0, scores, -np.inf)
        weights = np.exp(masked - masked.max(axis=axis, keepdims=True))
        weights /= weights.sum(axis=axis, keepdims=True)
        return (weights * seen if late else weights) @ values

    return attend


def _transformer(code: Learner) -> None:
    generator = np.random.default_rng(2)
    sizes = [(3, 2, 2), (4, 4, 1), (1, 3, 2), (2, 1, 2)]
    cases = [
        tuple(np.round(generator.normal(size=shape), 2) for shape in ((n, d), (n, d), (n, m))) for n, d, m in sizes
    ]
    cases.append((np.full((2, 4), 40.0), np.eye(2, 4) * 40.0, np.array([[1.0], [2.0]])))
    Question(
        "attention",
        expected=lambda queries, keys, values: (
            scaled_dot_product_attention(queries, keys, values, is_causal=True)[0].data
        ),
        says="our scaled_dot_product_attention gives",
        mistakes={
            "It sees what comes after it; row i may look at the places 0 to i only.": _like_attention(diagonal=1000),
            "The scores are not divided by √d.": _like_attention(power=0.0),
            "The scores are divided by d; it is √d.": _like_attention(power=1.0),
            "The softmax runs over the queries; for each query, its weights on the keys have to sum to 1.": (
                _like_attention(axis=0)
            ),
            "The mask comes after the softmax, so that the weights of a row no longer sum to 1.": (
                _like_attention(late=True)
            ),
        },
        told=lambda name, queries, keys, values: (
            f"{name} of {counted(len(queries), 'place')} with queries of size {queries.shape[1]}"
        ),
    ).ask(code, cases)


THIRD = (
    Exercise(
        "11_k_fold",
        "folds",
        _k_fold,
        (
            "Choose the tests first: every number in exactly one of them. The training is what is left.",
            "If k does not divide n, the first n % k parts are one larger. Or deal the numbers out like cards.",
            "Dealt like cards, number i is in part i % k.",
        ),
    ),
    Exercise(
        "12_cnn",
        "sliding a window",
        _cnn,
        (
            "Four loops: over the places i and j of the answer, and over the rows u and columns v of the kernel.",
            "Under entry (u, v) of the kernel lies the pixel (i + u, j + v).",
            "There are len(image) - len(kernel) + 1 rows of places.",
        ),
    ),
    Exercise(
        "13_rnn",
        "back through time, by hand",
        _rnn,
        (
            "Keep all states in a list while you go forward. On the way back you need each, and the one before it.",
            "Going back through a step: first times the slope of tanh, 1 - h² of the state that came out.",
            "What is then at the sum w·h + x gives the weight its share, times h; and goes on to h, times w.",
        ),
    ),
    Exercise(
        "14_lstm",
        "one step of an LSTM",
        _lstm,
        (
            "First the new cell, then the hidden state from it.",
            "The new cell has two terms: what is kept of the old one, and what is written.",
            "Gates are sigmoids of their sums: between 0 and 1, like taps. Contents go through tanh.",
        ),
    ),
    Exercise(
        "15_transformer",
        "causal attention",
        _transformer,
        (
            "All scores at once are a matrix product; which of its axes belongs to the queries?",
            "A score of minus infinity becomes a weight of 0: np.where with np.tri, before the softmax.",
            "Subtract the largest score of each row before np.exp, and divide by the sum of each row.",
        ),
    ),
)

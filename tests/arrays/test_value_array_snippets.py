"""What NumPy code is made of: each on arrays of Values gives NumPy's numbers, and the slopes that differences give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from arrays.differences import check, check_recorded

from tinygrad_edu import RecordingError, Value, array, record

RNG = np.random.default_rng(0)
A, B, V, U, W = (RNG.normal(size=shape) for shape in ((3, 4), (4, 2), (4,), (4,), (6,)))
SQUARE = RNG.normal(size=(3, 3)) + 2.0 * np.eye(3)
POSITIVE = np.abs(A) + 0.2
window = np.lib.stride_tricks.sliding_window_view


def filled(a: Any) -> Any:
    out = np.zeros_like(a)
    for k in range(len(a)):
        out[k] = a[k] * a[k]
    return out


def in_place(a: Any) -> Any:
    b = a * 1.0
    b += 2.0
    b *= a
    b[1:] -= b[0]
    return b


def softmax_of_rows(a: Any) -> Any:
    raised = np.exp(a - np.max(a, axis=1, keepdims=True))
    return raised / np.sum(raised, axis=1, keepdims=True)


def piecewise(a: Any) -> Any:
    return np.piecewise(a, [a < 0, a >= 0], [lambda q: -q, lambda q: q * q])


#: Everything here can be recorded, too.
SMOOTH: dict[str, tuple[Any, ...]] = {
    "np.dot of matrices": (np.dot, A, B),
    "a @ b": (lambda a, b: a @ b, A, B),
    "a @ b of stacks": (lambda a, b: a @ b, RNG.normal(size=(2, 2, 4)), B),
    "a @ v": (lambda a, v: a @ v, A, V),
    "v @ a": (lambda v, a: v @ a, RNG.normal(size=3), A),
    "sum, keepdims": (lambda a: a.sum(axis=1, keepdims=True), A),
    "sum over two axes": (lambda a: a.sum(axis=(0, 2)), RNG.normal(size=(2, 3, 2))),
    "mean(axis=0)": (lambda a: a.mean(axis=0), A),
    "np.var": (np.var, V),
    "np.std": (np.std, V),
    "std, ddof=1, axis": (lambda a: np.std(a, axis=0, ddof=1), A),
    "average by weights": (lambda a: np.average(a, weights=[1.0, 2.0, 3.0, 4.0]), V),
    "average by weights, axis": (lambda a: np.average(a, axis=0, weights=[1.0, 2.0, 3.0]), A),
    "np.max": (np.max, V),
    "max(axis=1)": (lambda a: a.max(axis=1), A),
    "np.min": (np.min, V),
    "np.ptp": (np.ptp, V),
    "where by sign": (lambda a: np.where(a > 0, a, 0.1 * a), W),
    "where, then exp": (lambda a: np.exp(np.where(a > 0, a, 0)), W),
    "np.maximum(0, a)": (lambda a: np.maximum(0, a), W),
    "maximum, then exp": (lambda a: np.exp(np.maximum(0, a)), W),
    "log of maximum": (lambda a: np.log(np.maximum(a, 1e-7)), [0.2, 0.5, -0.3]),
    "log of clip": (lambda a: np.log(np.clip(a, 1e-7, 1 - 1e-7)), [0.2, 0.5, 1.2, -0.3]),
    "a.clip(-.5, .5)": (lambda a: a.clip(-0.5, 0.5), W),
    "clip by an array": (lambda a, b: np.clip(a, b - 0.1, None), V, U),
    "np.minimum(a, b)": (np.minimum, V, U),
    "softmax of rows": (softmax_of_rows, A),
    "a sigmoid in full": (lambda a: 1 / (1 + np.exp(-a)), V),
    "np.tanh": (np.tanh, V),
    "np.abs, np.fabs": (lambda a: np.abs(a) + np.fabs(2 * a), V),
    "np.sign": (lambda a: np.sign(a) * a, V),
    "np.heaviside": (lambda a: np.heaviside(a, 0.0) * a, V),
    "einsum ij,jk->ik": (lambda a, b: np.einsum("ij,jk->ik", a, b), A, B),
    "einsum, optimized": (lambda a, b: np.einsum("ij,jk->ik", a, b, optimize=True), A, B),
    "einsum of three": (lambda a, b, c: np.einsum("ij,jk,k->i", a, b, c), A, B, RNG.normal(size=2)),
    "einsum of a diagonal": (lambda a: np.einsum("ii->i", a), SQUARE),
    "einsum of dots": (lambda a, b: np.einsum("...j,jk", a, b), RNG.normal(size=(2, 3, 4)), B),
    "np.cumsum": (np.cumsum, V),
    "cumsum(axis=1)": (lambda a: np.cumsum(a, axis=1), A),
    "np.cumprod": (np.cumprod, V),
    "np.prod": (np.prod, V),
    "prod with a zero": (np.prod, [0.0, 2.0, 3.0]),
    "norm of a vector": (np.linalg.norm, V),
    "norm of a matrix": (np.linalg.norm, A),
    "norm(axis=1)": (lambda a: np.linalg.norm(a, axis=1), A),
    "norm, 1": (lambda a: np.linalg.norm(a, 1), V),
    "norm, 3": (lambda a: np.linalg.norm(a, 3), V),
    "norm, inf": (lambda a: np.linalg.norm(a, np.inf), V),
    "norm of a matrix, 1": (lambda a: np.linalg.norm(a, 1), A),
    "det of 3 by 3": (np.linalg.det, SQUARE),
    "matrix_power": (lambda a: np.linalg.matrix_power(a, 3), SQUARE),
    "multi_dot": (lambda a, b: np.linalg.multi_dot([a, b, a]), SQUARE, SQUARE + 1.0),
    "concatenate": (lambda a, b: np.concatenate([a, b]), V, W),
    "concatenate with numbers": (lambda a: np.exp(np.concatenate([a, np.ones(2)])), V),
    "a column of ones": (lambda a: np.tanh(np.c_[np.ones(3), a]), A),
    "hstack, then sqrt": (lambda a: np.sqrt(np.hstack([np.ones((3, 1)), a])), POSITIVE),
    "pad, then exp": (lambda a: np.exp(np.pad(a, 1, "constant")), V),
    "triu, then exp": (lambda a: np.exp(np.triu(a)), SQUARE),
    "diag, then exp": (lambda a: np.exp(np.diag(a)), V),
    "eye times a": (lambda a: np.exp(np.eye(3) * a), SQUARE),
    "stack, vstack": (lambda a, b: np.stack([a, b], axis=1) + np.vstack([a, b]).T, V, U),
    "np.outer": (np.outer, V, W),
    "np.inner, np.vdot": (lambda a, b: np.inner(a, b) + 2 * np.vdot(a, b), V, U),
    "tensordot": (lambda a, b: np.tensordot(a, b, axes=1), A, B),
    "tensordot over two axes": (lambda a, b: np.tensordot(a, b, axes=([0, 1], [1, 0])), A, A.T),
    "np.kron": (np.kron, SQUARE[:2, :2], SQUARE[1:, 1:]),
    "np.cross": (np.cross, V[:3], U[:3]),
    "convolve": (lambda a, b: np.convolve(a, b, "valid"), W, V[:3]),
    "convolve, full and same": (lambda a, b: np.convolve(a, b)[:6] + np.convolve(a, b, "same"), W, V[:3]),
    "correlate": (lambda a, b: np.correlate(a, b, "valid"), W, V[:3]),
    "sliding windows @ v": (lambda a, b: window(a, 3) @ b, W, V[:3]),
    "np.diff": (np.diff, V),
    "np.gradient": (np.gradient, W),
    "gradient by distance and axis": (lambda a: np.gradient(a, 0.5, axis=1), A),
    "trapezoid": (lambda a: (getattr(np, "trapezoid", None) or np.trapz)(a, dx=0.5), V),
    "interp of heights": (lambda a: np.interp([-1.0, 0.5, 1.5, 9.0], np.arange(4.0), a), V),
    "polyval": (lambda a: np.polyval(a, 2.0), V),
    "trace": (np.trace, SQUARE),
    "tile, repeat, roll": (lambda a: np.tile(a, 2) + np.repeat(a, 2) + np.roll(np.tile(a, 2), 1), V),
    "split": (lambda a: np.split(a, 2)[1], V),
    "power(a, 2)": (lambda a: np.power(a, 2), V),
    "power(2, a)": (lambda a: np.power(2.0, a), V),
    "a ** b": (lambda a, b: a**b, POSITIVE[0], V),
    "float_power": (lambda a: np.float_power(a, 2), V),
    "arctan2, hypot": (lambda a, b: np.arctan2(a, b) + np.hypot(a, b), V, U),
    "logaddexp(0, a)": (lambda a: np.logaddexp(0.0, a), V),
    "logaddexp.reduce": (np.logaddexp.reduce, V),
    "logaddexp2": (np.logaddexp2, V, U),
    "floor, ceil, trunc": (lambda a: np.floor(a) + np.ceil(2 * a) + np.trunc(3 * a) + a, V),
    "round, rint": (lambda a: np.round(a, 1) + np.rint(a) + a, V),
    "a % 1, a // 1": (lambda a: a % 1.0 + 2.0 * (a // 1.0), V),
    "fmod": (lambda a: np.fmod(a, 0.7), V),
    "relu by a mask of floats": (lambda a: a * (a > 0).astype(float), V),
    "relu by a mask": (lambda a: (a > 0) * a, V),
    "np.float64 times a": (lambda a: np.float64(2) * a + np.float64(3) / (a + 9), V),
    "np.float64 with one element": (lambda a: np.float64(2) * a[0] + np.float64(2) ** a[1], V),
    "an array times one element": (lambda a: np.array([1.0, 2.0, 3.0]) * a[0], V),
    "filled by index": (filled, V),
    "zeros_like, then exp": (lambda a: np.exp(np.zeros_like(a)) * a, V),
    "ones_like, full_like": (lambda a: np.ones_like(a) * a + np.log(np.full_like(a, 2.0)) * a, V),
    "in place": (in_place, V),
    "vectorize": (lambda a: np.vectorize(lambda q: q * q)(a), V),
    "apply_along_axis": (lambda a: np.apply_along_axis(lambda r: r.sum() * r[0], 1, a), A),
    "meshgrid": (lambda a, b: np.meshgrid(a, b)[0] * np.meshgrid(a, b)[1], V, U),
    "linspace": (lambda a: np.linspace(a[0], a[1], 3), V),
    "sinc": (np.sinc, V),
    "deg2rad, rad2deg, degrees": (lambda a: np.deg2rad(a) + np.rad2deg(a) + np.degrees(a) + np.radians(a), V),
    "sqrt of square, cbrt": (lambda a: np.sqrt(np.square(a)) + np.cbrt(a), V),
    "log2, log10, log1p": (lambda a: np.log2(a) + np.log10(a) + np.log1p(a), POSITIVE[0]),
    "real": (np.real, V),
    "nan_to_num": (np.nan_to_num, V),
    "cov": (np.cov, A),
    "corrcoef": (np.corrcoef, A),
    "select": (lambda a: np.select([a > 0, a > -1], [a, 3 * a], default=0.0), W),
    "bincount by weights": (lambda a: np.bincount([0, 0, 1, 3], weights=a), V),
    "add.at": (lambda a: [out := np.zeros_like(a[:2]), np.add.at(out, [0, 0, 1, 1], a)][0], V),
    "add.outer, multiply.accumulate": (lambda a: np.add.outer(a, a) + np.multiply.accumulate(a), V),
    "add.reduceat": (lambda a: np.add.reduceat(a, [0, 2, 3]), V),
    "broadcasting": (lambda a, b: a[:, None, :] * b[None, :, None], A, V),
    "reshape, T, ravel, slices": (lambda a: a.reshape(2, 6).T.ravel()[::-1][2:9] * a[0, 1], A),
    "fancy indices": (lambda a: a[[0, 2, 1], [1, 0, 1]] + a[::2].sum(), A),
    "flip, rot90, swapaxes": (lambda a: np.flip(a) + np.rot90(np.swapaxes(a, 0, 1)), A),
    "where of numbers": (lambda a: np.where([True, False, True, False], a, 0.0), V),
    "divmod, modf": (lambda a: divmod(a, 0.7)[1] + np.modf(a)[0], V),
    "fmax, fmin": (lambda a, b: np.fmax(a, b) - np.fmin(a, 2 * b), V, U),
    "delete, insert, append": (lambda a: np.append(np.insert(np.delete(a, 1), 0, 7.0), a), V),
    "block": (lambda a: np.block([[a, a], [a, np.ones((3, 3))]]), SQUARE),
    "take, compress, choose by mask": (lambda a: np.take(a, [0, 2]) + np.compress([True, True, False, False], a), V),
    "expand_dims, squeeze, moveaxis": (lambda a: np.squeeze(np.moveaxis(np.expand_dims(a, 0), 0, 2)), A),
    "broadcast_to": (lambda a: np.broadcast_to(a, (2, 4)), V),
    "tril, vander": (lambda a: np.tril(np.vander(a)), V),
    "ediff1d": (np.ediff1d, V),
}
#: What these choose depends on the order of the numbers, which is another one for other examples.
BY_ORDER: dict[str, tuple[Any, ...]] = {
    "np.median": (np.median, W),
    "median of three": (lambda a: np.median(a, axis=0), A),
    "percentile": (lambda a: np.percentile(a, 30), W),
    "quantiles": (lambda a: np.quantile(a, [0.1, 0.5, 1.0], axis=1), A),
    "sort": (np.sort, W),
    "sort of columns": (lambda a: np.sort(a, axis=0), A),
    "a[argsort]": (lambda a: a[np.argsort(a)], W),
    "a[argmax]": (lambda a: a[np.argmax(a)], W),
    "argmax of rows": (lambda a: a[np.arange(3), a.argmax(axis=1)], A),
    "unique": (np.unique, W),
    "interp at Values": (lambda a: np.interp(a, [-3.0, 0.0, 3.0], [1.0, 5.0, 2.0]), V),
    "inv": (np.linalg.inv, SQUARE),
    "solve": (np.linalg.solve, SQUARE, RNG.normal(size=3)),
    "solve for a matrix": (np.linalg.solve, SQUARE, RNG.normal(size=(3, 2))),
    "det of 4 by 4": (np.linalg.det, RNG.normal(size=(4, 4))),
    "mask": (lambda a: a[a > 0], W),
    "mask, written into": (lambda a: [b := a * 1.0, b.__setitem__(a > 0, 0.5)][0], W),
    "piecewise": (piecewise, W),
    "where alone": (lambda a: a[np.where(a > 0)], W),
    "isnan().any()": (lambda a: a * (not np.isnan(a).any()), V),
    "isfinite().all()": (lambda a: a * np.isfinite(a).all(), V),
    "allclose, array_equal": (lambda a: a * np.allclose(a, a) * np.array_equal(a, a), V),
    "count_nonzero, any": (lambda a: a * np.count_nonzero(a > 0) * np.any(a > 0), V),
    "digitize, histogram": (lambda a: a * np.digitize(a, [0.0]) * np.histogram(a, 3)[0].sum(), V),
    "nansum, nanmean": (lambda a: np.nansum(a) + np.nanmean(a) + np.nanmax(a) * np.nanstd(a), V),
    "searchsorted": (lambda a: a * np.searchsorted([-1.0, 0.0, 1.0], a), V),
    "nonzero": (lambda a: a[a.nonzero()], V),
    "choices of a generator": (lambda a: np.random.default_rng(0).choice(a, 3), V),
}


@pytest.mark.parametrize("name", [*SMOOTH, *BY_ORDER])
def test_it_gives_numpys_numbers_and_the_slopes_of_differences(name: str) -> None:
    function, *arrays = {**SMOOTH, **BY_ORDER}[name]
    check(function, *arrays)


@pytest.mark.parametrize("name", SMOOTH)
def test_it_can_be_recorded(name: str) -> None:
    function, *arrays = SMOOTH[name]
    check_recorded(function, *arrays)


NOT_BY_NUMBERS = {"choices of a generator"}


@pytest.mark.parametrize("name", sorted(set(BY_ORDER) - NOT_BY_NUMBERS))
def test_an_order_cannot_be_recorded(name: str) -> None:
    function, *arrays = BY_ORDER[name]
    with pytest.raises(RecordingError, match="would freeze this example's choice"):
        check_recorded(function, *arrays)


def test_a_recording_says_which_function_looked_and_what_to_write() -> None:
    with pytest.raises(RecordingError, match=r"np\.sort while recording .* np\.maximum or np\.minimum"):
        check_recorded(np.sort, W)
    with pytest.raises(RecordingError, match=r"np\.argmax while recording"):
        check_recorded(lambda a: a[a.argmax()], W)
    with pytest.raises(RecordingError, match="elimination, in which the largest number"):
        check_recorded(np.linalg.inv, SQUARE)


REFUSED: dict[str, tuple[Any, str]] = {
    "asarray(dtype=float)": (lambda a: np.asarray(a, dtype=float), "its gradient would be lost: write v.data"),
    "astype(float32)": (lambda a: a.astype(np.float32), "cannot become one of float32, .* write a.data"),
    "fft": (np.fft.fft, "np.fft.fft has no derivative here.* complex"),
    "into floats by index": (lambda a: np.zeros(4).__setitem__(0, a[0]), "gradient would be lost"),
    "into floats": (lambda a: np.zeros(4).__iadd__(a), "written into an array of float64, .*array"),
    "add.at into floats": (lambda a: np.add.at(np.zeros(4), [0, 1, 1, 2], a), "written into an array of float64"),
    "copyto floats": (lambda a: np.copyto(np.zeros(4), a), "written into an array of float64"),
    "out of floats": (lambda a: np.sum(a, out=np.zeros(())), "written into an array of float64"),
    "exp into floats": (lambda a: np.exp(a, out=np.zeros(4)), "written into an array of float64"),
    "eigenvalues": (lambda a: np.linalg.eigvals(np.outer(a, a)), "np.linalg.eigvals has no derivative here"),
    "pinv": (lambda a: np.linalg.pinv(np.outer(a, a)), "np.linalg.solve"),
    "save": (lambda a: np.save("never", a), r"np\.save\(file, a\.data\)"),
    "copysign": (lambda a: np.copysign(a, 1.0), r"abs\(a\) \* np\.sign\(b\)"),
    "exp(dtype=float)": (lambda a: np.exp(a, dtype=float), "dtype cannot be float64"),
    "sum(dtype=float)": (lambda a: a.sum(dtype=float), "takes no dtype="),
    "exp(where)": (lambda a: np.exp(a, where=[True, False, True, True]), "np.where"),
    "put into floats": (lambda a: np.put(np.zeros(4), [0], a[:1]), "written into an array of float64"),
    "index by Values": (lambda a: a[a], "Values are no indices"),
    "float(a)": (float, r"a\[0\]\.data, or a\.data"),
    "interp with a period": (lambda a: np.interp(1.0, np.arange(4.0), a, period=4.0), "takes no period="),
    "quantile, nearest": (lambda a: np.quantile(a, 0.5, method="nearest"), "linear between the two nearest"),
    "cov with weights": (lambda a: np.cov(a, aweights=[1, 1, 1, 2]), "takes no .*aweights"),
    "gradient at places": (lambda a: np.gradient(a, np.arange(4.0)), "one distance for each axis"),
    "a normal distribution": (lambda a: np.random.default_rng(0).normal(a), "Cannot cast|gradient would be lost"),
    "eigenvalues of pairs": (lambda a: np.linalg.eigh(np.outer(a, a)), "np.linalg.eigh has no derivative here"),
    "norm by singular values": (lambda a: np.linalg.norm(np.outer(a, a), "nuc"), "singular values"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_lose_the_graph_is_refused_in_one_sentence(name: str) -> None:
    function, message = REFUSED[name]
    with pytest.raises(TypeError, match=message) as caught:
        function(array(V))
    assert "\n" not in str(caught.value)


def test_each_element_of_a_product_is_one_dot_and_each_sum_one_node() -> None:
    a, b = array(A), array(B)
    for product in (a @ b, np.dot(a, b), np.matmul(a, b), np.einsum("ij,jk->ik", a, b), np.tensordot(a, b, axes=1)):
        assert {value.op.name for value in product.flat} == {"dot"}
        assert product[1, 0].inputs[:4] == tuple(a[1])
        assert product[1, 0].inputs[4:8] == tuple(b[:, 0])
    assert np.inner(a, a)[0, 1].op.name == "dot"
    assert (a.sum().op.name, a.sum().inputs) == ("fsum", tuple(a.flat))
    assert (np.mean(a, axis=0)[1].op.name, np.mean(a, axis=0)[1].inputs) == ("mean", tuple(a[:, 1]))
    assert np.linalg.norm(a).op.name == "norm"
    assert {value.op.name for value in np.maximum(0, a).flat} == {"maximum"}


def test_a_program_has_the_same_nodes() -> None:
    weights = array(B)
    program = str(record(lambda x: np.mean(np.maximum(0, x @ weights)) + x.sum(), (4,), list(weights.flat)))
    assert program.startswith("7 Values a call"), "2 dot, 2 maximum, a mean, an fsum and a +"
    assert "theta[2×4] @ x0" in program
    assert "maximum(0, v1)" in program


def test_equal_numbers_have_a_standard_deviation_with_slopes_0() -> None:
    a = array(np.ones(4))
    spread = np.std(a)
    spread.backward()
    assert (spread.data, a.grad.tolist()) == (0.0, [0.0] * 4)


def test_a_plain_object_array_of_values_still_does_what_numpy_lets_it() -> None:
    plain = np.array([Value(0.5), Value(-1.0)], dtype=object)
    np.tanh(plain * 2.0 + 1.0).sum().backward()
    np.testing.assert_allclose([v.grad for v in plain], 2.0 / np.cosh([2.0, -1.0]) ** 2)

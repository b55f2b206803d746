"""Calls of NumPy's functions, one by one: each gives NumPy's numbers and shapes, and the slopes of differences."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import numpy as np
import pytest
from arrays.differences import FloatArray, check, check_recorded
from numpy.testing.overrides import get_overridable_numpy_array_functions

from tinygrad_edu import RecordingError, Value, array
from tinygrad_edu.arrays.dispatch import MEANINGS

RNG = np.random.default_rng(1)
MATRIX, STACK, SQUARE = RNG.normal(size=(3, 4)), RNG.normal(size=(2, 3, 4)), RNG.normal(size=(3, 3)) + 2 * np.eye(3)

#: What `a` and `b` are, and calls of them.
CALLS: list[tuple[list[FloatArray], str]] = [
    (  # elements in other places
        [MATRIX],
        """
        np.dsplit(a[None], 2); np.fft.ifftshift(a); np.polyint(a[0]); np.nanargmin(a)
        np.append(a, 1.0); np.append(a, a, axis=0); np.array_split(a, 3, axis=1); np.atleast_3d(a)
        np.atleast_2d(a[0], a[1]); np.block([[a, a], [a, np.ones((3, 4))]]); np.block(list(a))
        np.broadcast_arrays(a, a[0]); np.broadcast_to(a, (2, 3, 4)); np.column_stack([a[0], a[1]])
        np.compress([1, 0, 1], a, axis=0); np.concatenate([a, a], axis=None); np.concatenate([a, np.ones((1, 4))])
        np.concatenate((a, a), axis=-1); np.copy(a); np.delete(a, 1); np.delete(a, [0, 1], axis=1)
        np.delete(a, slice(0, 2), axis=0); np.diag(a); np.diag(a, k=1); np.diag(a[0], k=-1); np.diagflat(a[0], 1)
        np.diagonal(a, 1); np.diagonal(a, offset=-1, axis1=1, axis2=0); np.hsplit(a, 2); np.vsplit(a, 3)
        np.dstack([a, a]); np.expand_dims(a, (0, 2)); np.flip(a); np.flip(a, 1); np.flip(a, axis=(0, 1)); np.fliplr(a)
        np.flipud(a); np.hstack([a, a]); np.insert(a, 1, 5.0); np.insert(a, [1, 2], a[:, :2], axis=1)
        np.insert(a, 1, a[0], axis=0); np.insert(a, 1, 2.0, axis=1); np.matrix_transpose(a); np.meshgrid(a[0], a[1])
        np.meshgrid(a[0], a[1], indexing='ij', sparse=True); np.moveaxis(a, 0, 1); np.pad(a, 1)
        np.pad(a, ((1, 0), (0, 2))); np.pad(a, 1, constant_values=3.0); np.pad(a, 2, mode='edge')
        np.pad(a, 1, mode='reflect'); np.pad(a, 1, mode='symmetric'); np.pad(a, 1, mode='wrap')
        np.pad(a, 1, mode='linear_ramp'); np.pad(a, 1, mode='mean'); np.pad(a, 1, mode='linear_ramp', end_values=2.0)
        np.pad(a, 1, mode='mean', stat_length=2); np.ravel(a, 'F'); np.repeat(a, 2); np.repeat(a, [1, 2, 1], axis=0)
        np.reshape(a, (4, 3)); np.reshape(a, (4, -1), order='F'); np.resize(a, (2, 3)); np.resize(a, (5, 5))
        np.roll(a, 1); np.roll(a, (1, 2), axis=(0, 1)); np.rollaxis(a, 1); np.rot90(a); np.rot90(a, 2)
        np.rot90(a, k=3, axes=(1, 0)); np.split(a, [1, 3], axis=1); np.split(a, 2, axis=-1); np.squeeze(a[:, :1])
        np.squeeze(a[None], axis=0); np.stack([a, a], axis=-1); np.stack(a); np.swapaxes(a, 0, 1)
        np.take(a, [0, 2], axis=1); np.take(a, 5); np.take(a, [[0, 1], [2, 3]]); np.take(a, [0, 7], axis=1, mode='wrap')
        np.take(a, [0, 7], axis=1, mode='clip'); np.tile(a, 2); np.tile(a, (2, 1, 2)); np.transpose(a)
        np.transpose(a, (1, 0)); np.permute_dims(a, (1, 0)); np.tril(a); np.tril(a, k=-1); np.triu(a, 1); np.unstack(a)
        np.unstack(a, axis=1); np.vstack([a, a[0]]); np.vstack(a); np.hstack(a); np.concat([a, a])
        np.lib.stride_tricks.sliding_window_view(a, 2, axis=1); np.lib.stride_tricks.sliding_window_view(a, (2, 2))
        np.apply_along_axis(np.sum, 0, a); np.apply_along_axis(np.cumsum, 0, a)
        np.apply_along_axis(lambda r: r.max(), 1, a); np.diff(a); np.diff(a, n=2, axis=0); np.diff(a, prepend=0.0)
        np.diff(a, append=a[:, :1]); np.diff(a, n=0); np.fix(a); np.polyval(a[0], a[1]); np.polyval([1.0, 2.0], a)
        np.polyadd(a[0], a[1]); np.polymul(a[0], a[1]); np.polyder(a[0]); np.polysub(a[0], a[1, :2]); np.poly(a[0])
        np.sinc(a); np.trapezoid(a); np.trapezoid(a, axis=0, dx=0.5); np.trapezoid(a, x=a ** 2); np.vander(a[0])
        np.vander(a[0], 3, increasing=True); np.linspace(a[0], 1.0, 5); np.linspace(0.0, a[0, 0], 4)
        np.linspace(a[0], a[1], 4, endpoint=False); np.linspace(a[0, 0], a[1, 1], 1); np.nan_to_num(a); np.ndim(a)
        np.size(a); np.size(a, 0); np.shape(a); np.real(a); np.imag(a); np.real_if_close(a); np.conj(a); np.conjugate(a)
        np.array_equiv(a, a[0]); np.bincount([0, 1, 1, 2], weights=a[0])
        np.bincount([0, 1, 1, 2], weights=a[0], minlength=6); np.tril_indices_from(a); np.triu_indices_from(a, 1)
        np.diag_indices_from(a[:, :3]); np.ix_(a[0] > 0, a[0] > 0); np.where([True, False, True, False], a, a * 2)
        np.choose([0, 1, 2, 3], [a, a * 2], mode='wrap'); np.clip(a, -0.5, 0.5); np.clip(a, None, 0.5)
        np.clip(a, -0.5, None); np.clip(a, a_min=-0.5, a_max=0.5); np.clip(a, min=-0.5, max=0.5)
        np.clip(a, a[0], a[0] + 1); np.round(a); np.round(a, 1); np.around(a, decimals=2); np.cov(a)
        np.cov(a, rowvar=False); np.cov(a[0], a[1]); np.cov(a[0]); np.cov(a, bias=True); np.cov(a, ddof=0)
        np.corrcoef(a); np.corrcoef(a[0], a[1]); np.corrcoef(a, rowvar=False); np.gradient(a[0]); np.gradient(a)
        np.gradient(a, axis=1); np.gradient(a, 0.5, 2.0); np.gradient(a, 0.5)
        np.interp([0.5, 1.5], [0.0, 1, 2, 3], a[0]); np.interp(0.5, [0.0, 1, 2, 3], a[0], left=0.0)
        np.interp([-9.0, 9.0], [0.0, 1, 2, 3], a[0]); np.interp([-9.0, 9.0], [0.0, 1, 2, 3], a[0], left=7.0, right=8.0)
        np.zeros_like(a) + a; np.ones_like(a) * a; np.full_like(a, 2.0) * a; np.full_like(a, a[0, 0])
        np.full_like(a, a[0]); np.zeros_like(a, shape=(2,)); np.zeros_like(a, dtype=bool); np.einsum('ij->ji', a)
        np.einsum('ij->', a); np.einsum('ij->j', a); np.einsum('ij,ij->i', a, a); np.einsum('ij,kj->ik', a, a)
        np.einsum('ij,ij', a, a); np.einsum('ij', a); np.einsum('ji', a); np.einsum('...j->...', a)
        np.einsum('i...->...', a); np.einsum(a, [0, 1], [1, 0]); np.einsum(a, [0, 1], a, [2, 1], [0, 2])
        np.einsum('ij,j,i->', a, a[0], a[:, 0]); np.einsum('ij,jk->ik', a, np.ones((4, 2))); np.einsum('ii', a[:, :3])
        np.einsum('ii->i', a[:, :3]); np.einsum('i,j->ij', a[0], a[1]); np.einsum('i,->i', a[0], a[0, 0])
        np.einsum('ij, jk -> ik', a, a.T); np.einsum('ij,jk,kl->il', a, a.T, a, optimize='greedy')
        """,
    ),
    (  # chosen, or looked at
        [MATRIX],
        """
        np.atleast_1d(a); np.extract(a > 0, a); np.pad(a, 1, mode='maximum'); np.pad(a, 1, mode='minimum')
        np.pad(a, 1, mode='median'); np.take_along_axis(a, np.argsort(a, axis=1), axis=1); np.ediff1d(a)
        np.ediff1d(a, to_end=[1.0]); np.piecewise(a, [a < 0, a > 1], [lambda q: -q, lambda q: q * q, 5.0])
        np.piecewise(a, [a < 0], [0.0, lambda q: q * q]); np.unwrap(a[0]); np.nancumsum(a); np.nancumprod(a)
        np.nanmedian(a); np.nanquantile(a, 0.3); np.nanpercentile(a, 30, axis=0); np.nanargmax(a); np.iscomplexobj(a)
        np.isrealobj(a); np.isreal(a); np.iscomplex(a); np.array_equal(a, a); np.allclose(a, a + 1e-12)
        np.isclose(a, a + 1e-12); np.argwhere(a > 0); np.argwhere(a); np.flatnonzero(a); np.nonzero(a)
        np.count_nonzero(a); np.count_nonzero(a > 0, axis=0); np.argmax(a, axis=1); np.argmax(a, axis=1, keepdims=True)
        np.argmin(a); np.argsort(a, axis=0); np.argsort(a, axis=None); np.argpartition(a, 1)[:, 0]
        np.partition(a, 1)[:, 1]; np.digitize(a, [0.0, 1.0]); np.lexsort((a[0], a[1]))
        np.searchsorted(np.sort(a[0]), 0.5); np.searchsorted([0.0, 1.0], a); np.histogram(a, bins=[-3.0, 0, 3])[0]
        np.histogram(a, bins=3)[0]; np.isin(a, [1.0]); np.union1d(a[0], a[1]); np.intersect1d(a[0], a[1])
        np.setdiff1d(a[0], a[1]); np.setxor1d(a[0], a[1]); np.unique(a); np.unique(a, return_inverse=True)
        np.unique(a, return_index=True, return_counts=True); np.sort(a); np.sort(a, axis=0); np.sort(a, axis=None)
        np.trim_zeros(a[0]); np.where(a > 0); np.where(a > 0, a, 0.0); np.where(a > 0, 1.0, a)
        np.select([a > 1, a > 0], [a, a * 2], 5.0); np.select([a > 1, a > 0], [a, a * 2]); np.quantile(a, 0.3)
        np.quantile(a, [0.25, 0.5], axis=1); np.quantile(a, 0.5, axis=0, keepdims=True)
        np.quantile(a, [[0.1, 0.2], [0.3, 0.4]]); np.percentile(a, 30); np.percentile(a, [10, 90], axis=(0, 1))
        np.percentile(a, 50, axis=-1, keepdims=True); np.median(a); np.median(a, axis=1)
        np.median(a, axis=(0, 1), keepdims=True); np.interp(a[0], [-2.0, 0, 2], [1.0, 3, 2])
        """,
    ),
    (  # many made one
        [STACK],
        """
        np.sum(a); np.mean(a); np.prod(a); np.var(a); np.std(a); np.max(a); np.min(a); np.amax(a); np.amin(a); np.ptp(a)
        np.average(a); np.trace(a); np.cumsum(a); np.cumprod(a); np.any(a); np.all(a); np.nansum(a); np.nanmean(a)
        np.nanmax(a); np.nanmin(a); np.nanprod(a); np.nanvar(a); np.nanstd(a); np.sum(a[0], axis=1)
        np.mean(a[0], axis=1); np.prod(a[0], axis=1); np.var(a[0], axis=1); np.std(a[0], axis=1); np.max(a[0], axis=1)
        np.min(a[0], axis=1); np.ptp(a[0], axis=1); np.average(a[0], axis=1); np.cumsum(a[0], axis=1)
        np.cumprod(a[0], axis=1); np.any(a[0], axis=1); np.all(a[0], axis=1); np.nansum(a[0], axis=1)
        np.nanmean(a[0], axis=1); np.nanmax(a[0], axis=1); np.nanmin(a[0], axis=1); np.nanprod(a[0], axis=1)
        np.nanvar(a[0], axis=1); np.nanstd(a[0], axis=1); np.sum(a, axis=(0, -1), keepdims=True)
        np.mean(a, axis=(0, -1), keepdims=True); np.prod(a, axis=(0, -1), keepdims=True)
        np.var(a, axis=(0, -1), keepdims=True); np.std(a, axis=(0, -1), keepdims=True)
        np.max(a, axis=(0, -1), keepdims=True); np.min(a, axis=(0, -1), keepdims=True)
        np.ptp(a, axis=(0, -1), keepdims=True); np.any(a, axis=(0, -1), keepdims=True)
        np.all(a, axis=(0, -1), keepdims=True); np.nansum(a, axis=(0, -1), keepdims=True)
        np.nanmean(a, axis=(0, -1), keepdims=True); np.nanmax(a, axis=(0, -1), keepdims=True)
        np.nanmin(a, axis=(0, -1), keepdims=True); np.nanprod(a, axis=(0, -1), keepdims=True)
        np.nanvar(a, axis=(0, -1), keepdims=True); np.nanstd(a, axis=(0, -1), keepdims=True); np.sum(a, ())
        np.prod(a, axis=()); np.max(a, axis=()); np.sum(a, -1); np.average(a, axis=(0, 1))
        np.average(a, axis=1, weights=[1.0, 2, 3]); np.average(a, axis=-1, weights=[1.0, 2, 3, 4], keepdims=True)
        np.trace(a, offset=1, axis1=1, axis2=2)
        np.linalg.trace(a); np.cumulative_sum(a, axis=1, include_initial=True); np.cumulative_prod(a[0, 0])
        np.std(a, axis=1, correction=1); np.nanvar(a, ddof=1); np.nanstd(a, axis=0, ddof=1)
        """,
    ),
    (  # matrices and products
        [SQUARE],
        """
        np.linalg.det(a); np.linalg.inv(a); np.linalg.solve(a, a[0]); np.linalg.solve(a, np.eye(3))
        np.linalg.solve(np.eye(3), a); np.linalg.matrix_power(a, 0); np.linalg.matrix_power(a, 3)
        np.linalg.matrix_power(a, -2); np.linalg.multi_dot([a, a, a[0]]); np.linalg.multi_dot([a[0], a])
        np.linalg.norm(a); np.linalg.norm(a, 'fro'); np.linalg.norm(a, 1); np.linalg.norm(a, -1)
        np.linalg.norm(a, np.inf); np.linalg.norm(a, -np.inf); np.linalg.norm(a, axis=0); np.linalg.norm(a, 1, axis=0)
        np.linalg.norm(a, ord=3, axis=1, keepdims=True); np.linalg.norm(a, np.inf, axis=1)
        np.linalg.norm(a, 1, axis=(0, 1)); np.linalg.norm(a, 1, axis=(1, 0), keepdims=True)
        np.linalg.norm(a, axis=(0, 1), keepdims=True); np.linalg.norm(a, keepdims=True); np.linalg.norm(a[0], 0)
        np.linalg.norm(a[0], -1); np.linalg.norm(a[0], 0.5); np.linalg.norm(a[0], keepdims=True)
        np.linalg.vector_norm(a); np.linalg.vector_norm(a, axis=0, ord=3); np.linalg.vector_norm(a, ord=np.inf, axis=1)
        np.linalg.matrix_norm(a); np.linalg.matrix_norm(a, ord=1); np.linalg.slogdet(a); np.linalg.cholesky(a @ a.T)
        np.linalg.matrix_rank(a); np.linalg.matrix_transpose(a); np.linalg.diagonal(a); np.linalg.cross(a, a[::-1])
        np.linalg.outer(a[0], a[1]); np.linalg.vecdot(a, a); np.linalg.matmul(a, a); np.linalg.tensordot(a, a)
        np.vecdot(a, a); np.vecdot(a, a, axis=0); np.vecmat(a[0], a); np.matvec(a, a[0]); np.dot(a, 2.0)
        np.dot(a, a[0]); np.dot(a[0], a[1]); np.vdot(a, a); np.inner(a, a); np.inner(a, 2.0); np.outer(a, a)
        np.outer(a[0], [1.0, 2.0]); np.kron(a, a[0]); np.kron(a[0], [[1.0], [2.0]]); np.cross(a, a[::-1])
        np.cross(a, a[0], axis=0); np.cross([1.0, 2, 3], a); np.tensordot(a, a); np.tensordot(a, a, 0)
        np.tensordot(a, a, 1); np.tensordot(a, a, (0, 1)); np.tensordot(a, a, ([0, -1], [1, 0]))
        np.convolve(a[0], a[1]); np.convolve(a[0], [1.0, 2.0], 'valid'); np.convolve(a[0], a[1], 'same')
        np.convolve(a[0], a[1, :2], 'same'); np.correlate(a[0], a[1]); np.correlate(a[0], a[1], 'full')
        np.correlate(a[0, :2], a[1], 'full'); np.correlate(a[0, :2], a[1], 'same'); np.correlate(a[0], a[1, :2], 'same')
        np.fft.fftshift(a); np.linalg.det(np.stack([a, a])); np.linalg.inv(np.stack([a, a + np.eye(3)]))
        np.linalg.solve(np.stack([a, a]), a); np.linalg.det(a[:2, :2]); np.linalg.det(a[:1, :1])
        np.linalg.det(np.kron(a, a[:2, :2]))
        """,
    ),
    (  # products of different shapes
        [STACK, RNG.normal(size=(4, 2))],
        """
        a @ b; np.dot(a, b); np.matmul(a, b); np.einsum('...ij,jk->...ik', a, b); np.einsum('aij,jk->aik', a, b)
        np.einsum('aij,jk', a, b); np.tensordot(a, b, 1); np.inner(a, b.T); np.einsum('aij,jk->', a, b)
        np.einsum('aij,jk->aijk', a, b); b.T @ a[0].T; a[:, None] @ b[None]
        """,
    ),
    (  # vectors
        [RNG.normal(size=4), RNG.normal(size=4)],
        """
        a @ b; np.dot(a, b); np.inner(a, b); np.outer(a, b); np.kron(a, b); np.convolve(a, b); np.cov(a, b)
        np.hypot(a, b); np.einsum('i,i', a, b); np.einsum('i,j', a, b); np.add.outer(a, b); np.where(a > b, a, b)
        np.stack([a, b]).max(0); np.array_equal(a, b); np.interp(a, [-3, 0, 3], [0, 1, 0]); np.shares_memory(a, b)
        np.may_share_memory(a, b); np.r_[a, b]; np.c_[a, b]; np.select([a > 0, b > 0], [a, b], 0.0)
        np.dot(a, b.reshape(4, 1)); np.vstack([a, b]) @ np.ones(4)
        """,
    ),
    (  # methods of ufuncs
        [np.abs(MATRIX) + 0.2],
        """
        np.add.reduce(a, axis=(0, 1)); np.add.reduce(a, axis=None); np.maximum.reduce(a, axis=None)
        np.add.reduce(a, 0, None, None, True); np.add.reduce(a, initial=1.0); np.maximum.reduce(a, initial=1.0)
        np.add.reduce(a, where=[True, False, True, True]); np.add.outer(a[0], 1.0); np.logical_and.reduce(a > 0)
        np.logical_or.reduce(a, axis=1); np.logical_xor.reduce(a); np.bitwise_and.reduce(a > 0)
        np.greater.outer(a[0], a[1]); np.divmod(a, 0.4); np.add(a, 1, casting='unsafe')
        np.add(a, a, order='F'); np.modf(a); np.divmod(a, 0.4); np.add.accumulate(a, axis=-1)
        """,
    ),
]
SINGLE = [(arrays, call.strip()) for arrays, calls in CALLS for call in re.split(r"[;\n]", calls) if call.strip()]


def parts(answer: Any) -> list[Any]:
    return [part for each in answer for part in parts(each)] if isinstance(answer, (tuple, list)) else [answer]


def together(answer: Any) -> Any:
    """All that a function answers, in one row."""
    return np.concatenate([np.ravel(part) for part in parts(answer)])


def function_of(call: str, count: int) -> Any:
    return eval(f"lambda {', '.join('ab'[:count])}: {call}", {"np": np})


def knows_where_it_comes_from(part: Any) -> bool:
    """Whether it is made of Values alone, or has no derivative: a truth, a place, a count."""
    elements = np.asarray(part)
    if elements.dtype == object:
        return all(isinstance(value, Value) for value in elements.flat)
    return elements.dtype.kind in "biu"


@pytest.mark.parametrize(("arrays", "call"), SINGLE, ids=[call for _, call in SINGLE])
def test_a_call(arrays: list[FloatArray], call: str) -> None:
    function = function_of(call, len(arrays))
    try:
        expected = function(*arrays)
    except (AttributeError, TypeError, ValueError):
        assert np.lib.NumpyVersion(np.__version__) < "2.3.0"
        pytest.skip("this NumPy does not have it")
    answer = function(*map(array, arrays))
    assert [np.shape(part) for part in parts(answer)] == [np.shape(part) for part in parts(expected)]
    assert all(map(knows_where_it_comes_from, parts(answer)))
    if not any(np.asarray(part).dtype == object for part in parts(answer)):
        np.testing.assert_equal(answer, expected)
        return
    check(lambda *given: together(function(*given)), *arrays)
    with contextlib.suppress(RecordingError):  # which what depends on an order raises
        check_recorded(lambda *given: together(function(*given)), *arrays)


#: Those that are tested elsewhere, because they write, or answer with text, bins or types.
ELSEWHERE = {
    "array2string", "array_repr", "array_str", "copyto", "common_type", "einsum_path", "empty_like", "fill_diagonal",
    "histogram2d", "histogram_bin_edges", "in1d", "isneginf", "isposinf", "place", "put", "put_along_axis", "putmask",
    "result_type", "trapz",
}  # fmt: skip


def test_every_function_with_a_meaning_is_called_here() -> None:
    every = "\n".join(call for _, call in SINGLE)
    for function in get_overridable_numpy_array_functions() & set(MEANINGS):
        name = function.__name__
        assert re.search(rf"\b{name}\(", every) or name in ELSEWHERE, name


#: Each of them has no derivative here, or is asked in a way that has none, and is refused in one sentence.
REFUSED = [
    "np.angle(a)", "np.frexp(a)", "np.i0(a)", "np.packbits(a)", "np.polyfit(a[0], a[1], 1)", "np.spacing(a)",
    "np.sort_complex(a)", "np.linalg.cond(a)", "np.linalg.eig(a)", "np.linalg.eigh(a)", "np.linalg.eigvals(a)",
    "np.linalg.eigvalsh(a)", "np.linalg.pinv(a)", "np.linalg.qr(a)", "np.linalg.svd(a)", "np.linalg.tensorinv(a)",
    "np.fft.fft(a)", "np.fft.ifft(a)", "np.fft.rfft(a)", "np.fft.irfft(a)", "np.fft.fft2(a)", "np.fft.fftn(a)",
    "np.copysign(a, 1.0)", "np.nextafter(a, 1.0)", "np.ldexp(a, 2)", "np.left_shift(a, 1)", "np.gcd(a, 2)",
    "np.sum(a, dtype=float)", "np.add(a, 1.0, dtype=np.float32)", "np.matmul(a, a, dtype=float)",
    "np.add(a, 1.0, where=a > 0)", "np.exp(a, out=np.zeros((3, 3)))", "np.sum(a, axis=0, out=np.zeros(3))",
    "np.dot(a, a, np.zeros((3, 3)))", "np.clip(a, 0.0, 1.0, np.zeros((3, 3)))", "np.matmul(a, a, axes=[(0, 1)] * 3)",
    "np.linalg.norm(a, 2)", "np.linalg.norm(a, 'nuc')", "np.linalg.lstsq(a, a[0])", "np.linalg.tensorsolve(a, a[0])",
    "np.quantile(a, 0.3, method='hazen')", "np.cov(a, aweights=[1.0, 2.0, 3.0])", "np.unique(a, axis=0)",
    "np.gradient(a[0], [0.0, 1.0, 3.0])", "np.gradient(a[0], edge_order=2)",
    "np.interp(0.5, [0, 1, 2], a[0], period=4)",
    "np.linspace(a[0], a[1], 4, axis=1)", "np.logspace(a[0, 0], a[0, 1], 3)", "np.cross(a[:, :2], a[:, 1:])",
    "np.clip(a, 0.5, -0.5)", "np.save('never', a)", "np.savetxt('never', a)", "np.var(a, mean=a.mean())",
    "np.array(a, dtype=float)", "np.asarray(a, float)", "np.float64(a)", "np.fromiter(a[0], float)", "float(a[0, :1])",
    "a.astype(float)", "a.tobytes()", "a.view(np.int64)", "np.vectorize(lambda v: v, otypes=[float])(a)",
    "np.zeros(3).__setitem__(0, a[0, 0])", "np.zeros((3, 3)).__iadd__(a)", "np.add.at(np.zeros(3), [0, 1, 2], a[0])",
    "a + 'x'", "a + None", "a * 1j", "a + np.datetime64('2020')", "a @ 2.0", "a << 1", "~a", "a & a", "a + np.zeros(5)",
    "a.__setitem__(0, 'x')", "a.__setitem__(0, None)", "a.__setitem__(0, 1j)", "a[a]", "a.backward()",
]  # fmt: skip


@pytest.mark.parametrize("call", REFUSED)
def test_a_call_that_is_refused_in_one_sentence(call: str) -> None:
    a = array(SQUARE)
    with pytest.raises((TypeError, ValueError)) as caught:
        function_of(call, 1)(a)
    assert "\n" not in str(caught.value)
    np.testing.assert_array_equal(a.data, SQUARE)
    assert all(isinstance(value, Value) for value in a.ravel())

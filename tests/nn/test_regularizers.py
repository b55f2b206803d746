"""Regularizers against NumPy and against finite differences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tinygrad_edu import Value, fsum
from tinygrad_edu.checking import gradcheck
from tinygrad_edu.nn import BatchNorm, Dropout, Layer, LayerNorm, RMSNorm, Sequential, l1_penalty, l2_penalty

numbers = st.floats(-10, 10, allow_subnormal=False)
examples = arrays(np.float64, st.integers(2, 6), elements=numbers)
batches = arrays(np.float64, st.tuples(st.integers(2, 5), st.integers(1, 4)), elements=numbers)


def data(values):
    return np.array([[v.data for v in row] if isinstance(row, list) else row.data for row in values])


def randomize(module, seed=0):
    rng = np.random.default_rng(seed)
    for p in module.parameters():
        p.data = float(rng.normal())
    return module


# Dropout --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_drops_its_share_and_keeps_the_mean(p):
    n = 20_000
    kept = data(Dropout(p, seed=3)([1.0] * n))
    assert set(np.round(np.unique(kept), 9)) == {0.0, round(1 / (1 - p), 9)}
    sigma = np.sqrt(p * (1 - p) / n)
    assert abs((kept == 0).mean() - p) < 5 * sigma
    assert abs(kept.mean() - 1.0) < 5 * sigma / (1 - p)


def test_dropout_passes_everything_in_eval_and_draws_nothing():
    drop, x = Dropout(0.9, seed=0).eval(), [Value(1.0), Value(-2.0)]
    before = drop.generator.bit_generator.state
    assert all(out is given for out, given in zip(drop(x), x, strict=True))
    assert drop.generator.bit_generator.state == before


def test_dropout_is_seeded_and_fresh_each_time():
    one, other = Dropout(0.5, seed=7), Dropout(0.5, seed=7)
    first, second = data(one([1.0] * 50)), data(one([1.0] * 50))
    assert first.tolist() == data(other([1.0] * 50)).tolist()
    assert first.tolist() != second.tolist()


def test_gradient_flows_through_what_is_kept_only():
    x = [Value(3.0) for _ in range(20)]
    out = Dropout(0.5, seed=1)(x)
    fsum(out).backward()
    assert [v.grad for v in x] == [2.0 if o.data else 0.0 for o in out]
    assert {v.grad for v in x} == {0.0, 2.0}


# Normalization --------------------------------------------------------------------------------------------


@given(examples)
def test_layer_norm_is_the_formula(x):
    norm = randomize(LayerNorm(len(x)))
    w, b = np.array([v.data for v in norm.weight]), np.array([v.data for v in norm.bias])
    expected = w * (x - x.mean()) / np.sqrt(x.var() + 1e-5) + b
    np.testing.assert_allclose(data(norm(x)), expected, rtol=1e-9, atol=1e-9)


@given(examples)
def test_rms_norm_is_the_formula(x):
    norm = randomize(RMSNorm(len(x)))
    w = np.array([v.data for v in norm.weight])
    expected = w * x / np.sqrt((x**2).mean() + 1e-8)
    np.testing.assert_allclose(data(norm(x)), expected, rtol=1e-9, atol=1e-9)


@given(batches)
def test_batch_norm_is_the_formula_over_the_batch(X):
    norm = randomize(BatchNorm(X.shape[1]))
    w, b = np.array([v.data for v in norm.weight]), np.array([v.data for v in norm.bias])
    expected = w * (X - X.mean(axis=0)) / np.sqrt(X.var(axis=0) + 1e-5) + b
    np.testing.assert_allclose(data(norm(X)), expected, rtol=1e-9, atol=1e-9)


def test_batch_norm_follows_mean_and_unbiased_variance_and_uses_them_in_eval():
    rng = np.random.default_rng(0)
    norm, mean, var = BatchNorm(3, momentum=0.3), np.zeros(3), np.ones(3)
    for _ in range(5):
        X = rng.normal(2.0, 3.0, size=(6, 3))
        norm(X)
        mean, var = 0.7 * mean + 0.3 * X.mean(axis=0), 0.7 * var + 0.3 * X.var(axis=0, ddof=1)
    np.testing.assert_allclose(norm.running_mean, mean, rtol=1e-12)
    np.testing.assert_allclose(norm.running_var, var, rtol=1e-12)
    norm.eval()
    x = rng.normal(size=(1, 3))
    np.testing.assert_allclose(data(norm(x)), (x - mean) / np.sqrt(var + 1e-5), rtol=1e-9)
    np.testing.assert_allclose(norm.running_mean, mean, rtol=1e-12)


def test_running_statistics_travel_in_the_state():
    norm = BatchNorm(2)
    norm([[1.0, 2.0], [3.0, 5.0]])
    copy = BatchNorm(2)
    copy.load_state_dict(norm.state_dict())
    assert (copy.running_mean, copy.running_var) == (norm.running_mean, norm.running_var)
    assert copy.running_mean == [0.2, 0.35000000000000003]


@pytest.mark.parametrize("kind", [LayerNorm, RMSNorm])
def test_gradients_of_norms_against_finite_differences(kind):
    norm = randomize(kind(4), seed=2)

    def f(*inputs):
        return fsum([y * k for k, y in enumerate(norm(inputs), start=1)]).tanh()

    assert gradcheck(f, [0.3, -1.2, 2.0, 0.7])


@pytest.mark.parametrize("training", [True, False])
def test_gradients_of_batch_norm_against_finite_differences(training):
    norm = randomize(BatchNorm(2), seed=2).train(training)

    def f(*inputs):
        rows = norm([inputs[:2], inputs[2:4], inputs[4:]])
        return fsum([y * k for k, y in enumerate((y for row in rows for y in row), start=1)]).tanh()

    assert gradcheck(f, [0.3, -1.2, 2.0, 0.7, 0.1, -0.4])


def test_parameters_of_norms_get_gradients():
    norm = BatchNorm(2)
    rows = norm([[1.0, 2.0], [3.0, 5.0]])
    fsum([rows[0][0], rows[1][1] * 2.0]).backward()
    assert [p.label for p in norm.parameters()] == ["weight.0", "weight.1", "bias.0", "bias.1"]
    np.testing.assert_allclose([p.grad for p in norm.parameters()], [-1.0, 2.0, 1.0, 2.0], atol=1e-4)


# Sequential -----------------------------------------------------------------------------------------------


def test_sequential_maps_modules_of_one_example_over_a_batch():
    first, norm, last = Layer(2, 3, seed=0), BatchNorm(3), Layer(3, 1, "linear", seed=1)
    X = [[1.0, 2.0], [0.5, -1.0], [0.0, 3.0]]
    expected = [last(row) for row in norm([first(x) for x in X])]
    assert data(Sequential(first, norm, last)(X)).tolist() == data(expected).tolist()
    assert not Sequential(first, last).takes_batch
    assert Sequential(Sequential(first, norm), last).takes_batch


def test_sequential_takes_plain_functions_and_finds_all_parameters():
    net = Sequential(Layer(2, 2, seed=0), lambda row: [2.0 * v for v in row])
    assert len(net.parameters()) == 6
    assert net([1.0, 1.0])[0].data == pytest.approx(2.0 * net.layers[0]([1.0, 1.0])[0].data)


# Penalties ------------------------------------------------------------------------------------------------


@given(examples, st.floats(0, 10))
def test_penalties_are_their_formulas_with_their_gradients(x, strength):
    params = [Value(v) for v in x]
    l1_penalty(params, strength).backward()
    np.testing.assert_allclose([p.grad for p in params], strength * np.sign(x), rtol=1e-12)
    assert l1_penalty(params, strength).data == pytest.approx(strength * np.abs(x).sum())
    for p in params:
        p.grad = 0.0
    l2_penalty(params, strength).backward()
    np.testing.assert_allclose([p.grad for p in params], 2 * strength * x, rtol=1e-12)
    assert l2_penalty(params, strength).data == pytest.approx(strength * (x**2).sum())


# Bad input ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dropout(1.0), "below 1, not 1.0"),
        (lambda: Dropout(-0.1), "at least 0"),
        (lambda: LayerNorm(0), "size should be"),
        (lambda: LayerNorm(2, eps=0.0), "eps"),
        (lambda: RMSNorm(2, eps=-1.0), "eps"),
        (lambda: BatchNorm(2, momentum=0.0), "momentum"),
        (lambda: LayerNorm(2)([1.0]), "takes 2 inputs, not 1"),
        (lambda: RMSNorm(2)([1.0]), "takes 2 inputs, not 1"),
        (lambda: BatchNorm(2)([[1.0, 2.0], [1.0]]), "takes 2 inputs, not 1"),
        (lambda: BatchNorm(1)([[1.0]]), "at least 2 examples, not 1"),
        (lambda: Sequential(), "at least one module"),
        (lambda: l1_penalty([], 0.1), "not an empty list"),
        (lambda: l2_penalty([Value(1.0)], -0.1), "at least 0, not -0.1"),
    ],
)
def test_bad_settings_are_refused_in_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_sequential_of_something_that_cannot_be_called_is_a_type_error():
    with pytest.raises(TypeError, match="not 3"):
        Sequential(3)

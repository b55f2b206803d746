"""Optimizers against update rules written here a second time, one number at a time, from the papers."""

import copy
import json
import math

import numpy as np
import pytest

from tinygrad_edu import MLP, Value, array
from tinygrad_edu.nn import Module
from tinygrad_edu.optim import SGD, Adam, AdamW, Optimizer, RMSprop
from tinygrad_edu.training import fit

STEPS = 100


def sgd(theta, gradients, lr, mu=0.0, nesterov=False, decay=0.0):
    v = None
    for g in gradients:
        g = g + decay * theta
        v = g if v is None else mu * v + g  # PyTorch starts the velocity with the first gradient
        theta = theta - lr * (g + mu * v if nesterov else v)
        yield theta


def rmsprop(theta, gradients, lr, rho, eps=1e-8, decay=0.0):
    s = 0.0
    for g in gradients:
        g = g + decay * theta
        s = rho * s + (1 - rho) * g * g
        theta = theta - lr * g / (math.sqrt(s) + eps)
        yield theta


def adam(theta, gradients, lr, b1, b2, eps=1e-8, decay=0.0, decoupled=False):
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        if decoupled:
            theta = theta * (1 - lr * decay)
        else:
            g = g + decay * theta
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        m_hat, v_hat = m / (1 - b1**t), v / (1 - b2**t)
        theta = theta - lr * m_hat / (math.sqrt(v_hat) + eps)
        yield theta


CASES = {
    "sgd": (lambda p: SGD(p, 0.05), lambda t, g: sgd(t, g, 0.05)),
    "momentum": (lambda p: SGD(p, 0.05, momentum=0.9), lambda t, g: sgd(t, g, 0.05, 0.9)),
    "nesterov": (
        lambda p: SGD(p, 0.05, momentum=0.8, nesterov=True, weight_decay=0.02),
        lambda t, g: sgd(t, g, 0.05, 0.8, True, 0.02),
    ),
    "rmsprop": (lambda p: RMSprop(p, 0.02, alpha=0.9), lambda t, g: rmsprop(t, g, 0.02, 0.9)),
    "rmsprop with weight decay": (
        lambda p: RMSprop(p, weight_decay=0.1),
        lambda t, g: rmsprop(t, g, 0.01, 0.99, decay=0.1),
    ),
    "adam": (lambda p: Adam(p), lambda t, g: adam(t, g, 0.001, 0.9, 0.999)),
    "adam with weight decay": (
        lambda p: Adam(p, 0.05, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1),
        lambda t, g: adam(t, g, 0.05, 0.8, 0.95, 1e-6, 0.1),
    ),
    "adamw": (
        lambda p: AdamW(p, 0.05, weight_decay=0.1),
        lambda t, g: adam(t, g, 0.05, 0.9, 0.999, decay=0.1, decoupled=True),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_trajectory_equals_the_papers(case):
    make, reference = CASES[case]
    rng = np.random.default_rng(1)
    start, gradients = rng.normal(size=3), rng.normal(size=(STEPS, 3)) * [1.0, 1e-3, 1e3]
    params = [Value(number) for number in start]
    optimizer = make(params)
    expected = zip(*[reference(t, g) for t, g in zip(start.tolist(), gradients.T.tolist(), strict=True)], strict=True)
    for row, at in zip(gradients, expected, strict=True):
        for p, g in zip(params, row, strict=True):
            p.grad = float(g)
        optimizer.step()
        np.testing.assert_allclose([p.data for p in params], at, rtol=1e-12, atol=1e-12)


#: Where PyTorch's optimizer of the same name and settings (2.13, in float64) leaves 0.5 and -1 after four gradients.
#: The defaults are PyTorch's, but the learning rate of SGD, which is 0.01, as in Keras.
AS_IN_PYTORCH = {
    "SGD": (SGD, {"lr": 1e-3}, [0.50175, -1.001626]),
    "SGD with all": (
        SGD,
        {"lr": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 0.02},
        [0.6562090694157289, -1.2154908358041376],
    ),
    "RMSprop": (RMSprop, {}, [0.47030134996691897, -1.0031761681306919]),
    "RMSprop with all": (
        RMSprop,
        {"lr": 0.02, "alpha": 0.9, "eps": 1e-2, "weight_decay": 0.1},
        [0.47962190797948334, -0.9969662180047885],
    ),
    "Adam": (Adam, {}, [0.4988893389521071, -1.000415485079129]),
    "Adam with all": (
        Adam,
        {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-2, "weight_decay": 0.1},
        [0.4491279890912969, -1.0132010039513746],
    ),
    "AdamW": (AdamW, {}, [0.49886938190610547, -1.0003754997849377]),
    "AdamW with all": (
        AdamW,
        {"lr": 0.05, "betas": (0.7, 0.9), "eps": 1e-2, "weight_decay": 0.2},
        [0.4417910808862454, -0.9864243894896298],
    ),
}


@pytest.mark.parametrize("case", AS_IN_PYTORCH)
def test_settings_and_steps_are_those_of_pytorch(case):
    make, settings, expected = AS_IN_PYTORCH[case]
    a, b = Value(0.5), Value(-1.0)
    optimizer = make([a, b], **settings)
    for a.grad, b.grad in [(1.0, -0.5), (0.25, 2.0), (-3.0, 0.125), (0.0, 1e-3)]:
        optimizer.step()
    assert [a.data, b.data] == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("case", CASES)
def test_every_optimizer_finds_the_bottom_of_a_bowl(case):
    make, _ = CASES[case]
    x, y = Value(1.0), Value(-0.5)
    optimizer = make([x, y])
    first = (x * x + 2.0 * y * y).data
    for _ in range(STEPS):
        optimizer.zero_grad()
        (x * x + 2.0 * y * y).backward()
        optimizer.step()
    assert (x * x + 2.0 * y * y).data < first


@pytest.mark.parametrize("case", CASES)
def test_update_on_arrays_is_step_on_values(case):
    make, _ = CASES[case]
    rng = np.random.default_rng(2)
    theta = rng.normal(size=4)
    params = [Value(number) for number in theta]
    on_values, on_arrays = make(params), make([Value(0.0) for _ in theta])
    for _ in range(10):
        gradient = rng.normal(size=4)
        for p, g in zip(params, gradient, strict=True):
            p.grad = float(g)
        on_values.step()
        before = theta.copy()
        after = on_arrays.update(theta, gradient)
        assert theta.tobytes() == before.tobytes()
        theta = after
    assert theta.tolist() == [p.data for p in params]


def sgd_in_new_arrays(optimizer, t, theta, gradient, velocity):
    gradient = gradient + optimizer.weight_decay * theta
    velocity = optimizer.momentum * velocity + gradient
    direction = gradient + optimizer.momentum * velocity if optimizer.nesterov else velocity
    return theta - optimizer.lr * direction, velocity


def rmsprop_in_new_arrays(optimizer, t, theta, gradient, square):
    gradient = gradient + optimizer.weight_decay * theta
    square = optimizer.alpha * square + (1.0 - optimizer.alpha) * gradient**2
    return theta - optimizer.lr * gradient / (np.sqrt(square) + optimizer.eps), square


def adam_in_new_arrays(optimizer, t, theta, gradient, mean, square):
    if isinstance(optimizer, AdamW):
        theta = theta - optimizer.lr * optimizer.weight_decay * theta
    else:
        gradient = gradient + optimizer.weight_decay * theta
    beta1, beta2 = optimizer.betas
    mean = beta1 * mean + (1.0 - beta1) * gradient
    square = beta2 * square + (1.0 - beta2) * gradient**2
    root = np.sqrt(square) * (1.0 / math.sqrt(1.0 - beta2**t))
    return theta - mean / (root + optimizer.eps) * (optimizer.lr / (1.0 - beta1**t)), mean, square


IN_NEW_ARRAYS = {
    SGD: sgd_in_new_arrays,
    RMSprop: rmsprop_in_new_arrays,
    Adam: adam_in_new_arrays,
    AdamW: adam_in_new_arrays,
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("case", CASES)
def test_in_place_is_the_formula_in_new_arrays_bit_for_bit(case, dtype):
    """On numbers of all sizes and of both precisions, on zeros of both signs, and wherever the result is written."""
    make, _ = CASES[case]
    rng = np.random.default_rng(4)
    theta = np.array([0.0, -0.0, *rng.normal(size=30) * 10.0 ** rng.integers(-9, 9, 30)], dtype)
    in_place, in_gradient, expected = theta.copy(), theta.copy(), theta.copy()
    one, other = (make([Value(0.0) for _ in theta]) for _ in range(2))
    buffers = [np.zeros(len(theta), dtype) for _ in one.buffers]
    for t in range(1, 21):
        gradient = (rng.normal(size=len(theta)) * 10.0 ** rng.integers(-9, 9, len(theta))).astype(dtype)
        gradient[rng.uniform(size=len(theta)) < 0.2] = rng.choice([0.0, -0.0])
        before = gradient.copy()
        expected, *buffers = IN_NEW_ARRAYS[type(one)](one, t, expected, gradient, *buffers)
        assert one.update(in_place, gradient, out=in_place) is in_place
        assert gradient.tobytes() == before.tobytes()
        in_gradient = other.update(in_gradient, gradient, out=gradient)
        assert in_place.tobytes() == in_gradient.tobytes() == expected.tobytes()
        for ours, wanted in zip(one.buffers.values(), buffers, strict=True):
            np.testing.assert_array_equal(ours, wanted)
            assert ours.dtype == wanted.dtype == dtype
    assert "_scratch" not in one.settings()


@pytest.mark.parametrize("case", CASES)
def test_what_an_optimizer_keeps_is_in_the_precision_of_the_parameters(case):
    """It goes along when they change it, and what was saved in one comes back in it."""
    make, _ = CASES[case]
    single, gradient = np.array([1.0, -2.0], dtype=np.float32), np.array([0.1, 0.3], dtype=np.float32)
    optimizer, other = (make([Value(0.0), Value(0.0)]) for _ in range(2))
    new = optimizer.update(single, gradient)
    assert {new.dtype, *(buffer.dtype for buffer in optimizer.buffers.values())} == {np.dtype(np.float32)}
    other.load_state_dict(optimizer.state_dict())
    assert {buffer.dtype for buffer in other.buffers.values()} == {np.dtype(np.float32)}
    before = optimizer.state_dict()
    moved = other.update(new, gradient)
    np.testing.assert_array_equal(moved, optimizer.update(new, gradient))
    other.load_state_dict(before)
    double = other.update(new.astype(np.float64), gradient.astype(np.float64))
    assert {double.dtype, *(buffer.dtype for buffer in other.buffers.values())} == {np.dtype(np.float64)}
    np.testing.assert_allclose(double, moved, rtol=1e-5)


@pytest.mark.parametrize("case", CASES)
def test_state_resumes_bit_for_bit(case):
    make, _ = CASES[case]
    rng = np.random.default_rng(3)
    gradients = rng.normal(size=(20, 2))
    whole, first, second = (make([Value(0.0), Value(0.0)]) for _ in range(3))
    straight = broken = np.array([1.0, -1.0])
    for gradient in gradients:
        straight = whole.update(straight, gradient)
    for gradient in gradients[:7]:
        broken = first.update(broken, gradient)
    state = first.state_dict()
    first.update(broken, gradients[7])  # the state taken is a copy, which later steps do not reach
    second.load_state_dict(state)
    for gradient in gradients[7:]:
        broken = second.update(broken, gradient)
    assert straight.tobytes() == broken.tobytes()


def test_state_beside_its_arrays_is_json():
    state = Adam([Value(1.0)]).state_dict()
    state.pop("buffers")
    assert json.loads(json.dumps(state)) == state


def test_state_of_another_optimizer_is_refused_and_nothing_changes():
    adam_state = Adam([Value(1.0)], 0.5).state_dict()
    optimizer = SGD([Value(1.0)], 0.25)
    with pytest.raises(ValueError, match="state of Adam, and the optimizer here is SGD"):
        optimizer.load_state_dict(adam_state)
    two = SGD([Value(1.0), Value(2.0)], 0.25)
    with pytest.raises(ValueError, match="needs"):
        two.load_state_dict(SGD([Value(1.0)], 0.5).state_dict())
    assert (two.lr, two.iteration) == (0.25, 0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: SGD(p, -0.1), "lr must be .* not -0.1"),
        (lambda p: SGD(p, math.nan), "lr must be"),
        (lambda p: SGD(p, momentum=1.0), "momentum must be at least 0 and below 1, not 1"),
        (lambda p: SGD(p, nesterov=True), "momentum is 0"),
        (lambda p: SGD(p, weight_decay=-1.0), "weight_decay must be"),
        (lambda p: RMSprop(p, alpha=1.5), "alpha must be at least 0 and below 1"),
        (lambda p: RMSprop(p, eps=0.0), "eps must be"),
        (lambda p: Adam(p, betas=(1.0, 0.9)), r"betas\[0\] must be at least 0 and below 1, not 1"),
        (lambda p: Adam(p, betas=(0.9, -0.1)), r"betas\[1\] must be"),
        (lambda p: AdamW(p, betas=(0.9, math.nan)), r"betas\[1\] must be"),
        (lambda p: Adam(p, betas=(0.9,)), "betas are two numbers"),
        (lambda p: Adam(p, betas=[[0.9, 0.9]]), "betas are two numbers"),
        (lambda p: Adam([]), "not an empty list"),
        (lambda p: Adam([*p, *p]), "twice"),
        (lambda p: Adam([p[0] * 2.0]), r"computed by '\*'"),
    ],
)
def test_bad_settings_are_refused_in_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make([Value(1.0)])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ([Value(1.0), 2.0], "parameter 1 is 2.0 of type float"),
        (np.array([1.0, 2.0]), r"parameter 0 is np.float64\(1.0\) of type float64"),
        (MLP(1, [1]), r"takes parameters, and MLP is a model; pass model.parameters\(\)"),
        (MLP(1, [1]).parameters, r"was not called; add \(\): model.parameters\(\)"),
        (Value(1.0), r"a list of parameters, not Value\(1.0\); put it in brackets"),
        (None, "a list of parameters, not None"),
    ],
)
def test_parameters_that_are_no_values_are_a_type_error(params, message):
    with pytest.raises(TypeError, match=message):
        SGD(params)


def test_one_number_is_no_pair_of_betas():
    for betas in (0.9, None):
        with pytest.raises(TypeError, match=rf"two numbers, .* as in \(0.9, 0.999\), not {betas}$"):
            Adam([Value(1.0)], betas=betas)


def test_arrays_of_values_are_moved_element_by_element():
    W, b, c = array([[1.0, 2.0], [3.0, 4.0]]), array([5.0, 6.0]), Value(7.0)
    optimizer = SGD([W, b, c], lr=0.1)
    assert [p.data for p in optimizer.params] == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    ((W**2).sum() + b[0] * c).backward()
    optimizer.step()
    assert W.data == pytest.approx(0.8 * np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert [*b.data, c.data] == pytest.approx([5.0 - 0.7, 6.0, 7.0 - 0.5])
    assert SGD(b).params == tuple(b)


class Scale(Module):
    """A model whose parameters stand in arrays."""

    def __init__(self):
        self.inside = {"W": array([[1.0, 2.0]])}

    def __call__(self, x):
        return (self.inside["W"] * x).sum()


@pytest.mark.parametrize(
    "write",
    [
        lambda W: W.__setitem__((0, 1), 2.0),  # the same number, and another Value
        lambda W: W.__setitem__(slice(None), [[1.0, 5.0]]),
        lambda W: np.multiply(W, 0.5, out=W),
        lambda W: np.clip(W, 0.0, None, out=W),
        lambda W: np.put(W, [1], 0.0),
    ],
)
def test_a_parameter_that_was_replaced_in_its_array_is_told(write):
    model, views = Scale(), array([[1.0, 2.0]])
    arrays = array([[1.0, 2.0]]), model.inside["W"], views
    for W, params in zip(arrays, ([arrays[0], Value(0.0)], model.parameters(), views.T), strict=True):
        optimizer = SGD(params, lr=0.1)
        (W**2).sum().backward()
        optimizer.step()
        write(W)
        for go_on in (optimizer.step, optimizer.zero_grad):
            with pytest.raises(ValueError, match=r"^element \[.*\] of an array .* is Value\(.*write into the param"):
                go_on()
        assert optimizer.iteration == 1


def test_what_fit_would_not_train_is_told():
    model = Scale()
    optimizer = SGD(model.parameters())
    model.inside["W"][0, 0] = 5.0
    with pytest.raises(ValueError, match=r"element \[0, 0\] of an array that this optimizer was made of is Value\(5.0"):
        fit(model, [[1.0, 1.0]], [1.0], optimizer=optimizer)


def test_numbers_written_into_the_parameters_and_another_order_are_no_replacement():
    W = array([3.0, 1.0, 2.0])
    optimizer = SGD(iter([W]), lr=0.5)
    W.data = [4.0, 1.0, 2.0]
    W[0].data = 3.0
    W.sort()
    (W * W).sum().backward()
    again = copy.deepcopy(optimizer)
    for each in (optimizer, again):
        each.step()
        each.step()
    assert W.data.tolist() == [-1.0, -2.0, -3.0]
    assert [p.data for p in again.params] == [-3.0, -1.0, -2.0]


def test_a_state_of_computed_values_in_a_model_may_change():
    model = Scale()
    model.state = array([1.0]) * 2.0
    optimizer = SGD(model.parameters())
    model.state[0] = model.state[0] * 3.0
    with pytest.warns(UserWarning, match="every gradient is 0"):
        optimizer.step()


def test_a_first_step_without_any_gradient_is_told_of_backward():
    w = Value(3.0)
    loss = w * w
    optimizer = SGD([w], lr=0.1)
    with pytest.warns(UserWarning, match=r"every gradient is 0, .*: the order is zero_grad.*, and .*under no_grad"):
        optimizer.step()
    loss.backward()
    optimizer.step()
    assert w.data == pytest.approx(2.4)
    optimizer.zero_grad()
    optimizer.step()  # later ones may be 0, as at a minimum


def test_a_bad_rate_or_shape_later_changes_nothing():
    optimizer: Optimizer = Adam([Value(1.0), Value(2.0)], 0.1)
    with pytest.raises(ValueError, match="lr"):
        optimizer.lr = -1.0
    with pytest.raises(ValueError, match=r"arrays of shape \(2,\)"):
        optimizer.update(np.zeros(2), np.zeros(3))
    with pytest.raises(ValueError, match=r"out is an array of shape \(2,\), .* not \(3,\)"):
        optimizer.update(np.zeros(2), np.zeros(2), out=np.zeros(3))
    assert (optimizer.lr, optimizer.iteration) == (0.1, 0)
    assert repr(optimizer).startswith("Adam(2 parameters, lr=0.1")


class Returns(SGD):
    """Its rule gives the new parameters back, and writes them nowhere."""

    def rule(self, theta, gradient, out):
        return theta - self.lr * gradient


class Forgets(SGD):
    """Its rule writes nothing."""

    def rule(self, theta, gradient, out):
        pass


def test_a_rule_that_does_not_write_the_new_parameters_is_not_taken_for_one_that_does():
    with pytest.raises(TypeError, match="rule writes the new parameters into out and returns nothing, not ndarray"):
        Returns([Value(1.0)]).update(np.array([1.0]), np.array([4.0]))
    assert np.isnan(Forgets([Value(1.0)]).update(np.array([1.0]), np.array([4.0]))).all()

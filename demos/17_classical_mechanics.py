# %% [markdown]
"""
# 17. Classical mechanics: the gradient of a simulation

You will see no network at all. A pendulum and a baseball are simulated in `Value`s, and the gradient goes back through
every step of time: how much the period hangs on the length, how much the range on the air. Then Newton's method with
Hessians finds the best angle for a hit, and fits measurements that Galileo wrote down in 1608. Closed forms and SciPy,
which know nothing of this library, say whether it is right.
"""

# %%
import math
from collections.abc import Callable

import numpy as np
from common import Demo, table, title
from matplotlib import pyplot as plt
from scipy.integrate import solve_ivp
from scipy.optimize import curve_fit, minimize_scalar
from scipy.special import ellipe, ellipk

from tinygrad_edu import Value, grad, hessian, jacobian
from tinygrad_edu.nn.losses import half_squared_error

demo = Demo(__doc__)
GRAVITY = 9.80665  # m/s², the standard value (3rd General Conference on Weights and Measures, 1901)
STEPS = 20 if demo.quick else 40


def simulate(rate: Callable, state: list, time: Value, steps: int = STEPS) -> list:
    """The states up to a time, by the classical method of Runge and Kutta: four slopes a step, weighted 1, 2, 2, 1."""
    dt, states = time / steps, [state]
    for _ in range(steps):
        k1 = rate(state)
        k2 = rate([s + dt / 2 * k for s, k in zip(state, k1, strict=True)])
        k3 = rate([s + dt / 2 * k for s, k in zip(state, k2, strict=True)])
        k4 = rate([s + dt * k for s, k in zip(state, k3, strict=True)])
        state = [s + dt / 6 * (a + 2 * b + 2 * c + d) for s, a, b, c, d in zip(state, k1, k2, k3, k4, strict=True)]
        states.append(state)
    return states


# %% [markdown]
# ## A pendulum
# θ″ = -(g/L) sin θ. Let go at an angle, it hangs straight down after a quarter of its period: θ(q) = 0. Newton's method
# finds that time, with the derivative of the simulation by its own end. Then q is a function of length, gravity and
# angle that nobody can write down; but θ(q; L) = 0 stays true when L changes, so ∂θ/∂L + ∂θ/∂q · dq/dL = 0, and
# dq/dL = -(∂θ/∂L) / (∂θ/∂q): two numbers of one sweep (the implicit function theorem).


# %%
def angle_after(quarter: Value, length: Value, gravity: Value, angle: Value) -> Value:
    """The angle of a pendulum, this long after it was let go."""
    return simulate(lambda s: [s[1], -gravity / length * s[0].sin()], [angle, Value(0.0)], quarter)[-1][0]


def period(length: float, gravity: float, angle: float) -> tuple[float, np.ndarray]:
    """The period of a pendulum, and its derivatives by length, gravity and angle."""
    quarter = math.pi / 2 * math.sqrt(length / gravity)  # for small angles, to begin with
    for _ in range(20):
        inputs = [Value(number) for number in (quarter, length, gravity, angle)]
        rest = angle_after(*inputs)
        by_quarter, *by_others = grad(rest, inputs)
        quarter -= rest.data / by_quarter
        if abs(rest.data) < 1e-13:
            break
    return 4 * quarter, -4 * np.array(by_others) / by_quarter


def period_in_closed_form(length: float, gravity: float, angle: float) -> tuple[float, list[float]]:
    """4 √(L/g) K(m) with m = sin²(angle/2), K the complete elliptic integral; and the same three derivatives."""
    m = math.sin(angle / 2) ** 2
    unit = 4 * math.sqrt(length / gravity)
    by_m = (ellipe(m) / (1 - m) - ellipk(m)) / (2 * m)
    whole = unit * ellipk(m)
    return whole, [whole / (2 * length), -whole / (2 * gravity), unit * by_m * math.sin(angle) / 2]


title("A pendulum of 0.994 m, let go at 60 degrees")
setting = (0.994, GRAVITY, math.radians(60))
found, slopes = period(*setting)
exact, exact_slopes = period_in_closed_form(*setting)
rows = [["period", found, exact, "s"]]
for name, unit, slope, known in zip(["length", "gravity", "angle"], ["s per m", "s per m/s²", "s per rad"],
                                    slopes, exact_slopes, strict=True):  # fmt: skip
    rows.append([f"by {name}", float(slope), known, unit])
table(["", "simulated", "closed form", ""], [[a, f"{b:.9f}", f"{c:.9f}", d] for a, b, c, d in rows], width=16)
assert np.allclose([found, *slopes], [exact, *exact_slopes], rtol=1e-5)
share = slopes * setting / found
print(f"One percent more: length {share[0]:+.3f} %, gravity {share[1]:+.3f} %, angle {share[2]:+.3f} % of the period.")
print("The first two are ½ and -½ for any pendulum, whatever its angle; a clock-maker's rule came out of a simulation.")


# %% [markdown]
# ## A baseball
# 145 g, 7.35 cm across, hit at 45 m/s from 1 m above the ground. Air of 1.225 kg/m³ (15 °C, at sea level) holds it back
# with ½ ρ C A v², against its motion; C is about 0.35 for a baseball (Nathan, American Journal of Physics 76, 2008).
# Again a time is asked for, that of the landing: height(t) = 0; and the range has a gradient by all that went in.


# %%
def flight(time: Value, angle: Value, speed: Value, height: Value, drag: Value, density: Value, mass: Value) -> list:
    """Where the ball is up to a time: distance, height, and its two velocities."""
    area = math.pi * 0.0735**2 / 4

    def rate(state: list) -> list:
        _, _, vx, vy = state
        per_speed = density * drag * area / (2.0 * mass) * (vx * vx + vy * vy).sqrt()
        return [vx, vy, -per_speed * vx, -per_speed * vy - GRAVITY]

    return simulate(rate, [Value(0.0), height, speed * angle.cos(), speed * angle.sin()], time)


def landing(*thrown: float) -> tuple[float, float, np.ndarray]:
    """When the ball lands, how far, and the derivatives of the range by all of `thrown`."""
    time = 2 * thrown[1] * math.sin(thrown[0]) / GRAVITY  # without air, to begin with
    for _ in range(20):
        inputs = [Value(number) for number in (time, *thrown)]
        distance, height, *_ = flight(*inputs)[-1]
        fall = grad(height, inputs)
        time -= height.data / fall[0]
        if abs(height.data) < 1e-10:
            break
    reach = grad(distance, inputs)
    return time, distance.data, np.array(reach[1:]) - reach[0] * np.array(fall[1:]) / fall[0]


def range_by_scipy(angle: float, speed: float, height: float, drag: float, density: float, mass: float) -> float:
    """The range once more, by an integrator with a step of its own choosing."""
    k = density * drag * math.pi * 0.0735**2 / 8 / mass

    def rate(_: float, s: np.ndarray) -> list[float]:
        v = math.hypot(s[2], s[3])
        return [s[2], s[3], -k * v * s[2], -k * v * s[3] - GRAVITY]

    def ground(_: float, s: np.ndarray) -> float:
        return s[1]

    ground.terminal, ground.direction = True, -1
    start = [0.0, height, speed * math.cos(angle), speed * math.sin(angle)]
    return solve_ivp(rate, (0.0, 60.0), start, events=ground, rtol=1e-11, atol=1e-11).y_events[0][0, 0]


title("A baseball, hit at 35 degrees")
names = ["angle", "speed", "height", "drag coefficient", "air density", "mass"]
thrown = (math.radians(35), 45.0, 1.0, 0.35, 1.225, 0.145)
time, reach, sensitivity = landing(*thrown)
print(f"It lands after {time:.3f} s, {reach:.3f} m away; SciPy says {range_by_scipy(*thrown):.3f} m.")
rows = []
for k, name in enumerate(names):
    up, down = ((*thrown[:k], thrown[k] * (1 + h), *thrown[k + 1 :]) for h in (1e-5, -1e-5))
    differences = (range_by_scipy(*up) - range_by_scipy(*down)) / (up[k] - down[k])
    rows.append([name, float(sensitivity[k]), differences, f"{sensitivity[k] * thrown[k] / reach:+.2f} %"])
    assert math.isclose(sensitivity[k], differences, rel_tol=2e-3)
table(["input", "∂range/∂", "differences", "1 % more gives"], rows, width=16)

# %% [markdown]
# ## The best angle: Newton's method on a Lagrangian
# The farthest throw makes the distance x largest, on the condition that the height y is 0. Lagrange (1788) puts both
# into one function, Λ = x(angle, time) + λ · y(angle, time), which stands still at the answer in all three variables.
# Newton's method goes where the gradient would be 0 if the Hessian stayed as it is; the Hessian is that of the whole
# simulation. And λ is not only a trick: it is what one more meter under one's feet is worth.


# %%
def best_throw(drag: float) -> tuple[np.ndarray, list[float]]:
    """The best angle, its time and λ; and the size of the gradient before each step."""
    others = (45.0, 1.0, drag, 1.225, 0.145)

    def lagrangian(angle: Value, time: Value, weight: Value) -> Value:
        distance, height, *_ = flight(time, angle, *map(Value, others))[-1]
        return distance + weight * height

    angle = math.radians(40)
    time, _, slopes = landing(angle, *others)
    point, sizes = np.array([angle, time, slopes[2]]), []  # λ is the derivative of the range by the height
    for _ in range(12):
        inputs = [Value(number) for number in point]
        gradient = np.array(grad(lagrangian(*inputs), inputs))
        sizes.append(float(np.linalg.norm(gradient)))
        if sizes[-1] < 1e-10:
            break
        point = point - np.linalg.solve(hessian(lagrangian, point), gradient)
    return point, sizes


title("The best angle")
rows, best = [], {}
for name, drag in (("in a vacuum", 0.0), ("in air", 0.35)):
    (angle, _, weight), sizes = best_throw(drag)
    others = (45.0, 1.0, drag, 1.225, 0.145)
    known = minimize_scalar(lambda a, others=others: -range_by_scipy(a, *others), bounds=(0.5, 0.9), method="bounded")
    _, reach, slopes = landing(angle, *others)
    rows.append([name, f"{math.degrees(angle):.3f}°", f"{math.degrees(known.x):.3f}°", reach, float(weight)])
    best[drag] = math.degrees(angle)
    print(f"{name:12} size of the gradient, step by step: {', '.join(f'{size:.0e}' for size in sizes)}")
    assert math.isclose(weight, slopes[2], rel_tol=1e-6), "λ is the derivative of the range by the height"
table(["", "Newton", "SciPy", "range in m", "λ"], rows, width=12)
exact = math.degrees(math.atan(45.0 / math.sqrt(45.0**2 + 2 * GRAVITY * 1.0)))
print(f"In a vacuum the angle is known: tan = v / √(v² + 2gh), {exact:.3f}°.")

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.4))
angles = np.radians(np.linspace(5, 170, 8 if demo.quick else 16))
many = np.radians(np.linspace(1, 170, 200))
left.plot(np.degrees(many), [period_in_closed_form(0.994, GRAVITY, a)[0] for a in many], label="closed form")
left.plot(np.degrees(angles), [period(0.994, GRAVITY, a)[0] for a in angles], "o", markersize=4, label="simulated")
left.axhline(2 * math.pi * math.sqrt(0.994 / GRAVITY), color="0.6", linestyle=":", label="2π √(L/g)")
left.set(title="period of a pendulum of 0.994 m", xlabel="let go at (degrees)", ylabel="s", ylim=(1.8, 5))
left.legend()
for drag, style in ((0.35, "-"), (0.0, "--")):
    for color, degrees in zip(("C0", "C1", "C2"), (25.0, best[drag], 60.0), strict=True):
        others = (math.radians(degrees), 45.0, 1.0, drag, 1.225, 0.145)
        states = flight(Value(landing(*others)[0]), *map(Value, others))
        name = f"{degrees:.1f}° in {'air' if drag else 'a vacuum'}"
        right.plot(*np.transpose([[x.data, y.data] for x, y, *_ in states]), style, color=color, label=name)
right.set(title="a baseball, hit at 45 m/s", xlabel="m", ylabel="m", ylim=(0, None))
right.legend(fontsize=8)
demo.save(figure, "17_simulated.png")

# %% [markdown]
# ## Galileo's measurements
# In 1608 Galileo let a ball roll down a groove from several heights, turn into the level at the edge of a table, and
# fall; he noted how far from the table it struck the floor. Folio 116v of his manuscripts has five pairs, in punti of
# about 0.94 mm (Drake, Isis 64, 1973; the data also in Dickey & Arnold, J. Statistics Education 3(1), 1995). The table
# was 828 punti high. We fit distance = k · (height / 1000)ᵖ by least squares, and do not tell it that p should be ½.

# %%
HEIGHTS = np.array([300.0, 600.0, 800.0, 828.0, 1000.0])
DISTANCES = np.array([800.0, 1172.0, 1328.0, 1340.0, 1500.0])


def predicted(k: Value, p: Value) -> list[Value]:
    """k · (height / 1000)ᵖ for each height."""
    return [k * Value(h) ** p for h in HEIGHTS / 1000.0]


def misfit(k: Value, p: Value) -> Value:
    """Half the sum of the squared errors."""
    return half_squared_error(predicted(k, p), DISTANCES)


title("Newton's method on Galileo's measurements")
point, rows = np.array([1500.0, 0.8]), []
for step in range(6):
    inputs = [Value(number) for number in point]
    loss = misfit(*inputs)
    gradient = np.array(grad(loss, inputs))
    rows.append([f"step {step}", float(point[0]), f"{point[1]:.6f}", loss.data, f"{np.linalg.norm(gradient):.0e}"])
    point = point - np.linalg.solve(hessian(misfit, point), gradient)
table(["", "k", "p", "½ Σ error²", "|gradient|"], rows, width=14)
low, high = np.linalg.eigvalsh(hessian(misfit, [1000.0, 1.0]))
print(f"Curvatures at k = 1000, p = 1: {low:.3g} and {high:.3g}. One is negative: from there a step would lead uphill,")
print("for Newton's method looks for a place without slope, of whatever kind. It wants a start that is near enough.")

# %% [markdown]
# How sure are we? With n - 2 degrees of freedom the variance of the errors is s² = Σ error² / (n - 2), and that of the
# parameters s² (JᵀJ)⁻¹, where J is the Jacobian of the predictions.

# %%
J = jacobian(predicted, point)
variance = 2 * misfit(*map(Value, point)).data / (len(HEIGHTS) - 2)
errors = np.sqrt(np.diag(variance * np.linalg.inv(J.T @ J)))
fitted, covariance = curve_fit(lambda h, k, p: k * h**p, HEIGHTS / 1000.0, DISTANCES, p0=(1000.0, 1.0))
title("The law")
table(["", "k", "± k", "p", "± p"],
      [["Newton", *map(float, (point[0], errors[0], point[1], errors[1]))],
       ["SciPy", *map(float, (fitted[0], covariance[0, 0] ** 0.5, fitted[1], covariance[1, 1] ** 0.5))]])  # fmt: skip
assert np.allclose(point, fitted, rtol=1e-5)
assert np.allclose(errors, np.sqrt(np.diag(covariance)), rtol=1e-3)
print(f"The exponent is {point[1]:.3f} ± {errors[1]:.3f}: the square root that Galileo was looking for.")

# %% [markdown]
# And k? A ball that slides without friction leaves the table with v² = 2gh, and strikes the floor at d = 2 √(h·H) for a
# table of height H. A ball that rolls must turn as well, which takes 2/7 of its energy: d = 2 √(5/7 · h·H). Its share
# shows, two centuries before there was a word for energy.

# %%
root = np.sqrt(HEIGHTS / 1000.0)
k_of_root = float(root @ DISTANCES / (root @ root))
share = k_of_root**2 / (4 * 1000.0 * 828.0)
print(f"Of the ball's energy, {share:.2f} went into its flight. Sliding: 1. Rolling on a plane: 5/7 = {5 / 7:.2f}.")
print("In a groove a ball rolls on less than its radius, and must turn the faster: less than 5/7 is what to expect.")
figure, axis = plt.subplots(figsize=(6.5, 3.6))
heights = np.linspace(1, 1050, 200)
axis.plot(heights, 2 * np.sqrt(heights * 828.0), "--", label="sliding: 2 √(h·H)")
axis.plot(heights, 2 * np.sqrt(5 / 7 * heights * 828.0), ":", label="rolling on a plane: 2 √(5/7 · h·H)")
axis.plot(heights, point[0] * (heights / 1000.0) ** point[1], label=f"fitted: {point[0]:.0f} (h/1000)^{point[1]:.3f}")
axis.plot(HEIGHTS, DISTANCES, "ko", label="measured")
axis.set(title="Galileo, folio 116v", xlabel="height h (punti)", ylabel="distance (punti)", ylim=(0, None))
axis.legend(fontsize=9)
demo.save(figure, "17_galileo.png")

# %% [markdown]
# ## Exercises
# 1. On the Moon g is 1.62 m/s². By what factor is a pendulum's period longer there? `period` knows.
# 2. From a tower of 20 m, is the best angle for a hit larger or smaller than from 1 m? Predict, then change 1.0 to 20.
# 3. In code: a step of Newton's method. Fill in `demos/exercises/17_classical_mechanics.py`; `tinygrad-edu exercise 17`
#    says what is wrong with it.

# %%
demo.done("let the drag coefficient of a real flight be found by least squares; then 18_reading_the_engine.py")

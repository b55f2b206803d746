"""What other libraries call something that is here: told, so that nobody has to guess.

People come from PyTorch, Keras, scikit-learn, JAX and micrograd. A name that one of these has and this package has not
gets an error that says what to write here: an attribute of an object (`call_elsewhere`), a name in a module
(`not_here`), a keyword of a function (`says_ours`). The tables below say it; nothing else has to be changed to add a
name.

May import: the standard library only.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from opcode import opmap
from typing import Any, NoReturn, ParamSpec, TypeVar

__all__ = [
    "ARRAY_ATTRIBUTES",
    "ARRAY_KEYWORDS",
    "DRAW_KEYWORDS",
    "EARLY_STOPPING_KEYWORDS",
    "ELSEWHERE",
    "FIT_KEYWORDS",
    "GRADCHECK_KEYWORDS",
    "LOSS_KEYWORDS",
    "MODEL_KEYWORDS",
    "MODULE_ATTRIBUTES",
    "NAMES",
    "NORM_KEYWORDS",
    "OPTIMIZER_ATTRIBUTES",
    "OPTIMIZER_KEYWORDS",
    "RECORD_KEYWORDS",
    "SCHEDULE_ATTRIBUTES",
    "SCHEDULE_KEYWORDS",
    "ZERO_GRAD_KEYWORDS",
    "AskedElsewhere",
    "CalledElsewhere",
    "call_elsewhere",
    "not_here",
    "says_ours",
]

P = ParamSpec("P")
R = TypeVar("R")


# How it is told -------------------------------------------------------------------------------------------


class AskedElsewhere:
    """In the place of an attribute that other libraries have: an AttributeError that says what it is called here.

    A class below, or an object, may still have an attribute of that name of its own.

    >>> from tinygrad_edu import MLP
    >>> MLP(1, [1]).forward([1.0])
    Traceback (most recent call last):
        ...
    AttributeError: a module has no attribute 'forward': call the model itself, model(x)
    """

    def __init__(self, owner: str, name: str, cure: str) -> None:
        self.owner, self.name, self.cure = owner, name, cure

    def __get__(self, owned: Any, owner: Any = None) -> NoReturn:
        raise AttributeError(f"{self.owner} has no attribute {self.name!r}: {self.cure}", name=self.name, obj=owned)


class CalledElsewhere(AskedElsewhere):
    """The same where setting the attribute would be as much of a mistake.

    >>> from tinygrad_edu import Value
    >>> Value(1.0).item()
    Traceback (most recent call last):
        ...
    AttributeError: a Value has no attribute 'item': its number is `data`
    """

    def __set__(self, owned: Any, assigned: Any) -> NoReturn:
        self.__get__(owned)


def call_elsewhere(
    cls: type, owner: str, names: Mapping[str, str], kind: type[AskedElsewhere] = AskedElsewhere
) -> None:
    """Let the attributes of a class that only other libraries have say what they are called here.

    >>> class Box: ...
    >>> call_elsewhere(Box, "a box", {"size": "it is `width`"})
    >>> Box().size
    Traceback (most recent call last):
        ...
    AttributeError: a box has no attribute 'size': it is `width`
    """
    for name, cure in names.items():
        setattr(cls, name, kind(owner, name, cure))


def says_ours(keywords: Mapping[str, str]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A decorator: a keyword that other libraries have is a TypeError that says what it is called here.

    A table may serve several functions; what is an argument of the function is left to it. The signature stays.

    >>> @says_ours({"learning_rate": "the learning rate is `lr`, as in PyTorch"})
    ... def descend(lr):
    ...     return -lr
    >>> descend(learning_rate=0.1)
    Traceback (most recent call last):
        ...
    TypeError: descend has no argument 'learning_rate': the learning rate is `lr`, as in PyTorch
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        own = function.__code__.co_varnames[: function.__code__.co_argcount + function.__code__.co_kwonlyargcount]
        cures = {name: cure for name, cure in keywords.items() if name not in own}
        owner = function.__qualname__.removesuffix(".__init__").rpartition(".")[2]

        @wraps(function)
        def told(*arguments: P.args, **named: P.kwargs) -> R:
            if named and not cures.keys().isdisjoint(named):
                name = next(name for name in named if name in cures)
                raise TypeError(f"{owner} has no argument {name!r}: {cures[name]}")
            return function(*arguments, **named)

        return told

    return decorate


def not_here(module: str, name: str) -> AttributeError | ImportError:
    """The error for a name that a module of this package has not, with what to write instead.

    That is what another library's name is called here, the module of this package that has it, or a name like it.

    It is for the module's `__getattr__`. There, `from module import name` would replace an AttributeError by a sentence
    of its own, so that gets an ImportError.

    >>> print(not_here("tinygrad_edu.nn", "Linear"))
    module 'tinygrad_edu.nn' has no 'Linear': a linear layer is Layer(n_inputs, n_outputs, "linear")
    """
    room = module.removeprefix("tinygrad_edu").removeprefix(".")
    tables = [NAMES.get(room, {}), _HOMES, *([] if room else NAMES.values())]  # at the top, people look for everything
    cure = next((table[name] for table in tables if name in table), None)
    asking = sys._getframe(2)
    imports = asking.f_code.co_code[asking.f_lasti] == opmap["IMPORT_FROM"]
    if cure is None and imports:  # of an attribute, Python finds names like it itself
        cure = _alike(module, name)
    if cure is None:
        return AttributeError(f"module {module!r} has no attribute {name!r}", name=name, obj=sys.modules.get(module))
    sentence = f"module {module!r} has no {name!r}: {cure}"
    if imports:
        return ImportError(sentence, name=module)
    return AttributeError(sentence, name=name)  # without the module, in which Python would look for names like it


def _alike(module: str, name: str) -> str | None:
    """The question whether a public name that looks like `name` was meant, and where that is."""
    homes = {here.casefold(): f"`{here}`, which {cure.removeprefix('it ')}" for here, cure in _HOMES.items()}
    homes |= {here.casefold(): f"`{here}`" for here in getattr(sys.modules.get(module), "__all__", ())}
    close = difflib.get_close_matches(name.casefold(), homes, n=1, cutoff=0.75)
    return f"did you mean {homes[close[0]]}?" if close else None


def _all_say(cure: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names, cure)


# Attributes -----------------------------------------------------------------------------------------------

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

_CPU = "it computes on the CPU, in double precision"

#: What an array of Values has elsewhere, beside what each of its elements has.
ARRAY_ATTRIBUTES = {
    **_all_say("its numbers are `data`", "numpy", "to_numpy", "value", "values"),
    **_all_say(_CPU, "cpu", "cuda", "to", "float", "double", "half"),
    **_all_say("every Value has a gradient; `a.detach()` makes leaves without a history", "requires_grad",
               "requires_grad_", "is_leaf", "grad_fn", "retain_grad"),
    **_all_say("`a.detach()` makes leaves with the same numbers", "clone"),
    **_all_say("`a.data = 0.0` sets its numbers, and `a.grad = 0.0` its gradients", "zero_", "zero_grad"),
    **_all_say("`a.data = numbers` writes numbers into its elements", "copy_", "fill_", "assign", "add_", "sub_",
               "mul_", "div_"),
    **_all_say("a product of matrices is `a @ b`", "mm", "bmm", "matmul", "mv"),
    **_all_say("the axes change places by `transpose`, as in NumPy", "permute", "t"),
    **_all_say("a new axis is a[:, None], or np.expand_dims(a, axis)", "unsqueeze"),
    **_all_say("it is np.broadcast_to(a, shape)", "expand", "expand_as"),
    **_all_say("the number of axes is `ndim`", "dim"),
    **_all_say("the number of elements is `size`", "numel"),
    **_all_say("the length of a vector is np.linalg.norm(a)", "norm"),
    **_all_say("np.where(condition, a, b) chooses", "masked_fill", "masked_fill_"),
    **_all_say("it is np.take_along_axis(a, places, axis)", "gather"),
    **_all_say("it is the function `softmax` of tinygrad_edu, or np.exp(a) / np.exp(a).sum()", "softmax"),
    **_all_say("`losses.cross_entropy` takes logits", "log_softmax"),
    **_all_say("the logarithm of a sum of powers of e is np.logaddexp.reduce(a, axis=axis)", "logsumexp"),
    **_all_say("the array is as it is, so leave it out", "contiguous"),
    **_all_say("its absolute value is `abs(a)`", "abs"),
    **_all_say("a power is `a ** exponent`", "pow"),
}  # fmt: skip

#: What a model has elsewhere.
MODULE_ATTRIBUTES = {
    "forward": "call the model itself, model(x)",
    "fit": "training is a function, fit(model, X, y)",
    "predict": "predicting is a function, predict(model, X)",
    "compile": "loss and optimizer are arguments of fit(model, X, y, loss=..., optimizer=...)",
    "evaluate": "predict(model, X) gives the outputs; a loss of `nn.losses` compares them with the targets",
    "summary": "print(model) shows its layers and parameters",
    "trainable_variables": "its parameters are `model.parameters()`",
    **_all_say(_CPU, "to", "cuda", "cpu"),
    **_all_say('fit(..., dtype="float32") trains in single precision', "half", "double", "float"),
    **_all_say("the modules inside it are `model.modules()`", "children", "named_children"),
    "requires_grad_": "an optimizer trains the parameters that it is given; leave out what should stay",
}

#: What an optimizer has elsewhere; `learning_rate` beside these.
OPTIMIZER_ATTRIBUTES = {
    "param_groups": "there is one group: the rate is `optimizer.lr`, the parameters `optimizer.params`",
    "add_param_group": "an optimizer has one group of parameters; make another one for others",
    "apply_gradients": "the gradients are those of the parameters, and `optimizer.step()` moves these",
    "minimize": "call loss.backward(), then optimizer.step()",
    "iterations": "the count of steps is `optimizer.iteration`",
}

#: What a schedule has elsewhere.
SCHEDULE_ATTRIBUTES = {
    "base_lrs": "the base rate is `base_lr`",
    "get_lr": "the rate that it set last is `get_last_lr()`, and that after any count `rate(count)`",
}


# Keywords -------------------------------------------------------------------------------------------------

#: Of the methods of arrays, which are NumPy's.
ARRAY_KEYWORDS = {
    **_all_say("the axis is `axis`, as in NumPy", "dim", "dims"),
    **_all_say("it is `keepdims`, as in NumPy", "keepdim", "keep_dims"),
    "unbiased": "the variance of a sample is ddof=1, and that of these numbers alone ddof=0, as in NumPy",
    "descending": "the smallest comes first, as in NumPy; [::-1] turns the order round",
}

_NOT_HERE = "it cannot be chosen here"
_THE_RATE = "the learning rate is `lr`, as in PyTorch"

#: Of optimizers.
OPTIMIZER_KEYWORDS = {
    **_all_say(_THE_RATE, "learning_rate", "learning_rate_init", "eta", "step_size"),
    "epsilon": "the number that keeps a division from one by 0 is `eps`, as in PyTorch",
    **_all_say("the share of the past that RMSprop keeps is `alpha`, as in PyTorch", "rho", "decay"),
    **_all_say("the two shares are one pair, betas=(0.9, 0.999)", "beta_1", "beta_2", "beta1", "beta2", "b1", "b2"),
    "nesterovs_momentum": "it is `nesterov`, as in PyTorch",
    **_all_say("decay of the weights is `weight_decay`", "l2", "l2_penalty", "wd"),
    **_all_say("fit(clip_norm=...) clips, and so does clip_grad_norm(params, max_norm)", "clipnorm", "global_clipnorm"),
    "clipvalue": "fit(clip_value=...) clips, and so does clip_grad_value(params, clip_value)",
    **_all_say("the parameters come first, and are called `params`", "parameters", "model", "var_list", "model_params"),
    **_all_say(_NOT_HERE, "dampening", "amsgrad", "centered", "maximize", "foreach", "fused", "capturable"),
    **_all_say("only SGD has it; that of Adam is betas[0]", "momentum"),
    "alpha": "only RMSprop has it; the learning rate is `lr`, and decay of the weights `weight_decay`",
    "betas": "only Adam and AdamW have them; SGD has `momentum`, and RMSprop `alpha`",
    "nesterov": "only SGD has it",
}

#: Of the method `zero_grad`.
ZERO_GRAD_KEYWORDS = {"set_to_none": "a gradient is always a number, and becomes 0"}

_ITS_LENGTH = "its length is `step_size`, `T_max`, `total_iters` or `total_steps`, as in PyTorch"

#: Of schedules.
SCHEDULE_KEYWORDS = {
    **_all_say(
        "the base rate is that of the optimizer, SGD(params, lr=...)",
        "learning_rate", "initial_learning_rate", "lr", "base_lr",
    ),
    **_all_say(_ITS_LENGTH, "decay_steps", "total", "num_training_steps", "max_epochs"),
    **_all_say("the length is `total_steps`, epochs times steps per epoch", "epochs", "steps_per_epoch"),
    **_all_say("the factor is `gamma`, as in PyTorch", "decay_rate", "factor", "decay"),
    **_all_say("the lowest rate is `eta_min`, or `min_lr` of ReduceLROnPlateau", "alpha", "eta_min", "min_lr"),
    **_all_say(
        "a warm-up is LinearLR, and SequentialLR lets another schedule follow",
        "warmup", "warmup_steps", "num_warmup_steps", "warmup_target",
    ),
    "last_epoch": "it begins at 0, and load_state_dict continues a run",
    "verbose": "the rate is `optimizer.lr`, and of each epoch `history.learning_rate`",
    **_all_say("the momentum is not cycled here", "cycle_momentum", "base_momentum", "max_momentum"),
    **_all_say("it watches the validation loss, or the training loss where there is none", "monitor", "mode"),
    **_all_say("the share by which a loss must be better is `threshold`", "min_delta", "epsilon"),
    **_all_say(_NOT_HERE, "threshold_mode", "cooldown", "eps", "staircase", "cycle", "three_phase", "anneal_strategy"),
}  # fmt: skip

_STOPPING = "stopping early is callbacks=[EarlyStopping(patience=...)]"
_OPTIMIZERS_OWN = "it is the optimizer's, optimizer=Adam(model.parameters(), lr=...)"

#: Of `fit`.
FIT_KEYWORDS = {
    "validation_split": "split the data first, and give validation_data=(X_valid, y_valid)",
    **_all_say("it is validation_data=(X_valid, y_valid)", "validation", "valid", "val_data", "eval_set"),
    "verbose": "progress=True shows a live line, and progress=False none",
    "shuffle": "the examples are shuffled in each epoch, as `seed` decides",
    **_all_say(_OPTIMIZERS_OWN, "lr", "learning_rate", "learning_rate_init", "weight_decay", "momentum", "alpha"),
    **_all_say("the loss is `loss`", "loss_fn", "loss_function", "criterion", "objective"),
    **_all_say("the number of epochs is `epochs`", "n_epochs", "num_epochs", "nb_epoch", "max_iter", "max_epochs"),
    "metrics": "a callback measures after each epoch what you like, callbacks=[lambda run: ...]",
    **_all_say(
        "a loss can weight classes, loss=lambda z, y: cross_entropy(z, y, class_weights=[...]), or with one output "
        "loss=lambda z, y: (1 + 9 * y) * binary_cross_entropy_with_logits(z, y), where class 1 counts ten times",
        "class_weight", "class_weights",
    ),
    "sample_weight": "let a row of y be target and weight, y=np.c_[y, weights], and the loss use both, "
    "loss=lambda z, y: y[1] * mean_squared_error(z, y[0])",
    **_all_say("the longest gradient is `clip_norm`", "clipnorm", "max_norm", "clip_grad_norm", "max_grad_norm"),
    **_all_say("the largest entry of a gradient is `clip_value`", "clipvalue", "clip_grad_value"),
    **_all_say("what decides the shuffling is `seed`", "random_state", "rng", "generator"),
    **_all_say("a schedule is `schedule`", "scheduler", "lr_scheduler", "lr_schedule"),
    **_all_say(_STOPPING, "patience", "early_stopping", "tol", "n_iter_no_change", "min_delta"),
    **_all_say("the size of a batch is `batch_size`", "batch", "bs", "minibatch_size"),
    **_all_say('single precision is dtype="float32"', "precision", "use_amp", "mixed_precision"),
    "initial_epoch": "checkpoint=FILE with resume=True continues a run",
    **_all_say("an epoch is one pass through the data, in batches of `batch_size`", "steps_per_epoch", "max_steps"),
    **_all_say("the examples are `X`", "x", "inputs", "x_train", "X_train"),
    **_all_say("the targets are `y`", "Y", "targets", "labels", "y_train"),
    **_all_say("give the examples X and the targets y; fit makes the batches", "dataloader", "train_loader", "dataset"),
    "regularizer": "what is added to the loss is penalty=lambda params: l2_penalty(params, 0.01)",
    "device": "it computes on the CPU",
}  # fmt: skip

#: Of `EarlyStopping`.
EARLY_STOPPING_KEYWORDS = {
    **_all_say("it watches the validation loss, or the training loss where there is none", "monitor", "mode"),
    **_all_say("the least improvement is `min_delta`, as in Keras", "tol", "threshold", "delta", "minimum_improvement"),
    **_all_say("the epochs to wait are `patience`", "n_iter_no_change", "wait"),
    "restore_best": "it is `restore_best_weights`, as in Keras",
    "verbose": "`history.stopped` says why a run ended",
    **_all_say("give fit validation_data=(X_valid, y_valid)", "validation_fraction", "validation_data"),
    **_all_say(_NOT_HERE, "baseline", "start_from_epoch"),
}

#: Of the estimators, whose arguments are scikit-learn's.
ESTIMATOR_KEYWORDS = {
    **_all_say("the hidden layers are `hidden_layer_sizes`, as in scikit-learn", "hidden_sizes", "sizes", "hidden"),
    **_all_say("the epochs are `max_iter`, as in scikit-learn", "epochs", "n_epochs", "num_epochs"),
    **_all_say('the optimizer is `solver`, "adam", "sgd" or "lbfgs"', "optimizer", "optim"),
    **_all_say("the learning rate is `learning_rate_init`", "lr", "eta", "eta0"),
    **_all_say("the penalty on weights is `alpha`", "weight_decay", "l2", "lam"),
    **_all_say("the epochs to wait are `n_iter_no_change`", "patience"),
    **_all_say("the least improvement is `tol`", "min_delta"),
    **_all_say("the share that is held back is `validation_fraction`, with early_stopping=True", "validation_split"),
    **_all_say("the seed is `random_state`", "seed"),
    **_all_say("Adam's are `beta_1` and `beta_2`", "betas"),
    **_all_say("what is added to Adam's root is `epsilon`", "eps"),
    **_all_say("what is printed is `verbose`", "progress"),
    "class_weight": 'give fit sample_weight=sklearn.utils.class_weight.compute_sample_weight("balanced", y)',
    "output_activation": "the targets decide it: classes, labels or numbers",
}

_SIZES = "`sizes` are the numbers of neurons of each layer, the output's last, as in MLP(2, [16, 1])"

#: Of neurons, layers and networks.
MODEL_KEYWORDS = {
    **_all_say(_SIZES, "hidden_layer_sizes", "hidden_sizes", "hidden", "layer_sizes", "layers", "nouts", "sizes"),
    **_all_say(
        "the number of inputs is `n_inputs`",
        "in_features", "input_size", "input_dim", "input_shape", "n_features", "n_in", "nin", "in_channels",
    ),
    **_all_say(
        "the number of outputs is `n_outputs` of a Layer, and the last of `sizes` of an MLP",
        "out_features", "output_size", "output_dim", "units", "n_units", "n_neurons", "n_out", "nout", "n_outputs",
    ),
    **_all_say("every neuron has a bias, which starts at 0", "bias", "use_bias", "bias_initializer"),
    **_all_say(
        "the first weights are drawn by `init`, such as init=\"he_normal\"",
        "kernel_initializer", "initializer", "weight_init", "weights",
    ),
    **_all_say("what decides the first weights is `seed`", "random_state", "rng", "generator", "key"),
    **_all_say(
        "the activation is `activation`, such as \"relu\" or \"linear\"",
        "act", "activation_fn", "activations", "nonlin", "nonlinearity", "hidden_activation",
    ),
    **_all_say(
        "the activation of the last layer is `output_activation` of an MLP",
        "out_activation", "final_activation", "last_activation", "output_activation",
    ),
    **_all_say("dropout is a module, Sequential(Layer(...), Dropout(0.5), ...)", "dropout", "dropout_rate"),
    **_all_say("fit(penalty=...) adds a penalty to the loss", "kernel_regularizer", "regularizer", "alpha"),
    "device": _CPU,
    "dtype": 'fit(..., dtype="float32") trains in single precision',
}  # fmt: skip

#: Of dropout and of normalization.
NORM_KEYWORDS = {
    "epsilon": "the number that keeps a division from one by 0 is `eps`, as in PyTorch",
    **_all_say("the number of inputs is `size`", "normalized_shape", "num_features", "n_inputs", "dim", "input_shape"),
    **_all_say("the share that is dropped is `p`", "rate", "drop_prob", "dropout"),
    **_all_say("what decides what is dropped is `seed`", "random_state", "rng", "generator"),
    **_all_say(_NOT_HERE, "elementwise_affine", "affine", "center", "scale", "track_running_stats", "axis", "inplace"),
}

#: Of losses.
LOSS_KEYWORDS = {
    **_all_say("a loss is the mean over what it is given", "reduction", "size_average", "reduce"),
    "from_logits": "`cross_entropy` and `binary_cross_entropy_with_logits` take logits, `binary_cross_entropy` "
    "probabilities",
    **_all_say("`cross_entropy` weights classes by `class_weights`", "weight", "class_weight", "class_weights"),
    **_all_say(
        "the predictions come first, without a name",
        "input", "inputs", "y_pred", "pred", "preds", "outputs", "predictions", "logits", "probs",
    ),
    **_all_say(
        "the targets come second, without a name", "target", "targets", "y_true", "label", "labels", "y",
    ),
    **_all_say("`cross_entropy` smooths labels, by `label_smoothing`", "smoothing", "label_smoothing"),
    **_all_say("where the line begins is `delta` of `huber`", "beta", "delta"),
    "pos_weight": "write the weight down, (1 + 9 * y) * binary_cross_entropy_with_logits(z, y) for a pos_weight of 10",
    "sample_weight": "write the weight down, as in w * mean_squared_error(z, y)",
    **_all_say(_NOT_HERE, "ignore_index", "axis", "dim"),
}  # fmt: skip

#: Of `gradcheck`.
GRADCHECK_KEYWORDS = {
    **_all_say("the step of the finite difference is `step`", "eps", "epsilon", "h", "delta"),
    **_all_say("the tolerances are `rtol` and `atol`", "tol", "tolerance"),
    **_all_say("the function comes first, and is called `f`", "func", "fn", "fun", "function"),
    **_all_say("what it is checked at are the `inputs`, a list", "x", "x0", "args", "input"),
    "raise_exception": "it raises nothing: write `assert gradcheck(f, inputs)`",
    **_all_say(_NOT_HERE, "nondet_tol", "check_undefined_grad", "fast_mode", "order", "modes"),
}

#: Of `record`.
RECORD_KEYWORDS = {
    **_all_say("`shapes` says what each input is, () for a number", "example_inputs", "inputs", "input_shape", "shape"),
    **_all_say("gradients are wanted for `params`, a list of Values", "argnums", "parameters", "wrt"),
    **_all_say("the function comes first, and is called `fn`", "f", "func", "fun", "function", "model"),
    **_all_say("examples to compare it on are check=(X, Y)", "check_inputs", "examples"),
    **_all_say("native=True compiles to machine code", "compile", "jit", "nopython"),
    **_all_say(_NOT_HERE, "static_argnums", "donate_argnums", "strict"),
}

#: Of `draw`.
DRAW_KEYWORDS = {
    **_all_say('the file is `file`, such as "graph.svg"', "filename", "fname", "path", "outfile", "output", "to_file"),
    "format": "the ending of `file` decides: .svg, .png or .dot",
    **_all_say('the direction is rankdir="LR", "TB", "RL" or "BT"', "direction", "orientation", "dir"),
    **_all_say("names for the nodes are `names`, such as locals()", "params", "labels", "variables"),
    **_all_say("what is drawn comes first, and is called `root`", "output_node", "loss", "node", "var", "value", "x"),
    **_all_say("a .png has two pixels a point; an .svg can be as large as you like", "dpi", "scale"),
    **_all_say("an .svg follows the page or window it is in, light or dark", "theme", "dark"),
    **_all_say(_NOT_HERE, "view", "engine", "size", "max_depth", "show_attrs", "show_shapes", "depth"),
}


# Names in modules -----------------------------------------------------------------------------------------

_NAMED_ACTIVATION = 'an activation is chosen by its name, as in Layer(2, 3, "relu")'
_LINEAR = 'a linear layer is Layer(n_inputs, n_outputs, "linear")'
_OTHER_OPTIMIZERS = "there are SGD, RMSprop, Adam and AdamW; a subclass of Optimizer is another"
_LOSSES_OF_PROBABILITIES = (
    "`cross_entropy` takes logits, the outputs of a linear last layer, and classes or one-hot rows as targets"
)

#: The losses, by the names of PyTorch and Keras.
_LOSSES = {
    **_all_say("it is `losses.mean_squared_error`", "mse", "mse_loss", "MSELoss", "MeanSquaredError"),
    **_all_say("it is `losses.mean_absolute_error`", "mae", "l1_loss", "L1Loss", "MeanAbsoluteError"),
    **_all_say("it is `losses.root_mean_squared_error`", "rmse", "rmse_loss"),
    **_all_say("it is `losses.huber`", "huber_loss", "smooth_l1_loss", "HuberLoss", "SmoothL1Loss", "Huber"),
    **_all_say("it is `losses.hinge`", "hinge_loss", "HingeEmbeddingLoss", "Hinge"),
    **_all_say(
        "it is `losses.binary_cross_entropy`, of probabilities", "bce", "BCELoss", "binary_crossentropy",
        "BinaryCrossentropy", "BinaryCrossEntropy", "log_loss",
    ),
    **_all_say(
        "it is `losses.binary_cross_entropy_with_logits`", "bce_with_logits", "BCEWithLogitsLoss", "bce_logits",
    ),
    **_all_say("it is `losses.cross_entropy`, of logits", "CrossEntropyLoss", "softmax_cross_entropy"),
    **_all_say(
        _LOSSES_OF_PROBABILITIES, "nll", "nll_loss", "NLLLoss", "categorical_crossentropy",
        "sparse_categorical_crossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy",
    ),
}  # fmt: skip

#: The public names of each module, for those who look for one in another.
_HOMES = {
    **_all_say(
        "it is in `tinygrad_edu.nn`",
        "LSTM", "RNN", "AvgPool2d", "BatchNorm", "Conv2d", "Dropout", "Embedding", "LSTMCell", "LayerNorm", "MaxPool2d",
        "MultiheadAttention", "RMSNorm", "RNNCell", "Sequential", "TransformerEncoderLayer", "flatten", "l1_penalty",
        "l2_penalty", "losses", "scaled_dot_product_attention",
    ),
    **_all_say(
        "it is in `tinygrad_edu.nn.losses`",
        "binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "half_squared_error", "hinge",
        "huber", "mean_absolute_error", "mean_squared_error", "root_mean_squared_error",
    ),
    **_all_say(
        "it is in `tinygrad_edu.optim`",
        "ConstantLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "ExponentialLR", "LambdaLR", "LinearLR",
        "MultiStepLR", "OneCycleLR", "Optimizer", "PolynomialLR", "ReduceLROnPlateau", "Schedule", "SequentialLR",
        "StepLR", "clip_grad_norm", "clip_grad_value",
    ),
    **_all_say(
        "it is in `tinygrad_edu.training`",
        "Callback", "CallbackError", "MLPClassifier", "MLPRegressor", "Run", "RunView", "TensorBoard", "batches",
        "load", "save",
    ),
    **_all_say(
        "it is in `tinygrad_edu.plotting`",
        "LayerHistory", "descend", "plot_activations", "plot_confusion", "plot_decision_regions", "plot_descent",
        "plot_distributions", "plot_loss", "plot_weights",
    ),
}  # fmt: skip

#: What other libraries have, by the module of this package in which people look for it.
NAMES = {
    "": {
        **_all_say("it is `array`, or `Value` for one number", "Tensor", "tensor", "Variable", "Parameter"),
        **_all_say("array(NumPy's array) makes an array of Values", "zeros", "ones", "randn", "rand", "linspace"),
        **_all_say("activations are methods of Values and of arrays of them, `x.relu()`", "relu", "sigmoid", "tanh"),
        **_all_say("functions are NumPy's, as in np.exp(x)", "exp", "log", "sin", "cos", "sqrt", "matmul", "einsum"),
        **_all_say("`record` turns scalar code into a program for batches", "jit", "compile", "vmap", "trace"),
        "value_and_grad": "it is a method of what `record` returns; `grad(loss, params)` gives the gradient",
        **_all_say("random numbers are decided by `seed` of what draws them", "manual_seed", "set_seed", "seed"),
        **_all_say(_LINEAR, "Linear", "Dense"),
        **_all_say("`draw(loss, 'loss.svg')` draws a graph, and shows it in a notebook", "draw_dot", "make_dot"),
        "engine": "all that it has, such as `Value`, is imported from tinygrad_edu itself",
        "cross_val_score": "it is scikit-learn's, of sklearn.model_selection, and takes MLPClassifier",
        **_all_say(_CPU, "cuda", "device", "float32", "float64"),
    },
    "nn": {
        **_all_say(_LINEAR, "Linear", "Dense", "LazyLinear"),
        **_all_say(
            _NAMED_ACTIVATION, "ReLU", "LeakyReLU", "ELU", "GELU", "SiLU", "Tanh", "Sigmoid", "Softmax", "Softplus",
            "LogSigmoid", "SELU", "Activation", "relu", "tanh", "sigmoid",
        ),
        **_LOSSES,
        **_all_say("losses are in `nn.losses`, and activations are methods of Values", "functional", "F"),
        **_all_say("it is `flatten`, a function", "Flatten"),
        **_all_say("it is `BatchNorm`", "BatchNorm1d", "BatchNorm2d", "BatchNormalization"),
        "LayerNormalization": "it is `LayerNorm`",
        **_all_say("it is `Conv2d`", "Conv2D", "Conv1d", "Convolution2D"),
        **_all_say("it is `MaxPool2d`", "MaxPool2D", "MaxPooling2D"),
        **_all_say("it is `AvgPool2d`", "AveragePooling2D", "AvgPool2D"),
        "MultiHeadAttention": "it is `MultiheadAttention`",
        **_all_say("a module finds its modules in plain lists and dictionaries", "ModuleList", "ModuleDict"),
        "Parameter": "a parameter is a Value, or an array of them, in an attribute of a Module",
        **_all_say("there are RNN and LSTM", "GRU", "GRUCell", "SimpleRNN"),
        "Model": "a model is a subclass of `Module`",
        **_all_say("initializers are in `nn.initializers`, and chosen by init=\"he_normal\"", "init"),
        "utils": "clip_grad_norm and clip_grad_value are in `tinygrad_edu.optim`",
    },
    "nn.losses": _LOSSES,
    "optim": {
        **_all_say(
            _OTHER_OPTIMIZERS, "Adagrad", "Adadelta", "Adamax", "NAdam", "Nadam", "RAdam", "LBFGS", "Rprop", "Lion",
        ),
        **_all_say("it is `RMSprop`, as in PyTorch", "RMSProp"),
        "lr_scheduler": "its schedules are here, as in `from tinygrad_edu.optim import StepLR`",
        **_all_say("it is `Schedule`", "LRScheduler", "_LRScheduler", "LearningRateSchedule"),
        **_all_say("LambdaLR takes any function of the count", "CyclicLR", "MultiplicativeLR", "ChainedScheduler"),
        "ExponentialDecay": "it is `ExponentialLR`, as in PyTorch",
        "CosineDecay": "it is `CosineAnnealingLR`, as in PyTorch",
        "CosineDecayRestarts": "it is `CosineAnnealingWarmRestarts`, as in PyTorch",
        "PolynomialDecay": "it is `PolynomialLR`, as in PyTorch",
        "PiecewiseConstantDecay": "it is `MultiStepLR`, as in PyTorch",
        "StepDecay": "it is `StepLR`, as in PyTorch",
        "clip_grad_norm_": "it is `clip_grad_norm`",
        "clip_grad_value_": "it is `clip_grad_value`",
    },
    "training": {
        "ModelCheckpoint": "fit(checkpoint=FILE) writes the run after each epoch, and save(model, FILE) the weights",
        "LearningRateScheduler": "fit(schedule=...) takes the schedules of `tinygrad_edu.optim`",
        "ReduceLROnPlateau": "it is in `tinygrad_edu.optim`, and given to fit(schedule=...)",
        "DataLoader": "fit makes the batches, and so does `batches(X, y, batch_size)`",
        **_all_say("training is a function, fit(model, X, y)", "Trainer", "train"),
        "evaluate": "`predict` gives the outputs, and a loss of `nn.losses` compares them with the targets",
    },
}  # fmt: skip

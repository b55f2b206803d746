"""Write scalars, see every derivative, run at the speed of matrices."""

from tinygrad_edu.anomaly import AnomalyError, detect_anomaly
from tinygrad_edu.backprop import backward, backward_steps, grad, hessian, topological_order
from tinygrad_edu.checking import GradCheck, gradcheck
from tinygrad_edu.drawing import draw
from tinygrad_edu.nn import MLP, Layer, Module, Neuron
from tinygrad_edu.replay import Program, Programs, RecordingError, record
from tinygrad_edu.stepping.explanation import Explanation, explain
from tinygrad_edu.stepping.page import save_page
from tinygrad_edu.stepping.shell import debug
from tinygrad_edu.stepping.stepper import Stepper
from tinygrad_edu.training import SGD, Adam, AdamW, EarlyStopping, History, RMSProp, diagnose, fit, predict
from tinygrad_edu.value import Value, as_value, choose, dot, fsum, logsumexp, no_grad, softmax, trace_sources, where

__all__ = [
    "MLP",
    "SGD",
    "Adam",
    "AdamW",
    "AnomalyError",
    "EarlyStopping",
    "Explanation",
    "GradCheck",
    "History",
    "Layer",
    "Module",
    "Neuron",
    "Program",
    "Programs",
    "RMSProp",
    "RecordingError",
    "Stepper",
    "Value",
    "as_value",
    "backward",
    "backward_steps",
    "choose",
    "debug",
    "detect_anomaly",
    "diagnose",
    "dot",
    "draw",
    "explain",
    "fit",
    "fsum",
    "grad",
    "gradcheck",
    "hessian",
    "logsumexp",
    "no_grad",
    "predict",
    "record",
    "save_page",
    "softmax",
    "topological_order",
    "trace_sources",
    "where",
]

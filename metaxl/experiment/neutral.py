"""Which settings a method reads; the others are made neutral, so that an edit to them retrains nothing.

Apart from `metaxl.experiment.spec`: training must not import the configuration, whose code would count as training's.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from metaxl.experiment.cell import MethodSlug
from metaxl.experiment.config import default_method
from metaxl.experiment.settings import Method, Training

RTN_SWITCHES = ("gate", "rtn_input", "residual", "layer_composition")


def used_training(method: MethodSlug, training: Training) -> Training:
    """Return the hyper-parameters with 0 for those that the method does not use."""
    unused = {"epochs"} if method.kind == "target" else {"target_epochs"}
    if not method.layers:
        unused |= {"meta_learning_rate", "bottleneck"}
    if method.kind == "metaxl-frozen":
        unused |= {"meta_learning_rate"}
    neutral: dict[str, Any] = dict.fromkeys(unused, 0)
    return replace(training, **neutral)


def used_switches(method: MethodSlug, switches: Method) -> Method:
    """Return the method's switches with the default for those that it does not use."""
    used = {
        "metaxl": set(asdict(switches)) - {"joint_rtn_forward"},
        "metaxl-frozen": {*RTN_SWITCHES, "theta_loss", "target_split"},
        "joint-rtn": {*RTN_SWITCHES, "meta_weight_decay", "joint_rtn_forward"},
    }.get(method.kind, set())
    return replace(default_method(), **{name: value for name, value in asdict(switches).items() if name in used})

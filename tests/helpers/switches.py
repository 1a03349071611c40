"""The method settings that most tests use."""

from __future__ import annotations

from metaxl.experiment.settings import Switches

ETA = 0.05
DEFAULT = Switches(
    update_order="algorithm1",
    theta_loss="source+target",
    target_split="halves",
    meta_objective="inner-product",
    meta_clip_norm=0.0,
    inner_rate=ETA,
    gate="token",
    rtn_input="detached",
    residual="add",
    layer_composition="separate",
    meta_weight_decay=0.0,
    theta_decay="adam-l2",
    phi_decay="adam-l2",
    schedule_length="steps",
    joint_rtn_forward="as-metaxl",
)

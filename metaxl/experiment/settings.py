"""The hyper-parameters of training and the switches of the method, as the schema describes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Placement = tuple[int, ...]
# Of the whole fall of a cell's training loss: where the last epoch brings a larger share, it may be under-trained.
STILL_FALLING = 0.1


@dataclass(frozen=True, slots=True)
class Training:
    """Hyper-parameters of one task; rates are per step, lengths in subwords."""

    epochs: int
    target_epochs: int
    min_steps: int
    batch_size: int
    learning_rate: float
    head_learning_rate: float
    meta_learning_rate: float
    weight_decay: float
    warmup: float
    clip_norm: float
    max_length: int
    eval_max_length: int
    bottleneck: int


@dataclass(frozen=True, slots=True)
class Switches:
    """Where Algorithm 1 and the official code differ, and remedies beyond both: one named value each."""

    update_order: Literal["algorithm1", "official"]
    theta_loss: Literal["source+target", "source"]
    target_split: Literal["halves", "disjoint", "shared", "crossed"]
    meta_objective: Literal["inner-product", "cosine"]
    meta_clip_norm: float
    inner_rate: float | Literal["scheduled"]
    gate: Literal["token", "none"]
    rtn_input: Literal["detached", "attached"]
    residual: Literal["add", "none", "keep-norm"]
    layer_composition: Literal["separate", "nested"]
    meta_weight_decay: float
    theta_decay: Literal["adam-l2", "touched", "decoupled"]
    phi_decay: Literal["adam-l2", "decoupled", "decoupled-to-start"]
    schedule_length: Literal["steps", "official"]
    joint_rtn_forward: Literal["as-metaxl", "official"]

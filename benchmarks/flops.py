"""Counting the floating-point operations of matrix products."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode


def _product(_sum: Sequence[int], left: Sequence[int], right: Sequence[int], **_: Any) -> int:
    """Return the cost of a matrix product, or of a batch of them, from the shapes of its factors."""
    return 2 * math.prod(left) * right[-1]


# Torch's counter knows these products by their other names only.
IN_PLACE = {torch.ops.aten.addmm_: _product, torch.ops.aten.baddbmm_: _product}


def count(function: Callable[..., Any], *arguments: Any) -> int:
    """Return the operations of a call; on tensors of the meta device nothing is computed."""
    with FlopCounterMode(display=False, custom_mapping=IN_PLACE) as counter:
        function(*arguments)
    return int(counter.get_total_flops())

"""This machine's speed, from steps that are timed on it: between the plan, which knows no torch, and training."""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch

from metaxl.experiment.settings import Switches
from metaxl.planning.speed import Sample, Speed, fit
from metaxl.training.calibrate import Sizes, time_step

BUDGET = 6.0  # seconds of steps; on a slow machine the fewest steps take longer


def measure_speed(samples: Sequence[Sample], switches: Switches) -> tuple[Speed, bool]:
    """Return what this machine takes, and whether a GPU trains on it."""
    start = time.process_time()  # Python and the libraries, which each training loads too
    is_gpu = torch.cuda.is_available()
    device = torch.device("cuda" if is_gpu else "cpu")
    timed = [
        (sample, time_step(Sizes(**sample.sizes), sample.looks_ahead, switches, device, BUDGET / len(samples)))
        for sample in samples
    ]
    what = torch.cuda.get_device_name() if is_gpu else "one core of this machine"
    return fit(timed, start, f"{len(timed)} kinds of step timed on {what}"), is_gpu

"""From a run to its state and back, so that it goes on bit for bit as if it had never stopped.

The order of the sentences is no part of the state: it depends on the seed and the number of steps alone. Nor is what
phi began with, which is drawn again from the seed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from metaxl.encoder.network import Parameters
from metaxl.training.checkpoint import State
from metaxl.training.feed import make_feed

if TYPE_CHECKING:
    from metaxl.training.loop import Run

FACTS = ("steps", "history", "best", "best_epoch")  # attributes of a run that JSON can hold
GENERATOR, GENERATOR_OF_DEVICE = "generator", "generator.device"


def state_of(run: Run) -> State:
    """Return all that the rest of a run depends on, between two steps."""
    reports = {name: torch.stack([report[name] for report in run.reports]) for name in next(iter(run.reports), ())}
    tensors = {f"learner/{name}": value for name, value in _tensors(run).items()}
    tensors |= {f"best.theta/{name}": value for name, value in run.best_theta.items()}
    tensors |= {f"best.phi/{name}": value for name, value in run.best_phi.items()}
    tensors |= {f"report/{name}": value for name, value in reports.items()}
    tensors[GENERATOR] = torch.get_rng_state()
    device = run.learner.theta.vector.device
    if device.type == "cuda":
        tensors[GENERATOR_OF_DEVICE] = torch.cuda.get_rng_state(device)
    return State(tensors, {name: getattr(run, name) for name in FACTS})


def restore(run: Run, state: State) -> None:
    """Bring a run of the same cell, which has not begun, to a state."""
    device = run.learner.theta.vector.device
    with torch.no_grad():
        for name, value in _tensors(run).items():
            value.copy_(state.tensors[f"learner/{name}"])
    run.best_theta = _in_order(_part(state, "best.theta", device), run.learner.theta)
    run.best_phi = _in_order(_part(state, "best.phi", device), run.learner.phi)
    reports = _part(state, "report", device)
    count = len(next(iter(reports.values()), ()))
    run.reports = [{name: values[number] for name, values in reports.items()} for number in range(count)]
    for name in FACTS:
        setattr(run, name, state.facts[name])
    run.feed = make_feed(run.spec, run.learner, run.data, run.steps)
    torch.set_rng_state(state.tensors[GENERATOR])
    if GENERATOR_OF_DEVICE in state.tensors:
        torch.cuda.set_rng_state(state.tensors[GENERATOR_OF_DEVICE], device)


def _tensors(run: Run) -> dict[str, Tensor]:
    """Return the tensors that steps move: theta, phi, and the moments of their optimisers."""
    learner = run.learner
    found = {"theta": learner.theta.vector, **{f"phi.{name}": value for name, value in learner.phi.items()}}
    for which, optimizer in (("theta", learner.theta_optimizer), ("phi", learner.phi_optimizer)):
        for kind, values in (("mean", optimizer.means), ("square", optimizer.squares), ("count", optimizer.counts)):
            found |= {f"{which}.{kind}.{number}": value for number, value in enumerate(values)}
    return found


def _in_order(found: Parameters, like: Parameters) -> Parameters:
    """Return parameters in the order of others, which files of tensors lose; nothing where none were found."""
    return {name: found[name] for name in like if found}


def _part(state: State, name: str, device: torch.device) -> dict[str, Tensor]:
    own = {key: value for key, value in state.tensors.items() if key.startswith(f"{name}/")}
    return {key.partition("/")[2]: value.to(device) for key, value in own.items()}

"""A cell's learner at its start."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import torch

from metaxl.data.encode import Integers
from metaxl.encoder.network import Network
from metaxl.encoder.open import network_module
from metaxl.errors import ConfigError
from metaxl.experiment.spec import CellSpec
from metaxl.method.adam import Adam
from metaxl.method.flat import Flat
from metaxl.method.learner import Learner
from metaxl.provenance import load
from metaxl.tasks import find_task


def build_learner(spec: CellSpec, encoder: Path, rows: Integers, device: torch.device) -> Learner:
    """Load theta, draw the head and phi from the cell's seed, and set up the optimisers.

    Raises:
        ConfigError: the encoder has no such layer, or fewer positions than the length limit.
        EncoderError: the encoder folder is incomplete, or not what it says it is.
    """
    generator = torch.Generator().manual_seed(spec.cell.seed)
    opened = import_module(network_module(encoder)).open_network(
        encoder, find_task(spec.cell.task), spec.labels, rows, generator
    )
    network, theta = opened
    _check(spec, network)
    rtn = load(spec.recipe.rtn)(spec.placement, spec.switches) if spec.recipe.rtn else None
    phi = rtn.initialise(network.hidden, spec.training.bottleneck, generator) if rtn else {}
    theta = Flat.of({name: value.to(device) for name, value in theta.items()})
    phi = {name: value.to(device).requires_grad_() for name, value in phi.items()}
    torch.manual_seed(spec.cell.seed)  # dropout
    return Learner(
        network=network,
        theta=theta,
        theta_optimizer=_optimizer_of_theta(spec, network, theta),
        clip_norm=spec.training.clip_norm,
        switches=spec.switches,
        rtn=rtn,
        phi=phi,
        phi_optimizer=Adam(phi.values(), spec.switches.meta_weight_decay, spec.switches.phi_decay),
    )


def _optimizer_of_theta(spec: CellSpec, network: Network, theta: Flat) -> Adam:
    """Return the optimiser of theta as one vector, or, where the head has a rate of its own, as vector and head."""
    decay, form, factor = spec.training.weight_decay, spec.switches.theta_decay, spec.training.head_learning_rate
    if factor == 1:
        return Adam([theta.vector], decay, form)
    pieces, of_head = theta.pieces(network.of_head())
    return Adam(pieces, decay, form, [factor if head else 1.0 for head in of_head])


def _check(spec: CellSpec, network: Network) -> None:
    layers = spec.placement
    if layers and layers[-1] > network.layers:
        raise ConfigError(
            f"{spec.cell.path}: layer {layers[-1]} does not exist; encoder {spec.cell.encoder!r} has layers "
            f"0 (the embedding output) to {network.layers}. Change {spec.cell.task}.placement or .placements, or the "
            "method in the cell's path."
        )
    longest = max(spec.training.max_length, spec.training.eval_max_length)
    if network.max_length is not None and longest > network.max_length:
        raise ConfigError(
            f"{spec.cell.task}.training: {longest} subwords asked for, but encoder {spec.cell.encoder!r} has "
            f"{network.max_length} positions; lower max_length and eval_max_length."
        )

"""Which trials each rung has. What was tried stands here, whether it helped or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

from studies.positive_control.places import REAL
from studies.positive_control.trial import Trial

Settings = dict[str, Any]

SEEDS = {"real": (11, 12)}
OTHER_SEEDS = (1, 2, 3, 4)
RATES = (1e-6, 1e-4, 1e-3, 3e-3, 1e-2, 3e-2)
L2 = 5e-4  # of the official code
SPLITS = ("halves", "disjoint", "crossed", "shared")
METAXL: Settings = {"method": "metaxl"}
FROZEN: Settings = {"method": "metaxl-frozen"}
BASELINES: tuple[Settings, ...] = (
    {"method": "target", "labels": "none"},
    {"method": "joint", "labels": "right"},
    {"method": "joint"},
)
# What may hold phi's scale, and what may keep the meta-loss from vanishing. The first is the paper's code without L2.
REMEDIES: tuple[Settings, ...] = (
    {},
    {"meta_objective": "cosine"},
    {"residual": "keep-norm"},
    {"meta_clip_norm": 1e-3},
    {"target_split": "crossed"},
    {"theta_loss": "source"},
    {"meta_objective": "cosine", "residual": "keep-norm"},
    {"meta_objective": "cosine", "target_split": "crossed"},
    {"meta_objective": "cosine", "theta_loss": "source"},
)
OF_THETA = ("target_split", "theta_loss", "residual")  # what the frozen control reads too


def trials(rung: str, targets: Iterable[str]) -> Iterator[Trial]:
    """Yield a rung's trials, seed by seed, so that an interruption leaves whole comparisons."""
    chosen = _real() if rung == REAL else _first_rung() if rung == "world" else _remedies((1e-3, 3e-3, 1e-2, 3e-2))
    settings = list(chosen)
    for seed, target, one in product(SEEDS.get(rung, OTHER_SEEDS), targets, settings):
        yield Trial(rung=rung, target=target, seed=seed, **one)


def _first_rung() -> Iterator[Settings]:
    """Yield the whole grid of rates, L2 and splits, then the remedies."""
    yield from _remedies(RATES[2:])
    for split, l2, rate in product(SPLITS, (0.0, L2), RATES):
        yield METAXL | {"target_split": split, "meta_weight_decay": l2, "meta_learning_rate": rate}
    for split in SPLITS:
        yield FROZEN | {"target_split": split}


def _remedies(rates: Iterable[float]) -> Iterator[Settings]:
    """Yield the baselines and each remedy at each rate, beside a frozen RTN under the same settings of theta."""
    yield from BASELINES
    for remedy in REMEDIES:
        yield FROZEN | {name: value for name, value in remedy.items() if name in OF_THETA}
        for rate in rates:
            yield METAXL | remedy | {"meta_learning_rate": rate}


def _real() -> Iterator[Settings]:
    """Yield few trials, for each takes minutes: pairs of a frozen and a learnt RTN under the same settings of theta."""
    norm: Settings = {"residual": "keep-norm"}
    for theta in ({"theta_loss": "source"}, {}):
        yield FROZEN | norm | theta
        yield METAXL | norm | theta | {"meta_learning_rate": 3e-3}
    yield from BASELINES

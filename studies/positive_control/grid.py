"""Which trials each rung has. What was tried stands here, whether it helped or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

from studies.positive_control.places import REAL
from studies.positive_control.trial import Trial

Settings = dict[str, Any]

SEEDS = {REAL: (11, 12)}
OTHER_SEEDS = (1, 2, 3, 4)
REAL_RATES = (3e-4, 1e-3, 3e-3)
RATES = (1e-6, 1e-4, 1e-3, 3e-3, 1e-2, 3e-2)
RATES_OF_OTHERS = (1e-3, 1e-2, 3e-2)  # where the target is split otherwise
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
KEEP_NORM: Settings = {"residual": "keep-norm"}
COSINE: Settings = {"meta_objective": "cosine"}
OFFICIAL_L2: Settings = {"meta_weight_decay": L2}
RIGHT: Settings = {"labels": "right"}
SOURCE_ALONE: Settings = {"theta_loss": "source"}
REMEDIES: tuple[Settings, ...] = (
    {},
    OFFICIAL_L2,
    OFFICIAL_L2 | {"phi_decay": "decoupled"},
    {"meta_weight_decay": 1.0, "phi_decay": "decoupled"},
    {"meta_clip_norm": 1e-3},
    {"target_split": "crossed"},
    COSINE,
    KEEP_NORM,
    KEEP_NORM | OFFICIAL_L2,
    KEEP_NORM | COSINE,
    SOURCE_ALONE,
    SOURCE_ALONE | KEEP_NORM,
)
# Above the first rung, where a trial takes longer.
PROMISING: tuple[Settings, ...] = ({}, OFFICIAL_L2, COSINE, KEEP_NORM, SOURCE_ALONE | KEEP_NORM)
REAL_REMEDIES: tuple[Settings, ...] = (
    {},
    COSINE,
    KEEP_NORM,
    KEEP_NORM | COSINE,
    SOURCE_ALONE | KEEP_NORM,
)
OF_THETA = ("labels", "target_split", "theta_loss", "residual")  # what the frozen control reads too


def trials(rung: str, targets: Iterable[str]) -> Iterator[Trial]:
    """Yield a rung's trials, each once, seed by seed, so that an interruption leaves whole comparisons."""
    chosen = {"world": _first_rung, REAL: _real}.get(rung, _next_rungs)
    seeds = SEEDS.get(rung, OTHER_SEEDS)
    every = (
        Trial(rung=rung, target=target, seed=seed, **one) for seed in seeds for target in targets for one in chosen()
    )
    yield from dict.fromkeys(every)


def remedies_of(rung: str) -> tuple[Settings, ...]:
    """Return the remedies that a rung has."""
    return {"world": REMEDIES, REAL: REAL_REMEDIES}.get(rung, PROMISING)


def _first_rung() -> Iterator[Settings]:
    """Yield the remedies, then the grid of rates, L2 and splits; all rates of the split that the official code has."""
    yield from _remedies(remedies_of("world"), RATES[4:])
    for split, l2 in product(SPLITS, (0.0, L2)):
        yield FROZEN | {"target_split": split}
        for rate in RATES if split == "halves" else RATES_OF_OTHERS:
            yield METAXL | {"target_split": split, "meta_weight_decay": l2, "meta_learning_rate": rate}


def _next_rungs() -> Iterator[Settings]:
    """Yield the promising remedies; the most promising one at a higher rate too, for its best rate was the highest."""
    yield from _remedies(PROMISING, RATES[4:])
    yield METAXL | KEEP_NORM | {"meta_learning_rate": 0.1}


def _remedies(remedies: Iterable[Settings], rates: Iterable[float]) -> Iterator[Settings]:
    """Yield the baselines and each remedy at each rate, beside a frozen RTN under the same settings of theta."""
    yield from BASELINES
    for remedy in remedies:
        yield frozen_of(remedy)
        for rate in rates:
            yield METAXL | remedy | {"meta_learning_rate": rate}


def frozen_of(settings: Settings) -> Settings:
    """Return the frozen control of a remedy: the same in all that theta sees."""
    return FROZEN | {name: value for name, value in settings.items() if name in OF_THETA}


def _real() -> Iterator[Settings]:
    """Yield the remedies at lower rates, and what an RTN does where no label is wrong."""
    yield from _remedies(remedies_of(REAL), REAL_RATES)
    yield from _remedies((RIGHT, KEEP_NORM | RIGHT), REAL_RATES)
    yield METAXL | SOURCE_ALONE | KEEP_NORM | {"meta_learning_rate": 1e-2}

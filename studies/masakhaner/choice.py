"""What the pilot varies, and the rule by which it chooses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from metaxl.experiment.spec import CellSpec

LANGUAGES = ("hau", "xho")
SEEDS = {"theta": (1, 2), "length": (1, 2), "phi": (1,)}
RATES, HEAD_FACTORS = (3e-5, 1e-4, 3e-4), (1.0, 10.0)
EPOCHS = (3, 6, 12)  # 300, 600 and 1,200 steps
ENOUGH = 1.0  # F1: less than this from twice the steps does not pay
PHI_RATES = (1e-6, 1e-5, 1e-4, 1e-3)
COLLAPSED = 0.5  # of the highest dev F1 of the same run: a run that ends below, or never rises, has come to grief


@dataclass(frozen=True, slots=True)
class Setting:
    """What the pilot varies.

    Attributes:
        stage: "theta", "length" or "phi".
        method: the cell's method.
        learning_rate: of theta.
        head_learning_rate: the factor of the head's rate.
        epochs: over the source's 1,000 sentences.
        meta_learning_rate: of phi; 0 for the methods whose phi does not move.
    """

    stage: str
    method: str
    learning_rate: float
    head_learning_rate: float
    epochs: int
    meta_learning_rate: float = 0.0

    @property
    def name(self) -> str:
        """Return the path part of its cells."""
        parts = f"{self.learning_rate:g}-{self.head_learning_rate:g}-{self.epochs}"
        return f"{self.method}.{parts}-{self.meta_learning_rate:g}"

    def spec(self, base: CellSpec, language: str, seed: int) -> CellSpec:
        """Return what a run trains; `base` is of the same method."""
        return replace(
            base,
            cell=replace(base.cell, target=language, method=self.name, seed=seed),
            training=replace(
                base.training,
                epochs=self.epochs,
                learning_rate=self.learning_rate,
                head_learning_rate=self.head_learning_rate,
                meta_learning_rate=self.meta_learning_rate,
            ),
        )


@dataclass(frozen=True, slots=True)
class Seen:
    """How a setting fared: dev F1 in percent, in mean over languages and seeds.

    Attributes:
        setting: the setting.
        last: at the last epoch, which chooses.
        best: at the best epoch of each run.
        runs: how many runs there are.
        languages: of these runs.
        whole: whether none is missing.
        collapsed: whether a run ended below half of its own best, or found nothing in any epoch.
    """

    setting: Setting
    last: float
    best: float
    runs: int
    languages: tuple[str, ...]
    whole: bool
    collapsed: bool


SETTLED = Setting("theta", "joint", 1e-4, 1.0, 6)  # what the first run of the pilot chose; see plan.md


def first_stage() -> list[Setting]:
    """Return the grid of theta's rate and of the head's factor, joint training with 600 steps."""
    return [Setting("theta", "joint", rate, factor, EPOCHS[1]) for rate in RATES for factor in HEAD_FACTORS]


def second_stage(theta: Setting) -> list[Setting]:
    """Return the chosen rates with half as many and twice as many steps."""
    return [replace(theta, stage="length", epochs=epochs) for epochs in EPOCHS if epochs != theta.epochs]


def third_stage(theta: Setting) -> list[Setting]:
    """Return the grid of phi's rate, beside an RTN that is frozen."""
    moved = replace(theta, stage="phi", method="metaxl-L12")
    return [
        replace(moved, method="metaxl-frozen-L12"),
        *(replace(moved, meta_learning_rate=rate) for rate in PHI_RATES),
    ]


def best(seen: Iterable[Seen]) -> Setting:
    """Return the setting with the highest dev F1 at the last epoch, of those without a collapsed or a missing run.

    Of equals it is the one that comes first, which has the smaller rates.
    """
    return max((one for one in seen if one.whole and not one.collapsed), key=lambda one: round(one.last, 2)).setting


def enough(seen: Iterable[Seen]) -> Setting:
    """Return the shortest training that twice as many steps improve by less than ENOUGH; else the longest."""
    by_length = sorted(seen, key=lambda one: one.setting.epochs)
    for shorter, longer in pairwise(by_length):
        if longer.last - shorter.last < ENOUGH:
            return shorter.setting
    return by_length[-1].setting


def chosen(seen: Iterable[Seen]) -> dict[str, float | int]:
    """Return what the pilot chooses, as far as its stages are done."""
    every = list(seen)
    theta, length, phi = ([one for one in every if one.setting.stage == name] for name in ("theta", "length", "phi"))
    settled = enough([*length, *(one for one in theta if one.setting == best(theta))])
    values: dict[str, float | int] = {
        "learning_rate": settled.learning_rate,
        "head_learning_rate": settled.head_learning_rate,
        "epochs": settled.epochs,
    }
    if moved := [one for one in phi if one.setting.meta_learning_rate]:
        values["meta_learning_rate"] = best(moved).meta_learning_rate
    return values

"""The picture of closeness and gain: does MetaXL help more where it brings source and target closer?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from scipy.stats import permutation_test, rankdata

from metaxl.experiment.cell import Cell
from metaxl.experiment.config import Config
from metaxl.experiment.contrasts import MAIN, Contrast, contrasts
from metaxl.experiment.grid import Entry, trained_cells
from metaxl.reporting.curves import source_title
from metaxl.reporting.drawing import BLUE, FONT, INK, QUIET, WIDTH, draw_words, quieten, write_note
from metaxl.reporting.evidence import words
from metaxl.reporting.paper import language_name
from metaxl.reporting.vectors import has_vectors, hausdorff, read_vectors

NOTHING = "No language has the records of both MetaXL and joint training, so there is nothing to draw."
FEWEST = 3  # languages of which ranks can be compared
PAIRINGS = 49_999  # all are fewer for up to eight languages
TOLD = (
    "Each dot: a language. To the left, MetaXL has brought the source's [CLS] vectors, after the RTN, closer to the "
    "target's than joint training has (Hausdorff, cosine distance, mean over seeds). Up: it gains F1. If closeness "
    "were what helps, the dots would fall from the upper left to the lower right. The rank correlation is Spearman's, "
    "its p by permutation, two-sided and exploratory. Where names would meet, some are left out."
)


@dataclass(frozen=True, slots=True)
class Dot:
    """A language: how much farther MetaXL's vectors are apart than joint training's, and its gain in points of F1."""

    name: str
    farther: float
    gain: float


@dataclass(frozen=True, slots=True)
class Cloud:
    """The languages of one source."""

    title: str
    dots: tuple[Dot, ...]

    def rank_correlation(self) -> tuple[float, float] | None:
        """Return Spearman's rank correlation of distance and gain and its two-sided p, over all pairings or PAIRINGS.

        None of too few languages or of equal values.
        """
        pairs = np.array([(dot.farther, dot.gain) for dot in self.dots])
        if len(pairs) < FEWEST or (pairs == pairs[0]).all(axis=0).any():
            return None
        ranks = rankdata(pairs, axis=0)
        ranks -= ranks.mean(axis=0)
        farther, gain = (ranks / np.linalg.norm(ranks, axis=0)).T
        test = permutation_test(
            [farther],
            lambda paired, axis: (paired * gain).sum(axis=axis),
            permutation_type="pairings",
            vectorized=True,
            n_resamples=PAIRINGS,
            rng=0,
        )
        return float(test.statistic), float(test.pvalue)


def draw_closeness(
    config: Config, number: int, gains: Sequence[Mapping[str, str]], root: Path, title: str
) -> tuple[Figure, dict[str, Any]]:
    """Return the picture of a table's languages, and its numbers.

    Args:
        config: the configuration.
        number: of the table.
        gains: the rows of its evidence by language.
        root: results/<name>, beneath which the records lie.
        title: the table's.
    """
    asked = [one for one in contrasts(config, number) if one.key == MAIN]
    clouds = [_cloud(config, one, gains, root) for one in asked]
    clouds = [cloud for cloud in clouds if cloud.dots]
    if not clouds:
        return draw_words([NOTHING]), {"caption": NOTHING, "panels": []}
    told = [f"{title}.", TOLD]
    return _draw(clouds, told), {"caption": " ".join(told), "panels": [_facts(cloud) for cloud in clouds]}


def _cloud(config: Config, contrast: Contrast, gains: Sequence[Mapping[str, str]], root: Path) -> Cloud:
    return Cloud(source_title(config, contrast.task, contrast.group), tuple(_dots(config, contrast, gains, root)))


def _dots(config: Config, contrast: Contrast, gains: Sequence[Mapping[str, str]], root: Path) -> Iterator[Dot]:
    known = {
        row["language"]: float(row["difference"])
        for row in gains
        if (row["comparison"], row["group"], row["task"]) == (MAIN, contrast.group, contrast.task) and row["difference"]
    }
    for place, language in enumerate(contrast.languages):
        after, before = (_distance(config, entry, place, root) for entry in (contrast.first, contrast.second))
        if language in known and not math.isnan(after - before):
            name = language_name(config, contrast.task, language) or language
            yield Dot(name, after - before, known[language])


def _distance(config: Config, entry: Entry, place: int, root: Path) -> float:
    """Return how far source and target are apart in one language, the mean over seeds and folds; NaN if unknown."""
    asked: list[Cell] = [entry.cells(seed)[place] for seed in config.seeds]
    cells = [cell for cell in trained_cells(config, asked) if has_vectors(root, cell)]
    return fmean(hausdorff(*read_vectors(root, cell)) for cell in cells) if cells else math.nan


def _facts(cloud: Cloud) -> dict[str, Any]:
    rank, p = cloud.rank_correlation() or (None, None)
    return {
        "title": cloud.title,
        "rank_correlation": rank,
        "p": p,
        "languages": [{"name": dot.name, "farther": dot.farther, "gain": dot.gain} for dot in cloud.dots],
    }


def _draw(clouds: Sequence[Cloud], told: Sequence[str]) -> Figure:
    """Draw a panel a source, all on the same scales."""
    dots = [dot for cloud in clouds for dot in cloud.dots]
    reach = [
        1.25 * max(max(abs(getattr(dot, key)) for dot in dots), least)
        for key, least in (("farther", 0.01), ("gain", 1))
    ]
    with mpl.rc_context(FONT):
        drawn = Figure(figsize=(WIDTH, WIDTH))
        foot = write_note(drawn, told) + 0.5
        total = foot + 2.6 + 0.6
        drawn.set_figheight(total)
        every = drawn.subplots(1, len(clouds), squeeze=False)[0]
        drawn.subplots_adjust(left=0.085, right=0.985, bottom=foot / total, top=1 - 0.6 / total, wspace=0.2)
        for ax, cloud in zip(every, clouds, strict=True):
            _draw_cloud(ax, cloud, reach)
        for ax, cloud in zip(every, clouds, strict=True):
            _name_dots(drawn, ax, cloud)
    return drawn


def _draw_cloud(ax: Axes, cloud: Cloud, reach: Sequence[float]) -> None:
    ax.axhline(0, color=QUIET, linewidth=0.8)
    ax.axvline(0, color=QUIET, linewidth=0.8)
    ax.plot([dot.farther for dot in cloud.dots], [dot.gain for dot in cloud.dots], "o", color=BLUE, ms=5)
    ax.set_xlim(-reach[0], reach[0])
    ax.set_ylim(-reach[1], reach[1])
    quieten(ax)
    ax.set_title(cloud.title, loc="left", weight="bold", size=8.5, color=INK, pad=16, parse_math=False)
    found, count = cloud.rank_correlation(), len(cloud.dots)
    said = f"rank correlation {found[0]:+.2f}, {words.p(found[1])}" if found else "no rank correlation"
    text = f"{count} language{'' if count == 1 else 's'}: {said}"
    ax.annotate(text, (0, 1), (0, 4), xycoords="axes fraction", textcoords="offset points", size=8, color=INK)
    ax.set_xlabel("Hausdorff distance, MetaXL - JT", color=QUIET, size=7.5)
    ax.set_ylabel("F1, MetaXL - JT", color=QUIET, size=7.5)


def _name_dots(drawn: Figure, ax: Axes, cloud: Cloud) -> None:
    """Write each language's name beside its dot, where it meets no other name and no other dot."""
    renderer = FigureCanvasAgg(drawn).get_renderer()  # type: ignore[no-untyped-call]
    inside = ax.get_window_extent(renderer)
    centres = ax.transData.transform([(dot.farther, dot.gain) for dot in cloud.dots])
    size = drawn.dpi / 72
    taken = [Bbox.from_bounds(x - 3 * size, y - 3 * size, 6 * size, 6 * size) for x, y in centres]
    for number, dot in enumerate(cloud.dots):
        for offset, align in (((5, -2.5), "left"), ((-5, -2.5), "right"), ((0, 5), "center"), ((0, -10), "center")):
            text = ax.annotate(
                dot.name, (dot.farther, dot.gain), offset, textcoords="offset points", size=7, color=INK, ha=align
            )
            box = text.get_window_extent(renderer).padded(size)
            others = [other for place, other in enumerate(taken) if place != number]
            if (
                inside.containsx(box.x0)
                and inside.containsx(box.x1)
                and box.y0 > inside.y0
                and box.y1 < inside.y1
                and not box.count_overlaps(others)
            ):
                taken.append(box)
                break
            text.remove()

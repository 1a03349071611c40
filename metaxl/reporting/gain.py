"""The picture of the gain: what MetaXL adds to joint training in each language, how certain that is, and the paper's.

It shows what the evidence of a table holds and computes nothing of its own.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from metaxl.errors import DataError
from metaxl.experiment.config import Config
from metaxl.experiment.contrasts import RELATED, over_joint
from metaxl.experiment.layout import EVIDENCE, GAIN, fill
from metaxl.files import write_json
from metaxl.reporting.drawing import BLUE, FONT, INK, ORANGE, QUIET, RULE, WIDTH, draw_words, quieten, save, write_note
from metaxl.reporting.evidence.papers import TABLE, papers_gain
from metaxl.reporting.evidence.told import read_evidence
from metaxl.reporting.evidence.words import said, signed
from metaxl.reporting.paper import language_name, load_paper
from metaxl.reporting.statistics.verdict import Verdict

ABREAST = 2  # panels in a row
NOTHING = "No language has the records of both, so there is no gain to draw; the table's notes say why."
WIDEST = 2.5  # how far beyond the widest difference an interval is drawn before an arrow cuts it


@dataclass(frozen=True, slots=True)
class Gain:
    """A difference in points of F1 and its 95 % interval; NaN where there is none."""

    name: str
    mean: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True, slots=True)
class Panel:
    """One comparison with joint training.

    Attributes:
        title: the two rows and the source.
        answer: the word of the evidence, with the difference over languages.
        gains: of each language that has one, as the table orders them.
        mean: over languages; None of one language alone.
        papers: whether the numbers are the paper's own.
    """

    title: str
    answer: str
    gains: tuple[Gain, ...]
    mean: Gain | None
    papers: bool = False

    @property
    def shown(self) -> tuple[Gain, ...]:
        """Return the languages and, last, their mean."""
        return (*self.gains, *filter(None, [self.mean]))


def draw_gain(config: Config, evidence: Path, out: Path) -> list[Path]:
    """Write the picture of a table's evidence to `out` as PDF, PNG and JSON, and return the paths.

    Args:
        config: the configuration.
        evidence: the JSON of a table's evidence; its CSV files lie beside it.
        out: a folder.

    Raises:
        DataError: the files are no such evidence, or compare nothing with joint training.
    """
    about = read_evidence(evidence)
    number = int(about["table"])
    own = list(_own(config, evidence))
    if not own:
        raise DataError(
            f"{evidence}: nothing of this table is compared with joint training, so there is no gain to draw."
        )
    own = [panel for panel in own if panel.gains]
    panels = [*own, *(_papers() if number == TABLE else ())] if own else []
    told = [f"{about['title']}.", *(_explained(evidence, panels) if own else [NOTHING])]
    paths = [out / fill(GAIN, number=number, suffix=suffix).name for suffix in ("pdf", "png", "json")]
    save(_draw(panels, told) if own else draw_words(told), paths[:2])
    write_json(paths[-1], {"caption": " ".join(told), "panels": [_facts(panel) for panel in panels]})
    return paths


def _own(config: Config, evidence: Path) -> Iterator[Panel]:
    """Yield a panel for MetaXL, and each of its variants, against joint training from each source."""
    languages = [row for row in _rows(evidence, "languages.csv") if over_joint(row["comparison"])]
    for row in _rows(evidence, "csv"):
        if row["of"] != "these records" or not over_joint(row["comparison"]):
            continue
        same = [one for one in languages if all(one[key] == row[key] for key in ("group", "comparison", "task"))]
        gains = tuple(_gain(_name(config, one), one) for one in same if one["difference"])
        group = row["group"]
        source = "the related source" if group == RELATED else language_name(config, row["task"], group) or group
        mean = _gain("mean", row) if len(gains) > 1 else None
        yield Panel(f"{row['label']} from {source}", _answer(row), gains, mean)


def _rows(evidence: Path, suffix: str) -> list[dict[str, str]]:
    number = read_evidence(evidence)["table"]
    path = evidence.with_name(fill(EVIDENCE, number=number, suffix=suffix).name)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _gain(name: str, row: dict[str, str]) -> Gain:
    return Gain(name, *(float(row[key] or "nan") for key in ("difference", "low", "high")))


def _name(config: Config, row: dict[str, str]) -> str:
    return language_name(config, row["task"], row["language"]) or row["language"]


def _answer(row: dict[str, str]) -> str:
    bound = float(row["gain_ruled_out"]) if row["gain_ruled_out"] else None
    word = said(Verdict(row["verdict"], bound), row["comparison"])  # type: ignore[arg-type]
    return f"{signed(float(row['difference']))}: {word}" if row["difference"] else word


def _papers() -> Iterator[Panel]:
    """Yield the paper's own gains, one number a language, under the same test over languages."""
    names = load_paper().languages
    for own, differences in papers_gain():
        found = own.over.estimate
        source = "the related source" if own.group == RELATED else names[own.group]["name"]
        gains = tuple(Gain(names[code]["name"], value) for code, value in differences.items())
        answer = f"{signed(found.mean)}: {said(own.verdict, own.key)}"
        yield Panel(
            f"The paper: from {source}",
            answer,
            gains,
            Gain("mean", found.mean, found.low, found.high),
            papers=True,
        )


def _explained(evidence: Path, panels: Sequence[Panel]) -> Iterator[str]:
    """Yield what the marks mean and what the numbers are made of."""
    seeds = list(dict.fromkeys(row["seeds"] for row in _rows(evidence, "languages.csv") if row["difference"]))
    counts = sorted({len(one.split()) for one in seeds})
    many = (
        f"{counts[0]} seed"
        if counts == [1]
        else f"{' to '.join(dict.fromkeys(map(str, (counts[0], counts[-1]))))} seeds"
    )
    within = "test sentences, of two trained models alone" if counts == [1] else f"{many} and test sentences"
    yield (
        f"Points of F1 above joint training. Dot: a language, with its 95 % interval over {within}. "
        "Diamond: the mean, with its 95 % interval over languages. An arrow: the interval goes on."
    )
    if any(panel.papers for panel in panels):
        yield "Squares: the paper's own numbers in its own languages, which have no interval."


def _facts(panel: Panel) -> dict[str, Any]:
    """Return a panel's numbers for the JSON file, null where there is none."""

    def plain(gain: Gain) -> dict[str, Any]:
        numbers = {"difference": gain.mean, "low": gain.low, "high": gain.high}
        return {"name": gain.name} | {key: None if math.isnan(value) else value for key, value in numbers.items()}

    return {
        "title": panel.title,
        "answer": panel.answer,
        "paper": panel.papers,
        "languages": [plain(gain) for gain in panel.gains],
        "mean": plain(panel.mean) if panel.mean else None,
    }


def _draw(panels: Sequence[Panel], told: Sequence[str]) -> Figure:
    """Draw two panels abreast, all on one scale, so that a point is a point everywhere."""
    columns = min(ABREAST, len(panels))
    rows = math.ceil(len(panels) / columns)
    longest = max(len(panel.shown) for panel in panels)
    names = 0.3 + 0.065 * max(len(gain.name) for panel in panels for gain in panel.shown)  # inches that they take
    each, between, top = 0.17 * longest, 0.75, 0.5
    with mpl.rc_context(FONT):
        drawn = Figure(figsize=(WIDTH, WIDTH))
        foot = write_note(drawn, told) + 0.3
        total = foot + top + rows * each + (rows - 1) * between
        drawn.set_figheight(total)
        width = (WIDTH - 0.1 - columns * names) / columns
        every = drawn.subplots(rows, columns, squeeze=False).flatten()
        for ax, panel in zip(every, panels, strict=False):
            _draw_panel(ax, panel, _reach(panels), longest)
        for ax in every[len(panels) :]:
            ax.remove()
        drawn.subplots_adjust(
            left=names / WIDTH,
            right=1 - 0.1 / WIDTH,
            bottom=foot / total,
            top=1 - top / total,
            wspace=names / width,
            hspace=between / each,
        )
    return drawn


def _reach(panels: Sequence[Panel]) -> float:
    """Return how far the scale goes to both sides of 0: over all differences and all but the widest intervals."""
    means = [abs(gain.mean) for panel in panels for gain in panel.gains]
    shown = [gain for panel in panels for gain in panel.shown]
    ends = [abs(end) for gain in shown for end in (gain.low, gain.high) if not math.isnan(end)]
    widest = max(means, default=1.0)
    return 1.08 * max(widest, min(max(ends, default=widest), WIDEST * widest), 1.0)


def _draw_panel(ax: Axes, panel: Panel, reach: float, longest: int) -> None:
    style = {"marker": "s", "mfc": "white", "color": ORANGE} if panel.papers else {"marker": "o", "color": BLUE}
    for place, gain in enumerate(panel.gains):
        _draw_gain(ax, place, gain, reach, {**style, "ms": 4.5})
    names = [gain.name for gain in panel.gains]
    if panel.mean:
        ax.axhline(len(names) - 0.5, color=RULE, linewidth=0.6)
        _draw_gain(ax, len(names), panel.mean, reach, {"marker": "D", "color": INK, "ms": 5})
        names.append(panel.mean.name)
    ax.axvline(0, color=QUIET, linewidth=0.9)
    ax.set_xlim(-reach, reach)
    ax.set_ylim(longest - 0.4, -0.6)
    quieten(ax, "x")
    ax.set_yticks(range(len(names)), names, color=INK)
    ax.set_title(panel.title, loc="left", weight="bold", size=8.5, color=INK, pad=16, parse_math=False)
    ax.annotate(panel.answer, (0, 1), (0, 4), xycoords="axes fraction", textcoords="offset points", size=8, color=INK)


def _draw_gain(ax: Axes, place: int, gain: Gain, reach: float, style: dict[str, Any]) -> None:
    """Draw a point and its interval; where that leaves the picture, an arrow at the edge."""
    colour = style["color"]
    if not math.isnan(gain.low):
        ax.plot([max(gain.low, -reach), min(gain.high, reach)], [place] * 2, color=colour, linewidth=1.2)
        for end, mark in ((gain.low, "<"), (gain.high, ">")):
            if abs(end) > reach:
                ax.plot(math.copysign(reach, end), place, mark, color=colour, ms=4, clip_on=False)
    ax.plot(gain.mean, place, **style, linestyle="none", clip_on=False)

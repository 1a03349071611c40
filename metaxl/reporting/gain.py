"""The picture of the gain: what MetaXL adds to joint training in each language, how certain that is, and the paper's.

It shows what the evidence of a table holds and computes nothing of its own.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from metaxl.errors import DataError
from metaxl.experiment.config import Config
from metaxl.experiment.contrasts import RELATED, over_joint
from metaxl.experiment.layout import EVIDENCE, GAIN, fill
from metaxl.files import write_json
from metaxl.reporting.drawing import draw_words, save
from metaxl.reporting.evidence.papers import TABLE, papers_gain
from metaxl.reporting.evidence.told import read_evidence
from metaxl.reporting.evidence.words import said, signed
from metaxl.reporting.panels import Gain, Panel, draw_panels
from metaxl.reporting.paper import language_name, load_paper
from metaxl.reporting.statistics.verdict import Verdict

NOTHING = "No language has the records of both, so there is no gain to draw; the table's notes say why."


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
    save(draw_panels(panels, told) if own else draw_words(told), paths[:2])
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

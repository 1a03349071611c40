"""docs/results.md: what the study's records answer. No result and no answer on the page is typed."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev
from string import Template

from tabulate import tabulate

from metaxl.experiment.config import Config
from metaxl.files import write_text
from metaxl.reporting.evidence.told import read_told
from metaxl.reporting.evidence.words import said, signed
from metaxl.reporting.facts import read_weights
from metaxl.reporting.markup import markdown
from metaxl.reporting.paper import name_of_code
from metaxl.reporting.statistics.estimate import Estimate, estimate
from metaxl.reporting.statistics.family import holm
from metaxl.reporting.statistics.verdict import Verdict, verdict
from studies.masakhaner.arms import ARMS, CONTRASTS, STEPS
from studies.masakhaner.null_control import null_control
from studies.masakhaner.pilot_told import pilot_note, pilot_table
from studies.masakhaner.steps import Moved, Step, draw_steps

OURS = "these records"
PAGE = Path(__file__).with_name("results.md.in")
CONFIRMATORY = 3
MAIN, PILOTS = "metaxl-L12", ("joint", "metaxl-frozen-L12")
Row = dict[str, str]
Histories = dict[tuple[str, str], list[dict[str, float]]]
Scores = dict[tuple[str, str], float]  # F1 in percent by method and target, in mean over seeds


def write_answers(config: Config, root: Path, page: Path, pictures: Path) -> None:
    """Write the page, and its pictures to a folder.

    Args:
        config: the study's configuration.
        root: the study's folder, with scores.csv and the evidence made.
        page: docs/results.md.
        pictures: the folder of the page's pictures.
    """
    rows = _read(root / "scores.csv")
    histories = _histories(root)
    best, last = _scores(root, "best"), _scores(root, "last")
    pilot = _read(root / "results" / "pilot.csv")
    languages = [target.language for target in config.tasks[0].targets]
    moved = _moved(histories, best, languages)
    steps = [Step(f"{ARMS[a]}\n- {ARMS[b]}", *_bounds(_over(best, a, b, languages))) for a, b in STEPS]
    draw_steps(steps, moved, [pictures / "results-steps.png"])
    values = {
        "made": _made(rows, config, languages),
        "sentences": "\n".join(
            f"- {markdown(text)}" for text in read_told(root / "evidence" / "table2.json").sentences
        ),
        "by_arm": _by_arm(best, last, languages),
        "contrasts": _contrasts(root, best, last, languages),
        "phi": _phi(moved, histories),
        "papers": _papers(root),
        "null": null_control(root / "null"),
        "pilot": pilot_table(pilot),
        "pilot_note": pilot_note(pilot, {arm: _over(last, MAIN, arm, languages).mean for arm in PILOTS}),
        "without_one": _without_one(best, languages),
        "weights": f"`{read_weights(root, [config.tasks[0].encoder]).popitem()[1]}`",
    }
    write_text(page, Template(PAGE.read_text(encoding="utf-8")).substitute(values))


def _read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _scores(root: Path, checkpoint: str) -> Scores:
    """Return F1 on test in percent, in mean over seeds, as the records have it."""
    found: dict[tuple[str, str], list[float]] = {}
    for path in sorted(root.glob("cells/*/*/*/*/*/seed*/scores.json")):
        target, _, method = path.parts[-5:-2]
        record = json.loads(path.read_text(encoding="utf-8"))
        found.setdefault((method, target), []).append(100 * record[checkpoint]["test"]["f1"])
    return {key: fmean(values) for key, values in found.items()}


def in_short(config: Config, root: Path) -> str:
    """Return what README says of the study: what was trained, and the sentence of each confirmatory question."""
    told = read_told(root / "evidence" / "table2.json").sentences[:CONFIRMATORY]
    languages = [target.language for target in config.tasks[0].targets]
    made = _made(_read(root / "scores.csv"), config, languages)
    arm, other, _ = CONTRASTS["metaxl-joint"]
    last = _told(_over(_scores(root, "last"), arm, other, languages))
    late = f"Of the last epoch, which no dev set chose, MetaXL - JT is {last}."
    late += " One seed decides little." if len(config.seeds) == 1 else ""
    return "\n".join([made, "", *(f"- {markdown(text)}" for text in told), "", late])


def _over(scores: Scores, arm: str, other: str, languages: Sequence[str]) -> Estimate:
    """Return the mean difference over languages with its t interval."""
    differences = [scores[arm, language] - scores[other, language] for language in languages]
    count = len(differences)
    return estimate(fmean(differences), stdev(differences) / count**0.5, count - 1)


def _bounds(found: Estimate) -> tuple[float, float, float]:
    return found.mean, found.low, found.high


def _made(rows: Sequence[Row], config: Config, languages: Sequence[str]) -> str:
    """Return what was trained and where."""
    cells = {tuple(row[name] for name in ("target", "source", "method", "seed")) for row in rows}
    machines, seeds = ({row[name] for row in rows} for name in ("machine", "seed"))
    names = ", ".join(name_of_code(language) or language for language in languages)
    training = config.tasks[0].training
    return (
        f"NER in MasakhaNER 2.0 with the encoder {config.tasks[0].encoder} ({config.label}): "
        f"{len(cells)} models, {len(ARMS)} arms in {len(languages)} languages ({names}), seed "
        f"{', '.join(sorted(seeds))}; {config.tasks[0].source_size:,} source sentences, {training.epochs} epochs, "
        f"theta's rate {training.learning_rate:g}, phi's {training.meta_learning_rate:g}; trained on "
        f"{', '.join(sorted(machines))} in float32."
    )


def _by_arm(best: Scores, last: Scores, languages: Sequence[str]) -> str:
    body = [
        [title, *(f"{fmean(scores[arm, language] for language in languages):.2f}" for scores in (best, last))]
        for arm, title in ARMS.items()
    ]
    return _table(body, ["", "best dev epoch", "last epoch"])


def _contrasts(root: Path, best: Scores, last: Scores, languages: Sequence[str]) -> str:
    """Return every contrast with its word, at the best dev epoch and, of the confirmatory ones, at the last."""
    rows = {row["comparison"]: row for row in _read(root / "evidence" / "table2.csv") if row["of"] == OURS}
    late = {key: _over(last, *CONTRASTS[key][:2], languages) for key in rows}
    words = _words({key: late[key] for key, row in rows.items() if row["role"] == "confirmatory"})
    body = []
    for key, row in rows.items():
        arm, other, asked = CONTRASTS[key]
        word = words.get(key, "")
        shown = [_interval(row), f"{row['better']} of {len(languages)}", _word(row), _told(late[key]), word]
        body.append([asked, f"{ARMS[arm]} - {ARMS[other]}", *shown])
    head = ["asks for", "difference", "best dev epoch", "better in", "answer", "last epoch", "answer there"]
    return _table(body, head)


def _words(family: dict[str, Estimate]) -> dict[str, str]:
    """Return the words of contrasts that are judged together, by key."""
    adjusted = holm([found.p_value for found in family.values()])
    return {key: said(verdict(found, p), key) for (key, found), p in zip(family.items(), adjusted, strict=True)}


def _without_one(best: Scores, languages: Sequence[str]) -> str:
    """Return what the answer on MetaXL would be if any one language were left out, where it would be another."""

    def word(kept: Sequence[str]) -> str:
        family = {key: _over(best, *CONTRASTS[key][:2], kept) for key in list(CONTRASTS)[:CONFIRMATORY]}
        return _words(family)["metaxl-joint"]

    others: dict[str, list[str]] = {}
    for language in languages:
        other = word([one for one in languages if one != language])
        others.setdefault(other, []).append(name_of_code(language) or language)
    others.pop(word(languages), None)
    if not others:
        return "Without any one of the languages the answer would be the same."
    told = [f"without any one of {', '.join(names)} it would be *{other}*" for other, names in others.items()]
    return f"The answer hangs on single languages: {'; '.join(told)}."


def _word(row: Row) -> str:
    bound = float(row["gain_ruled_out"]) if row["gain_ruled_out"] else None
    role = "" if row["role"] == "confirmatory" else ", exploratory"
    return said(Verdict(row["verdict"], bound), row["comparison"]) + role  # type: ignore[arg-type]


def _told(found: Estimate) -> str:
    return f"{signed(found.mean)} [{signed(found.low)}, {signed(found.high)}]"


def _moved(histories: Histories, best: Scores, languages: Sequence[str]) -> list[Moved]:
    """Return what phi did in each language, in mean over seeds."""
    moved = []
    for language in languages:
        learnt, frozen = (
            fmean(row["rtn_change_L12"] for row in histories[arm, language])
            for arm in ("metaxl-L12", "metaxl-frozen-L12")
        )
        gain = best["metaxl-L12", language] - best["metaxl-frozen-L12", language]
        moved.append(Moved(name_of_code(language) or language, learnt, frozen, gain))
    return moved


def _histories(root: Path) -> Histories:
    """Return the last row of each history, by method and target."""
    found: Histories = {}
    for path in sorted(root.glob("cells/*/*/*/*/metaxl-*/seed*/history.jsonl")):
        target, _, method = path.parts[-5:-2]
        found.setdefault((method, target), []).append(json.loads(path.read_text(encoding="utf-8").splitlines()[-1]))
    return found


def _phi(moved: Sequence[Moved], histories: Histories) -> str:
    """Return how far phi went."""

    def mean(arm: str, name: str) -> float:
        return fmean(row[name] for (method, _), rows in histories.items() if method == arm for row in rows)

    change, start = fmean(one.change for one in moved), fmean(one.frozen for one in moved)
    least, most = min(one.change for one in moved), max(one.change for one in moved)
    travel, norm = (mean("metaxl-L12", name) for name in ("phi_travel", "phi_norm"))
    after, before = (mean(arm, "source_loss") for arm in ("metaxl-L12", "metaxl-frozen-L12"))
    return (
        f"phi travelled {travel:.1f} from where it was drawn, to a norm of {norm:.1f}, by the hypergradient alone. An "
        f"RTN as drawn changes a state by {start:.2f} of its length; a learnt one by {change:.2f}, in mean over "
        f"languages ({least:.2f} to {most:.2f}). The source's loss in the last epoch is {after:.2f} beside "
        f"{before:.2f} of the frozen RTN."
    )


def _papers(root: Path) -> str:
    rows = [row for row in _read(root / "evidence" / "table2.csv") if row["of"] != OURS and row["group"] == "en"]
    body = [[row["label"], _interval(row), f"{row['better']} of {row['languages']}", _word(row)] for row in rows]
    return _table(body, ["difference", "mean [95 % interval]", "better in", "answer"])


def _interval(row: Row) -> str:
    mean, low, high = (signed(float(row[name])) for name in ("difference", "low", "high"))
    return f"{mean} [{low}, {high}]"


def _table(body: list[list[str]], head: list[str]) -> str:
    return tabulate(body, head, tablefmt="github", disable_numparse=True)

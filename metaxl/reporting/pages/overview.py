"""The first page: the question, the answer, Table 2 with intervals, one picture, and what it was measured on."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from metaxl.experiment.contrasts import MAIN, NO_GROUP, PAIRS, RELATED
from metaxl.experiment.grid import AVERAGE, find_table
from metaxl.experiment.layout import EVIDENCE, FIGURE, GAIN, PICTURES, REPORT, TABLE
from metaxl.methods import BASE, METHODS
from metaxl.reporting.evidence.words import signed
from metaxl.reporting.pages.data import headlines
from metaxl.reporting.pages.html import heading, items, paragraph, picture, table
from metaxl.reporting.pages.so_far import NOT_YET, SoFar
from metaxl.tasks import find_task

EMPTY = "–"
SHOWN = [METHODS[name].label for name in BASE]  # the paper's rows; controls and variants stand in the table itself
QUESTION = next(pair.question for pair in PAIRS if pair.key == MAIN)
ASKED = (
    "A language with few labelled examples can be trained together with a language that has many: joint training (JT). "
    "MetaXL (Xia et al., NAACL 2021) adds a small network, the representation transformation network (RTN), which "
    "changes the source language's representations, and learns by meta-learning to change them so that training on "
    "them helps the target language. The paper reports a gain over joint training. This report tells whether these "
    "trainings show one. A frozen RTN is one as it was drawn, which never learns."
)
INVENTED = (
    "The languages and the encoder are invented, so that the whole workflow runs in minutes. These numbers show that "
    "it works; they say nothing about real languages, nor about the paper."
)
WORDS = [
    "yes, or worse: the difference is shown (p below .05, adjusted for the number of comparisons).",
    "no such gain as +1 F1: a gain of one point or more is ruled out (one-sided 95 % bound).",
    "cannot tell: neither. That is no evidence that there is no difference; more languages, seeds or test sentences "
    "are needed.",
]
INTERVAL = (
    "An interval in brackets holds the true difference in 95 of 100 such experiments. It is over languages in the row "
    "of the mean, and in the row of a language over {over}."
)
LIMITS = [
    "What is shown holds for these languages, sizes, this encoder and these settings; each of them may change it.",
    "A comparison of two methods says nothing about why one is better. The rows of controls, where there are any, "
    "separate causes.",
]
ONE_SEED = (
    "With one seed, the row of a language compares two trained models, and not two methods; the mean over languages "
    "compares as many pairs of models as there are languages."
)


def overview(run: SoFar) -> str:
    """Return the body of the first page."""
    parts = [paragraph(ASKED), paragraph(run.state(), "state"), *_measured_on(run)]
    for place, number in enumerate(run.numbers):
        parts += _answers(run, number)
        if place == 0:
            parts += [*_numbers(run, number), *_shown(run)]
    once = len(run.config.seeds) == 1
    interval = INTERVAL.format(over="test sentences alone" if once else "seeds and test sentences")
    parts += [heading("How to read the answers"), items([*WORDS, interval])]
    parts += [heading("What does not follow"), items([*LIMITS, *([ONE_SEED] if once else []), *run.doubts()])]
    return "".join(parts)


def _answers(run: SoFar, number: int) -> list[str]:
    """Return a table's title, which names data and encoder, and its answers; the paper's question first."""
    about = run.json(EVIDENCE, number=number, suffix="json")
    if about is None:
        return [heading(f"Table {number}: {find_table(run.config, number).caption}"), paragraph(NOT_YET)]
    told = about["told"]["sentences"]
    told = [one.replace(f"evidence/table{number}.md", "The page of the evidence") for one in told]
    main = [one for one in told if QUESTION in one][:1]
    rest = items([one for one in told if one not in main])
    return [heading(about["title"]), *(paragraph(one, "verdict") for one in main), rest]


def _measured_on(run: SoFar) -> list[str]:
    """Return what data there are, over which seeds, and whether they are invented."""
    places = [(task.name, target.language) for task in run.config.tasks for target in task.targets]
    invented = any(run.config.corpus(*place) == "synthetic" for place in places)
    report, seeds = run.json(REPORT, suffix="json"), ", ".join(map(str, run.config.seeds))
    told = [
        *(headlines(report) if report else ()),
        *_encoders(run),
        *_placements(run),
        f"Trained with {_seeds(len(run.config.seeds))}: {seeds}.",
    ]
    return [*([paragraph(INVENTED, "caution")] if invented else []), paragraph(" ".join(told))]


def _encoders(run: SoFar) -> Iterator[str]:
    """Yield how large the encoders are that this experiment has pre-trained itself."""
    for name in dict.fromkeys(cell.encoder for cell in run.cells):
        if sizes := run.config.encoders[name].get("pretrain"):
            yield f"Encoder {name}: {sizes['layers']} layers of {sizes['hidden']} numbers a subword, pre-trained here."


def _placements(run: SoFar) -> Iterator[str]:
    """Yield after which layer the RTN sits that the first tables show."""
    for task in run.config.tasks:
        layers = " and ".join(map(str, task.placement))
        yield f"{find_task(task.name).title}: the RTN after layer {layers} (0 is the output of the embeddings)."


def _seeds(count: int) -> str:
    return "one seed" if count == 1 else f"{count} seeds"


def _numbers(run: SoFar, number: int) -> list[str]:
    """Return the first table, a row a language, with MetaXL's difference to joint training and its interval."""
    shown, rows = find_table(run.config, number), run.rows(TABLE, number=number, suffix="csv")
    if not rows:
        return [paragraph(NOT_YET)]
    task = next(shown.entries()).task
    differences = _differences(run, number)
    columns: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row["row"] not in SHOWN:
            continue
        group = _source(run, task, row["group"])
        columns[group, row["row"]] = [_mean(row, name) for name in shown.columns]
        if row["row"] == "MetaXL" and row["group"] != NO_GROUP:
            own = differences.get(row["group"], {})
            columns[group, "MetaXL - JT"] = [own.get(name, EMPTY) for name in shown.columns]
    named = {("", "target"): [name if name == AVERAGE else run.name(task, name) for name in shown.columns]}
    frame = pd.DataFrame(named | columns)
    spread = ", ± standard deviation over seeds" if len(run.config.seeds) > 1 else ""
    caption = f"F1 in percent on test{spread}; differences with their 95 % interval"
    return [table(frame, caption)]


def _source(run: SoFar, task: str, group: str) -> str:
    if group == NO_GROUP:
        return "no source"
    return f"from {'the related source' if group == RELATED else run.name(task, group)}"


def _mean(row: dict[str, str], name: str) -> str:
    if not row[name]:
        return EMPTY
    return f"{row[name]} ± {row[f'{name}_sd']}" if row.get(f"{name}_sd") else row[name]


def _differences(run: SoFar, number: int) -> dict[str, dict[str, str]]:
    """Return MetaXL's difference to joint training by source and language, the mean over languages among them."""
    found: dict[str, dict[str, str]] = {}
    for row in run.rows(EVIDENCE, number=number, suffix="languages.csv"):
        if row["comparison"] == MAIN:
            found.setdefault(row["group"], {})[row["language"]] = _interval(row)
    for row in run.rows(EVIDENCE, number=number, suffix="csv"):
        if row["comparison"] == MAIN and row["of"] == "these records":
            found.setdefault(row["group"], {})[AVERAGE] = _interval(row)
    return found


def _interval(row: dict[str, str]) -> str:
    if not row["difference"]:
        return EMPTY
    ends = [signed(float(row[key])) for key in ("low", "high") if row[key]]
    return signed(float(row["difference"])) + (f" [{', '.join(ends)}]" if ends else "")


def _shown(run: SoFar) -> list[str]:
    """Return one picture: the gain, or else the figure."""
    for pattern, wildcards in [*((GAIN, {"number": number}) for number in run.numbers), (FIGURE, {})]:
        path = run.path(pattern, suffix="png", **wildcards)
        about = run.json(pattern, suffix="json", **wildcards)
        if path and about:
            caption = paragraph(PICTURES[pattern] + "; the page of pictures has all of them.")
            return [f"<figure>\n{picture(path, about['caption'])}<figcaption>{caption}</figcaption>\n</figure>\n"]
    return []

"""What a run leaves, of invented records: configuration, records, evidence, tables and pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from evidence import RELATED, Gold, Records, languages_alone, usual
from experiments import load
from records import golden, usual_labels

from metaxl.experiment.cell import Cell
from metaxl.experiment.grid import find_table, tables
from metaxl.experiment.load import effective_config
from metaxl.files import read_jsonl, write_json, write_jsonl, write_text
from metaxl.reporting.by_type import write_types
from metaxl.reporting.gain import draw_gain
from metaxl.reporting.languages import write_languages
from metaxl.reporting.pictures import draw_pictures
from metaxl.reporting.tables import render_table

SHARE = {"target": 0.5, "joint": 0.7}
EPOCHS = 5


def logged(cell: Cell) -> list[dict[str, float]]:
    """Return an invented history: what each method logs, falling and rising as in a training."""
    rows = []
    for epoch in range(1, EPOCHS + 1):
        row = {"epoch": epoch, "steps": 10 * epoch, "dev_f1": 0.1 * epoch, "target_loss_unseen": 1 / epoch}
        if cell.method.startswith("metaxl"):
            row |= {"phi_travel": 0.2 * epoch, "phi_decay_norm": 0.004, "hypergradient_norm": 0.01 / epoch}
        rows.append(row)
    return rows


def few(cell: Cell) -> dict[str, list[list[str]]]:
    """Return the gold labels of 8 dev and test examples, where it does not matter how many there are."""
    return golden(cell.task, usual_labels(cell.task), 8)


def write_records(
    root: Path, raw: dict, right: Callable[[Cell], float | None] | None = None, gold: Gold = usual
) -> Records:
    """Write the configuration and the records beneath `root`, results/<name>, and return them."""
    config = load(raw)
    write_json(root / "config.json", effective_config(raw))
    made = Records(root, config, right or (lambda cell: SHARE.get(cell.method, 0.8)), gold)
    for cell in made.cells:
        folder = root / cell.path
        if folder.is_dir():
            write_jsonl(folder / "history.jsonl", logged(cell))
            lines = read_jsonl(folder / "predictions.jsonl")
            write_jsonl(folder / "predictions.jsonl", [_with_words(line) for line in lines])
    return made


def _with_words(line: dict) -> dict:
    words = [f"<w{number}&>" for number in range(len(line["gold"]))]
    return line | ({"tokens": words} if len(words) > 1 else {"text": "<b>one</b> & two"})


def write_results(
    root: Path, raw: dict, right: Callable[[Cell], float | None] | None = None, gold: Gold = usual
) -> Records:
    """Write what the workflow makes of the records too: evidence, tables and pictures."""
    made = write_records(root, raw, right, gold)
    write_languages(made.config, root / "tables")
    for number in (table.number for table in tables(made.config)):
        made.write(number, root / "evidence")
        filled = made.filled(number)
        render_table(filled, root / "tables")
        write_types(made.config, find_table(made.config, number), made.frame, filled.facts.labels, root / "tables")
        if number != 5:
            path = root / "evidence" / f"table{number}.json"
            draw_gain(made.config, path, root / "figures")
            draw_pictures(made.config, path, root, root / "figures")
    return made


def write_data(root: Path) -> dict:
    """Write a data report of one language, in which everything is odd, and return it."""
    part = {"task": "ner", "language": "qu", "part": "test", "examples": 40}
    report = {
        "parts": [
            part | {"part": "train", "examples": 100, "repeated": 0, "entities": 60},
            part | {"repeated": 4, "entities": 0},
            part | {"language": "en", "part": "source", "examples": 500, "repeated": 0, "entities": 300},
        ],
        "encoded": [part | {"encoder": "tiny", "subwords": 1000, "unknown": 25, "examples_cut": 3}],
        "shared": {"ner": {"qu train & qu test": 2, "qu dev & qu test": 0}},
        "notes": ["qu: 7 tags were mended"],
        "sources": [],
    }
    write_json(root / "data" / "report.json", report)
    write_text(root / "data" / "report.md", "# Data\n\n| task | language |\n|---|---|\n| ner | qu |\n")
    return report


def of_languages(count: int, related: bool = True, **changes) -> dict:
    """Return an experiment of NER in so many languages; the first eight are the paper's."""
    codes = [*RELATED, *(f"q{one}{other}" for one in "abcdefg" for other in "abcdefg")][:count]
    raw = languages_alone(*codes[:1], **changes)
    sources = {code: {"related": RELATED.get(code, "es")} if related else {} for code in codes}
    raw["ner"]["targets"] = [{"language": code} | sources[code] for code in codes]
    return raw

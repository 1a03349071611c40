"""The table of the languages, Table 1 of the paper: name, code, family and related source of each target."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tabulate import tabulate

from metaxl.experiment.config import Config
from metaxl.experiment.layout import LANGUAGES, fill
from metaxl.files import write_text
from metaxl.reporting.latex import latex_table
from metaxl.reporting.markup import latex, markdown
from metaxl.reporting.paper import language_name, load_paper
from metaxl.reporting.titles import corpus_title, short_name

HEAD = ("Language", "Code", "Family", "Task", "Source", "Related source", "Data")
UNKNOWN = "–"
TITLE = "The target languages, their families and sources"


def write_languages(config: Config, out: Path) -> list[Path]:
    """Write languages.md and languages.tex to `out`; return the paths."""
    rows = list(_rows(config))
    grid = tabulate([list(map(markdown, row)) for row in rows], headers=HEAD, tablefmt="pipe", disable_numparse=True)
    of_format = {
        "md": f"**Table 1: {TITLE}**\n\n{grid}\n",
        "tex": latex_table(HEAD, [[list(map(latex, row)) for row in rows]], f"{TITLE}.", 1),
    }
    paths = [out / fill(LANGUAGES, suffix=suffix).name for suffix in of_format]
    for path, text in zip(paths, of_format.values(), strict=True):
        write_text(path, text)
    return paths


def _rows(config: Config) -> Iterator[list[str]]:
    """Yield the texts of each target of each task; a synthetic language has a code and no name."""
    for task in config.tasks:
        for target in task.targets:
            code, synthetic = target.language, config.corpus(task.name, target.language) == "synthetic"
            family = "" if synthetic else load_paper().languages.get(code, {}).get("family", "")
            names = [
                language_name(config, task.name, one) or one for one in filter(None, (task.source, target.related))
            ]
            yield [
                "invented" if synthetic else language_name(config, task.name, code) or UNKNOWN,
                code,
                family or UNKNOWN,
                short_name(task.name),
                names[0],
                names[1] if target.related else UNKNOWN,
                corpus_title(config, task.name, code),
            ]

"""All pages of the report, each a file of its own that needs nothing from outside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from metaxl.experiment import layout
from metaxl.experiment.schema import WORKFLOW
from metaxl.files import write_text
from metaxl.reporting.pages import made, results
from metaxl.reporting.pages.cost import cost
from metaxl.reporting.pages.data import data
from metaxl.reporting.pages.errors import errors
from metaxl.reporting.pages.overview import overview
from metaxl.reporting.pages.so_far import SoFar

TEMPLATES = WORKFLOW / "report"
FIRST = "overview"


class About(NamedTuple):
    """A page: its heading, and what makes its body."""

    title: str
    body: Callable[[SoFar], str]


PAGES = {
    FIRST: About("Does MetaXL help beyond joint training?", overview),
    "tables": About("Tables", results.tables),
    "evidence": About("Evidence", results.evidence),
    "pictures": About("Pictures", results.pictures),
    "data": About("Data", data),
    "errors": About("Errors worth reading", errors),
    "cost": About("Cost", cost),
    "configuration": About("Configuration", made.configuration),
    "provenance": About("Warnings, versions and provenance", made.provenance),
}


def write_pages(root: Path, out: Path) -> list[Path]:
    """Write every page of what an experiment has made so far, and the first one's body by itself; return the paths.

    Args:
        root: results/<name>.
        out: a folder.

    Raises:
        DataError: nothing has been made yet, or a file is damaged.
    """
    run, paths = SoFar.read(root), []
    template = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined).get_template(
        "page.html"
    )
    style = Markup((TEMPLATES / "page.css").read_text(encoding="utf-8"))  # our own file
    for name, about in PAGES.items():
        body = Markup(f"<h1>{about.title}</h1>\n{about.body(run)}")  # the pages escape what they show
        paths.append(out / layout.fill(layout.PAGE, page=name).name)
        write_text(paths[-1], template.render(title=f"{about.title} ({run.config.name})", style=style, body=body))
        if name == FIRST:
            paths.append(out / layout.FRONT.name)
            write_text(paths[-1], f'<div class="page not-prose">\n<style>\n{style}</style>\n{body}</div>\n')
    return paths

"""The report in a browser: one file shows everything in place, on a telephone, by night, and from the first job on."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import yaml
from browser import FAULTS, PALE, window
from so_far import of_languages, write_data, write_results
from test_workflow import ROOT, Project

from metaxl.experiment.layout import PAGES

STYLE = ROOT / "workflow" / "report" / "report.css"
LOOKS = [
    *((1280, "light"), (390, "dark")),
    *(pytest.param(*look, marks=pytest.mark.slow) for look in ((1280, "dark"), (390, "light"))),
]
RAW = {"name": "mini", "seeds": [11, 12], "controls": ["metaxl-frozen"]}


def reported(project: Project):
    """Return the project's report, of what is there."""
    subprocess.run([sys.executable, "-m", "metaxl", "pages", "results/mini"], cwd=project.folder, check=True)
    said = project.run("--report", "report.html", "--report-stylesheet", str(STYLE), "--", "pages")
    assert "Report created" in said
    return project.folder / "report.html"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The report of a run whose evidence is not yet joined, and whose scores are not yet one file."""
    project = Project(tmp_path_factory.mktemp("report") / "a project")
    raw = of_languages(8, **RAW)
    project.overlay.write_text(yaml.safe_dump(raw))
    write_results(project.folder / "results" / "mini", raw)
    write_data(project.folder / "results" / "mini")
    return reported(project)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """The report of a run of which there is nothing but its configuration."""
    project = Project(tmp_path_factory.mktemp("begun") / "project")
    project.run("--", "results/mini/config.json")
    return reported(project)


def eyes(page):
    """Yield the name of every result that the report lists and the frame that its eye opens."""
    for category in dict.fromkeys(PAGES.values()):
        page.locator("nav").get_by_text(category, exact=True).first.click()
        rows = page.locator("nav tbody tr")
        rows.first.wait_for()
        for number in range(rows.count()):
            row = rows.nth(number)
            row.locator("a").first.click()
            page.locator("iframe").wait_for()
            frame = page.locator("iframe").element_handle().content_frame()
            frame.wait_for_load_state()
            yield row.inner_text().split()[0], frame
        page.locator("nav ol a").first.click()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_every_eye_shows_text_and_nothing_leaves_the_file(report, width, scheme):
    """Law: each page opens in place; no download, no request; no text meets another, is cut or is pale."""
    with window(width, scheme) as (page, left):
        page.goto(report.as_uri())
        page.locator(".page h1").wait_for()
        assert "Does MetaXL help beyond joint training?" in page.locator(".page h1").inner_text()
        assert page.evaluate(FAULTS) == []
        assert page.evaluate(PALE) == []
        seen = {}
        for name, frame in eyes(page):
            seen[name] = len(frame.locator("body").inner_text())
            assert frame.evaluate(FAULTS) == [], name
            assert frame.evaluate(PALE) == [], name
        assert seen.keys() == PAGES.keys()
        assert min(seen.values()) > 50
        assert left == []


def test_a_run_that_has_only_begun_has_a_report_too(begun):
    with window(1280, "light") as (page, left):
        page.goto(begun.as_uri())
        page.locator(".page h1").wait_for()
        assert "Unfinished: 0 of" in page.locator(".page").inner_text()
        assert {name for name, _ in eyes(page)} == PAGES.keys()
        assert left == []


def test_the_rules_are_drawn(report):
    """The graph of the rules stands below the first page, with every rule's name, none on another."""
    with window(1280, "light") as (page, _):
        page.goto(report.as_uri())
        page.locator("#rulegraph canvas, #rulegraph svg").first.wait_for()
        graph = page.evaluate("rulegraph_spec.data.find((one) => one.name === 'node-data').values")
        assert {"train", "table", "pictures", "report_pages"} <= {node["rule"] for node in graph}
        assert len({json.dumps([node["fx"], node["fy"]]) for node in graph}) == len(graph)

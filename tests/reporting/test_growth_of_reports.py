"""Reports take work that grows as the cells do, and no faster."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest
import yaml
from own import make_place
from work import calls, is_linear

from benchmarks.growth import commands, experiment
from benchmarks.made_up import MadeUp
from metaxl.cli.main import main
from metaxl.experiment import layout
from metaxl.planning.plans import Plans
from metaxl.reporting import records

FEW = {"dev": 10, "test": 20}
LONGEST = 128 * 1024  # bytes that Linux takes for one argument


@pytest.fixture
def made(tmp_path, folders):
    """Return a function that makes up the results of so many targets in a folder of their own, and enters it."""

    def make(targets):
        folders(targets)
        raw = experiment(targets) | {"seeds": [11]}
        (tmp_path / str(targets) / "growth.yaml").write_text(yaml.safe_dump(raw))
        found = MadeUp(Plans(raw).active, FEW)
        found.write()
        return found

    return make


def run(found):
    for step, command in commands(found.plan, Path("growth.yaml")):
        if step == "pictures":  # whose work is the drawing library's
            continue
        assert main(command[1:]) in (None, 0)


def test_all_reports_grow_as_the_cells_do(made):
    """Status, gathering, tables and evidence: as much for each of 12 targets as for each of 4."""

    def work(targets):
        found = made(targets)
        return calls(lambda: run(found))

    run(made(1))  # what is imported and remembered
    assert is_linear([work(targets) for targets in (4, 8, 12)], within=0.05)


def test_a_sentence_that_cells_predict_alike_is_read_once(made, monkeypatch):
    """In whichever order the tables list the cells, with room for the sentences of one target alone."""
    found = made(3)
    lines = {path: set(path.read_text().splitlines()) for path in Path("results").rglob(layout.PREDICTIONS)}
    by_target = {}
    for path, told in lines.items():
        by_target.setdefault(path.parts[4], []).append(told)
    distinct = {target: len(set.union(*several)) for target, several in by_target.items()}
    monkeypatch.setattr(records, "_line", lru_cache(max(distinct.values()))(records._line.__wrapped__))
    (group,) = (name for name in found.plan.groups() if name == "table2")
    gather = [command for _, command in commands(found.plan, Path("growth.yaml")) if group in command]
    main(gather[0][1:])
    assert records._line.cache_info().misses <= sum(distinct.values())
    assert len(lines) == len(found.cells())


@pytest.mark.slow
def test_three_hundred_languages_of_ones_own_from_records_to_tables(tmp_path, monkeypatch):
    """Made-up records of 1,200 cells: every table is made, and no argument is longer than a system takes."""
    place = make_place(tmp_path)
    monkeypatch.chdir(place)
    codes = [f"xx-{100 + number}" for number in range(300)]
    raw = yaml.safe_load((place / "mine.yaml").read_text())
    raw["files"] = {"ner": {"en": "data/en"} | dict.fromkeys(codes, "data/lug")}
    raw["ner"] |= {"targets": [{"language": code} for code in codes]}
    (place / "growth.yaml").write_text(yaml.safe_dump(raw))
    plans = Plans(raw)
    plans.stage(plans.active)
    found = MadeUp(plans.active, FEW)
    found.write()
    assert len(found.cells()) == 1200
    run(found)
    assert all(len(part) < LONGEST for _, command in commands(found.plan, Path("growth.yaml")) for part in command)
    text = (layout.root("mine") / "tables" / "table2.csv").read_text()
    assert all(code in text for code in codes)

"""What successful jobs warned of reaches the person when the run ends: grouped, each once, and never too much."""

from __future__ import annotations

import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
import yaml
from experiments import ROOT
from own import MINE

from metaxl.experiment.grid import cell_groups
from metaxl.experiment.load import merge, read_configuration
from metaxl.files import write_json
from metaxl.planning.plans import Plans
from metaxl.planning.run_notes import SHOWN, concerns, results_of_run, told_at_end, told_at_start


@pytest.fixture
def config(own_place):
    return Plans(merge(read_configuration(None, ()), yaml.safe_load(MINE))).active.config


def facts(own_place, path, *notes):
    write_json(own_place / "results" / "mine" / f"{path}.facts.json", {"notes": list(notes)})


def records(own_place, config, chosen_by):
    cells = [cell for cells in cell_groups(config).values() for cell in cells]
    for cell in cells:
        write_json(own_place / "results" / "mine" / cell.path / "scores.json", {"best": {"chosen_by": chosen_by}})
    return len(cells)


def test_notes_of_data_encoding_and_training_stand_under_their_heading_each_once(config, own_place):
    """Of this experiment's files alone: a language that it no longer has tells nothing."""
    assert told_at_end(config) == ""
    facts(own_place, "data/ner/lug/train", "two kinds of tags", "repeated")
    facts(own_place, "data/ner/lug/test", "repeated")
    facts(own_place, "data/ner/old/test", "of a language that left")
    facts(own_place, "encoded/mine/ner/en-40", "8 words lost")
    facts(own_place, "encoded/mine/ner/en-99", "of another size")
    count = records(own_place, config, "none")
    assert told_at_end(config).splitlines() == [
        *("Data:", "- two kinds of tags", "- repeated"),
        *("Length limit:", "- 8 words lost"),
        "Training:",
        f"- ner: dev of lug could not choose an epoch: {count} cells took the last epoch.",
    ]
    records(own_place, config, "dev")
    assert "Training" not in told_at_end(config)


def test_subwords_that_an_encoder_does_not_know_are_told(config, own_place):
    """Whoever brings a language with its own letters should hear it before believing a number."""
    shares = {"train": 250, "dev": 9, "test": 10}
    about = {"task": "ner", "encoder": "mine", "language": "lug", "subwords": 1000}
    parts = [about | {"part": part, "unknown": unknown} for part, unknown in shares.items()]
    write_json(own_place / "results" / "mine" / "data" / "report.json", {"encoded": parts})
    assert told_at_end(config).splitlines() == ["Encoder:", "- Subwords unknown to encoder mine: ner lug train 25.0 %."]


def test_what_is_too_much_for_a_screen_is_in_a_file(config, own_place):
    facts(own_place, "data/ner/lug/train", *(f"note {number}" for number in range(30)))
    lines = told_at_end(config).splitlines()
    assert len(lines) == SHOWN + 1
    assert lines[-1] == f"and {31 - SHOWN} more in results/mine/logs/notes.txt"
    assert len((own_place / "results" / "mine" / "logs" / "notes.txt").read_text().splitlines()) == 31


def test_a_run_of_other_files_tells_nothing(config):
    """Another preset's cells, or a download, are none of the experiment's."""
    jobs = [("download", SimpleNamespace(path="wikiann/qu/train.parquet")), ("train", SimpleNamespace(name="demo"))]
    assert not concerns(config, jobs)
    assert concerns(config, [*jobs, ("data", SimpleNamespace(name="mine"))])


def test_a_run_begins_with_what_the_check_would_tell(config, own_place):
    assert told_at_start(config) == ""
    (own_place / "data" / "lug" / "dev.tsv").write_text("mu\tO\n")
    assert told_at_start(config).startswith("note: ner: dev of lug holds no entity")


@pytest.mark.parametrize(
    ("entities", "reason"),
    [({}, "dev of lug holds no entity"), ({"PER": 3}, "dev F1 of lug is 0 in every epoch")],
)
def test_why_dev_could_not_choose_is_what_the_tables_say(config, own_place, entities, reason):
    held = {"notes": [], "labels": {}, "entities": entities}
    write_json(own_place / "results" / "mine" / "data" / "ner" / "lug" / "dev.facts.json", held)
    count = records(own_place, config, "none")
    assert f"- ner: {reason}: {count} cells took the last epoch." in told_at_end(config).splitlines()


def test_a_run_ends_with_where_its_results_are(config, own_place):
    """Of the tables, report and models that it made, and of no other experiment's; a line a kind."""
    cell = {"encoder": "mine", "task": "ner", "target": "lug", "source": "en", "method": "joint", "seed": "1"}
    jobs = [
        *(("table", SimpleNamespace(name="mine", number=number)) for number in (2, 5)),
        ("table", SimpleNamespace(name="demo", number=3)),
        ("download", SimpleNamespace(path="wikiann/qu/train.parquet")),
        ("report_pages", SimpleNamespace(name="mine")),
        ("model", SimpleNamespace(name="mine", **cell)),
        ("best_model", SimpleNamespace(name="mine", task="ner", target="lug")),
    ]
    why = "lug: dev F1 of mine/ner/lug/en/joint/seed1, 0.5000, is the highest of its 7 cells."
    write_json(own_place / "results/mine/models/ner/lug/cell.json", {"notes": [why]})
    assert results_of_run(config, jobs).splitlines() == [
        "Tables: results/mine/tables/table2.txt, results/mine/tables/table5.txt",
        "Report: results/mine/report/overview.html",
        "Models: results/mine/models/ner/lug, results/mine/cells/mine/ner/lug/en/joint/seed1/model",
        why,
        "Label text: metaxl predict results/mine/models/ner/lug < text.txt",
    ]
    assert results_of_run(config, jobs[2:4]) == ""


def test_a_start_of_snakemake_loads_no_library_that_computes():
    """What the rules import: a cluster's job starts Snakemake anew, and pandas alone takes it half a second."""
    rules = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    modules = sorted(set(re.findall(r"^from (metaxl\S*) import", rules, re.MULTILINE)))
    assert len(modules) > 15
    code = (
        f"import importlib, sys; [importlib.import_module(name) for name in {modules}]\n"
        "heavy = {'torch', 'pandas', 'scipy', 'transformers', 'datasets', 'matplotlib', 'seqeval'}\n"
        "sys.exit(' '.join(sorted(heavy & set(sys.modules))) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")

"""The files of the evidence: the paper's own numbers, what is joined, what planning reads, counts as they are kept."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from damage import DAMAGES, damage
from evidence import COUNTS, RELATED, Records, languages
from records import facts_of
from scipy import stats
from trap import trapped

from metaxl.errors import DataError
from metaxl.experiment.cell import Cell
from metaxl.experiment.contrasts import MAIN
from metaxl.reporting.evidence.counted import read_counts
from metaxl.reporting.evidence.files import join_evidence, told, write_evidence
from metaxl.reporting.evidence.layers import layers
from metaxl.reporting.evidence.papers import papers_own
from metaxl.reporting.evidence.told import read_told
from metaxl.reporting.evidence.words import about, bare, signed

PAPERS = {  # mean, t, p, interval, p by signs, wins; worked out by hand from the poster's Table 2
    (MAIN, "en"): (2.07, 1.59, 0.155, -1.00, 5.14, 0.148, 6),
    (MAIN, "related"): (0.95, 0.69, 0.513, -2.30, 4.19, 0.562, 4),
    ("joint-target", "en"): (12.67, 6.6, None, None, None, None, 8),
    ("joint-target", "related"): (16.35, 9.0, None, None, None, None, 8),
    ("related-common", "related"): (3.69, None, 0.138, None, None, None, 5),
    ("related-common-metaxl", "related"): (2.56, None, 0.089, None, None, None, 6),
}


@pytest.mark.parametrize("place", PAPERS)
def test_the_papers_own_numbers_under_the_same_tests(place):
    """MetaXL's gain over joint training cannot be told from none on the paper's own eight languages."""
    (own,) = (one for one in papers_own() if (one.key, one.group) == place)
    found = own.over.estimate
    values = (found.mean, found.mean / found.se, found.p_value, found.low, found.high, own.over.flip_p, own.over.wins)
    tolerances = (0.006, 0.06, 0.0006, 0.006, 0.006, 0.0006, 0)
    for value, expected, tolerance in zip(values, PAPERS[place], tolerances, strict=True):
        assert expected is None or abs(value - expected) <= tolerance
    assert own.verdict.word == ("yes" if own.key == "joint-target" else "cannot tell")
    assert (own.family, own.over.count) == (6 if own.key == "related-common-metaxl" else 5, 8)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Six languages with two seeds and one table of sentiment, with the files of all tables."""
    root = tmp_path_factory.mktemp("evidence")
    sentiment = {"source": "en", "targets": [{"language": "te"}], "placement": [4], "placements": [[2], [4]]}
    config = languages(*list(RELATED)[:6], seeds=[11, 12], sentiment=sentiment)
    records = Records(root, config, lambda cell: 0.5 if cell.method == "target" else 0.8)
    for number in (2, 3, 5):
        records.write(number, root / "evidence")
    join_evidence(sorted((root / "evidence").glob("*.json"), reverse=True), root)
    return records


def rows_of(path):
    return list(csv.DictReader(path.open(encoding="utf-8")))


def test_joined_files_have_every_table_in_order(made):
    """Rows of all tables and the paper's, a part of each table, whatever the order of the inputs."""
    rows = rows_of(made.root / "evidence.csv")
    parts = [rows_of(made.root / "evidence" / f"table{number}.csv") for number in (2, 3, 5)]
    assert rows == [row for part in parts for row in part]
    assert {row["of"] for row in rows} == {"these records", "the paper"}
    text = (made.root / "evidence.md").read_text(encoding="utf-8")
    heads = [line for line in text.splitlines() if line.startswith(("# ", "## "))]
    places = [next(n for n, head in enumerate(heads) if name in head) for name in ("Table 2", "Table 3", "Table 5")]
    assert places == [1, 2, 3]
    assert heads[-1] == "## The paper's own Table 2 under the same tests"
    for line in text.splitlines():
        assert "nan" not in line.lower()
    before = {path.name: path.read_bytes() for path in made.root.glob("evidence.*")}
    join_evidence(sorted((made.root / "evidence").glob("*.json")), made.root)
    assert before == {path.name: path.read_bytes() for path in made.root.glob("evidence.*")}


def test_planning_reads_the_components_of_each_task(made):
    """Variances, 0 or more; null where nothing is known, as between languages where one stands alone."""
    parts = json.loads((made.root / "evidence.json").read_text(encoding="utf-8"))["components"]
    assert set(parts) == {"ner", "sentiment"}
    assert parts["sentiment"]["language"] is None
    known = [value for task in parts.values() for value in task.values() if value is not None]
    assert all(math.isfinite(value) and value >= 0 for value in known)


def test_each_row_of_a_seed_says_that_it_is_about_two_models(made):
    """A row a seed, a language and a comparison; their mean is the language's difference."""
    seeds = rows_of(made.root / "evidence" / "table2.seeds.csv")
    by_language = rows_of(made.root / "evidence" / "table2.languages.csv")
    assert len(seeds) == 2 * len(by_language)
    assert {row["about"] for row in seeds} == {"two trained models over test sentences, not the methods"}
    for row in by_language:
        place = ("comparison", "group", "language")
        own = [float(one["difference"]) for one in seeds if all(one[key] == row[key] for key in place)]
        assert np.mean(own) == pytest.approx(float(row["difference"]), rel=1e-4, abs=1e-4)


def test_placements_are_tested_together(tmp_path):
    """One repeated-measures F test over the languages: of two placements it is the paired t test."""
    config = languages(*RELATED, related=False, seeds=[11])
    ner = replace(config.task("ner"), placements=((2,), (4,)))
    records = Records(tmp_path, replace(config, tasks=(ner,)), lambda cell: 0.9 if "L2" in cell.method else 0.7)
    scores = {r["comparison"]: [] for r in records.rows(5, "languages.csv")}
    for row in records.rows(5, "languages.csv"):
        scores[row["comparison"]].append(float(row["first_f1"]))
    (row,) = (row for row in records.rows(5) if row["comparison"] == "layers")
    reference = stats.ttest_rel(scores["L2-joint"], scores["L4-joint"])
    assert float(row["difference"]) == pytest.approx(reference.statistic**2, rel=1e-3)
    assert float(row["p_value"]) == pytest.approx(reference.pvalue, rel=1e-3)
    assert row["verdict"] == "yes"
    assert "Do the layers differ? yes (F(1.00, 7.00) = " in " ".join(records.sentences(5))


def test_a_placement_at_which_nothing_is_found_counts_as_nothing(tmp_path):
    """F1 of 0 is a score: leaving its language out would choose languages by their result."""
    config = languages(*RELATED, related=False, seeds=[11], placements=[[2], [4]])
    records = Records(tmp_path, config, lambda cell: 0.7 if "L2" in cell.method else 0.8)
    judged = list(records.evidence(5).judged)
    fallen = {"qu", "cdo"}
    judged[0] = replace(
        judged[0],
        languages=tuple(
            replace(one, scores=(0.0, one.scores[1])) if one.target in fallen else one for one in judged[0].languages
        ),
    )
    (found,) = layers(judged)
    scores = [[language.scores[0] for language in one.languages] for one in judged]
    reference = stats.ttest_rel(*scores)
    assert len(found.languages) == 8
    assert found.test.p_value == pytest.approx(reference.pvalue)


def test_one_language_has_no_test_of_placements(made):
    rows = [row for row in rows_of(made.root / "evidence.csv") if row["comparison"] == "layers"]
    assert [(row["task"], row["p_value"], row["verdict"]) for row in rows] == [("sentiment", "", "cannot tell")]
    assert "Do the layers differ?" not in " ".join(made.sentences(5))


def test_a_table_reads_back_what_its_evidence_tells(made, tmp_path):
    path = made.root / "evidence" / "table2.json"
    assert read_told(path) == told(made.evidence(2))
    broken = tmp_path / "table2.json"
    broken.write_text("[1]")
    with pytest.raises(DataError, match=r"table2\.json: expected the evidence of a table\. Remove it"):
        read_told(broken)


def test_the_same_records_give_the_same_bytes(made, tmp_path):
    write_evidence(made.evidence(2), facts_of(made.config).weights, tmp_path)
    for path in sorted(tmp_path.iterdir()):
        assert path.read_bytes() == (made.root / "evidence" / path.name).read_bytes(), path.name


def test_counts_hold_no_text_and_a_torn_file_is_named(made, tmp_path):
    """Small whole numbers a cell, and the names of sentences once a target."""
    with np.load(made.root / COUNTS, allow_pickle=False) as arrays:
        names = {name for name in arrays if name.startswith("names/")}
        assert names == {f"names/{task}/{code}" for task, code in {(c.task, c.target) for c in made.cells}}
        assert {name for name in arrays if name not in names} == {cell.path for cell in made.cells}
        assert {arrays[cell.path].dtype for cell in made.cells} == {np.dtype(np.uint16)}
    absent = Cell("tiny", "ner", "qu", "en", "joint", 99)
    assert set(read_counts([made.root / COUNTS], [made.cells[0], absent])) == {made.cells[0]}
    for kind in DAMAGES:
        torn = tmp_path / "table2.counts.npz"
        torn.write_bytes((made.root / COUNTS).read_bytes())
        damage(torn, kind)
        with pytest.raises(DataError, match=r"table2\.counts\.npz: expected the counts of test sentences"):
            read_counts([torn], made.cells)


def test_a_pickle_among_the_counts_is_never_read(made, tmp_path):
    cell = made.cells[0]
    arrays = {cell.path: np.ones((1, 3)), f"names/{cell.task}/{cell.target}": np.array(["s0"])}
    for name in arrays:
        np.savez(tmp_path / "x.npz", **arrays | {name: trapped(tmp_path / "read")})
        with pytest.raises(DataError, match=r"x\.npz: expected the counts .*allow_pickle"):
            read_counts([tmp_path / "x.npz"], [cell])
    assert not (tmp_path / "read").exists()


def test_numbers_are_written_as_a_reader_expects():
    assert [signed(value) for value in (-0.001, 0.004, -1.005, 2)] == ["+0.00", "+0.00", "-1.00", "+2.00"]
    assert [bare(value) for value in (0.0416, 1.0)] == [".042", "1.000"]
    assert [about(number) for number in (7, 72, 9_492, 203_338)] == ["7", "72", "9,500", "200,000"]

"""The pages of the report stand by themselves, say what the files say, and need no finished run."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

import pytest
from html5lib import HTMLParser
from html5lib.treebuilders import getTreeBuilder
from so_far import few, of_languages, write_data, write_records, write_results

from metaxl.errors import DataError
from metaxl.experiment.layout import PAGES
from metaxl.experiment.load import effective_config
from metaxl.files import read_json, write_json, write_text
from metaxl.reporting import gain, pictures
from metaxl.reporting.drawing import save
from metaxl.reporting.pages.data import headlines
from metaxl.reporting.pages.html import prose, table
from metaxl.reporting.pages.write import PAGES as MADE
from metaxl.reporting.pages.write import write_pages

TWO_SEEDS = {"seeds": [11, 12], "controls": ["metaxl-frozen"]}


def pages(root: Path) -> dict[str, str]:
    write_pages(root, root / "report")
    return {path.stem: path.read_text(encoding="utf-8") for path in (root / "report").iterdir()}


@pytest.fixture(scope="module", autouse=True)
def _pictures_that_pages_show():
    """Draw no PDF, which no page has."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (gain, pictures):
            patch.setattr(module, "save", lambda drawn, paths: save(drawn, [p for p in paths if p.suffix == ".png"]))
        yield


@pytest.fixture(scope="module")
def eight(tmp_path_factory):
    root = tmp_path_factory.mktemp("eight") / "results" / "made"
    return write_results(root, of_languages(8, **TWO_SEEDS), gold=few), pages(root)


def check_html(text: str) -> None:
    """Raise for what the standard calls a parse error."""
    HTMLParser(tree=getTreeBuilder("etree"), strict=True).parse(text)


def test_the_workflow_and_the_code_know_the_same_pages():
    assert set(MADE) == set(PAGES)


def test_nothing_made_yet_is_said(tmp_path):
    with pytest.raises(DataError, match=r"config\.json"):
        write_pages(tmp_path, tmp_path / "report")


def test_of_a_run_that_has_only_begun_every_page_says_so(tmp_path):
    """Law: each page is there from the first job on, and the first tells how far the run has come."""
    write_json(tmp_path / "config.json", effective_config(of_languages(2)))
    made = pages(tmp_path)
    assert made.keys() == {*PAGES, "front"}
    assert "Unfinished: 0 of 10 trainings have a record" in made["overview"]
    for name in PAGES.keys() - {"overview", "configuration"}:
        assert "Not made yet" in made[name], name
        check_html(made[name])


def test_of_records_without_tables_cost_and_errors_are_shown(tmp_path):
    write_records(tmp_path, of_languages(2))
    made = pages(tmp_path)
    assert "All 10 trainings have a record." in made["overview"]
    assert "10 trainings took" in made["cost"]
    assert "wrong type" in made["errors"]
    assert "Not made yet" in made["tables"]


def test_what_makes_the_records_doubtful_is_told_on_the_first_page_and_among_the_warnings(tmp_path):
    """Counted over the records: a last epoch that brought more than a tenth of the fall, strict F1 a point apart."""
    made = write_records(tmp_path, of_languages(2, related=False))
    for number, cell in enumerate(made.cells):
        path = tmp_path / cell.path / "scores.json"
        record = read_json(path)
        test = record["best"]["test"]
        test["strict_f1"] = test["f1"] - (0.02 if number < 2 else 0.005)
        write_json(path, record | {"last_fall": 0.2 if number < 3 else 0.05})
    total = len(made.cells)
    for page in (pages(tmp_path)[name] for name in ("overview", "provenance")):
        assert f"3 of {total} trainings ended while their loss still fell fast" in page
        assert f"In 2 of {total} trainings strict F1" in page


@pytest.mark.parametrize("count", [1, 8, 50])
def test_every_page_is_valid_html_that_needs_nothing_from_outside(eight, tmp_path, count):
    """Law: for any number of languages, no page has a parse error, a picture without words, or an address to load."""
    written = eight[1]
    if count != 8:
        write_results(tmp_path, of_languages(count, seeds=[11], related=False), gold=few)
        written = pages(tmp_path)
    for name, text in written.items():
        check_html(text if name != "front" else f"<!doctype html><html><head><title>x</title></head><body>{text}")
        assert not re.search(r'(?:src|href|srcset|action)="(?!data:|#)', text), name
        assert not re.search(r"url\(|@import|<script|<link|<iframe", text), name
        assert all(re.search(r'alt="[^"]{40,}"', tag) for tag in re.findall(r"<img[^>]*?>", text)), name
        assert len(re.findall(r"<h1>", text)) == 1, name


def test_the_first_page_has_the_question_the_answer_and_table_2_with_intervals(eight):
    """Each language's difference and interval are those of the evidence, and so is the sentence."""
    made, written = eight
    page = written["overview"]
    assert page.index("Does MetaXL help beyond joint training?") < page.index("F1 in percent on test")
    sentence = next(one for one in made.sentences(2) if "beyond joint training" in one)
    assert f'<p class="verdict">{sentence}</p>' in page
    for row in made.rows(2, "languages.csv"):
        if row["comparison"] == "metaxl-joint":
            low, high = (f"{float(row[key]):+.2f}" for key in ("low", "high"))
            assert f"{float(row['difference']):+.2f} [{low}, {high}]" in page
    assert "they say nothing about real languages" in page
    assert page.count("<img ") == 1


def test_every_table_and_every_sentence_of_the_evidence_stands_in_place(eight):
    """Law: what the Markdown files say is on the pages as HTML, and no page refers to a file to load."""
    made, written = eight
    for number in (2, 5):
        for value in re.findall(r"\d\d\.\d\d", (made.root / "tables" / f"table{number}.md").read_text()):
            assert value in written["tables"]
        for line in made.sentences(number):
            assert escape(line.split(" (")[0], quote=False).replace('"', "&quot;") in written["tables"]
    assert "Table 1" in written["tables"]
    assert written["tables"].count("<table") == 4  # languages, 2, its types, 5


def test_what_others_wrote_is_text(eight, tmp_path):
    """Law: words of a corpus and a label cannot become tags, in a table, in prose or in a template."""
    assert "&lt;w1&amp;&gt;" in eight[1]["errors"]
    assert "<w1" not in eight[1]["errors"]
    raw = of_languages(1, label="<script>alert(1)</script> {{ 7 * 7 }}", seeds=[11], related=False)
    write_results(tmp_path, raw, gold=few)
    for text in pages(tmp_path).values():
        assert "<script" not in text
        assert "{{" not in text or "{{ 7 * 7 }}" in text
    assert "<b>" not in prose("<b>x</b>")


def test_a_table_s_head_and_cells_are_escaped():
    import pandas as pd

    html = table(pd.DataFrame({"<i>": ["<u>", "a & b"]}), "<caption>")
    assert "<i>" not in html
    assert "<u>" not in html
    assert "<caption>" not in html
    assert "a &amp; b" in html


def test_a_failed_training_is_told_on_the_pages(tmp_path):
    from records import write_failed

    made = write_records(tmp_path, of_languages(2), lambda cell: None if cell.target == "cdo" else 0.8)
    lost = next(cell for cell in made.cells if cell.target == "cdo")
    write_failed(tmp_path, lost, "The disk is full.")
    written = pages(tmp_path)
    assert "5 of 10 trainings have a record, 1 failed" in written["overview"]
    assert f"Failed: {lost.path}: The disk is full." in written["provenance"]


def test_the_cost_is_that_of_the_records(tmp_path):
    """Law: by method the mean and the largest of what the records and Snakemake's benchmarks hold."""
    made = write_records(tmp_path, of_languages(2, related=False))
    joint = [cell for cell in made.cells if cell.method == "joint"]
    for cell, seconds, peak in zip(joint, (10.0, 20.0), ("300.5", "-"), strict=True):
        path = tmp_path / cell.path / "scores.json"
        resources = {"seconds": seconds, "cpu_seconds": 7200, "gpu_memory_bytes": 2**30}
        write_json(path, read_json(path) | {"resources": resources})
        name = f"{cell.encoder}-{cell.task}-{cell.target}-{cell.source}-{cell.method}-seed{cell.seed}.tsv"
        write_text(tmp_path / "benchmarks" / name, f"s\tmax_rss\n1\t{peak}\n")

    def numbers():
        row = re.search(r"<td ?>NER: JT</td>(.*?)</tr>", pages(tmp_path)["cost"], re.DOTALL)[1]
        return re.findall(r"<td ?>(.*?)</td>", row)

    known = ["2", "15.0", "20.0", "240.0", "1.00", "300", "1,024"]
    assert numbers() == known
    for cell, hours in zip(joint, (0.002, 0.0035), strict=True):
        assert numbers() == known, "energy is shown where each training's is known"
        write_json(tmp_path / cell.path / "energy.json", {"kilowatt_hours": hours, "by": "codecarbon 9.9"})
    assert numbers() == [*known, "5.50"]
    record = read_json(tmp_path / joint[0].path / "scores.json")
    record["resources"]["resumed_at_step"] = 7
    write_json(tmp_path / joint[0].path / "scores.json", record)
    assert numbers() == known, "of a training that was interrupted only the last part is measured"


def test_the_page_of_the_data_has_a_headline_and_what_is_odd(tmp_path):
    """Law: texts in two parts, repeats, parts without entities, unknown subwords, cut examples and notes are told."""
    write_json(tmp_path / "config.json", effective_config(of_languages(1)))
    write_data(tmp_path)
    page = pages(tmp_path)["data"]
    check_html(page)
    for told in (
        "NER: 1 target language with 100 sentences for train, 40 sentences for test",
        "ner: qu train &amp; qu test share 2 texts",
        "ner, qu, test: 4 of 40 examples repeat",
        "ner, qu, test: no entity at all.",
        "Subwords unknown to encoder tiny: ner qu test 2.5 %.",
        "Examples longer than the limit, cut for encoder tiny: ner qu test 7.5 %.",
        "qu: 7 tags were mended",
    ):
        assert told in page
    assert "qu dev &amp; qu test" not in page


@pytest.mark.parametrize(
    ("languages", "others", "told"),
    [
        (["lug"], [], "1 target language, cross-validated in 5 folds, each with 23 to 24"),
        (["lug", "ach"], [], "2 target languages, cross-validated in 5 folds, each with 23 to 24"),
        (["lug"], ["ach", "luo"], "3 target languages, 1 of them cross-validated in 5 folds, each with 23 to 24"),
        ([], ["ach", "luo"], "2 target languages, each with 23"),
    ],
)
def test_folds_are_one_language(languages, others, told):
    """Its data are no five languages' where it is cross-validated in five folds."""
    codes = [*(f"{code}-fold{n}" for code in languages for n in range(1, 6)), *others]
    parts = [
        {"task": "ner", "language": code, "part": "test", "examples": 24 if code.endswith("fold2") else 23}
        for code in codes
    ]
    parts += [{"task": "ner", "language": code, "part": "source", "examples": 300} for code in ("en", "sw")]
    assert list(headlines({"parts": parts})) == [
        f"NER: {told} sentences for test; 2 source languages, each with 300 sentences."
    ]


def test_the_same_files_give_the_same_pages(eight, tmp_path):
    made, written = eight
    write_pages(made.root, tmp_path)
    assert {path.stem: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == written

"""The tables show the paper's shape, whole averages only, and nothing that a label could break."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from statistics import fmean

import numpy as np
import pandas as pd
import pytest
from experiments import TARGETS, load, paper_config, small_config
from records import facts_of
from sklearn.metrics import f1_score

from metaxl.experiment.cell import Cell
from metaxl.experiment.grid import all_cells, find_table, table_cells, tables, trained_cells
from metaxl.files import write_json
from metaxl.reporting.by_type import write_types
from metaxl.reporting.evidence.told import Told
from metaxl.reporting.facts import facts_files, load_facts
from metaxl.reporting.filled_table import fill_table
from metaxl.reporting.frame import COLUMNS, TYPES
from metaxl.reporting.notes import notes
from metaxl.reporting.paper import load_paper
from metaxl.reporting.tables import render_table, to_csv, to_latex, to_markdown, to_text
from metaxl.tasks import TASKS, LabelSet

TARGETS_OF_PAPER = [
    {"language": code, "related": facts["related"]}
    for code, facts in load_paper().languages.items()
    if "related" in facts
]


def frame_of(cells, value=lambda number: 0.5 + number / 100, strict=lambda number: 0.0, **columns):
    """Return a frame with one test F1 a cell, and what tables must not show: other splits, epochs and metrics."""
    rows = []
    for number, cell in enumerate(cells):
        shown = {
            "checkpoint": "best",
            "epoch": 3,
            "machine": "",
            "libraries": "",
            "failed": "",
            "split": "test",
            "metric": "f1",
            "value": value(number),
        }
        shown |= {"code": "c0de", "differs": "", "chosen_by": "dev"}
        shown |= {name: of_cell[cell] for name, of_cell in columns.items() if cell in of_cell}
        others = [{"split": "dev"}, {"checkpoint": "last"}, {"metric": "precision"}]
        others += [{"metric": "strict_f1", "value": strict(number) or shown["value"]}] if cell.task == "ner" else []
        rows += [asdict(cell) | shown, *(asdict(cell) | shown | {"value": 0.0} | other for other in others)]
    return pd.DataFrame(rows, columns=COLUMNS).astype(TYPES)


def fill(config, table, frame, told=None, **facts):
    return fill_table(config, table, frame, facts_of(config, **facts), told)


def render_all(config, frame, out):
    return [path for table in tables(config) for path in render_table(fill(config, table, frame), out)]


def filled(config, number, frame, told=None, **facts):
    return fill(config, find_table(config, number), frame, told, **facts)


FOLDER = {"tiny": {"folder": "here"}}
PAPER_NER = {"source": "en", "targets": TARGETS_OF_PAPER}


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


GOLDEN_MD = """\
**Table 2: NER (synthetic languages; encoder: tiny, pre-trained here)**

| Source   | Method      |    qu |    gn |   average |
|:---------|:------------|------:|------:|----------:|
| none     | target only | 50.00 | 51.00 |     50.50 |
| en       | JT          | 52.00 | 53.00 |     52.50 |
|          | MetaXL      | 54.00 | 55.00 | **54.50** |
| related  | JT          | 56.00 |       |           |
|          | MetaXL      | 57.00 |       |           |

- Does MetaXL help? From en: yes (\\[+1, +3\\]).
- Bold: the better of MetaXL and JT from the same source, where a difference is shown.
- F1 in percent on test, of the epoch that is best on dev. NER: micro F1 over entity spans as seqeval computes it by \
default (conlleval).
- Examples of train / dev / test: qu, gn 100 / 100 / 100 (NER).
- Each source set: 500 sentences (NER).
- Entity types: PER, ORG, LOC (NER).
- Seed 11 alone: no spread is known, and another seed may order the rows otherwise.
- Related sources: qu es.
"""
TOLD = Told(("Does MetaXL help? From en: yes ([+1, +3]).",), frozenset({("en", "MetaXL", "average")}))
ABOUT = '0,11,700,sentiment: F1 of the positive class,"synthetic languages; encoder: tiny, pre-trained here."'
GOLDEN_CSV = f"""\
group,row,te,te_sd,absent_records,seeds,source_sentences,measure,data
-,commonest class,0.00,,{ABOUT}
-,always positive,49.62,,{ABOUT}
-,target only,60.00,,{ABOUT}
en,JT,61.00,,{ABOUT}
en,MetaXL,62.00,,{ABOUT}
"""
GOLDEN_TEX = r"""% needs \usepackage{booktabs}
\begin{table}[t]
\centering
\small
\begin{tabular}{llr}
\toprule
Source & Method & te \\
\midrule
none & commonest class & 0.00 \\
 & always positive & 49.62 \\
 & target only & 60.00 \\
\midrule
en & JT & 61.00 \\
 & MetaXL & 62.00 \\
\bottomrule
\end{tabular}
\caption{Sentiment classification (synthetic languages; encoder: tiny, pre-trained here). F1 in percent on test, of the epoch that is best on dev. Sentiment: F1 of the positive class. Examples of train / dev / test: te 100 / 100 / 100 (sentiment). Each source set: 700 reviews (sentiment). Classes: negative, positive (sentiment). Seed 11 alone: no spread is known, and another seed may order the rows otherwise. Commonest class: the score of always predicting what is commonest in the target's train.}
\label{tab:metaxl-3}
\end{table}
"""  # noqa: E501 - as it is written


def test_golden_markdown():
    """Groups, empty places where a target has no related source, two decimals; what the evidence says, and its bold."""
    config = small_config()
    assert to_markdown(filled(config, 2, frame_of(ner_cells(config)), TOLD)) == GOLDEN_MD


def test_golden_csv_and_latex():
    """The same numbers, plain in CSV and with booktabs in LaTeX; nothing is bold without evidence."""
    config = small_config()
    cells = [cell for cell in all_cells(config) if cell.task == "sentiment"]
    made = filled(config, 3, frame_of(cells, lambda number: 0.6 + number / 100))
    assert to_csv(made) == GOLDEN_CSV
    assert to_latex(made) == GOLDEN_TEX


def ner_cells(config):
    return [cell for cell in all_cells(config) if cell.task == "ner"]


def test_spread_is_over_seeds_of_averages():
    """An average's value per seed is the mean over targets; its spread is of those means, with n - 1 below."""
    config = small_config(seeds=[11, 12, 13])
    value = {cell: 0.3 + 0.07 * i % 0.5 for i, cell in enumerate(all_cells(config))}
    frame = frame_of(value, lambda number: list(value.values())[number])
    row = rows_of(to_csv(filled(config, 2, frame)))[1]
    averages = [
        100 * fmean(value[Cell("tiny", "ner", t, "en", "joint", seed)] for t in ("qu", "gn")) for seed in (11, 12, 13)
    ]
    assert row["average"] == f"{fmean(averages):.2f}"
    spread = np.std(averages, ddof=1)
    assert row["average_sd"] == f"{spread:.2f}"
    assert f"{fmean(averages):.2f} ± {spread:.2f}" in to_markdown(filled(config, 2, frame))


def test_missing_record_is_a_dash_and_never_a_partial_average():
    """One absent seed of one target empties its place and the average; the note counts and names the record."""
    config = small_config(seeds=[11, 12])
    gone = Cell("tiny", "ner", "gn", "en", "metaxl-L4", 12)
    frame = frame_of([cell for cell in all_cells(config) if cell != gone])
    made = filled(config, 2, frame)
    row = rows_of(to_csv(made))[2]
    assert (row["row"], row["gn"], row["average"], row["absent_records"]) == ("MetaXL", "", "", "1")
    assert row["qu"]
    line = next(line for line in to_markdown(made).splitlines() if line.startswith("|          | MetaXL"))
    assert [place.strip() for place in line.split("|")][4:6] == ["–", "–"]
    assert f"1 of 16 records are absent: {gone.path}/scores.json." in list(notes(made))[-1]
    latex = next(line for line in to_latex(made).splitlines() if line.startswith(" & MetaXL"))
    assert latex.endswith(r"& -- & -- \\")


def test_an_absent_fold_is_named_and_empties_its_targets_place():
    """The folds that were trained are not called absent, nor is there a score of some folds."""
    config = small_config(files={"ner": {"gn": {"path": "gn.tsv", "folds": 3}}}, encoders={"tiny": {"folder": "here"}})
    gone = Cell("tiny", "ner", "gn-fold2", "en", "joint", 11)
    there = [*trained_cells(config, all_cells(config)), *(c for c in all_cells(config) if c.target == "gn")]
    frame = frame_of([cell for cell in there if cell not in (gone, Cell("tiny", "ner", "gn", "en", "joint", 11))])
    made = filled(config, 2, frame)
    row = rows_of(to_csv(made))[1]
    assert (row["row"], row["gn"], row["average"], row["absent_records"]) == ("JT", "", "", "1")
    assert f"–: 1 of 14 records are absent: {gone.path}/scores.json. Run the workflow to train them." in list(
        notes(made)
    )


def test_empty_frame_renders(tmp_path):
    """Before anything is trained every place is a dash, the best is nowhere, and the note names three of many."""
    config = small_config()
    for path in render_all(config, frame_of([]), tmp_path):
        assert path.is_file()
    text = (tmp_path / "table2.md").read_text()
    assert "8 of 8 records are absent" in text
    assert "and 5 more" in text
    assert "| **" not in text


@pytest.mark.parametrize("number", [2, 3, 5])
def test_bold_is_what_the_evidence_says_and_nothing_else(number):
    """However far apart the numbers are; a place without a number stays a dash."""
    config = small_config()
    table = find_table(config, number)
    row, column = table.rows[-1], table.columns[0]
    cells = all_cells(config)
    frame = frame_of(cells, lambda cell: 0.01 * cell)
    place = (row.group, row.label, column)
    plain, marked = (fill(config, table, frame, told) for told in (None, Told((), frozenset({place}))))
    assert "**" not in to_markdown(plain).split("\n", 1)[1]
    lines = [line for line in to_markdown(marked).splitlines() if "**" in line][1:]
    assert len(lines) == 1
    assert lines[0].count("**") == 2
    assert to_latex(marked).count(r"\textbf") == 1
    assert to_csv(marked) == to_csv(plain)
    bold = ["Bold: a placement that is shown better" in note for note in notes(marked)]
    assert any(bold) == (number == 5)
    assert "**" not in to_markdown(fill(config, table, frame_of([]), marked.told)).split("\n", 1)[1]


def test_sentences_of_the_evidence_stand_first_in_every_format():
    config = small_config()
    made = filled(config, 2, frame_of(all_cells(config)), TOLD)
    assert next(notes(made)) == TOLD.sentences[0]
    assert "Does MetaXL help? From en: yes ([+1, +3])." in to_latex(made).split(r"\caption{")[1]
    assert all(TOLD.sentences[0] in row["data"] for row in rows_of(to_csv(made)))
    assert TOLD.sentences[0] in to_text(made)


@pytest.mark.parametrize(
    ("tasks", "files"), [(("ner",), {2, 5}), (("sentiment",), {3, 5}), (("ner", "sentiment"), {2, 3, 5})]
)
def test_tables_follow_the_tasks(tmp_path, tasks, files):
    """Without a task its table is absent, without related sources their rows; the user's own codes stay as they are."""
    own = {"source": "en", "targets": [{"language": "xx_Abcd"}]}
    none = {"source": "en", "targets": []}
    config = load(
        {"preset": "demo", "figure": None, **{task: own if task in tasks else none for task in ("ner", "sentiment")}}
    )
    paths = render_all(config, frame_of(all_cells(config)), tmp_path)
    assert {path.name for path in paths} == {
        f"table{n}.{suffix}" for n in files for suffix in ("csv", "md", "tex", "txt")
    }
    for path in paths:
        assert "elated" not in path.read_text()
    number = min(files)
    assert "xx_Abcd" in (tmp_path / f"table{number}.md").read_text()
    assert r"xx\_Abcd" in (tmp_path / f"table{number}.tex").read_text()


MADE_OF = "synthetic languages; encoder: tiny, pre-trained here"
NASTY = 'A & B_c 100 % <script>alert("x")</script> | *b* `c` \\input{/x} $y$ #1 ~^ [a](b)\nsecond, line'


def test_label_cannot_break_a_format(tmp_path):
    """A label with every special character stays text in each format."""
    config = replace(small_config(), label=NASTY)  # the schema refuses its line end
    render_all(config, frame_of(all_cells(config)), tmp_path)
    markdown = (tmp_path / "table2.md").read_text()
    assert "<script>" not in markdown
    assert r"\| \*b\* \`c\`" in markdown
    assert markdown.splitlines()[0].endswith("second, line; synthetic languages; encoder: tiny, pre-trained here)**")
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in markdown.splitlines() if line.startswith("|")}
    assert len(widths) == 1
    latex = (tmp_path / "table2.tex").read_text()
    title = latex.split(r"\caption{")[1]
    assert r"A \& B\_c 100 \% \textless{}script\textgreater{}" in title
    assert r"\textbackslash{}input\{/x\} \$y\$ \#1 \textasciitilde{}\textasciicircum{}" in title
    assert latex.count("{") - latex.count(r"\{") == latex.count("}") - latex.count(r"\}")
    rows = rows_of((tmp_path / "table2.csv").read_text())
    assert {row["data"] for row in rows} == {f"{' '.join(NASTY.split())}; {MADE_OF}."}
    assert "LuaLaTeX" not in latex
    odd = replace(small_config(), label="Вепсян кель \u200b\x07 🙂")
    foreign = to_latex(filled(odd, 2, frame_of(all_cells(odd))))
    assert foreign.splitlines()[0].endswith("; its letters need LuaLaTeX or XeLaTeX")
    assert "\u200b" not in foreign
    assert "\x07" not in foreign


def test_every_rendering_says_what_it_is(tmp_path):
    """Label, seeds, source size and measure stand in all three formats of all tables, and in the terminal's."""
    config = small_config(label="made of glass", seeds=[7, 9])
    frame = frame_of(all_cells(config))
    texts = [path.read_text() for path in render_all(config, frame, tmp_path)]
    texts += [to_text(fill(config, table, frame)) for table in tables(config)]
    for text in texts:
        assert "made of glass; synthetic languages; encoder: tiny, pre-trained here" in text
        assert re.search(r"7,? 9", text)
        assert re.search("500|700", text)
        assert re.search("seqeval|F1 of the positive class", text)


def test_terminal_is_plain():
    """No markup; a star marks the best, and says so."""
    config = small_config()
    text = to_text(filled(config, 2, frame_of(all_cells(config)), TOLD))
    assert "**" not in text
    assert "*54.50" in text
    assert "Starred: the better of MetaXL and JT from the same source, where a difference is shown." in text
    assert "tarred" not in to_text(filled(config, 2, frame_of(all_cells(config))))


def test_paper_averages_are_the_means_of_their_cells():
    """Each average of Table 2 comes from its eight cells, and Table 5 agrees with Tables 2 and 3 where they meet."""
    paper = load_paper()
    for row in paper.tables[2]["rows"]:
        values = row["values"]
        cells = [values[language] for language in paper.tables[2]["averages"]["average"]]
        assert fmean(cells) == pytest.approx(values["average"], abs=0.00501), row["row"]
    joint, *_, last, _ = paper.tables[5]["rows"]
    assert joint["values"]["NER"] == paper.tables[2]["rows"][1]["values"]["average"]
    assert last["values"]["NER"] == paper.tables[2]["rows"][2]["values"]["average"]
    assert joint["values"]["te"] == paper.tables[3]["rows"][1]["values"]["te"]


def test_paper_numbers_stand_in_their_places(tmp_path):
    """With `paper_numbers: beside` every number of paper.yaml is shown once, in its column and row."""
    config = paper_config(seeds=[11])
    render_all(config, frame_of(all_cells(config), lambda _: 0.5), tmp_path)
    for number, about in load_paper().tables.items():
        rows = rows_of((tmp_path / f"table{number}.csv").read_text())
        shown = [{k: v for k, v in row.items() if k.endswith("_paper") and v} for row in rows]
        expected = [{f"{k}_paper": f"{v:.2f}" for k, v in row["values"].items() if v} for row in about["rows"]]
        assert [row for row in shown if row] == expected
    markdown = (tmp_path / "table2.md").read_text()
    assert "50.00 (68.67)" in markdown
    assert "the paper's number" in markdown
    assert "| English" in markdown
    assert "qu Quechua (Quechua)" in markdown
    assert "L0 (L12: 90.53)" in (tmp_path / "table3.md").read_text()


def test_paper_number_is_of_the_same_experiment():
    """Another source, placement or set of languages has no number of the paper's beside it."""
    others = [
        {"ner": {"source": "de", "targets": TARGETS}, "files": {"ner": {"de": "/x"}}},
        {"ner": {"source": "en", "targets": TARGETS, "placement": [6]}},
    ]
    for changes in others:
        config = paper_config(**changes)
        rows = rows_of(to_csv(filled(config, 2, frame_of(all_cells(config), lambda _: 0.5))))
        metaxl = next(row for row in rows if row["row"] == "MetaXL")
        assert metaxl["qu_paper"] == ""
        assert all(row["average_paper"] == "" for row in rows)


OTHERWISE = {
    "another encoder": (
        {"encoders": {"xlmr-base": {"hub": "google-bert/bert-base-multilingual-cased"}}},
        "encoder other than FacebookAI/xlm-roberta-base",
    ),
    "a folder": ({"encoders": {"xlmr-base": {"folder": "my"}}}, "encoder other than FacebookAI/xlm-roberta-base"),
    "another size": ({"ner": {**PAPER_NER, "source_size": 1000}}, "source size 1,000 instead of 5,000"),
    "own files": ({"files": {"ner": {"qu": "my/qu", "en": "my/en"}}}, "data of qu, en not from wikiann"),
    "own splits": ({"files": {"ner": {"qu": {"path": "qu.tsv", "folds": 5}}}}, "data of qu not from wikiann"),
    "mapped labels": ({"ner": {**PAPER_NER, "labels": {"ORG": "O"}}}, "labels mapped (ORG to O)"),
    "a variant": ({"method": {"gate": "none"}}, "method.gate: none"),
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_the_papers_numbers_stand_beside_like_alone(name):
    """A table that is wished beside the paper's says what is otherwise, and shows no number where it is."""
    changes, why = OTHERWISE[name]
    config = paper_config(seeds=[11], **changes)
    made = filled(config, 2, frame_of(all_cells(config), lambda _: 0.5))
    (metaxl,) = [row for row in rows_of(to_csv(made)) if (row["group"], row["row"]) == ("en", "MetaXL")]
    assert (metaxl["qu"], metaxl["qu_paper"], metaxl["average_paper"]) == ("50.00", "", "")
    (told,) = [note for note in notes(made) if "left out" in note]
    assert why in told
    joint = next(row for row in rows_of(to_csv(made)) if (row["group"], row["row"]) == ("en", "JT"))
    assert joint["qu_paper"] == ("66.10" if name == "a variant" else ""), "joint training has no gate"
    assert ("In brackets" in told) == any(row["gn_paper"] for row in rows_of(to_csv(made)))


def test_the_other_task_keeps_its_numbers():
    """Other sizes in one task leave those of the other in Table 5."""
    config = paper_config(seeds=[11], ner={**PAPER_NER, "source_size": 1000})
    made = filled(config, 5, frame_of(all_cells(config), lambda _: 0.5))
    joint = rows_of(to_csv(made))[0]
    assert (joint["NER_paper"], joint["te_paper"]) == ("", "88.68")
    assert "The paper's other numbers are left out: source size 1,000 instead of 5,000." in "\n".join(notes(made))


def test_the_f1_of_another_class_is_not_the_papers():
    sentiment = {"source": "en", "targets": [{"language": "te"}], "positive": "negative"}
    config = paper_config(seeds=[11], sentiment=sentiment)
    made = filled(config, 3, frame_of(all_cells(config), lambda _: 0.5))
    assert not any(row["te_paper"] for row in rows_of(to_csv(made)))
    assert "The paper's numbers are left out: F1 of negative instead of positive." in list(notes(made))


def test_another_reading_of_sentipers_is_no_split_of_the_papers():
    config = paper_config(seeds=[11], sentipers="drop")
    made = filled(config, 3, frame_of(all_cells(config), lambda _: 0.5))
    joint = next(row for row in rows_of(to_csv(made)) if row["row"] == "JT")
    assert (joint["te_paper"], joint["fa_paper"]) == ("88.68", "")
    assert any("sentipers: drop instead of resolve" in note for note in notes(made))


def test_without_a_number_of_the_papers_the_note_says_so():
    config = paper_config(seeds=[11], ner={"source": "de", "targets": [{"language": "qu"}]}, figure=None)
    made = filled(config, 2, frame_of([cell for cell in all_cells(config) if cell.task == "ner"][1:]))
    told = "\n".join(notes(made))
    assert "In brackets: the paper's number" in told, "target only has one"
    config = paper_config(seeds=[11], ner={"source": "de", "targets": [{"language": "de-AT"}]}, figure=None)
    told = "\n".join(notes(filled(config, 2, frame_of([]))))
    assert "The paper has no numbers of these targets, sources and placements." in told
    assert "In brackets" not in told


OWN = {
    "ner": {"source": "en", "targets": [{"language": "lug"}]},
    "sentiment": {"source": "en", "targets": []},
    "figure": None,
    "encoders": {"tiny": {"folder": "below/afro"}},
}


def test_a_title_names_data_and_encoder_as_they_are():
    """Own files by their names, an own encoder by folder and hash; a label is no more than a beginning."""
    config = small_config(**OWN, files={"ner": {"lug": "my/lug.tsv", "en": "/else/where/en"}}, label="Glass")
    weights = "encoder: afro (own folder, weights 01234567)"
    heads = [to_text(filled(config, number, frame_of([]))).splitlines()[0] for number in (2, 5)]
    assert heads == [
        f"Transfer to Ganda: NER (Glass; own files (lug.tsv), sources: own files (en); {weights})",
        f"Placement of the RTN (Glass; own files (lug.tsv), sources: own files (en); {weights})",
    ]
    hub = {"encoders": {"tiny": {"hub": "x/afro", "revision": "0123456789" * 4}}}
    config = small_config(**OWN | hub, files={"ner": {"lug": "my/lug.tsv", "en": "my/en.tsv"}})
    assert to_text(filled(config, 2, frame_of([]))).startswith(
        "Transfer to Ganda: NER (own files (lug.tsv), sources: own files (en.tsv); encoder: x/afro@01234567)\n"
    )


def test_the_papers_languages_from_own_files_have_no_table_of_the_papers():
    """Their names stay; and where the paper's corpora are read, so does the number of the table."""
    config = paper_config(files={"ner": {"qu": "my/qu"}}, ner={"source": "en", "targets": TARGETS})
    head = to_text(filled(config, 2, frame_of([]))).splitlines()[0]
    wikiann = "WikiANN (PAN-X), in the balanced splits of Rahimi et al."
    encoder = "encoder: FacebookAI/xlm-roberta-base@e73636d4"
    assert head == f"Transfer to Quechua, Guarani: NER ({wikiann} and own files (qu), sources: {wikiann}; {encoder})"
    config = paper_config()
    assert to_text(filled(config, 2, frame_of([]))).startswith(f"Table 2: NER ({wikiann}; {encoder})\n")
    sentiment = "sentiment: Sentiraama, product reviews (Telugu) and SentiPers, product reviews (Persian), sources: "
    sentiment += "Multilingual Amazon Reviews Corpus, as re-published for MTEB"
    assert to_text(filled(config, 5, frame_of([]))).startswith(
        f"Table 5: Placement of the RTN (NER: {wikiann}; {sentiment}; {encoder})\n"
    )


def test_a_lone_target_has_no_average():
    """The column of Table 5 is named by it."""
    config = small_config(**OWN, files={"ner": {"lug": "my/lug.tsv", "en": "my/en.tsv"}})
    text = to_markdown(filled(config, 2, frame_of(all_cells(config))))
    assert "average" not in text
    assert "NER lug" in to_markdown(filled(config, 5, frame_of(all_cells(config))))


def test_notes_tell_sizes_classes_and_mapping():
    """As counted in the data: the sizes of every target's splits, folds, types and what labels became."""
    labels = {"ner": TASKS["ner"].label_set(["B-DATE", "B-PER"]), "sentiment": LabelSet(("bad", "fair", "good"))}
    config = small_config(
        files={"ner": {"gn": {"path": "my/gn.tsv", "folds": 3}}},
        ner={"source": "en", "targets": TARGETS, "labels": {"GPE": "LOC", "MISC": "O"}},
        encoders={"tiny": {"folder": "here"}},
    )
    sizes = {("ner", "qu", split): {"examples": size} for split, size in (("train", 1060), ("dev", 20), ("test", 7))}
    made = filled(config, 5, frame_of([]), changes=sizes, labels=labels)
    told = list(notes(made))
    assert "sentiment: macro F1 over classes." in told[0]
    assert told[1] == (
        "Examples of train / dev / test: qu 1,060 / 20 / 7, gn 3 folds of 300 in all (NER); "
        "te 100 / 100 / 100 (sentiment)."
    )
    assert "Entity types: PER, DATE (NER). Classes: bad, fair, good (sentiment)." in told
    assert "Labels mapped: GPE to LOC, MISC to O (NER)." in told


def test_a_score_that_is_not_defined_is_a_dash_in_every_format():
    """It is neither 0 nor best, and no average takes it in; a note says of which language and why."""
    config = small_config()
    frame = frame_of(all_cells(config))
    frame.loc[frame["target"] == "gn", "value"] = np.nan
    made = filled(config, 2, frame)
    rows = rows_of(to_csv(made))
    assert all((row["gn"], row["average"], row["absent_records"]) == ("", "", "0") for row in rows)
    assert rows[0]["qu"] == "50.00"
    markdown = to_markdown(made)
    assert "| 50.00 |    – |         – |" in markdown
    assert "**" not in markdown.split("\n", 1)[1]
    assert "Bold" not in markdown
    assert "–: F1 of gn is not defined, for its test set holds no entity." in markdown
    assert "absent" not in markdown
    assert all("F1 of gn is not defined" in row["data"] for row in rows)
    frame.loc[frame["target"] == "te", "value"] = np.nan
    assert "F1 of te is not defined, for its test set holds no positive." in to_text(filled(config, 3, frame))


def test_an_epoch_that_dev_could_not_choose_is_told():
    """Of how many cells, and why: dev holds none, or no epoch scored on it."""
    config = small_config(files={"ner": {"gn": {"path": "gn.tsv", "folds": 3}}}, encoders={"tiny": {"folder": "here"}})
    cells = trained_cells(config, all_cells(config))
    chosen = dict.fromkeys(cells, "dev")
    chosen |= {cell: "none" for cell in cells if cell.target == "qu"}
    folds = [cell for cell in cells if cell.target == "gn-fold2"][:2]
    chosen |= dict.fromkeys(folds, "none") | {cell: "none" for cell in cells if cell.target == "te"}
    changes = {("ner", "qu", "dev"): {"entities": {}}, ("sentiment", "te", "dev"): {"labels": {"negative": 9}}}
    frame = frame_of([*cells, *all_cells(config)], chosen_by=chosen)
    told = "\n".join(notes(filled(config, 2, frame, changes=changes)))
    assert "Dev of qu holds no entity: the last epoch was taken (5 of 5 cells)." in told
    assert "Dev F1 of gn is 0 in every epoch: the last epoch was taken (2 of 9 cells)." in told
    assert "Dev of te holds no positive: the last epoch" in "\n".join(notes(filled(config, 3, frame, changes=changes)))


def test_strict_scores_that_part_from_the_shown_are_told():
    """By more than a point, with both numbers; by less, not."""
    config = small_config()
    cells = ner_cells(config)
    value = {cell: 0.5 + number / 100 for number, cell in enumerate(cells)}
    near = frame_of(cells, lambda n: value[cells[n]], lambda n: value[cells[n]] - 0.009)
    assert not any("Strict" in note for note in notes(filled(config, 2, near)))
    far = frame_of(cells, lambda n: value[cells[n]], lambda n: value[cells[n]] - (0.04 if n == 0 else 0))
    (note,) = [note for note in notes(filled(config, 2, far)) if "Strict" in note]
    assert note.endswith("(shown and strict): target only, qu 50.00 and 46.00; target only, average 50.50 and 48.50.")


def test_records_of_other_makings_and_mixed_code_are_told():
    """Which keys, of how many records; and where one method was trained by several versions of the code."""
    config = small_config()
    cells = ner_cells(config)
    frame = frame_of(cells, differs={cells[1]: "training.epochs code"}, code={cells[1]: "old"})
    told = "\n".join(notes(filled(config, 2, frame)))
    assert "1 of 8 records are of another making than the active plan" in told
    assert f"training.epochs, code of {cells[1].path}/scores.json." in told
    assert "tiny, target: 2 cells by 2 versions of the code (1 by c0de, 1 by old)" in told
    assert all("another making" in row["data"] for row in rows_of(to_csv(filled(config, 2, frame))))


def test_what_reading_the_data_told_stands_below_the_table_once():
    """Without the folders of the files, on one line, not beyond measure."""
    config = small_config(files={"ner": {"gn": "my/gn.tsv"}}, encoders={"tiny": {"folder": "here"}})
    changes = {
        ("ner", "gn", split): {"notes": ["my/gn.tsv: 3 lines -DOCSTART- left out", f"a{'b' * 400}"]}
        for split in ("train", "dev", "test")
    }
    cut = "results/demo/data/ner/qu/test.jsonl: 5 of 60\nwords"
    changes[("encoded", "ner", "qu", "test")] = {"notes": [cut]}
    changes[("encoded", "ner", "en", "source")] = {
        "notes": [f"results/demo/sources/ner/en-500.jsonl: {n}" for n in range(9)]
    }
    told = list(notes(filled(config, 2, frame_of(ner_cells(config)), changes=changes)))
    assert told.count("gn: gn.tsv: 3 lines -DOCSTART- left out") == 1
    assert "qu: test.jsonl: 5 of 60 words" in told
    assert "en: en-500.jsonl: 0" in told
    assert max(len(note) for note in told if note.startswith("gn: ab")) == len("gn: ") + 240
    assert told[-1] == "2 more notes of the data stand in data/report.md."


def test_the_trivial_rows_are_the_commonest_class_of_train_and_the_positive_one():
    """By scikit-learn, for a named positive class and for macro F1, over folds as over one test; never bold."""
    config = small_config(files={"sentiment": {"te": {"path": "te.csv", "folds": 3}}}, figure=None, encoders=FOLDER)
    trains = [{"bad": 5, "fair": 4, "good": 1}, {"bad": 1, "fair": 6, "good": 3}, {"bad": 5, "fair": 5}]
    tests = [{"bad": 2, "good": 3}, {"fair": 4, "bad": 1}, {"fair": 5}]
    changes = {("sentiment", f"te-fold{n}", "train"): {"labels": counts} for n, counts in enumerate(trains, 1)}
    changes |= {("sentiment", f"te-fold{n}", "test"): {"labels": counts} for n, counts in enumerate(tests, 1)}
    gold = [label for counts in tests for label, count in counts.items() for _ in range(count)]
    guess = ["bad"] * 5 + ["fair"] * 5 + ["bad"] * 5
    frame = frame_of(all_cells(config), lambda _: 0.01)
    for labels in (LabelSet(("bad", "fair", "good")), LabelSet(("bad", "fair", "good"), "fair")):
        made = filled(config, 3, frame, changes=changes, labels={"sentiment": labels})
        averaged = {"labels": ["fair"]} if labels.positive else {}
        expected = 100 * f1_score(gold, guess, average="macro", zero_division=0, **averaged)
        first, second, *_ = rows_of(to_csv(made))
        assert (first["group"], first["row"], first["te"]) == ("-", "commonest class", f"{expected:.2f}")
        always = 100 * f1_score(gold, ["fair"] * len(gold), average="macro", zero_division=0, **averaged)
        assert (second["row"] == "always fair") == bool(labels.positive)
        assert not labels.positive or second["te"] == f"{always:.2f}"
        assert f"| {expected:.2f} |" in to_markdown(made)
    for number in (2, 5):
        assert "ommonest" not in to_text(filled(config, number, frame, changes=changes))


def test_types_have_a_file_of_their_own(tmp_path):
    """Mean over seeds of each type's scores, empty where they are not defined; no line where a record is absent."""
    config = small_config(seeds=[1, 2])
    cells = [cell for cell in ner_cells(config) if cell.target == "qu"]
    rows = []
    for cell in cells:
        shown = asdict(cell) | {"checkpoint": "best", "epoch": 3, "chosen_by": "dev", "split": "test", "code": "c0de"}
        for kind in ("PER", "ORG", "LOC"):
            value = np.nan if kind == "LOC" else 0.5 + cell.seed / 10
            metrics = {f"{name}:{kind}": value for name in ("precision", "recall", "f1")}
            metrics[f"support:{kind}"] = 0 if kind == "LOC" else 7
            rows += [shown | {"metric": name, "value": one, "differs": ""} for name, one in metrics.items()]
    frame = pd.DataFrame(rows, columns=COLUMNS).astype(TYPES)
    path = write_types(config, find_table(config, 2), frame, facts_of(config).labels, tmp_path)
    assert path.name == "table2.types.csv"
    lines = rows_of(path.read_text())
    assert len(lines) == 5 * 3
    assert {line["target"] for line in lines} == {"qu"}
    per, _, loc = lines[:3]
    assert [per[key] for key in ("row", "source", "type", "f1", "support")] == [
        "target only",
        "none",
        "PER",
        "65.00",
        "7",
    ]
    assert [loc[key] for key in ("type", "precision", "f1", "support", "seeds")] == ["LOC", "", "", "0", "1 2"]


def test_facts_are_read_from_the_files_that_a_table_waits_for(tmp_path):
    """Those of its own tasks' languages and folds, of what was drawn, and the encoders' checksums; no others."""
    config = small_config(files={"ner": {"gn": {"path": "gn.tsv", "folds": 3}}}, encoders=FOLDER)
    table = find_table(config, 2)
    cells = trained_cells(config, table_cells(config, table))
    files = facts_files(config, cells)
    assert len(files) == len(set(files)) == 2 * 3 * (1 + 3) + 2 * 2 + 1
    assert not any("sentiment" in str(path) for path in files)
    for number, path in enumerate(files):
        write_json(
            tmp_path / path, {"model.safetensors": "abc"} if path.name == "sha256.json" else {"examples": number}
        )
    facts = load_facts(config, {}, cells, tmp_path)
    counted = [facts.split(config, "ner", "gn", "test"), [facts.data["ner", "es", "train"]]]
    names = [[f"data/ner/gn-fold{n}/test.facts.json" for n in (1, 2, 3)], ["data/ner/es/train.facts.json"]]
    places = [[{"examples": files.index(Path(name))} for name in of_place] for of_place in names]
    assert counted == places
    drawn = files.index(Path("encoded/tiny/ner/es-500.facts.json"))
    assert facts.encoded["ner", "es", "source"] == {"examples": drawn}
    assert facts.weights == {"tiny": "abc"}


def test_tables_start_without_torch():
    """Rendering and the figure import neither torch nor seqeval nor scikit-learn."""
    code = (
        "import sys, metaxl.reporting.tables, metaxl.reporting.figure, metaxl.reporting.frame\n"
        "import metaxl.reporting.evidence.files\n"
        "heavy = {'torch', 'seqeval', 'sklearn', 'transformers', 'matplotlib.pyplot'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_table_that_used_the_stand_in_for_the_reviews_says_so():
    config = paper_config()
    for table in tables(config):
        frame = frame_of(table_cells(config, table))
        table_filled = fill(config, table, frame)
        rows = rows_of(to_csv(table_filled))
        expected = table.number in (3, 5)
        assert any("Amazon withdrew" in note for note in notes(table_filled)) == expected
        assert all(("Amazon withdrew" in row["data"]) == expected for row in rows)
    own = paper_config(files={"sentiment": {"en": "my reviews"}})
    assert not any("Amazon" in note for table in tables(own) for note in notes(fill(own, table, frame_of([]))))


@pytest.mark.parametrize(
    ("text", "needed"), [("Luganda ŋ ü ± – “x”", False), ("Қазақ", True), ("中文", True), ("😀", True)]
)
def test_latex_says_when_it_needs_another_engine(tmp_path, text, needed):
    """The pdfLaTeX stops at characters beyond the Latin ones; the first line says which engine does not."""
    config = small_config(label=text)
    render_all(config, frame_of(all_cells(config)), tmp_path)
    latex = (tmp_path / "table2.tex").read_text()
    assert latex.splitlines()[0].endswith("; its letters need LuaLaTeX or XeLaTeX") == needed
    assert text.replace("±", r"$\pm$").replace("–", "--") in latex


@pytest.mark.parametrize(
    "character", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\u200b", "\u200d", "\u202e", "\ufeff", "\u2028"]
)
def test_latex_has_no_character_without_a_glyph(tmp_path, character):
    """It would stop there, or turn the text around."""
    config = replace(small_config(), label=f"a{character}b")
    (path,) = (path for path in render_all(config, frame_of(all_cells(config)), tmp_path) if path.name == "table2.tex")
    latex = path.read_text()
    assert character not in latex
    assert ("a b" if character.isspace() else "ab") in latex


def test_cells_that_were_still_learning_are_told():
    """By more than a tenth of the fall in the last epoch; cells of which nobody knows are not counted."""
    config = small_config()
    cells = ner_cells(config)
    settled = {cell: 0.05 for cell in cells[:5]}
    assert not any("Under-trained" in note for note in notes(filled(config, 2, frame_of(cells, last_fall=settled))))
    early = frame_of(cells, last_fall=settled | {cells[0]: 0.3})
    (note,) = [note for note in notes(filled(config, 2, early)) if "Under-trained" in note]
    assert note.startswith(f"Under-trained? In 1 of 5 cells ({cells[0].method}) the last epoch brought more than 10 %")

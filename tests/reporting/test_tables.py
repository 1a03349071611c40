"""The tables show the paper's shape, whole averages only, and nothing that a label could break."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from dataclasses import asdict, replace
from statistics import fmean

import numpy as np
import pandas as pd
import pytest
from experiments import TARGETS, load, paper_config, small_config

from metaxl.experiment.cell import Cell
from metaxl.experiment.grid import all_cells, find_table, table_cells, tables
from metaxl.reporting.filled_table import fill_table, notes
from metaxl.reporting.frame import COLUMNS, TYPES
from metaxl.reporting.paper import load_paper
from metaxl.reporting.tables import render_table, to_csv, to_latex, to_markdown, to_text


def frame_of(cells, value=lambda number: 0.5 + number / 100):
    """Return a frame with one test F1 a cell, and what tables must not show: other splits, epochs and metrics."""
    rows = []
    for number, cell in enumerate(cells):
        shown = {"checkpoint": "best", "epoch": 3, "split": "test", "metric": "f1", "value": value(number)}
        shown |= {"code": "c0de"}
        others = [{"split": "dev"}, {"checkpoint": "last"}, {"metric": "precision"}]
        rows += [asdict(cell) | shown, *(asdict(cell) | shown | {"value": 0.0} | other for other in others)]
    return pd.DataFrame(rows, columns=COLUMNS).astype(TYPES)


def render_all(config, frame, out):
    return [path for table in tables(config) for path in render_table(fill_table(config, table, frame), out)]


def filled(config, number, frame):
    return fill_table(config, find_table(config, number), frame)


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text)))


GOLDEN_MD = """\
**Table 2: NER (demo: synthetic data, tiny encoder)**

| Source   | Method      |    qu |    gn |   average |
|:---------|:------------|------:|------:|----------:|
| none     | target only | 50.00 | 51.00 |     50.50 |
| en       | JT          | 52.00 | 53.00 |     52.50 |
|          | MetaXL      | 54.00 | 55.00 | **54.50** |
| related  | JT          | 56.00 |       |           |
|          | MetaXL      | 57.00 |       |           |

- F1 in percent on test, of the epoch that is best on dev. NER: micro F1 over entity spans as seqeval computes it by \
default (conlleval).
- Each source set: 500 sentences (NER).
- Seed 11 alone: no spread is known.
- Related sources: qu es.
- Bold: the best average.
"""
GOLDEN_CSV = """\
group,row,te,te_sd,absent_records,seeds,source_sentences,measure,data
-,target only,60.00,,0,11,500,sentiment: F1 of the positive class,"demo: synthetic data, tiny encoder"
en,JT,61.00,,0,11,500,sentiment: F1 of the positive class,"demo: synthetic data, tiny encoder"
en,MetaXL,62.00,,0,11,500,sentiment: F1 of the positive class,"demo: synthetic data, tiny encoder"
"""
GOLDEN_TEX = r"""% needs \usepackage{booktabs}
\begin{table}[t]
\centering
\small
\begin{tabular}{llr}
\toprule
Source & Method & te \\
\midrule
none & target only & 60.00 \\
\midrule
en & JT & 61.00 \\
 & MetaXL & \textbf{62.00} \\
\bottomrule
\end{tabular}
\caption{Sentiment classification (demo: synthetic data, tiny encoder). F1 in percent on test, of the epoch that is best on dev. Sentiment: F1 of the positive class. Each source set: 500 reviews (sentiment). Seed 11 alone: no spread is known. Bold: the best of each column.}
\label{tab:metaxl-3}
\end{table}
"""  # noqa: E501 - as it is written


def test_golden_markdown():
    """Groups, empty places where a target has no related source, two decimals, the best average in bold."""
    config = small_config()
    assert to_markdown(filled(config, 2, frame_of(ner_cells(config)))) == GOLDEN_MD


def test_golden_csv_and_latex():
    """The same numbers, plain in CSV and with booktabs in LaTeX."""
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


def test_empty_frame_renders(tmp_path):
    """Before anything is trained every place is a dash, the best is nowhere, and the note names three of many."""
    config = small_config()
    for path in render_all(config, frame_of([]), tmp_path):
        assert path.is_file()
    text = (tmp_path / "table2.md").read_text()
    assert "8 of 8 records are absent" in text
    assert "and 5 more" in text
    assert "| **" not in text


@pytest.mark.parametrize("number", [3, 5])
def test_best_of_each_column_is_bold(number):
    """Tables 3 and 5 mark each column; numbers that look the same are all marked."""
    config = small_config()
    text = to_markdown(filled(config, number, frame_of(all_cells(config), lambda _: 0.7)))
    places = [
        place for line in text.splitlines() if line.startswith("|") for place in line.split("|") if "70.00" in place
    ]
    assert places
    assert all("**70.00**" in place for place in places)


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


NASTY = 'A & B_c 100 % <script>alert("x")</script> | *b* `c` \\input{/x} $y$ #1 ~^ [a](b)\nsecond, line'


def test_label_cannot_break_a_format(tmp_path):
    """A label with every special character stays text in each format."""
    config = replace(small_config(), label=NASTY)  # the schema refuses its line end
    render_all(config, frame_of(all_cells(config)), tmp_path)
    markdown = (tmp_path / "table2.md").read_text()
    assert "<script>" not in markdown
    assert r"\| \*b\* \`c\`" in markdown
    assert markdown.splitlines()[0].endswith("second, line)**")
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in markdown.splitlines() if line.startswith("|")}
    assert len(widths) == 1
    latex = (tmp_path / "table2.tex").read_text()
    title = latex.split(r"\caption{")[1]
    assert r"A \& B\_c 100 \% \textless{}script\textgreater{}" in title
    assert r"\textbackslash{}input\{/x\} \$y\$ \#1 \textasciitilde{}\textasciicircum{}" in title
    assert latex.count("{") - latex.count(r"\{") == latex.count("}") - latex.count(r"\}")
    rows = rows_of((tmp_path / "table2.csv").read_text())
    assert {row["data"] for row in rows} == {NASTY}


def test_every_rendering_says_what_it_is(tmp_path):
    """Label, seeds, source size and measure stand in all three formats of all tables, and in the terminal's."""
    config = small_config(label="made of glass", seeds=[7, 9])
    frame = frame_of(all_cells(config))
    texts = [path.read_text() for path in render_all(config, frame, tmp_path)]
    texts += [to_text(fill_table(config, table, frame)) for table in tables(config)]
    for text in texts:
        assert "made of glass" in text
        assert re.search(r"7,? 9", text)
        assert "500" in text
        assert re.search("seqeval|F1 of the positive class", text)


def test_terminal_is_plain():
    """No markup; a star marks the best, and says so."""
    config = small_config()
    text = to_text(filled(config, 2, frame_of(all_cells(config))))
    assert "**" not in text
    assert "*54.50" in text
    assert "Starred: the best average." in text


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


def test_tables_start_without_torch():
    """Rendering and the figure import neither torch nor seqeval nor scikit-learn."""
    code = (
        "import sys, metaxl.reporting.tables, metaxl.reporting.figure, metaxl.reporting.frame, metaxl.reporting.stats\n"
        "heavy = {'torch', 'seqeval', 'sklearn', 'transformers', 'matplotlib.pyplot'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_table_that_used_the_stand_in_for_the_reviews_says_so():
    config = paper_config()
    for table in tables(config):
        frame = frame_of(table_cells(config, table))
        table_filled = fill_table(config, table, frame)
        rows = rows_of(to_csv(table_filled))
        expected = table.number in (3, 5)
        assert any("Amazon withdrew" in note for note in notes(table_filled)) == expected
        assert all(("Amazon withdrew" in row["data"]) == expected for row in rows)
    own = paper_config(files={"sentiment": {"en": "my reviews"}})
    assert not any("Amazon" in note for table in tables(own) for note in notes(fill_table(own, table, frame_of([]))))


@pytest.mark.parametrize(
    ("text", "needed"), [("Luganda ŋ ü ± – “x”", False), ("Қазақ", True), ("中文", True), ("😀", True)]
)
def test_latex_says_when_it_needs_another_engine(tmp_path, text, needed):
    """The pdfLaTeX stops at characters beyond the Latin ones; the first line says which engine does not."""
    config = small_config(label=text)
    render_all(config, frame_of(all_cells(config)), tmp_path)
    latex = (tmp_path / "table2.tex").read_text()
    assert latex.startswith("% needs LuaLaTeX or XeLaTeX, and a font") == needed
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
    assert not latex.startswith("% needs Lua")

"""The evidence of a table: its numbers by an independent definition, its words, its sentences, its bold."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from evidence import COUNTS, RELATED, Records, languages
from evidence import usual as usual_gold
from records import golden, usual_labels
from scipy import stats
from scipy.stats import t
from seqeval.metrics import f1_score

from metaxl.experiment.cell import Cell
from metaxl.experiment.contrasts import MAIN
from metaxl.experiment.grid import find_table
from metaxl.reporting.evidence.table import evidence_of
from metaxl.reporting.evidence.words import at_most, bare, said
from metaxl.reporting.notes import notes
from metaxl.reporting.statistics.estimate import estimate
from metaxl.reporting.statistics.family import holm
from metaxl.reporting.statistics.verdict import verdict
from metaxl.reporting.tables import to_csv, to_latex, to_markdown, to_text

EIGHT = tuple(RELATED)
SOURCE, LEARNS = "Does a source language help?", "Does it help that the RTN learns?"
HELPS = "Does MetaXL help beyond joint training?"


def usual(cell):
    """Target-only training is far worse, the rest alike but for luck."""
    return 0.4 if cell.method == "target" else 0.7


def sentence(records, number, begin):
    (one,) = (one for one in records.sentences(number) if one.startswith(begin))
    return one


def row_of(rows, key, group="en"):
    (row,) = (row for row in rows if (row["of"], row["comparison"], row["group"]) == ("these records", key, group))
    return row


def f1_of(root, cell):
    """Return a cell's F1 on test in percent, by seqeval from its predictions."""
    lines = map(json.loads, (root / cell.path / "predictions.jsonl").read_text().splitlines())
    pairs = [(line["gold"], line["predicted"]) for line in lines if line["split"] == "test"]
    return 100 * f1_score(*map(list, zip(*pairs, strict=True)))


@pytest.fixture(scope="module")
def eight(tmp_path_factory):
    """Eight languages, two seeds, MetaXL as good as JT but for luck."""
    config = languages(*EIGHT, related=False, seeds=[11, 12], controls=["metaxl-frozen"])
    return Records(tmp_path_factory.mktemp("eight"), config, usual)


def test_a_contrast_is_what_plain_numpy_makes_of_the_predictions(eight):
    """Mean over seeds within a language, t over languages, every one of the 2^8 signs; F1 by seqeval."""
    differences = []
    for language in EIGHT:
        cells = [
            (Cell("tiny", "ner", language, "en", "metaxl-L4", seed), Cell("tiny", "ner", language, "en", "joint", seed))
            for seed in (11, 12)
        ]
        differences.append(np.mean([f1_of(eight.root, one) - f1_of(eight.root, other) for one, other in cells]))
    row = row_of(eight.rows(2), MAIN)
    test = stats.ttest_1samp(differences, 0)
    low, high = test.confidence_interval(0.95)
    sums = [abs(np.dot(signs, differences)) for signs in product((-1, 1), repeat=8)]
    expected = {
        "difference": np.mean(differences),
        "low": low,
        "high": high,
        "p_value": test.pvalue,
        "flip_p": np.mean([total >= abs(sum(differences)) - 1e-9 for total in sums]),
        "d_z": np.mean(differences) / np.std(differences, ddof=1),
        "better": sum(one > 0 for one in differences),
    }
    assert {key: float(row[key]) for key in expected} == pytest.approx(expected, rel=1e-5)
    own = {r["language"]: float(r["difference"]) for r in eight.rows(2, "languages.csv") if r["comparison"] == MAIN}
    assert own == pytest.approx(dict(zip(EIGHT, differences, strict=True)), rel=1e-5, abs=1e-9)


def test_holm_is_within_the_confirmatory_questions_of_a_table(eight):
    """Three questions from one source; the smallest p is multiplied by three."""
    rows = [row for row in eight.rows(2) if (row["of"], row["role"]) == ("these records", "confirmatory")]
    assert [row["adjusted_for"] for row in rows] == ["3"] * 3
    smallest = min(rows, key=lambda row: float(row["p_value"]))
    assert float(smallest["adjusted_p"]) == pytest.approx(3 * float(smallest["p_value"]), rel=1e-5)


def bound_of(row, languages=8):
    """Return what stands behind an interval that rules a gain out: the one-sided bound, from the two-sided one."""
    if row["verdict"] != "no such gain":
        return ""
    mean, high = float(row["difference"]), float(row["high"])
    shorter = t.ppf(0.95, languages - 1) / t.ppf(0.975, languages - 1)
    return f", at most {mean + shorter * (high - mean):+.2f}"


def test_eight_languages_answer_each_question_in_a_sentence(eight):
    """The word of the verdict, mean, interval, and in how many languages it was better."""
    row = row_of(eight.rows(2), MAIN)
    word = {"cannot tell": "cannot tell", "no such gain": "no such gain"}[row["verdict"]]
    told = sentence(eight, 2, HELPS)
    mean, low, high = (f"{float(row[key]):+.2f}" for key in ("difference", "low", "high"))
    assert told.startswith(f"{HELPS} From en: {word}")
    assert told.endswith(f"({mean} F1 [{low}, {high}]{bound_of(row)}, better in {row['better']} of 8 languages).")
    assert sentence(eight, 2, SOURCE).startswith(f"{SOURCE} From en: yes (+")
    assert [one for one in eight.sentences(2) if one.startswith("Each answer")] == [
        'Each answer gives the mean difference and its 95 % interval over languages. "Yes" and "worse" mean p < .05, '
        'adjusted for 3 comparisons by Holm. "No such gain" means that the one-sided 95 % upper bound, "at most", is '
        "below it. evidence/table2.md has each language and the exploratory comparisons."
    ]


def test_noise_has_no_bold_number_and_the_words_say_so(tmp_path):
    """All cells alike but for luck: no star in any table, whatever is largest."""
    config = languages(*EIGHT, seeds=[11])
    config = replace(config, tasks=(replace(config.task("ner"), placements=((2,), (4,))),))
    records = Records(tmp_path, config, lambda cell: 0.7)
    for number in (2, 5):
        text = to_text(records.filled(number))
        assert "*" not in text
        assert "tarred" not in text
        assert "cannot tell" in text
        assert ": yes" not in text


def test_bold_follows_the_verdict_of_the_average(tmp_path):
    """MetaXL far better from English, far worse from the related source: each time the better one, nothing else."""
    better = {("en", "metaxl-L2"): 0.9, ("en", "metaxl-L4"): 0.9, ("en", "joint"): 0.6}
    config = languages("qu", "cdo", "ilo", "xmf", "mhr", "mi", seeds=[11], placements=[[2], [4]])

    def right(cell):
        if cell.source == "en":
            return better[cell.source, cell.method]
        return {"target": 0.4, "joint": 0.9, "metaxl-L4": 0.6}[cell.method]

    records = Records(tmp_path, config, right)
    rows = list(records.filled(2).rows)
    bold = {(r.group, r.label, column) for r, values in rows for column, v in values.items() if v and v.best}
    assert bold == {("en", "MetaXL", "average"), ("related", "JT", "average")}
    assert sentence(records, 2, HELPS).startswith(f"{HELPS} From en: yes (+")
    assert "From the related source: worse (-" in sentence(records, 2, HELPS)
    assert any(note.startswith("Bold: the better of MetaXL and JT") for note in notes(records.filled(2)))
    placed = records.filled(5)
    # L4 is the placement of Table 2, which answers for it.
    assert [(r.label, v["NER"].best) for r, v in placed.rows] == [("JT", False), ("L2", True), ("L4", False)]
    assert "; L4: see Table 2." in " ".join(records.sentences(5))
    row = next(row for row in records.rows(5) if row["comparison"] == "L4-joint")
    assert (row["verdict"], row["adjusted_p"]) == ("see Table 2", "")
    assert "Does the place" not in "".join(records.sentences(5))


def test_joint_training_is_bold_in_table_5_where_every_placement_is_worse(tmp_path):
    targets = ("qu", "cdo", "ilo", "xmf", "mhr", "mi")
    config = languages(*targets, related=False, seeds=[11], placements=[[2], [4]])
    records = Records(tmp_path, config, lambda cell: {"target": 0.4, "joint": 0.9}.get(cell.method, 0.6))
    assert [(r.label, v["NER"].best) for r, v in records.filled(5).rows] == [("JT", True), ("L2", False), ("L4", False)]


def test_an_exploratory_question_is_never_held_to_less_than_a_confirmatory_one(tmp_path):
    """Related against English: MetaXL, exploratory, has JT's very predictions, and no better word than JT has."""
    right = {"en": 0.78, "es": 0.84, "zh": 0.84, "id": 0.84, "ka": 0.84, "ru": 0.84, "tr": 0.84}
    records = Records(tmp_path, languages(*RELATED, seeds=[11]), lambda cell: right.get(cell.source, 0.5))
    rows = records.rows(2)
    strict, lax = (row_of(rows, f"related-common{end}", "related") for end in ("", "-metaxl"))
    assert int(lax["adjusted_for"]) == sum(row["of"] == "these records" and row["p_value"] != "" for row in rows)
    assert int(strict["adjusted_for"]) == sum(
        row["role"] == "confirmatory" and row["of"] != "the paper" for row in rows
    )
    factor = float(lax["adjusted_p"]) / float(lax["p_value"])
    assert factor == pytest.approx(round(factor)) or float(lax["adjusted_p"]) == 1


def test_the_words_by_language_are_adjusted_over_languages_and_sources(tmp_path):
    """By Holm over the two languages; of one whose rival has no records the other's word is the whole answer's."""
    sentiment = {"source": "en", "targets": [{"language": "te"}, {"language": "fa"}], "placement": [4]}
    config = languages(
        seeds=[11, 12, 13], sentiment=sentiment | {"placements": [[4]]}, ner={"source": "en", "targets": []}
    )
    both = Records(tmp_path / "both", config, lambda cell: {"target": 0.5, "joint": 0.7}.get(cell.method, 0.8))
    rows = [row for row in both.rows(3, "languages.csv") if row["comparison"] == MAIN]
    adjusted = holm([float(row["p_value"]) for row in rows])
    assert [float(row["adjusted_p"]) for row in rows] == pytest.approx(adjusted, rel=1e-4)
    assert {row["adjusted_for"] for row in rows} == {"2"}
    assert all(row["verdict"] for row in rows)
    alone = Records(tmp_path / "alone", config, lambda cell: None if cell.target == "fa" else usual(cell))
    (own,) = (row for row in alone.rows(3, "languages.csv") if row["comparison"] == MAIN and row["difference"])
    whole = row_of(alone.rows(3), MAIN)
    assert [own[key] for key in ("adjusted_p", "adjusted_for", "verdict")] == [
        whole[key] for key in ("adjusted_p", "adjusted_for", "verdict")
    ]


def test_models_that_find_nothing_tell_nothing(tmp_path):
    """Every difference is 0, and nothing is known of how it would vary: that is no proof of no gain."""
    silent = {"dev": [["O"] * 4] * 10, "test": [["B-PER", "O"]] * 10}
    records = Records(tmp_path, languages(*RELATED, seeds=[11]), lambda cell: 1.0, lambda cell: silent)
    assert {row["verdict"] for row in records.rows(2) if row["of"] == "these records"} == {"cannot tell"}


def test_languages_of_two_seeds_are_judged_together(tmp_path):
    """A language's degrees of freedom are those of all languages' runs; by itself it has one or little more."""
    many, one = (
        Records(tmp_path / str(len(codes)), languages(*codes, related=False, seeds=[11, 12]), usual)
        for codes in (list(RELATED), ["qu"])
    )
    (alone,) = (row for row in one.rows(2, "languages.csv") if row["comparison"] == MAIN)
    beside = [row for row in many.rows(2, "languages.csv") if row["comparison"] == MAIN]
    (same,) = (row for row in beside if row["language"] == "qu")
    assert same["difference"] == alone["difference"]
    assert same["run_variance"] == alone["run_variance"]
    assert float(same["df"]) > 8 > float(alone["df"])


def test_six_languages_are_enough_for_their_own_spread_and_five_are_not(tmp_path):
    """Of five the standard error is the larger of theirs and of sqrt(sum of squares) / 5; of six it is theirs alone."""
    for count in (5, 6):
        config = languages(*list(RELATED)[:count], related=False, seeds=[11])
        records = Records(tmp_path / str(count), config, usual)
        own = [row for row in records.rows(2, "languages.csv") if row["comparison"] == MAIN]
        theirs = stats.sem([float(row["difference"]) for row in own])
        floor = math.sqrt(sum(float(row["se"]) ** 2 for row in own)) / count
        expected = max(theirs, floor) if count == 5 else theirs
        assert float(row_of(records.rows(2), MAIN)["se"]) == pytest.approx(expected, rel=1e-4)
        assert count == 5 or expected < floor, "six would be held up by the floor too"


@pytest.mark.parametrize("seeds", [[11], [11, 12, 13]])
def test_one_language_is_judged_over_seeds_and_sentences(tmp_path, seeds):
    """One seed compares two trained models and can tell nothing of the methods, however far they are apart."""
    records = Records(tmp_path, languages("qu", related=False, seeds=seeds), usual)
    row = row_of(records.rows(2), "joint-target")
    told, every = sentence(records, 2, SOURCE), " ".join(records.sentences(2))
    if len(seeds) == 1:
        assert (row["unit"], row["verdict"], row["adjusted_p"]) == ("test sentences", "cannot tell", "")
        assert float(row["low"]) > 0, "these two models do differ"
        assert "cannot tell (+" in told
        assert "between two trained models" in told
        assert "one seed can tell nothing of the methods" in every
        assert "takes" not in every
    else:
        assert (row["unit"], row["verdict"]) == ("seeds and test sentences", "yes")
        assert ", 3 seeds, 40 test sentences)." in told
        assert "To show 1 F1 takes about" in every
    assert "These" in every
    assert "F1 between" in every


def test_two_languages_say_little_and_never_less_than_their_own_sentences(tmp_path):
    """Though they agree to the last digit by luck: the standard error is then that of their seeds and sentences."""
    config = languages("qu", "cdo", related=False, seeds=[11, 12])
    records = Records(tmp_path, config, usual)
    rows = records.rows(2)
    own = [float(r["se"]) for r in records.rows(2, "languages.csv") if r["comparison"] == MAIN]
    row = row_of(rows, MAIN)
    assert float(row["se"]) >= math.hypot(*own) / 2 * (1 - 1e-5)
    assert (row["df"], row["verdict"]) == ("1", "cannot tell")
    assert "of 2 languages" in sentence(records, 2, HELPS)


def test_absent_records_leave_a_language_out_and_are_told(tmp_path):
    """The others are judged; a language with some seeds counts with those."""
    config = languages("qu", "cdo", "ilo", "xmf", related=False, seeds=[11, 12])

    def right(cell):
        gone = cell.method == "joint" and (cell.target == "cdo" or (cell.target == "ilo" and cell.seed == 12))
        return None if gone else usual(cell)

    records = Records(tmp_path, config, right)
    row = row_of(records.rows(2), MAIN)
    assert row["languages"] == "3"
    assert row["left_out"] == "without cdo: records are absent; ilo with 1 of 2 seeds"
    assert f"of 3 languages; {row['left_out']})" in sentence(records, 2, HELPS)
    lacking = {r["language"]: r["lacks"] for r in records.rows(2, "languages.csv") if r["comparison"] == MAIN}
    assert lacking == {"qu": "", "cdo": "absent", "ilo": "", "xmf": ""}
    bare = Records(tmp_path / "bare", config, lambda cell: None)
    assert sentence(bare, 2, HELPS) == f"{HELPS} From en: cannot tell (records are absent)."
    assert "–" in bare.write(2, tmp_path / "out").joinpath("table2.md").read_text()


def test_a_score_that_is_not_defined_leaves_its_language_out(tmp_path):
    """A test set without an entity has no F1, nor a difference of F1."""
    empty = {"dev": [["O", "B-PER"]], "test": [["O", "O"]]}
    config = languages("qu", "cdo", "ilo", related=False, seeds=[11])
    records = Records(tmp_path, config, usual, lambda cell: empty if cell.target == "qu" else usual_gold(cell))
    assert row_of(records.rows(2), MAIN)["left_out"] == "without qu: F1 is not defined"


def test_records_of_other_sentences_are_never_paired(tmp_path):
    """Which the configuration may accept; the language is left out, and the reason told."""
    config = languages("qu", "cdo", "ilo", related=False, seeds=[11])
    records = Records(tmp_path, config, usual)
    more = golden("ner", usual_labels("ner"), 41)
    moved = Cell("tiny", "ner", "qu", "en", "joint", 11)
    Records(tmp_path / "other", config, lambda cell: 0.7 if cell == moved else None, lambda cell: more)
    found = evidence_of(config, find_table(config, 2), [root / COUNTS for root in (tmp_path, tmp_path / "other")])
    (main,) = (one for one in found.judged if one.contrast.key == MAIN)
    assert [language.lack for language in main.languages] == ["unlike", "", ""]
    assert "unlike" not in [language.lack for one in records.evidence(2).judged for language in one.languages]


def test_folds_count_as_one_language_with_all_their_sentences(tmp_path):
    """Though ids are alike in two folds; and two models that predict alike differ in nothing."""
    config = languages("qu", related=False, files={"ner": {"qu": {"path": "qu.tsv", "folds": 3}}}, seeds=[11, 12])
    drawn = golden("ner", usual_labels("ner"))

    def gold(cell):
        part = int(cell.target[-1])
        return {split: ones[part * 8 : part * 8 + 8] for split, ones in drawn.items()}

    records = Records(tmp_path, config, lambda cell: 0.5 if cell.method == "target" else 1, gold)
    rows = {r["comparison"]: r for r in records.rows(2, "languages.csv")}
    assert (rows[MAIN]["language"], rows[MAIN]["sentences"]) == ("qu", "24")
    assert (rows[MAIN]["difference"], rows[MAIN]["se"], rows[MAIN]["p_value"]) == ("0", "0", "1")
    assert float(rows["joint-target"]["difference"]) > 0


def test_every_format_of_a_table_holds(eight):
    """LaTeX's braces close, Markdown's brackets are no links, CSV has the sentences, and bytes come again."""
    made = eight.filled(2)
    latex = to_latex(made)
    assert latex.count("{") - latex.count(r"\{") == latex.count("}") - latex.count(r"\}")
    assert r"95 \% interval over languages" in latex
    assert r"\textless{} .05" in latex
    assert r"\[" in to_markdown(made)
    assert HELPS in to_csv(made)
    assert to_text(made) == to_text(eight.filled(2))
    assert (eight.root / COUNTS).read_bytes() == eight.gather("again.npz").read_bytes()


@pytest.mark.parametrize(
    ("p_value", "text"), [(0.0496, ".0496"), (0.04951, ".0495"), (0.04999, ".0499"), (0.05, ".050"), (0.0494, ".049")]
)
def test_a_p_value_below_the_level_looks_like_it(p_value, text):
    assert bare(p_value) == text


def test_a_gain_that_is_ruled_out_is_named_with_whose_it_is_and_how_far():
    small, none = estimate(0.5, 0.5, 7), estimate(-1.0, 0.5, 7)
    assert said(verdict(small, 1.0), MAIN) == "no such gain as +2.07 F1, the paper's from English"
    assert said(verdict(none, 0.2), MAIN) == "no such gain as +1 F1"
    assert at_most(small, verdict(small, 1.0)) == f", at most {0.5 + 0.5 * t.ppf(0.95, 7):+.2f}"
    assert at_most(small, verdict(small, 0.01)) == ""
    near = estimate(0.998 - 0.5 * t.ppf(0.95, 7), 0.5, 7)
    assert at_most(near, verdict(near, 0.9)) == ", at most +0.998"
    rounded = estimate(-0.001 - 0.5 * t.ppf(0.95, 7), 0.5, 7)
    assert at_most(rounded, verdict(rounded, 0.9)) == ", at most +0.00"

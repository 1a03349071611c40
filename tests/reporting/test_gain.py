"""The picture of the gain shows the evidence, nothing else, and can be read."""

from __future__ import annotations

import matplotlib as mpl
import pytest
from evidence import RELATED, Records, languages, usual
from legible import check_legible
from so_far import few

from metaxl.errors import DataError
from metaxl.files import read_json
from metaxl.reporting import gain
from metaxl.reporting.evidence.papers import papers_gain
from metaxl.reporting.gain import draw_gain

SHARE = {"target": 0.5, "joint": 0.7}
NO_L2 = {"no-l2": {"label": "no L2 on phi", "method": {"meta_weight_decay": 0}}}


def records(root, *codes, table=2, gold=usual, **changes):
    """Return invented records of these languages, and their evidence as JSON."""
    config = languages(*codes, **changes)
    made = Records(root, config, lambda cell: SHARE.get(cell.method, 0.8), gold)
    return made, made.write(table, root / "evidence") / f"table{table}.json"


@pytest.fixture(scope="module")
def eight(tmp_path_factory):
    return records(tmp_path_factory.mktemp("eight"), *RELATED, seeds=[11, 12])


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    return records(tmp_path_factory.mktemp("two"), "qu", "gn", seeds=[11, 12], gold=few)


@pytest.fixture(scope="module")
def drawn(eight, tmp_path_factory):
    """The paths of the picture of eight languages."""
    made, path = eight
    return draw_gain(made.config, path, tmp_path_factory.mktemp("drawn"))


@pytest.fixture
def facts_of(tmp_path, monkeypatch):
    """Return what the JSON of a picture says, of which no more is drawn."""

    def read(config, path):
        monkeypatch.setattr(gain, "save", lambda figure, _: None)
        return read_json(draw_gain(config, path, tmp_path)[2])

    return read


def test_every_number_is_the_evidence_s(eight, drawn):
    """Each language's difference and interval, the mean's, and the word are those of the CSV files."""
    made, _ = eight
    facts = read_json(drawn[2])
    own = [panel for panel in facts["panels"] if not panel["paper"]]
    pooled = [row for row in made.rows(2) if (row["of"], row["comparison"]) == ("these records", "metaxl-joint")]
    assert [panel["title"] for panel in own] == ["MetaXL - JT from en", "MetaXL - JT from the related source"]
    assert len(own) == len(pooled) == 2
    for panel, row in zip(own, pooled, strict=True):
        assert row["verdict"] == "yes"
        assert panel["answer"] == f"{float(row['difference']):+.2f}: yes"
        shown = [panel["mean"], *panel["languages"]]
        by_language = [
            one
            for one in made.rows(2, "languages.csv")
            if (one["comparison"], one["group"]) == ("metaxl-joint", row["group"])
        ]
        assert [one["name"] for one in shown[1:]] == [one["language"] for one in by_language] == list(RELATED)
        for drawn, known in zip(shown, [row, *by_language], strict=True):
            assert [drawn[key] for key in ("difference", "low", "high")] == [
                float(known[key]) for key in ("difference", "low", "high")
            ]


def test_the_papers_own_gains_stand_beside(drawn):
    """+2.07 and +0.95 on average, one number a language without an interval; by hand: Turkmen from English +5.38."""
    facts = read_json(drawn[2])
    english, related = (panel for panel in facts["panels"] if panel["paper"])
    assert (english["answer"], related["answer"]) == ("+2.07: cannot tell", "+0.95: cannot tell")
    assert {one["name"]: round(one["difference"], 2) for one in english["languages"]}["Turkmen"] == 5.38
    assert {one["low"] for panel in (english, related) for one in panel["languages"]} == {None}
    for own, differences in papers_gain():
        assert sum(differences.values()) / len(differences) == pytest.approx(own.over.estimate.mean)


def test_the_same_evidence_gives_the_same_bytes_and_leaves_no_trace(eight, drawn, tmp_path):
    made, path = eight
    before = dict(mpl.rcParams)
    again = draw_gain(made.config, path, tmp_path)
    assert [one.name for one in again] == [one.name for one in drawn] == ["gain2.pdf", "gain2.png", "gain2.json"]
    assert [one.read_bytes() for one in again] == [one.read_bytes() for one in drawn]
    assert dict(mpl.rcParams) == before


def test_a_variant_of_metaxl_has_a_panel_of_its_own(facts_of, tmp_path):
    made, path = records(tmp_path, "qu", "gn", variants=NO_L2, seeds=[11, 12], gold=few)
    titles = [panel["title"] for panel in facts_of(made.config, path)["panels"]]
    assert "MetaXL, no L2 on phi - JT from en" in titles
    assert titles.index("MetaXL, no L2 on phi - JT from en") < titles.index("The paper: from English")


def test_a_language_without_records_is_left_out_and_one_alone_has_no_mean(facts_of, tmp_path):
    config = languages("qu", "gn", related=False, seeds=[11, 12])
    made = Records(tmp_path, config, lambda cell: None if cell.target == "gn" else SHARE.get(cell.method, 0.8))
    path = made.write(2, tmp_path / "evidence") / "table2.json"
    panel = facts_of(config, path)["panels"][0]
    assert [one["name"] for one in panel["languages"]] == ["qu"]
    assert panel["mean"] is None


def test_a_table_all_of_whose_cells_failed_has_a_picture_that_says_so(tmp_path):
    config = languages("qu", "gn", related=False, seeds=[11, 12])
    made = Records(tmp_path, config, lambda cell: None if "metaxl" in cell.method else 0.8)
    paths = draw_gain(config, made.write(2, tmp_path / "evidence") / "table2.json", tmp_path)
    assert "No language has the records of both" in read_json(paths[2])["caption"]
    assert all(path.stat().st_size for path in paths)


def test_without_joint_training_there_is_no_gain(tmp_path):
    made, _ = records(tmp_path, "qu", seeds=[11])
    path = made.write(5, tmp_path / "evidence") / "table5.json"
    with pytest.raises(DataError, match=r"table5\.json: nothing of this table is compared with joint training"):
        draw_gain(made.config, path, tmp_path)


@pytest.mark.parametrize("count", [1, 8, 50])
def test_nothing_overlaps_or_is_cut(two, tmp_path, monkeypatch, count):
    """Law: at every number of languages, with intervals from narrow to endless, no two texts meet and none is cut."""
    made, path = two
    template = [panel for panel in gain._own(made.config, path)]
    names = ["Meadow Mari", *(f"language {number}" for number in range(1, count))]
    many = [
        gain.Panel(
            panel.title,
            panel.answer,
            tuple(gain.Gain(name, place - 3, place - 3 - 4.0**place, place + 1) for place, name in enumerate(names)),
            panel.mean,
        )
        for panel in template
    ]
    monkeypatch.setattr(gain, "_own", lambda *_: iter(many))
    drawn = []
    monkeypatch.setattr(gain, "save", lambda figure, _: drawn.append(figure))
    draw_gain(made.config, path, tmp_path)
    (figure,) = drawn
    assert len(check_legible(figure)) > 20
    for ax in figure.axes:
        low, high = ax.get_xlim()
        assert low == -high
        for line in ax.lines:
            assert all(low <= value <= high for value in line.get_xdata() if ax.get_visible())

"""The grid is the paper's: which cell every table needs, by counting from the definition, each cell once."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from experiments import PRESETS, experiment, load, paper_config, shipped
from hypothesis import given, settings
from hypothesis import strategies as st

from metaxl.errors import ConfigError
from metaxl.experiment.cell import Cell
from metaxl.experiment.grid import (
    all_cells,
    figure_cells,
    find_table,
    placement_label,
    table_cells,
    tables,
)
from metaxl.experiment.slug import method_slug, parse_slug
from metaxl.methods import METHODS
from metaxl.planning.plan import Plan

PLAIN = [name for name, method in METHODS.items() if not method.has_layers]
LAYERED = [name for name, method in METHODS.items() if method.has_layers]
RELATED = {"qu": "es", "cdo": "zh", "ilo": "id", "xmf": "ka", "mhr": "ru", "mi": "id", "tk": "tr", "gn": "es"}
REVIEWED = ("te", "fa")


def rows_of(config, number):
    return {(row.group, row.label): row.entries for row in find_table(config, number).rows}


def addresses(cells):
    """Return what a grid without controls and with one encoder is told apart by."""
    return Counter((cell.task, cell.target, cell.source, cell.method, cell.seed) for cell in cells)


PLACEMENTS = st.lists(st.integers(0, 48), min_size=1, max_size=4, unique=True).map(sorted).map(tuple)
NAMED = st.one_of(st.tuples(st.sampled_from(PLAIN), st.just(())), st.tuples(st.sampled_from(LAYERED), PLACEMENTS))
NAMES = st.text(st.characters(codec="ascii", categories=["L", "N"], include_characters="-_"), min_size=1)


@settings(deadline=None)
@given(NAMED)
def test_method_comes_back_from_its_slug(named):
    """Writing and reading a method are inverse, and a slug is one path part."""
    name, placement = named
    written = method_slug(name, placement)
    assert parse_slug(written) == (METHODS[name], placement, "")
    assert parse_slug(method_slug(name, placement, "no-l2")) == (METHODS[name], placement, "no-l2")
    assert "/" not in written


@pytest.mark.parametrize("name", PLAIN)
def test_a_method_without_rtns_leaves_the_placement_out(name):
    assert method_slug(name, (2, 4)) == name


@pytest.mark.parametrize(
    ("text", "kind", "layers", "needs_source"),
    [
        ("target", "target", (), False),
        ("target-matched", "target-matched", (), False),
        ("joint", "joint", (), True),
        ("metaxl-L12", "metaxl", (12,), True),
        ("metaxl-L0-12", "metaxl", (0, 12), True),
        ("metaxl-frozen-L12", "metaxl-frozen", (12,), True),
        ("joint-rtn-L0-6-12", "joint-rtn", (0, 6, 12), True),
    ],
)
def test_slugs_are_written_as_the_design_says(text, kind, layers, needs_source):
    """The path parts that users type; target-only training alone has no source."""
    assert method_slug(kind, layers) == text
    assert parse_slug(text) == (METHODS[kind], layers, "")
    assert METHODS[kind].needs_source is needs_source


NO_METHODS = ["", "metaxl", "joint-L2", "target-L0", "metaxl-L", "metaxl-L-1", "metaxl-L1-", "metaxl-L1,2"]
NO_METHODS += ["metaxl-L1\n", "xmetaxl-L1", "Joint", "joint-rtn", "metaxl-L1.5", "metaxl/L1"]


@pytest.mark.parametrize("text", NO_METHODS)
def test_what_is_no_method_is_refused(text):
    """An RTN without a place, a place without an RTN, other marks and cases: told with examples of what is."""
    with pytest.raises(ConfigError) as caught:
        parse_slug(text)
    assert str(caught.value).startswith(f"Unknown method {text!r}; expected one such as target, target-matched, joint,")


def test_misspelt_method_is_guessed():
    """The nearest method is offered."""
    with pytest.raises(ConfigError, match=r"Did you mean 'metaxl-L12'\?$"):
        parse_slug("metaxl-l12")


@pytest.mark.parametrize("text", ["metaxl-L12-0", "metaxl-L1-1", "metaxl-L012", "metaxl-L١"])
def test_one_method_has_one_slug(text):
    """Descending, repeated or oddly written layers are refused, as they are in the configuration."""
    with pytest.raises(ConfigError):
        parse_slug(text)


@settings(deadline=None)
@given(st.builds(Cell, NAMES, NAMES, NAMES, NAMES, NAMED.map(lambda named: method_slug(*named)), st.integers(0, 10**9)))
def test_cell_comes_back_from_its_path(cell):
    """The path is the cell's address: nothing is lost in it."""
    assert cell.path == "/".join(
        ["cells", *map(str, (cell.encoder, cell.task, cell.target, cell.source)), cell.method, f"seed{cell.seed}"]
    )


def test_grid_of_the_paper():
    """Target-only, JT and MetaXL from both sources, and MetaXL from English at each placement; nothing else, once."""
    config = paper_config(controls=[])
    expected = set()
    for seed in config.seeds:
        for task, targets in (("ner", RELATED), ("sentiment", REVIEWED)):
            for target in targets:
                expected.add((task, target, "none", "target", seed))
                expected.add((task, target, "en", "joint", seed))
                expected |= {(task, target, "en", f"metaxl-{p}", seed) for p in ("L0", "L6", "L12", "L0-12")}
        for target, source in RELATED.items():
            expected |= {("ner", target, source, method, seed) for method in ("joint", "metaxl-L12")}
    assert len(config.seeds) == 5
    assert len(expected) == 5 * (8 * (1 + 2 + 1 + 4) + 2 * (1 + 1 + 4))
    assert addresses(all_cells(config)) == Counter(expected)
    assert {cell.encoder for cell in all_cells(config)} == {"xlmr-base"}


@pytest.mark.parametrize(
    ("control", "row", "method", "per_ner", "per_sentiment"),
    [
        ("metaxl-frozen", "MetaXL, frozen RTN", "metaxl-frozen-L12", 2, 1),
        ("joint-rtn", "JT with RTN", "joint-rtn-L12", 2, 1),
        ("target-matched", "target only, matched steps", "target-matched", 1, 1),
    ],
)
def test_control_adds_its_rows_and_cells(control, row, method, per_ner, per_sentiment):
    """Once a target and source, at the tables' placement, in Tables 2 and 3 and not in Table 5."""
    plain, more = paper_config(controls=[], seeds=[1]), paper_config(controls=[control], seeds=[1])
    added = set(all_cells(more)) - set(all_cells(plain))
    assert len(all_cells(more)) - len(all_cells(plain)) == len(added) == 8 * per_ner + 2 * per_sentiment
    assert {cell.method for cell in added} == {method}
    for number, count in ((2, per_ner), (3, per_sentiment), (5, 0)):
        before, after = rows_of(plain, number), rows_of(more, number)
        assert [label for group, label in after.keys() - before.keys()] == [row] * count
        assert [place for place in after if place in before] == list(before)


def test_rows_stand_in_the_order_of_the_paper():
    """Target-only, then JT before MetaXL from the common and from the related source; placements as listed."""
    config = paper_config(controls=[])
    methods = [("-", "target only"), ("en", "JT"), ("en", "MetaXL"), ("related", "JT"), ("related", "MetaXL")]
    assert list(rows_of(config, 2)) == methods
    assert list(rows_of(config, 3)) == methods[:3]
    assert list(rows_of(config, 5)) == [("-", "JT"), *(("MetaXL", p) for p in ("L0", "L6", "L12", "L0,12"))]
    assert find_table(config, 2).columns == [*RELATED, "average"]
    assert find_table(config, 3).columns == [*REVIEWED]
    assert find_table(config, 5).columns == ["NER", *REVIEWED]


def test_cell_of_two_tables_is_one_cell():
    """MetaXL from English at the tables' placement stands in Tables 2 and 5 and is trained once."""
    config = paper_config()
    needed = [set(table_cells(config, table)) for table in tables(config)]
    shared = needed[0] & needed[2]
    assert Cell("xlmr-base", "ner", "qu", "en", "metaxl-L12", config.seeds[0]) in shared
    assert set().union(*needed) == set(all_cells(config))
    assert sum(map(len, needed)) > len(all_cells(config)) == len(set(all_cells(config)))


def test_average_covers_every_target():
    """In Table 2's last column and in Table 5's NER column, each target with the source of its row."""
    config = paper_config()
    for (group, _), entries in rows_of(config, 2).items():
        places = [entries[target] for target in RELATED]
        average = entries["average"]
        assert average.targets == tuple(RELATED)
        assert average.sources == tuple(source for place in places for source in place.sources)
        assert average.cells(7) == [cell for place in places for cell in place.cells(7)]
        assert average.sources == {"-": ("none",) * 8, "en": ("en",) * 8}.get(group, tuple(RELATED.values()))
    for entries in rows_of(config, 5).values():
        assert entries["NER"].targets == tuple(RELATED)
        assert set(entries["NER"].sources) == {"en"}


def test_a_lone_target_has_no_average():
    """A mean over one language would repeat its column."""
    config = load(experiment(ner={"targets": [{"language": "qu", "related": "es"}]}))
    assert find_table(config, 2).columns == ["qu"]
    assert find_table(config, 5).columns == ["NER", "te"]
    assert find_table(config, 5).rows[0].entries["NER"].targets == ("qu",)


def test_target_without_related_source_has_no_entry_and_no_cell():
    """Its place and the average of the related rows are empty; its other rows are whole."""
    config = load(experiment(controls=[]))
    rows = rows_of(config, 2)
    for label in ("JT", "MetaXL"):
        entries = rows["related", label]
        assert (entries["gn"], entries["average"]) == (None, None)
        assert entries["qu"].sources == ("es",)
        assert rows["en", label]["average"].targets == ("qu", "gn")
    assert {cell.source for cell in all_cells(config) if cell.target == "gn"} == {"none", "en"}


def test_without_related_sources_there_is_no_related_group():
    """Neither empty rows nor their cells."""
    config = load(experiment(ner={"targets": [{"language": "qu"}, {"language": "gn"}]}))
    assert {group for group, _ in rows_of(config, 2)} == {"-", "en"}
    assert {cell.source for cell in all_cells(config)} == {"none", "en"}


@pytest.mark.parametrize(("kept", "numbers"), [("ner", [2, 5]), ("sentiment", [3, 5]), (None, [])])
def test_task_without_targets_has_no_table_and_no_cell(kept, numbers):
    """Table 5 keeps the columns of the other task; a table that is not there is named with those that are."""
    left_out = {task: {"targets": []} for task in ("ner", "sentiment") if task != kept}
    config = load(experiment(figure=None, **left_out))
    assert [table.number for table in tables(config)] == numbers
    assert {cell.task for cell in all_cells(config)} == ({kept} if kept else set())
    if kept:
        assert find_table(config, 5).columns == (["NER"] if kept == "ner" else ["te"])
    absent = 3 if kept == "ner" else 2
    listed = ", ".join(map(str, numbers))
    with pytest.raises(ConfigError, match=rf"^Table {absent} is not among this configuration's tables: {listed}\.$"):
        find_table(config, absent)


def test_placement_of_one_task_leaves_the_other_task_out():
    """Each placement is one row, in the order of first use, and empty where a task does not have it."""
    config = load(experiment(ner={"placements": [[0], [0, 1]]}, sentiment={"placements": [[1], [0]]}))
    rows = rows_of(config, 5)
    assert list(rows) == [("-", "JT"), ("MetaXL", "L0"), ("MetaXL", "L0,1"), ("MetaXL", "L1")]
    assert [bool(entries["NER"]) for entries in rows.values()] == [True, True, True, False]
    assert [bool(entries["te"]) for entries in rows.values()] == [True, True, False, True]
    assert rows["MetaXL", "L0,1"]["NER"].method == "metaxl-L0-1"


@pytest.mark.parametrize("layers", [(0,), (12,), (0, 6, 12)])
def test_placement_is_labelled_as_in_the_paper(layers):
    """One L and commas, unlike the path part: `L0,6,12`."""
    assert placement_label(layers) == "L" + ",".join(str(layer) for layer in layers)


@pytest.mark.parametrize("controls", [[], ["metaxl-frozen"]])
def test_figure_compares_cells_of_the_first_seed(controls):
    """Joint training, the frozen RTN if it is a control, and MetaXL, of the figure's own encoder."""
    config = paper_config(seeds=[5, 6], controls=controls)
    methods = ("joint", *(f"{name}-L12" for name in controls), "metaxl-L12")
    assert figure_cells(config) == [Cell("mbert", "sentiment", "te", "en", method, 5) for method in methods]
    assert not set(figure_cells(config)) & set(all_cells(config))
    assert figure_cells(paper_config(figure=None)) == []


@pytest.mark.parametrize("raw", [*map(shipped, PRESETS), experiment()], ids=[*PRESETS, "partly related"])
def test_every_cell_can_be_planned(raw):
    """What a table or the figure shows has inputs and settings; a source file exactly where the path names one."""
    config = load(raw)
    plan = Plan(config, raw)
    cells = all_cells(config) + figure_cells(config)
    assert {cell.seed for cell in cells} == set(config.seeds)
    for cell in cells:
        inputs = plan.cell_inputs(cell)
        assert len(inputs["source"]) == (cell.source != "none")
        assert all(f"/{cell.source}-" in str(path) for path in inputs["source"])
        assert all(f"/{cell.encoder}/{cell.task}/{cell.target}/" in str(path) for path in inputs["target"])
        assert json.loads(plan.cell_spec(cell))["cell"]["method"] == cell.method

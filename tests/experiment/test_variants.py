"""Variants: rows and cells of settings that differ; what does not differ for a method is trained once."""

from __future__ import annotations

import json

import pytest
from experiments import plan_of

from metaxl.errors import ConfigError
from metaxl.experiment.cell import Cell
from metaxl.experiment.grid import all_cells, find_table, table_cells
from metaxl.experiment.variants import variant_slug
from metaxl.planning.findings import _sizes
from metaxl.reporting.facts import facts_files

NO_L2 = {"label": "no L2 on phi", "method": {"meta_weight_decay": 0}}
FAST = {"training": {"meta_learning_rate": 0.01}, "methods": ["metaxl", "joint"], "tasks": ["ner"]}


def rows_of(plan, number):
    return {(row.group, row.label): row for row in find_table(plan.config, number).rows}


def test_a_variant_is_a_row_with_cells_of_its_own_beside_its_method():
    plan = plan_of(variants={"no-l2": NO_L2})
    plain, rows = rows_of(plan_of(), 2), rows_of(plan, 2)
    added = [place for place in rows if place not in plain]
    assert added == [("en", "MetaXL, no L2 on phi"), ("related", "MetaXL, no L2 on phi")]
    labels = [label for group, label in rows if group == "en"]
    assert labels.index("MetaXL, no L2 on phi") == labels.index("MetaXL") + 1
    (entry,) = {e.method for e in rows["en", "MetaXL, no L2 on phi"].entries.values()}
    assert entry == "metaxl-L2.no-l2"
    assert "metaxl-L2.no-l2" in {cell.method for cell in table_cells(plan.config, find_table(plan.config, 3))}


def test_a_variants_cell_differs_from_its_methods_in_what_the_variant_says_and_nothing_else():
    plan = plan_of(variants={"no-l2": NO_L2})
    base = Cell("tiny", "ner", "qu", "en", "metaxl-L2", 11)
    theirs = Cell("tiny", "ner", "qu", "en", "metaxl-L2.no-l2", 11)
    one, other = (json.loads(plan.cell_spec(cell)) for cell in (base, theirs))
    assert other["switches"] == one["switches"] | {"meta_weight_decay": 0}
    assert {key for key in one if one[key] != other[key]} == {"cell", "switches"}
    assert plan.cell_inputs(base) == plan.cell_inputs(theirs)
    assert plan_of().cell_spec(base) == plan.cell_spec(base)


def test_a_method_that_reads_nothing_of_what_differs_keeps_its_cells():
    """And of two variants that are equal for a method the first gives the cells."""
    config = plan_of(
        variants={"no-l2": NO_L2, "again": NO_L2 | {"training": {"bottleneck": 7}, "methods": ["metaxl"]}}
    ).config
    assert variant_slug(config, "ner", "joint", "no-l2") == "joint"
    assert variant_slug(config, "ner", "metaxl-L2", "again") == "metaxl-L2.again"
    config = plan_of(variants={"no-l2": NO_L2, "again": NO_L2}).config
    assert variant_slug(config, "ner", "metaxl-L2", "again") == "metaxl-L2.no-l2"
    methods = [cell.method for cell in all_cells(config)]
    assert "metaxl-L2.no-l2" in methods
    assert "metaxl-L2.again" not in methods


def test_another_source_size_is_drawn_and_encoded_apart():
    plan = plan_of(variants={"few": {"source_size": 50, "methods": ["joint"]}})
    (few,) = plan.cell_inputs(Cell("tiny", "ner", "qu", "en", "joint.few", 11))["source"]
    (usual,) = plan.cell_inputs(Cell("tiny", "ner", "qu", "en", "joint", 11))["source"]
    assert few.name == "en-50.npz"
    assert usual.name == "en-500.npz"


def test_another_encoder_is_a_row_of_the_same_table_whose_cells_need_no_other_name():
    encoders = {"larger": {"pretrain": {"layers": 3}}}
    plan = plan_of(encoders=encoders, variants={"larger": {"encoder": "larger", "methods": ["joint"]}})
    entry = rows_of(plan, 2)["en", "JT, larger"].entries["qu"]
    assert (entry.encoder, entry.method) == ("larger", "joint")
    assert "larger" in plan.encoders.used()


def test_what_a_table_tells_of_encoded_data_is_of_the_tasks_own_encoder():
    encoders = {"larger": {"pretrain": {"layers": 3}}}
    plan = plan_of(encoders=encoders, controls=[], variants={"larger": {"encoder": "larger"}})
    cells = table_cells(plan.config, find_table(plan.config, 2))
    assert "larger" in {cell.encoder for cell in cells}
    counted = [path for path in facts_files(plan.config, cells) if path.parts[0] == "encoded"]
    assert {path.parts[1] for path in counted} == {"tiny"}


def test_a_source_size_concerns_the_variants_tasks_alone():
    many = {"source_size": 1001, "methods": ["joint"], "tasks": ["ner"]}
    config = plan_of(variants={"v": many}).config
    assert all("variants.v.source_size: 1001 examples" in text for text in _sizes(config, config.task("ner")))
    assert list(_sizes(config, config.task("ner")))
    assert not list(_sizes(config, config.task("sentiment")))


FAULTS = {
    "no such method": (
        {"methods": ["metaxxl"]} | {"method": {"gate": "none"}},
        r"variants\.v\.methods: no method 'metaxxl'",
    ),
    "nothing": ({}, r"variants\.v: it changes nothing that metaxl reads for ner"),
    "nothing that is read": ({"methods": ["joint"], "method": {"gate": "none"}}, "changes nothing that joint reads"),
    "lengths": ({"training": {"max_length": 9}}, r"variants\.v\.training: max_length is that of the encoded data"),
    "no such encoder": ({"encoder": "tinny"}, r"variants\.v\.encoder: no encoder 'tinny'.*Did you mean 'tiny'"),
    "misspelt": ({"training": {"bottelneck": 9}}, r"variants\.v\.training: unknown key 'bottelneck'"),
    "a value": ({"method": {"gate": "maybe"}}, r"variants\.v\.method\.gate: 'maybe' is not one of token, none"),
    "too many": ({"source_size": 10**6, "methods": ["joint"]}, r"variants\.v\.source_size: 1000000 examples asked for"),
}


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_variant_that_cannot_be_is_told(fault):
    variant, said = FAULTS[fault]
    with pytest.raises(Exception, match=said):
        plan_of(variants={"v": variant}).check()


def test_a_cell_is_asked_for_by_its_one_name():
    plan = plan_of(variants={"no-l2": NO_L2})
    cell = Cell("tiny", "ner", "qu", "en", "joint.no-l2", 11)
    with pytest.raises(ConfigError, match="ask for the method joint instead"):
        plan.cell_inputs(cell)
    unknown = Cell("tiny", "ner", "qu", "en", "metaxl-L2.no-l3", 11)
    with pytest.raises(ConfigError, match=r"Did you mean 'no-l2'\?"):
        plan.cell_inputs(unknown)


def test_what_a_variant_does_not_say_is_as_in_its_task():
    config = plan_of(variants={"fast": FAST}).config
    varied = config.varied("fast")
    assert varied.task("ner").training.meta_learning_rate == 0.01
    assert varied.task("ner").training.epochs == config.task("ner").training.epochs
    assert varied.task("sentiment") == config.task("sentiment")
    assert varied.method == config.method


def test_a_method_that_a_variant_does_not_change_has_no_row_of_it():
    labels = [label for _, label in rows_of(plan_of(variants={"fast": FAST}), 2)]
    assert labels.count("MetaXL, fast") == 2
    assert "JT, fast" not in labels

"""The registry of methods is sound: what an entry names is there, and what it does not have raises everywhere."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from experiments import metaxl_cell, plan_of

from metaxl.errors import ConfigError
from metaxl.experiment.settings import Switches, Training
from metaxl.experiment.slug import method_slug, parse_slug
from metaxl.methods import BASE, METHODS, find_method
from metaxl.provenance import load
from metaxl.training.feed import HALVES, SOURCE, TARGET

SETTINGS = {field.name for kind in (Training, Switches) for field in fields(kind)} | {"source_size"}


@pytest.mark.parametrize("method", METHODS.values(), ids=list(METHODS))
def test_an_entry_names_what_is_there(method):
    assert callable(load(method.step))
    assert not method.rtn or callable(load(method.rtn))
    assert {name for batch in method.takes for name in batch.split("+")} <= {SOURCE, TARGET, *HALVES}
    assert method.reads <= SETTINGS
    assert ("epochs" in method.reads) != ("target_epochs" in method.reads), "one of them says how long"


def test_every_setting_is_read_by_some_method():
    assert set.union(*(set(method.reads) for method in METHODS.values())) == SETTINGS


def test_the_base_methods_are_registered():
    assert set(BASE) <= set(METHODS)


def test_a_method_that_is_not_registered_raises_everywhere():
    """As a name, with layers, as a path's part, in a cell's settings, code and inputs, and among the controls."""
    plan = plan_of()
    cell = replace(metaxl_cell(plan), method="metaxxl-L2")
    for act in (
        lambda: find_method("metaxxl"),
        lambda: method_slug("metaxxl", (2,)),
        lambda: parse_slug("metaxxl-L2"),
        lambda: plan.cell_spec(cell),
        lambda: plan.cell_code(cell),
        lambda: plan.cell_inputs(cell),
        lambda: plan_of(controls=["metaxxl"]),
    ):
        with pytest.raises(ConfigError, match="metaxxl"):
            act()


@pytest.mark.parametrize("address", ["metaxl.method.steps:no_step", "metaxl.method.nothing:step"])
def test_code_that_is_not_there_is_named(address):
    with pytest.raises(ImportError, match=r"no_step|nothing"):
        load(address)

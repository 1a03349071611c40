"""The questions of the tables: which rows are compared, over which languages, and which were fixed beforehand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from experiments import TARGETS, paper_config, small_config

from metaxl.experiment.contrasts import CONFIRMATORY, MAIN, PAIRS, contrasts
from metaxl.experiment.grid import all_cells
from metaxl.methods import METHODS

CONTROLS = [name for name in METHODS if name not in ("target", "joint", "metaxl")]


def keys_of(config, number, role=None):
    return [(one.key, one.group) for one in contrasts(config, number) if role in (None, one.role)]


def test_the_papers_questions_are_confirmatory():
    """Source, MetaXL and learning from each source, and the related source once; all over the eight languages."""
    config = paper_config(controls=["metaxl-frozen"])
    expected = [(key, group) for key in ("joint-target", MAIN, "metaxl-frozen") for group in ("en", "related")]
    assert keys_of(config, 2, CONFIRMATORY) == [*expected, ("related-common", "related")]
    assert keys_of(config, 3, CONFIRMATORY) == [(key, "en") for key in ("joint-target", MAIN, "metaxl-frozen")]
    assert keys_of(config, 5, CONFIRMATORY) == []
    assert {len(one.languages) for one in contrasts(config, 2)} == {8}


def test_without_its_rows_a_question_is_not_put():
    """No frozen RTN, no question of learning; no related source, no question of sources."""
    plain = paper_config(controls=[])
    assert not any("frozen" in key for key, _ in keys_of(plain, 2))
    alone = small_config(ner={"source": "en", "targets": [{"language": "qu"}]})
    assert {group for _, group in keys_of(alone, 2)} == {"en"}
    assert "related-common" not in dict(keys_of(alone, 2))


@pytest.mark.parametrize("number", [2, 3, 5])
def test_only_cells_of_the_table_are_compared(number):
    """Both are of one language, task, encoder and seed; they differ in method or in source, in both if one has none."""
    config = paper_config(controls=CONTROLS, seeds=[1, 2])
    every, found = set(all_cells(config)), contrasts(config, number)
    assert len({(one.key, one.group, one.task) for one in found}) == len(found)
    for one in found:
        pairs = [(a, b) for seed in (1, 2) for a, b in zip(one.first.cells(seed), one.second.cells(seed), strict=True)]
        assert {cell for pair in pairs for cell in pair} <= every
        for a, b in pairs:
            assert (a.encoder, a.task, a.target, a.seed) == (b.encoder, b.task, b.target, b.seed)
            assert (a.method != b.method) == (a.source == b.source) or b.source == "none"
            assert a != b


def test_a_related_source_counts_where_it_is_another_one():
    """Over the targets that have one; the others stay out, and so does one whose related source is the common one."""
    config = small_config(ner={"source": "en", "targets": [*TARGETS, {"language": "ilo", "related": "en"}]})
    (one,) = (one for one in contrasts(config, 2) if one.key == "related-common")
    assert (one.languages, one.first.sources, one.second.sources) == (("qu",), ("es",), ("en",))
    assert one.label == "JT from related - JT from en"
    (main,) = (one for one in contrasts(config, 2) if (one.key, one.group) == (MAIN, "related"))
    assert main.languages == ("qu", "ilo")


def test_placements_are_compared_with_joint_training_task_by_task():
    config = paper_config()
    assert [(one.key, one.task) for one in contrasts(config, 5)] == [
        (f"{place}-joint", task) for place in ("L0", "L6", "L12", "L0,12") for task in ("ner", "sentiment")
    ]
    assert all(one.second.method == "joint" for one in contrasts(config, 5))
    assert contrasts(config, 5)[0].label == "MetaXL L0 - JT"


def test_every_registered_method_is_part_of_a_question():
    """One that no pair names is compared with joint training, or with the target alone where it has no source."""
    config = paper_config(controls=CONTROLS)
    asked = {side for one in contrasts(config, 2) for side in (one.first.method, one.second.method)}
    assert {method.split("-L")[0] for method in asked} == set(METHODS)


@pytest.mark.parametrize(("needs", "second"), [(("source",), "joint"), (("target",), "target")])
def test_a_new_method_is_compared_with_its_plain_rival(monkeypatch, needs, second):
    monkeypatch.setitem(METHODS, "toy", replace(METHODS["joint"], name="toy", label="a toy", takes=needs))
    config = small_config()
    assert (f"toy-{second}" in dict(keys_of(config, 2))) is False, "nobody asked for its row"
    found = [one for one in contrasts(replace(config, controls=("toy",)), 2) if one.first.method == "toy"]
    assert {(one.key, one.second.method, one.role) for one in found} == {(f"toy-{second}", second, "exploratory")}


def test_a_variant_is_compared_with_its_method_and_with_joint_training():
    """Rows of a variant take no part in the questions of the plain methods."""
    fast = {"label": "fast", "methods": ["metaxl", "joint"], "training": {"learning_rate": 0.5}}
    few = {"source": "en", "targets": TARGETS[1:]}
    config = small_config(variants={"fast": fast}, ner=few)
    found = {one.key: one for one in contrasts(config, 2) if "fast" in one.key}
    assert {key: one.label for key, one in found.items()} == {
        "joint.fast-joint": "JT, fast - JT",
        "metaxl.fast-metaxl": "MetaXL, fast - MetaXL",
        "metaxl.fast-joint": "MetaXL, fast - JT",
    }
    assert {one.role for one in found.values()} == {"exploratory"}
    assert not any(one.of_sources for one in found.values())
    plain = small_config(ner=few)
    assert [one for one in contrasts(config, 2) if "fast" not in one.key] == contrasts(plain, 2)


def test_the_list_of_pairs_is_sound():
    assert len({pair.key for pair in PAIRS}) == len(PAIRS)
    assert all(pair.first != pair.second and pair.question.endswith("?") for pair in PAIRS)

"""A rule's parameters say exactly what its output depends on: neither more, nor less, nor another experiment's."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from experiments import PRESETS, SCHEMA, experiment, load, metaxl_cell, plan_of, shipped

from metaxl.cli.parser import make_parser
from metaxl.errors import ConfigError, DataError
from metaxl.experiment import layout
from metaxl.experiment.cell import Cell
from metaxl.experiment.grid import all_cells, cell_groups, figure_cells, find_table, table_cells
from metaxl.experiment.load import load_config
from metaxl.experiment.spec import CellSpec
from metaxl.planning.evidence import content_digest, report_inputs, report_tokenizers
from metaxl.planning.plans import LARGEST_SEED, Plans, cell_of
from metaxl.planning.shown import figure_files, language_files, page_files, page_inputs, picture_inputs
from metaxl.reporting.expected import Expected
from metaxl.tasks import SPLITS, TASKS


def refusal(act, *arguments, error=ConfigError):
    with pytest.raises(error) as caught:
        act(*arguments)
    return str(caught.value)


def test_cells_of_another_preset_are_planned_from_it():
    """While one preset is active, a path below results/<other>/ has the other's settings, encoder and data."""
    plans = Plans(shipped("demo"))
    alone = Plans(shipped("paper")).active
    assert plans["demo"] is plans.active
    assert plans["paper"].config == alone.config
    assert plans["paper"] is plans["paper"], "loaded once"
    cell = all_cells(alone.config)[-1]
    assert plans["paper"].cell_spec(cell) == alone.cell_spec(cell)
    for path in [path for paths in plans["paper"].cell_inputs(cell).values() for path in paths]:
        assert path.is_relative_to("results/paper")
    assert load_config(json.loads(plans["paper"].content("config"))) == alone.config


def test_unknown_experiment_is_told():
    """A path below no experiment's folder names the active one and the nearest; a named overlay hides the presets."""
    message = refusal(Plans(experiment()).__getitem__, "papr")
    assert message.startswith("results/papr: no experiment of this name; the active one is 'demo'.")
    assert "Did you mean 'paper'?" in message
    assert message.endswith("Pass the --configfile that names it.")
    named = Plans(experiment(name="mine"))
    assert named["mine"] is named.active
    assert "the active one is 'mine'" in refusal(named.__getitem__, "demo")


def test_own_files_are_found_by_suffix(tmp_path):
    """Each split may have its own form; what is missing is told with what is there."""
    folder = tmp_path / "a b"
    folder.mkdir()
    for name in ("train.tsv", "dev.conll", "notes.md"):
        (folder / name).touch()
    plan = plan_of(files={"ner": {"qu": str(folder)}})
    assert plan.data.inputs("ner", "qu", "train") == [folder / "train.tsv"]
    assert plan.data.inputs("ner", "qu", "dev") == [folder / "dev.conll"]
    message = refusal(plan.data.inputs, "ner", "qu", "test", error=DataError)
    assert message.startswith(f"{folder}: expected test with one of .tsv, .conll, .txt,")
    assert "; it holds dev.conll" in message
    assert ["--folder", str(folder)] == plan.data.options("ner", "qu", "dev")[-2:]


def test_synthetic_data_have_no_input_and_registered_ones_their_downloads():
    """Files beneath results/raw, which the download rule makes, shared by all experiments."""
    assert plan_of().data.inputs("ner", "qu", "dev") == []
    paper = Plans(shipped("paper")).active
    for task, language, corpus in (("ner", "qu", "wikiann/qu"), ("sentiment", "te", "sentiraama")):
        paths = paper.data.inputs(task, language, "train")
        assert paths
        assert {path.parent for path in paths} == {Path("results/raw", corpus)}
        assert paper.data.options(task, language, "train")[-2:] == ["--folder", f"results/raw/{corpus}"]
    with pytest.raises(ConfigError, match="sentiraama: has no 'xx'"):
        plan_of(sentiment={"corpus": "sentiraama"}).data.inputs("sentiment", "xx", "train")


@pytest.mark.parametrize("preset", PRESETS)
def test_data_command_takes_its_options(preset):
    """What the rule passes is what the command line parses, for every language and split."""
    plan = Plans(shipped(preset)).active
    for task in plan.config.tasks:
        for language in {target.language for target in task.targets} | set(task.sources()):
            for split in SPLITS:
                options = plan.data.options(task.name, language, split)
                parsed = make_parser().parse_args(["data", *options, "--out", "x"])
                assert (parsed.task, parsed.language, parsed.split) == (task.name, language, split)
                assert parsed.corpus == plan.config.corpus(task.name, language)


def test_only_a_sources_training_split_is_a_pool():
    """Only a source's training split is as large as the pool; test has a size of its own, and all else is small."""
    plan = plan_of(synthetic={"target_size": 7, "test_size": 8, "source_pool": 9})
    sizes = {
        (language, split): plan.data.options("ner", language, split)[-3]
        for language in ("en", "es", "qu")
        for split in SPLITS
    }
    assert {place for place, size in sizes.items() if size == "9"} == {("en", "train"), ("es", "train")}
    assert {place for place, size in sizes.items() if size == "8"} == {(code, "test") for code in ("en", "es", "qu")}
    assert set(sizes.values()) == {"7", "8", "9"}


@pytest.mark.parametrize("seed", ["011", "00", str(2**32), 20 * "9"])
def test_a_seed_that_no_configuration_can_hold_is_told(seed):
    """Written otherwise, one cell would have two paths and be trained twice."""
    address = {"encoder": "e", "task": "ner", "target": "qu", "source": "en", "method": "joint"}
    with pytest.raises(ConfigError, match=f"seed{seed}: a seed is a number from 0 to 4294967295 without leading zeros"):
        cell_of(SimpleNamespace(**address, seed=seed))
    for right in ("0", "11", str(LARGEST_SEED)):
        assert cell_of(SimpleNamespace(**address, seed=right)) == Cell(*address.values(), int(right))
    assert SCHEMA["$defs"]["seed"]["maximum"] == LARGEST_SEED


def test_wrong_cells_are_told():
    """A path that no experiment gives is refused with what does not fit, before anything runs."""
    plan, paper = plan_of(), Plans(experiment(preset="paper")).active
    cell = metaxl_cell(plan)
    encoder, wrong = cell.encoder, f"{cell.encoder}y"
    review = Cell("xlmr-base", "sentiment", "te", "en", "joint", 11)
    faults = [
        (plan, replace(cell, method="joint", source="none"), "method joint takes a source language, not 'none'."),
        (plan, replace(cell, method="target"), "method target takes the source `none`, not 'en'."),
        (plan, replace(cell, method="target-matched"), "method target-matched takes the source `none`, not 'en'."),
        (plan, replace(cell, method="meta-L1"), "Unknown method 'meta-L1'; expected one such as target, "),
        (plan, replace(cell, encoder=wrong), f"encoders: no {wrong!r}, only {encoder}. Did you mean {encoder!r}?"),
        (paper, replace(review, target="tee"), "sentiment: no data for language 'tee'. Did you mean 'te'?"),
        (paper, replace(review, source="ru"), "sentiment: no data for language 'ru'. Name its folder under files."),
        (plan_of(figure=None, sentiment={"targets": []}), replace(review, encoder=encoder), "has no targets for it"),
    ]
    faults.append((plan, replace(cell, source=cell.target), "'qu' cannot be its own source."))
    for where, wrong_cell, message in faults:
        assert message in refusal(where.cell_inputs, wrong_cell)
    assert refusal(plan.cell_inputs, faults[0][1]).startswith(faults[0][1].path)


def test_cell_is_trained_from_its_encoder_target_and_source():
    """Target-only training waits for no source; the drawn set's size is in its name."""
    plan = plan_of(ner={"source_size": 77})
    cell = metaxl_cell(plan)
    root, encoded = Path("results/demo"), Path("results/demo/encoded", cell.encoder, "ner")
    inputs = plan.cell_inputs(cell)
    assert inputs["source"] == [encoded / "en-77.npz"]
    assert inputs["target"] == [encoded / "qu" / f"{split}.npz" for split in SPLITS]
    assert {path.parent for path in plan.encoder_files(cell.encoder)} == {root / "encoders" / cell.encoder}
    alone = plan.cell_inputs(replace(cell, source="none", method="target"))
    assert alone == inputs | {"source": []}


def test_settings_of_a_cell_come_back_from_their_text():
    """What the workflow writes on the command line is what the training process reads."""
    plan = plan_of()
    for cell in all_cells(plan.config) + figure_cells(plan.config):
        text = plan.cell_spec(cell)
        spec = CellSpec.from_dict(json.loads(text))
        assert (spec.cell, spec.to_json()) == (cell, text)


UNRELATED = {
    "more seeds": {"seeds": [11, 99]},
    "label": {"label": "another"},
    "figure": {"figure": None},
    "controls": {"controls": ["joint-rtn", "target-matched"]},
    "paper's numbers": {"paper_numbers": "beside"},
    "another task": {"sentiment": {"training": {"learning_rate": 0.5, "epochs": 99}, "source_size": 7}},
    "another target": {"ner": {"targets": [{"language": "qu"}, {"language": "mi"}]}},
    "other rows of Table 5": {"ner": {"placements": [[0]]}},
    "another encoder": {"encoders": {"other": {"hub": "x/y"}}},
    "own files of another": {"files": {"ner": {"mi": "my/mi"}}},
    "name": {"name": "mine"},
}


@pytest.mark.parametrize("change", UNRELATED)
def test_settings_of_a_cell_do_not_change_with_what_it_does_not_use(change):
    """A new seed, label, figure or language retrains nothing that is there."""
    plan = plan_of(seeds=[11])
    cell = metaxl_cell(plan)
    assert plan_of(**{"seeds": [11], **UNRELATED[change]}).cell_spec(cell) == plan.cell_spec(cell)


def other(part, number):
    return next((value for value in part.get("enum", []) if value != part["default"]), number)


def others():
    """Yield, for each setting of training and method, an overlay of another value than any preset has."""
    for key, part in SCHEMA["$defs"]["training"]["properties"].items():
        yield key, {"ner": {"training": {key: other(part, 7 if part.get("type") == "integer" else 0.77)}}}
    for key, part in SCHEMA["$defs"]["method"]["properties"].items():
        yield key, {"method": {key: other(part, 0.77)}}
    yield "keep_models", {"keep_models": "all"}
    yield "other_records", {"other_records": "accept"}
    yield "strict", {"strict": True}
    yield "labels", {"ner": {"labels": {"PER": "PERSON"}}}


WITHOUT_SOURCE = ("target", "target-matched")
KINDS = (*WITHOUT_SOURCE, "joint", "joint-half", "zero-shot")
KINDS += ("metaxl-L1", "metaxl-frozen-L1", "metaxl-decay-L1", "joint-rtn-L1")
TRAINED, WITH_RTN = set(KINDS) - {"target"}, {kind for kind in KINDS if kind.endswith("-L1")}
HALVING, MOVING = {"joint-half", *WITH_RTN} - {"joint-rtn-L1"}, WITH_RTN - {"metaxl-frozen-L1"}
# Which methods read a setting; all of them, where it is not listed.
READERS = {
    "epochs": TRAINED,
    "target_epochs": {"target"},
    "bottleneck": WITH_RTN,
    **dict.fromkeys(("meta_learning_rate", "meta_weight_decay", "phi_decay"), MOVING),
    "update_order": {"metaxl-L1"},
    "inner_rate": {"metaxl-L1"},
    "meta_objective": {"metaxl-L1"},
    "meta_clip_norm": {"metaxl-L1", "joint-rtn-L1"},
    "theta_loss": HALVING,
    "target_split": HALVING,
    "joint_rtn_forward": {"joint-rtn-L1"},
    "keep_models": set(),
    "other_records": set(),
    "strict": set(),
    **dict.fromkeys(("gate", "rtn_input", "residual", "layer_composition"), WITH_RTN),
}


@pytest.mark.parametrize(("key", "changes"), list(others()), ids=str)
def test_a_setting_retrains_the_cells_that_read_it_and_no_other(key, changes):
    """Whatever training reads is in its parameters, and nothing else is."""
    before, after = plan_of(), plan_of(**changes)
    cells = {kind: replace(metaxl_cell(before), method=kind) for kind in KINDS}
    changed = {kind for kind, cell in cells.items() if before.cell_spec(cell) != after.cell_spec(cell)}
    assert changed == READERS.get(key, set(KINDS))


def test_source_size_counts_where_it_is_used():
    """For the step-matched control as its number of steps, for all others as the file they are trained from."""
    before, after = plan_of(ner={"source_size": 50}), plan_of(ner={"source_size": 60})
    cell = metaxl_cell(before)
    matched = replace(cell, source="none", method="target-matched")
    assert before.cell_spec(matched) != after.cell_spec(matched)
    assert before.cell_inputs(matched) == after.cell_inputs(matched)
    assert before.cell_spec(cell) == after.cell_spec(cell)
    assert before.cell_inputs(cell)["source"] != after.cell_inputs(cell)["source"]
    alone = replace(cell, source="none", method="target")
    assert before.cell_spec(alone) == after.cell_spec(alone)


def test_settings_tell_every_two_cells_apart():
    """No two cells of the grid are trained alike."""
    plan = plan_of(seeds=[1, 2])
    cells = set(all_cells(plan.config) + figure_cells(plan.config))
    assert len({plan.cell_spec(cell) for cell in cells}) == len(cells)


def test_pretrained_encoder_depends_on_the_languages_it_sees():
    """Sources and targets apart, in an order of their own; a hub encoder depends on its revision alone."""
    spec = plan_of(encoders={"big": {"hub": "x/y"}}).encoders.spec("tiny")
    assert (spec["sources"], spec["targets"]) == (["en", "es"], ["gn", "qu", "te"])
    assert spec["seed"] == load(experiment()).data_seed
    targets = [{"language": "gn"}, {"language": "qu", "related": "es"}]
    assert plan_of(ner={"targets": targets}).encoders.spec("tiny") == spec
    assert plan_of(ner={"targets": targets[:1]}).encoders.spec("tiny") != spec
    both = plan_of(ner={"targets": [*targets, {"language": "es"}]}).encoders.spec("tiny")
    assert both == spec, "a source that is also a target has a source's text"
    big = plan_of(encoders={"big": {"hub": "x/y"}}, ner={"targets": targets[:1]})
    assert big.encoders.spec("big") == {"hub": "x/y", "revision": "main"}
    assert (big.encoders.inputs("big"), big.encoders.code("big")) == ([], "")
    assert big.encoders.code("tiny")
    own = plan_of(encoders={"own": {"folder": "my/own"}})
    assert own.encoders.inputs("own") == [Path("my/own") / name for name in ("config.json", "model.safetensors")]


@pytest.mark.parametrize("changes", [{}, {"seeds": [1, 2]}, {"figure": None}, {"controls": ["joint-rtn"]}], ids=str)
def test_every_cell_is_gathered_once_and_a_reader_gathers_its_own_alone(changes):
    """The groups of a table or of the figure hold exactly its cells; no two groups share one."""
    plan = plan_of(**changes)
    config, groups = plan.config, cell_groups(plan.config)
    gathered = [cell for cells in groups.values() for cell in cells]
    assert len(gathered) == len(set(gathered))
    assert set(gathered) == set(all_cells(config) + figure_cells(config))
    readers = {f"table{number}": table_cells(config, find_table(config, number)) for number in (2, 3, 5)}
    for reader, cells in (readers | {"figure1": figure_cells(config)}).items():
        read = [cell for path in plan.group_files(reader) for cell in groups[path.stem]]
        assert sorted(map(str, read)) == sorted(map(str, cells)), reader


def test_a_group_waits_for_its_records():
    plan = plan_of()
    for group, cells in cell_groups(plan.config).items():
        names = ("scores.json", "predictions.jsonl", "history.jsonl")
        records = {layout.root(plan.config.name) / cell.path / name for cell in cells for name in names}
        made_of = {path for cell in cells for paths in plan.cell_inputs(cell).values() for path in paths}
        checksums = {plan.path(layout.CHECKSUMS, encoder=cell.encoder) for cell in cells}
        assert sorted(plan.group_inputs(group)) == sorted(records | made_of | checksums)
    assert "results/demo/scores/table9.csv: no such group; there are table2, " in refusal(plan.group_inputs, "table9")


def test_tables_and_figure_wait_for_their_groups():
    """Without a figure nothing but the pictures of a table's languages is drawn, and the message says so."""
    plan = plan_of()
    for number in (2, 3, 5):
        assert plan.table_inputs(number, layout.GROUP) == plan.group_files(f"table{number}")
    assert "Table 4 is not among this configuration's tables: 2, 3, 5." in refusal(plan.table_inputs, 4, layout.GROUP)
    assert {path.stem for path in plan.table_files()} == {"table2", "table3", "table5"}
    assert plan.table_files() == [path for number in (2, 3, 5) for path in plan.table_files(number)]
    shown = [layout.root(plan.config.name) / cell.path for cell in figure_cells(plan.config)]
    assert plan.figure_inputs()["vectors"] == [folder / "representations.npz" for folder in shown]
    assert plan.figure_inputs()["scores"] == plan.group_files("figure1")
    plain = plan_of(figure=None, sentiment={"targets": []})
    kinds = ("gain", "curves", "phi", "closeness")
    drawn = {f"{kind}{number}" for kind in kinds for number in (2, 3)}
    assert {path.stem for path in figure_files(plan)} == {"figure1", *drawn}
    assert {path.stem for path in figure_files(plain)} == {f"{kind}2" for kind in kinds}
    assert plain.table_files(3) == []
    assert refusal(plain.figure_inputs).startswith("figure: this configuration has none")


def test_the_report_waits_for_all_that_it_shows():
    """Law: tables, evidence, pictures and the record of every training, so that it is made last."""
    plan = plan_of(controls=["metaxl-frozen"])
    waits = set(page_inputs(plan))
    shown = {*plan.table_files(), *plan.joined_evidence(), *figure_files(plan), *language_files(plan)}
    records = {
        path for group in cell_groups(plan.config) for path in plan.group_inputs(group) if path.name == layout.SCORES
    }
    kept = (layout.SCORES, layout.HISTORY, layout.VECTORS)
    assert shown | records <= waits
    assert set(picture_inputs(plan, 2)) <= {path.with_name(name) for path in records for name in kept}
    assert [path.stem for path in page_files(plan)] == list(layout.PAGES)


def test_evidence_is_of_every_table_and_reads_the_counts_of_its_own_groups():
    """A table's counts lie beside its scores, group by group; without a table there is no evidence."""
    plan = plan_of(controls=["metaxl-frozen"])
    for number in (2, 3, 5):
        counts, scores = (plan.table_inputs(number, pattern) for pattern in (layout.COUNTS, layout.GROUP))
        assert [path.name.removesuffix(".counts.npz") for path in counts] == [path.stem for path in scores]
    assert [path.name for path in plan.evidence_files("json")] == ["table2.json", "table3.json", "table5.json"]
    assert {path.name for path in plan.joined_evidence()} == {"evidence.csv", "evidence.md", "evidence.json"}
    assert plan_of(figure=None, ner={"targets": []}, sentiment={"targets": []}).joined_evidence() == []


def test_a_content_digest_sees_what_a_file_says_and_nothing_else(tmp_path):
    """Neither where it lies nor its comments, order or layout."""
    texts = {"a/x": "b: 1\na: [2]\n", "b/y": "# why\na:\n- 2\nb: 1\n", "c": "a: [2]\nb: 2\n"}
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    one, same, other = (content_digest(tmp_path / name) for name in texts)
    assert one == same != other


def data_of(plan, task, language, split):
    return plan.path(layout.DATA, task=task.name, language=language, split=split)


def source_of(plan, task, language):
    return plan.path(layout.SOURCE, task=task.name, language=language, size=task.source_size)


def tokenizer_of(plan, encoder):
    """Return the paths of an encoder's tokenizer and checksums, which are read together."""
    return {plan.path(layout.CHECKSUMS, encoder=encoder), plan.encoder_files(encoder)[-1]}


def report_files(plan):
    return [path for paths in report_inputs(plan).values() for path in paths] + report_tokenizers(plan)


def test_report_covers_every_data_file_once():
    """Each target's three splits and each source's drawn set, and each as its task's encoder sees it."""
    plan = plan_of(ner={"source_size": 5}, sentiment={"source_size": 6}, figure=None)
    paths = [path.relative_to(layout.root(plan.config.name)).as_posix() for path in report_files(plan)]
    targets = ("ner/qu", "ner/gn", "sentiment/te")
    places = {f"data/{target}/{split}": f"{target}/{split}" for target in targets for split in SPLITS}
    places |= {f"sources/{name}": name for name in ("ner/en-5", "ner/es-5", "sentiment/en-6")}
    expected = [f"{place}.jsonl" for place in places] + [f"encoded/tiny/{name}.npz" for name in places.values()]
    assert sorted(paths) == sorted([*expected, "encoders/tiny/sha256.json", "encoders/tiny/tokenizer.json"])


@pytest.mark.parametrize("preset", PRESETS)
def test_report_waits_for_files_that_cells_are_trained_from(preset):
    """It looks at what the cells read, and at all of it."""
    plan = Plans(shipped(preset)).active
    needed = set()
    for cell in all_cells(plan.config) + figure_cells(plan.config):
        inputs = plan.cell_inputs(cell)
        needed |= {*inputs["target"], *inputs["source"], *tokenizer_of(plan, cell.encoder)}
    read = report_files(plan)
    assert {path for path in read if path.suffix != ".jsonl"} == needed
    data = {data_of(plan, task, t.language, s) for task in plan.config.tasks for t in task.targets for s in SPLITS}
    data |= {source_of(plan, task, language) for task in plan.config.tasks for language in task.sources()}
    assert {path for path in read if path.suffix == ".jsonl"} == data
    assert len(read) == len(set(read))


def test_report_has_the_figures_encoder_and_source():
    """For its target and source alone; a source that no table has is among the data too."""
    hub = {"encoders": {"other": {"hub": "x/y"}}, "sentiment": {"source_size": 6}}
    figure = {"encoder": "other", "source": "es"}
    plan = plan_of(**hub, figure=figure)
    more = set(report_files(plan)) - set(report_files(plan_of(**hub, figure=None)))
    assert more == {
        source_of(plan, plan.config.task("sentiment"), "es"),
        plan.path(layout.ENCODED_SOURCE, encoder="other", task="sentiment", language="es", size=6),
        *(plan.path(layout.ENCODED_TARGET, encoder="other", task="sentiment", language="te", split=s) for s in SPLITS),
        *tokenizer_of(plan, "other"),
    }


UNREPORTED = {
    "seeds": {"seeds": [11, 99]},
    "label": {"label": "another"},
    "controls": {"controls": ["joint-rtn"]},
    "learning rate": {"ner": {"training": {"learning_rate": 0.5}}},
    "method": {"method": {"gate": "none"}},
    "placements": {"ner": {"placements": [[0]]}},
    "encoder that nothing uses": {"encoders": {"other": {"hub": "x/y"}}},
}
REPORTED = {
    "target": {"ner": {"targets": [{"language": "qu"}, {"language": "mi"}]}},
    "size": {"ner": {"source_size": 7}},
    "limit": {"ner": {"training": {"max_length": 33}}},
    "corpus": {"ner": {"corpus": "wikiann"}},
    "own files": {"files": {"ner": {"qu": "my/qu"}}},
    "encoder": {"encoders": {"tiny": {"pretrain": {"steps": 7}}}},
    "figure": {"figure": None, "encoders": {"other": {"hub": "x/y"}}, "ner": {"encoder": "other"}},
}


def test_report_depends_on_what_it_shows_alone():
    """Other settings do not make it again."""
    before = plan_of().content("asked/data")
    assert {name for name, changes in UNREPORTED.items() if plan_of(**changes).content("asked/data") != before} == set()
    assert {name for name, changes in REPORTED.items() if plan_of(**changes).content("asked/data") == before} == set()


def test_what_a_rule_is_asked_comes_back_from_its_text():
    """The groups' cells and an encoder's make; another part is refused with those that there are."""
    plan, other = plan_of(), plan_of(label="another", ner={"training": {"epochs": 9}})
    asked = json.loads(plan.content("asked/cells"))
    assert asked["other_records"] == "refuse"
    groups = asked["groups"].items()
    expected = {name: [Expected.from_dict(cell, "refuse") for cell in cells] for name, cells in groups}
    assert {name: [one.spec.cell for one in cells] for name, cells in expected.items()} == cell_groups(plan.config)
    for one in expected["table2+table5"]:
        assert one.spec.to_json() == plan.cell_spec(one.spec.cell)
        inputs = plan.cell_inputs(one.spec.cell)
        assert [*one.files.values()] == [*inputs["target"], *inputs["source"]]
        assert list(one.files) == ["train", "dev", "test", *("source" for _ in inputs["source"])]
    assert json.loads(plan.content("asked/encoder-tiny")) == plan.encoders.spec("tiny")
    assert plan.content("asked/cells") == plan_of(label="another").content("asked/cells")
    assert plan.content("asked/cells") != other.content("asked/cells")
    labels = json.loads(plan.content("asked/labels"))
    assert labels["ner"]["classes"] == list(TASKS["ner"].usual)
    assert labels["sentiment"] == {"classes": ["negative", "positive"], "positive": "positive"}
    assert plan.content("asked/encoder-tiny") == plan_of(label="another", seeds=[1, 2]).content("asked/encoder-tiny")
    said = refusal(plan.content, "asked/tables")
    assert (
        "asked/tables.json: expected asked/cells, asked/labels, asked/data, asked/encoder-<name> or asked/best-" in said
    )


def test_an_own_encoder_is_known_by_its_content(tmp_path):
    """Its files' bytes count, their times and their place do not; encoders that are made have no such files."""
    plans = []
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        for file in layout.ENCODER_FILES:
            (tmp_path / name / file).write_text(file)
        plans.append(plan_of(encoders={"own": {"folder": str(tmp_path / name)}}))
    first, second = (plan.encoders.checksums("own") for plan in plans)
    assert first == second
    assert set(first) == set(layout.ENCODER_FILES)
    (tmp_path / "there" / "model.safetensors").write_text("other weights")
    assert plans[1].encoders.checksums("own") != second
    assert plan_of().encoders.checksums("tiny") == {}


def test_own_files_want_an_encoder_that_knows_their_language(tmp_path):
    """The demo's encoder has seen synthetic languages only."""
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.tsv").write_text("word\tO\n")
    own = {"files": {"ner": {"qu": str(tmp_path)}}}
    task = {"source": "en", "targets": [{"language": "qu"}]}
    active = Plans({"preset": "demo", "ner": task, "sentiment": task | {"targets": [{"language": "te"}]}, **own}).active
    with pytest.raises(ConfigError, match=r"ner\.encoder: 'tiny' is pre-trained on synthetic languages"):
        active.check()


def test_an_encoder_folder_that_lacks_a_file_is_told_before_anything_runs(tmp_path):
    (tmp_path / "config.json").touch()
    (tmp_path / "pytorch_model.bin").touch()
    message = refusal(plan_of(encoders={"tiny": {"folder": str(tmp_path)}}).check)
    assert f"encoders.tiny.folder: {tmp_path / 'model.safetensors'} missing; an encoder folder holds" in message
    assert f"`metaxl encoder convert {tmp_path}` makes model.safetensors" in message


def test_a_tokenizer_counts_in_whatever_files_it_comes(tmp_path):
    """tokenizer.json may be missing, for it can be made of the others."""
    for name in ("config.json", "model.safetensors", "spm.model", "tokenizer_config.json", "pytorch_model.bin"):
        (tmp_path / name).touch()
    names = [path.name for path in plan_of(encoders={"tiny": {"folder": str(tmp_path)}}).encoders.inputs("tiny")]
    assert names == ["config.json", "model.safetensors", "spm.model", "tokenizer_config.json"]

"""The configuration: presets lie beneath, faults are told with their place and cure, schema and dataclasses agree."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import fields
from functools import cache
from typing import get_args, get_type_hints

import pytest
import yaml
from experiments import PRESETS, SCHEMA, experiment, load, shipped
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from metaxl.errors import ConfigError, DataError
from metaxl.experiment import load as load_module
from metaxl.experiment.checks import RESERVED
from metaxl.experiment.config import Config, Figure, Target, TaskSettings, Variant
from metaxl.experiment.load import effective_config, merge, read_config
from metaxl.experiment.schema import WORKFLOW, conform, read_yaml
from metaxl.experiment.settings import Switches, Training
from metaxl.files import write_json
from metaxl.methods import BASE, METHODS
from metaxl.tasks import TASKS

SMALL = {"encoders": {"small": {"pretrain": {"layers": 8}}}}


@pytest.fixture(scope="module", autouse=True)
def _presets_are_read_once():
    """Lay hundreds of configurations over copies of the same few presets."""
    read = cache(read_yaml)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(load_module, "read_yaml", lambda path: deepcopy(read(path)))
        yield


def refusal(raw):
    """Return the message with which a configuration is refused."""
    with pytest.raises(ConfigError) as caught:
        load(raw)
    return str(caught.value)


@pytest.mark.parametrize("preset", PRESETS)
def test_shipped_configuration_is_its_preset_and_config_yaml(preset):
    """Nothing that either file says is lost, and every task with targets has them."""
    full = merge(read_yaml(WORKFLOW / "presets" / f"{preset}.yaml"), shipped(preset))
    config = load(shipped(preset))
    assert (config.name, config.label, config.seeds) == (preset, "", tuple(full["seeds"]))
    for task in config.tasks:
        block = full[task.name]
        assert [target.language for target in task.targets] == [target["language"] for target in block["targets"]]
        assert [list(placement) for placement in task.placements] == block["placements"]
        assert {key: getattr(task.training, key) for key in block["training"]} == block["training"]
    assert [task.name for task in config.tasks] == [name for name in TASKS if full[name]["targets"]] != []


def test_paper_preset_has_the_settings_of_the_paper():
    """5k and 1k source examples, the four placements of Table 5, the rates, widths and batches of the appendix."""
    ner, sentiment = load(shipped("paper")).tasks
    assert (ner.source_size, sentiment.source_size) == (5000, 1000)
    assert (ner.training.batch_size, sentiment.training.batch_size) == (16, 12)
    assert (ner.training.bottleneck, sentiment.training.bottleneck) == (384, 192)
    assert (ner.training.max_length, sentiment.training.max_length) == (200, 256)
    for task in (ner, sentiment):
        assert task.placements == ((0,), (6,), (12,), (0, 12))
        assert (task.training.learning_rate, task.training.meta_learning_rate) == (3e-5, 1e-6)
        assert (task.training.epochs, task.training.warmup, task.training.clip_norm) == (20, 0.1, 10)


@pytest.mark.parametrize("preset", PRESETS)
def test_the_file_beside_the_results_gives_the_same_configuration(tmp_path, preset):
    """Nothing is merged or filled in a second time: what the workflow wrote is all that its commands read."""
    path = tmp_path / "config.json"
    write_json(path, effective_config(shipped(preset)))
    assert read_config(path) == load(shipped(preset))


@pytest.mark.parametrize("content", ["[]", "{}", '{"preset": "demo", "label": 3}'])
def test_a_file_that_is_no_effective_configuration_is_named(tmp_path, content):
    path = tmp_path / "config.json"
    path.write_text(content)
    with pytest.raises(ConfigError) as caught:
        read_config(path)
    assert str(caught.value).startswith(f"{path}: not an effective configuration")
    path.write_text("{")
    with pytest.raises(DataError, match=re.escape(str(path))):
        read_config(path)


KEYS = st.sampled_from("abc")
LEAVES = st.integers() | st.none() | st.lists(st.integers(), max_size=2)
TREES = st.dictionaries(KEYS, st.recursive(LEAVES, lambda inner: st.dictionaries(KEYS, inner, min_size=1)), max_size=3)


def leaves(tree, path=()):
    """Return {path: value} of everything in a tree that is no mapping."""
    if not isinstance(tree, dict):
        return {path: tree}
    return {place: value for key, part in tree.items() for place, value in leaves(part, (*path, key)).items()}


@settings(deadline=None)
@given(TREES, TREES)
def test_overlay_merges_mappings_and_replaces_the_rest(base, over):
    """Every leaf of the overlay stands; a leaf below stands where the overlay says nothing of its path."""
    before = deepcopy((base, over))
    above = leaves(over)
    kept = {
        place: value
        for place, value in leaves(base).items()
        if not any(place[: len(other)] == other or other[: len(place)] == place for other in above)
    }
    assert leaves(merge(base, over)) == kept | above
    assert (base, over) == before


def test_lists_of_an_overlay_replace():
    """A shorter list of targets, seeds or placements is the whole list."""
    raw = experiment(seeds=[3, 1], ner={"targets": [{"language": "mi"}], "placement": [0], "placements": [[0]]})
    config = load(raw)
    assert config.seeds == (3, 1)
    assert config.task("ner").targets == (Target("mi", None),)
    assert config.task("ner").placements == ((0,),)
    assert config.task("sentiment") == load(experiment()).task("sentiment")


FAULTS = {
    "unknown key": ({"sedes": [1]}, "the top level: unknown key 'sedes'. Did you mean 'seeds'? Known keys: preset, "),
    "of a task": ({"ner": {"placment": [1]}}, "ner: unknown key 'placment'. Did you mean 'placement'?"),
    "of training": ({"ner": {"training": {"epoch": 2}}}, "ner.training: unknown key 'epoch'. Did you mean 'epochs'?"),
    "of a target": (
        {"ner": {"targets": [{"language": "qu"}, {"language": "gn", "relatd": "es"}]}},
        "ner.targets.1: unknown key 'relatd'. Did you mean 'related'? Known keys: language, related.",
    ),
    "of a method": ({"method": {"gates": "none"}}, "method: unknown key 'gates'. Did you mean 'gate'?"),
    "of a figure": ({"figure": {"layer": 1}}, "figure: unknown key 'layer'."),
    "of files": ({"files": {"nerr": {"qu": "x"}}}, "files: unknown key 'nerr'. Did you mean 'ner'?"),
    "of synthetic": ({"synthetic": {"size": 9}}, "synthetic: unknown key 'size'."),
    "of an encoder": (
        {"encoders": {"other": {"hubb": "x"}}},
        "encoders.other: unknown key 'hubb'. Did you mean 'hub'?",
    ),
    "of pre-training": (
        {"encoders": {"other": {"pretrain": {"layer": 2}}}},
        "encoders.other.pretrain: unknown key 'layer'. Did you mean 'layers'?",
    ),
    "missing key": ({"ner": {"targets": [{"related": "es"}]}}, "ner.targets.0: 'language' is missing; add it."),
    "wrong enum": (
        {"method": {"gate": "tokn"}},
        "method.gate: 'tokn' is not one of token, none. Did you mean 'token'?",
    ),
    "wrong enum in a list": (
        {"controls": ["metaxl-frozn"]},
        f"controls: 'metaxl-frozn' is no method; choose from {', '.join(n for n in METHODS if n not in BASE)}. "
        "Did you mean 'metaxl-frozen'?",
    ),
    "a control that every table has": ({"controls": ["joint"]}, "controls: 'joint' is a row of every table; choose"),
    "wrong corpus": ({"ner": {"corpus": "wikian"}}, "ner.corpus: 'wikian' is not one of "),
    "wrong corpus of a language": ({"ner": {"corpus": {"qu": "wikian"}}}, "Did you mean 'wikiann'?"),
    "float without dot": (
        {"ner": {"training": {"learning_rate": "3e-5"}}},
        "ner.training.learning_rate: YAML reads 3e-5 as text, not as a number; write 3.0e-5.",
    ),
    "bare no": (
        {"ner": {"targets": [{"language": False}]}},
        "ner.targets.0.language: expected string, found False; YAML reads a bare no or yes so: quote it.",
    ),
    "bare no as a key": ({"files": {"ner": {False: "x"}}}, "files.ner: expected string, found False; YAML reads a"),
    "bare yes": ({"seeds": [True]}, "seeds.0: expected a whole number, found True (YAML's yes)."),
    "bare no of a choice": (
        {"keep_models": False},
        "keep_models: False is not one of best, all, none. YAML reads a bare no as False.",
    ),
    "too small": ({"ner": {"training": {"epochs": 0}}}, "ner.training.epochs: 0 is less than the minimum of 1."),
    "too large": ({"ner": {"training": {"warmup": 2}}}, "ner.training.warmup: 2 is greater than the maximum of 1."),
    "not a number": (
        {"ner": {"training": {"learning_rate": float("nan")}}},
        "ner.training.learning_rate: expected a finite number.",
    ),
    "negative layer": ({"ner": {"placement": [-1]}}, "ner.placement.0: -1 is less than the minimum of 0."),
    "no seed": ({"seeds": []}, "seeds: [] should be non-empty."),
    "seed twice": ({"seeds": [1, 1]}, "seeds: [1, 1] has non-unique elements."),
    "layer twice": ({"ner": {"placement": [1, 1]}}, "ner.placement: [1, 1] has non-unique elements."),
    "name with a slash": ({"name": "a/b"}, "name: 'a/b' does not match"),
    "encoder of a task": (
        {**SMALL, "ner": {"encoder": "smal"}},
        "ner.encoder: no encoder 'smal'; encoders has tiny, small. Did you mean 'small'?",
    ),
    "encoder of the figure": (
        {**SMALL, "figure": {"encoder": "smal"}},
        "figure.encoder: no encoder 'smal'; encoders has tiny, small. Did you mean 'small'?",
    ),
    "language without data": (
        {"ner": {"corpus": {"qu": "wikiann", "en": "wikiann", "es": "wikiann", "gnn": "wikiann"}}},
        "ner: no data for language 'gn'. Did you mean 'gnn'? "
        "Name its folder under files.ner.gn or its reader under ner.corpus.",
    ),
    "source without data": (
        {"ner": {"corpus": {"qu": "wikiann", "en": "wikiann", "gn": "wikiann"}}},
        "ner: no data for language 'es'.",
    ),
    "source of the figure without data": (
        {"sentiment": {"corpus": {"te": "sentiraama", "en": "reviews"}}, "figure": {"source": "de"}},
        "sentiment: no data for language 'de'.",
    ),
    "language twice": (
        {"ner": {"targets": [{"language": "qu"}, {"language": "qu", "related": "es"}]}},
        "ner.targets: a language stands there twice: qu, qu.",
    ),
    "not ascending": ({"ner": {"placement": [1, 0]}}, "ner: placement [1, 0] must be ascending."),
    "one of placements": ({"ner": {"placements": [[0], [1, 0]]}}, "ner: placement [1, 0] must be ascending."),
    "of the figure": (
        {"figure": {"placement": [0, 1]}},
        "figure.placement: separate RTNs have no common source vectors",
    ),
    "own source": ({"ner": {"targets": [{"language": "en"}]}}, "ner.targets: 'en' cannot be its own source."),
    "folder of all": ({"name": "raw"}, "name: results/raw/ belongs to all experiments; choose another name."),
    "too long": (
        {"ner": {"training": {"max_length": 300}}},
        "ner.training: 300 subwords asked for; encoder 'tiny' has 256.",
    ),
    "beyond the encoder": (
        {**SMALL, "ner": {"encoder": "small", "placements": [[0, 9]]}},
        "ner: layer 9 does not exist; small has layers 0 to 8.",
    ),
    "beyond the figure's": (
        {**SMALL, "figure": {"encoder": "small", "placement": [9]}},
        "figure: layer 9 does not exist; small has layers 0 to 8.",
    ),
    "figure of no target": (
        {"figure": {"task": "ner", "target": "te"}},
        "figure: 'te' is not among ner.targets (qu, gn); name one of them, or write `figure: null` for no figure.",
    ),
    "figure of no task": ({"sentiment": {"targets": []}}, "figure: 'te' is not among sentiment.targets (none); "),
    "name with a line end": (
        {"name": "mini\n"},
        "name: 'mini\\n' does not match. Lower-case letters, digits and hyphens",
    ),
    "language with a line end": (
        {"ner": {"targets": [{"language": "aa\n"}]}},
        "ner.targets.0.language: 'aa\\n' does not match. A language's code",
    ),
    "key with a line end": ({"files": {"ner": {"aa\n": "x"}}}, "files.ner: 'aa\\n' does not match. A language's code"),
    "hub id with a line end": (
        {"encoders": {"e": {"hub": "x/y\n"}}},
        "encoders.e.hub: 'x/y\\n' does not match. The id",
    ),
    "folder as a hub id": (
        {"encoders": {"e": {"hub": "./my/x"}}},
        "encoders.e.hub: './my/x' does not match. The id of",
    ),
    "revision with a line end": (
        {"encoders": {"e": {"hub": "x", "revision": "a\n"}}},
        "encoders.e.revision: 'a\\n' does",
    ),
    "endless name": ({"name": 300 * "a"}, "name: 300 characters, 'aaaaaaaaaaaaaaaaaaaa'...; shorten it to 64 at most."),
    "endless language": (
        {"ner": {"targets": [{"language": "aa" + 20 * "-xx"}]}},
        "ner.targets.0.language: 62 characters, 'aa-xx-xx-xx-xx-xx-xx'...; shorten it to 35 at most.",
    ),
    "endless label": (
        {"label": 300 * "a"},
        "label: 300 characters, 'aaaaaaaaaaaaaaaaaaaa'...; shorten it to 200 at most.",
    ),
    "blank label": ({"label": " \u00a0 "}, "label: ' \\xa0 ' does not match. One line of text, not of blanks alone"),
    "label of two lines": ({"label": "a\nb"}, "label: 'a\\nb' does not match. One line of text"),
    "label with a final line end": ({"label": "a\n"}, "label: 'a\\n' does not match. One line of text"),
    "bell in a label": ({"label": "a\x07"}, "label: 'a\\x07' does not match. One line of text"),
    "half a character in a label": ({"label": "a\ud800"}, "label: 'a\\ud800' does not match. One line of text"),
    "label that is a number": ({"label": 3}, "label: expected text, found 3; put it into quotes."),
    "one seed": ({"seeds": 11}, "seeds: expected a list, found 11; in a --configfile write seeds: [11]."),
    "one layer": (
        {"ner": {"placement": 2}},
        "ner.placement: expected a list, found 2; in a --configfile write placement: [2].",
    ),
    "one control": ({"controls": "joint-rtn"}, "in a --configfile write controls: [joint-rtn]."),
    "heads": (
        {"encoders": {"tiny": {"pretrain": {"hidden": 16, "heads": 3}}}},
        "encoders.tiny.pretrain: 3 heads cannot share hidden: 16; choose a divisor of it.",
    ),
    "half an epoch": (
        {"ner": {"training": {"epochs": 1.5}}},
        "ner.training.epochs: 1.5 is not of type 'integer'. The number",
    ),
    "bare no among the user's names": (
        {"encoders": {"e": {"folder": "x"}}, "files": {"sentiment": {"te": "y", 1.5: "z"}}},
        "files.sentiment: the key 1.5 is no text; put it into quotes.",
    ),
    "brace in a folder": (
        {"files": {"ner": {"gn": "my/br{ac}es"}}},
        "files.ner.gn: 'my/br{ac}es' holds a brace, which no rule can read; rename it.",
    ),
    "brace in an encoder's folder": (
        {"encoders": {"mine": {"folder": "a}b"}}},
        "encoders.mine.folder: 'a}b' holds a brace, which no rule can read; rename it.",
    ),
    "NUL in a folder": ({"files": {"ner": {"gn": "a\0b"}}}, "files.ner.gn: 'a\\x00b' holds a NUL character"),
    "hyphen before a folder": (
        {"files": {"sentiment": {"te": "-rf"}}},
        "files.sentiment.te: '-rf' begins with a hyphen, as an option does; rename it, or give its full path.",
    ),
    "unknown preset": (
        {"preset": "papr"},
        "preset: 'papr' is not one of demo, masakhaner, paper. Did you mean 'paper'?",
    ),
    "encoders that are no mapping": ({"encoders": "tiny"}, "encoders: 'tiny' is not of type 'object'."),
    "a list of encoders": ({"encoders": ["tiny"]}, "encoders: ['tiny'] is not of type 'object'."),
    "no preset": ({"preset": None}, "preset: None is not one of demo, masakhaner, paper."),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_told_with_place_and_cure(fault):
    """Each message names the key, what was found, what was expected and, where it can, what to write."""
    changes, message = FAULTS[fault]
    assert message in refusal(experiment(**changes))


def test_missing_keys_are_named():
    """What has no default and no preset must be given, at the top and in a task."""
    with pytest.raises(ConfigError, match=r"- the top level: 'encoders' is missing; add it\.") as caught:
        conform(experiment())
    assert "- the top level: 'seeds' is missing; add it." in str(caught.value)
    with pytest.raises(ConfigError, match=r"- ner: 'source' is missing; add it\."):
        conform({**experiment(), "ner": {"targets": []}})


def test_every_violation_is_listed():
    """Three faults, three lines: nobody mends them one run at a time."""
    message = refusal(experiment(sedes=1, controls=["X Y"], ner={"training": {"epochs": 0}}))
    assert message.splitlines()[0] == "The configuration does not fit:"
    assert sorted(line.split(":")[0] for line in message.splitlines()[1:]) == [
        "- controls.0",
        "- ner.training.epochs",
        "- the top level",
    ]


@pytest.mark.parametrize("code", RESERVED)
@pytest.mark.parametrize("place", ["target", "related", "source"])
def test_reserved_codes_are_no_languages(code, place):
    """A language called like the average column, or like the absent source, would take its place."""
    ner = {"source": code} if place == "source" else {"targets": [{"language": "gn", "related": "es"} | {place: code}]}
    if place == "target":
        ner = {"targets": [{"language": code}]}
    assert f"ner: {code!r} is no language code here" in refusal(experiment(ner=ner))


def test_reserved_code_is_no_source_of_the_figure():
    """Joint training from `none` cannot be planned, so it is refused at once."""
    assert "'none' is no language code here" in refusal(experiment(figure={"source": "none"}))


@pytest.mark.parametrize("key", [False, 1, 1.5])
@pytest.mark.parametrize("place", ["top", "ner"])
def test_key_that_is_no_text_is_told(key, place):
    """YAML reads a bare `no:` or `1:` as False or 1; the message names it, without a traceback."""
    raw = experiment(ner={key: 1}) if place == "ner" else {**experiment(), key: 1}
    assert f"unknown key {key!r}" in refusal(raw)


def test_inner_rate_without_dot_is_told_like_any_other_rate():
    """The one rate that may also be a word gets the same advice."""
    assert "write 3.0e-5" in refusal(experiment(method={"inner_rate": "3e-5"}))


def advice(text):
    message = refusal(experiment(ner={"training": {"learning_rate": text}}))
    return message.partition("; write ")[2].removesuffix(".")


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 99), st.integers(0, 12), st.sampled_from("eE"), st.sampled_from(["-", "+"]))
def test_advice_for_a_float_without_dot_is_read_as_that_float(mantissa, exponent, letter, sign):
    """Whoever follows the advice gets the number that was meant."""
    text = f"{mantissa}{letter}{sign}{exponent}"
    assert yaml.safe_load(text) == text, "not what YAML reads as text"
    assert yaml.safe_load(advice(text)) == float(text)


@pytest.mark.parametrize("text", ["1e3", "1.0e3", "1.5E3"])
def test_advice_for_a_float_without_sign_is_read_as_that_float(text):
    """Likewise where the sign of the exponent is what is missing."""
    assert yaml.safe_load(advice(text)) == float(text)


@pytest.mark.parametrize(
    "changes",
    [
        {**SMALL, "ner": {"encoder": "small", "placement": [8], "placements": [[0, 8]]}},
        {"encoders": {"big": {"hub": "x/y"}}, "ner": {"encoder": "big", "placement": [12], "placements": [[0, 24]]}},
        {"figure": None, "sentiment": {"targets": []}},
        {"method": {"inner_rate": 0.5}},
        {"ner": {"corpus": {"qu": "wikiann", "en": "wikiann", "es": "wikiann"}}, "files": {"ner": {"gn": "my/gn"}}},
        {"name": "mine", "ner": {"targets": []}},
    ],
)
def test_what_is_near_a_fault_is_no_fault(changes):
    """The last layer, a hub encoder of unknown depth, a task left out, a language of one's own: all load."""
    load(experiment(**changes))


def test_name_is_the_presets_unless_given():
    """An overlay with a name writes to a folder of its own."""
    assert load(experiment()).name == "demo"
    assert load(experiment(name="mine")).name == "mine"


def test_preset_that_lacks_a_task_setting_is_told(tmp_path, monkeypatch):
    """Four keys of a task have no default; the message lists those that nobody gave."""
    (tmp_path / "presets").mkdir()
    text = "label: bare\nseeds: [1]\nencoders: {e: {hub: x}}\nner: {encoder: e}\n"
    (tmp_path / "presets" / "demo.yaml").write_text(text)
    monkeypatch.setattr(load_module, "WORKFLOW", tmp_path)
    assert refusal(experiment()) == "ner: placement, placements, training missing; the preset normally gives them."


@pytest.mark.parametrize("content", [b"a: [1", b"\xff\xfe: 1", b"[\n" * 60_000, b"[\n" * 25_000 + b"]" * 25_000])
def test_unreadable_yaml_is_named(tmp_path, content):
    """A broken or wrongly encoded file is named by its path; a parser in C would end the process at many brackets.

    They stand in lines of their own: of those in one line PyYAML asks for a second whether they are a key.
    """
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_yaml(path)
    assert str(caught.value).startswith(f"{path}: cannot be read as YAML: ")


def test_a_missing_yaml_is_no_broken_one(tmp_path):
    with pytest.raises(ConfigError, match=r"x\.yaml: no such file\.$"):
        read_yaml(tmp_path / "x.yaml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb: 2\na: 3\n", "'a' stands in lines 1 and 3; keep one"),
        ("x:\n  b: 1\n  c: {}\n  b: 2\n", "'b' stands in lines 2 and 4; keep one"),
    ],
)
def test_a_repeated_key_is_told(tmp_path, text, told):
    """At every depth; YAML forbids it, and the last value would win without a word."""
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(ConfigError, match=re.escape(f"{tmp_path / 'x.yaml'}: cannot be read as YAML: {told}")):
        read_yaml(tmp_path / "x.yaml")


def test_a_key_over_that_of_a_merge_is_not_repeated(tmp_path):
    (tmp_path / "x.yaml").write_text("base: &base {a: 1, b: 2}\nmine:\n  <<: *base\n  a: 3\n")
    assert read_yaml(tmp_path / "x.yaml")["mine"] == {"a": 3, "b": 2}


def places(block, definitions, path=()):
    """Yield the path and the schema of every number of a configuration; items and user's names are left out."""
    block = {**definitions[block["$ref"].rpartition("/")[2]], **block} if "$ref" in block else block
    if block.get("type") in ("integer", "number"):
        yield path, block
    for key, part in block.get("properties", {}).items():
        yield from places(part, definitions, (*path, key))


NUMBERS = dict(places(SCHEMA, SCHEMA["$defs"])) | {
    ("encoders", "tiny", *path): block
    for path, block in places({"$ref": "#/$defs/pretrain"}, SCHEMA["$defs"], ("pretrain",))
}


def nested(path, value):
    return nested(path[:-1], {path[-1]: value}) if path else value


@pytest.mark.parametrize("path", NUMBERS, ids=".".join)
def test_every_number_has_a_bound_that_is_told(path):
    """With key, value and bound; above and below it, and for what no memory or time could hold."""
    most = NUMBERS[path]["maximum"]
    for value in (2**64, 10**9, 1e300, most * 2 + 1):
        if value > most:
            message = refusal(experiment(**nested(path, value)))
            assert f"{'.'.join(path)}: {value!r} is greater than the maximum of {most!r}" in message
    assert f"{'.'.join(path)}: -1 is less than" in refusal(experiment(**nested(path, -1)))


@pytest.mark.parametrize("key", ["seeds", "placement"])
def test_every_number_of_a_list_has_a_bound(key):
    changes = {"seeds": [2**64]} if key == "seeds" else {"ner": {"placement": [10**9]}}
    assert f"{key}.0: {2**64 if key == 'seeds' else 10**9} is greater than the maximum of" in refusal(
        experiment(**changes)
    )


def test_a_whole_number_with_a_point_is_an_integer():
    """JSON Schema takes 11.0 for one; a path, a method's slug and the number of epochs have to show 11."""
    whole = {"epochs": 2.0, "batch_size": 4.0, "bottleneck": 8.0}
    ner = {"source_size": 12.0, "placement": [2.0], "placements": [[0.0, 2.0]], "training": whole}
    config = load(experiment(seeds=[11.0], ner=ner, encoders={"tiny": {"pretrain": {"heads": 4.0}}}))
    task = config.task("ner")
    integers = [
        *config.seeds,
        task.source_size,
        *task.placement,
        *task.placements[0],
        config.encoders["tiny"]["pretrain"]["heads"],
    ]
    integers += [getattr(task.training, key) for key in whole]
    assert integers == [11, 12, 2, 0, 2, 4, 2, 4, 8]
    assert {type(number) for number in integers} == {int}
    rates = load(experiment(ner={"training": {"learning_rate": 1.0}})).task("ner").training
    assert type(rates.learning_rate) is float


def test_an_integer_as_a_name_of_the_users_is_text():
    """YAML reads `1:` as a number; whoever writes it means the name."""
    raw = experiment(encoders={1: {"folder": "x"}}, ner={"encoder": "1"}, sentiment={"encoder": "1"}, figure=None)
    before = deepcopy(raw)
    assert "1" in load(raw).encoders
    assert raw == before


def test_sources_are_the_common_one_and_each_related_once():
    """In the order of first use; a task without targets has none."""
    targets = [{"language": code, "related": related} for code, related in (("qu", "es"), ("mi", "id"), ("gn", "es"))]
    config = load(experiment(ner={"targets": [*targets, {"language": "tk", "related": "en"}]}))
    assert config.task("ner").sources() == ("en", "es", "id")
    with pytest.raises(ConfigError, match=r"^sentiment: this configuration has no targets for it; list some under"):
        load(experiment(figure=None, sentiment={"targets": []})).task("sentiment")


def test_own_files_go_before_a_corpus():
    """A language with a folder is read from it, its neighbours from the corpus."""
    config = load(experiment(preset="paper", files={"ner": {"gn": "my/gn"}}))
    assert (config.corpus("ner", "gn"), config.corpus("ner", "qu")) == ("files", "wikiann")
    assert (config.corpus("sentiment", "te"), config.corpus("sentiment", "en")) == ("sentiraama", "reviews")


def blocks(schema):
    """Yield every part of the schema that is a mapping."""
    if isinstance(schema, dict):
        yield schema
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from blocks(part)


def defaults(block):
    return {key: part["default"] for key, part in block["properties"].items() if "default" in part}


def test_every_default_fits_its_own_place():
    """A default that the schema itself would refuse could never be written down."""
    found = [block for block in blocks(SCHEMA) if "default" in block and not isinstance(block["default"], dict)]
    assert len(found) > 20
    for block in found:
        Draft202012Validator({**block, "$defs": SCHEMA["$defs"]}).validate(block["default"])


def test_defaults_fill_at_every_depth():
    """Through references, open maps and alternatives; what is given stays, and the input is not touched."""
    bare = {
        "preset": "demo",
        "label": "x",
        "seeds": [1],
        "encoders": {"hub": {"hub": "x"}, "own": {"folder": "y"}, "made": {"pretrain": {"layers": 9}}},
        "ner": {"source": "en", "targets": [], "training": {"epochs": 7}},
        "sentiment": {"source": "en", "targets": []},
    }
    before = deepcopy(bare)
    full = conform(bare)
    parts, shared = SCHEMA["properties"], SCHEMA["$defs"]
    assert bare == before
    assert full["encoders"]["hub"] == {"hub": "x", "revision": "main"}
    assert full["encoders"]["own"] == {"folder": "y"}
    assert full["encoders"]["made"] == {"pretrain": defaults(shared["pretrain"]) | {"layers": 9}}
    assert full["ner"]["training"] == defaults(shared["training"]) | {"epochs": 7}
    assert full["sentiment"] == {"source": "en", "targets": []} | defaults(shared["task"])
    assert full["files"] == {"ner": {}, "sentiment": {}}
    for name, part in (("method", shared["method"]), ("synthetic", parts["synthetic"])):
        assert full[name] == defaults(part)
        assert full[name].keys() == part["properties"].keys()


@pytest.mark.parametrize("preset", PRESETS)
def test_defaults_never_override(preset):
    """Filling in adds and changes nothing else; a second time it adds nothing."""
    raw = merge(read_yaml(WORKFLOW / "presets" / f"{preset}.yaml"), shipped(preset))
    full = conform(raw)
    assert merge(full, raw) == full == conform(full)


@pytest.mark.parametrize(
    ("typed", "schema", "apart"),
    [
        (Training, SCHEMA["$defs"]["training"], set()),
        (Switches, SCHEMA["$defs"]["method"], set()),
        (Figure, SCHEMA["properties"]["figure"], set()),
        (TaskSettings, SCHEMA["$defs"]["task"], {"name"}),
        (Target, SCHEMA["$defs"]["task"]["properties"]["targets"]["items"], set()),
        (Variant, SCHEMA["properties"]["variants"]["additionalProperties"], set()),
        (Config, SCHEMA, {"tasks", "preset", *TASKS}),
    ],
)
def test_schema_and_dataclasses_have_the_same_keys(typed, schema, apart):
    """Neither can gain a key that the other lacks."""
    assert {field.name for field in fields(typed)} ^ set(schema["properties"]) == apart


def test_schema_and_dataclasses_have_the_same_choices():
    """The words that the schema allows are those that the types know; presets and tasks are the shipped ones."""
    hints = get_type_hints(Switches)
    enums = {key: part["enum"] for key, part in SCHEMA["$defs"]["method"]["properties"].items() if "enum" in part}
    assert len(enums) > 5
    assert {key: list(get_args(hints[key])) for key in enums} == enums
    assert SCHEMA["properties"]["preset"]["enum"] == PRESETS
    assert SCHEMA["properties"]["figure"]["properties"]["task"]["enum"] == list(TASKS)
    assert list(SCHEMA["properties"]["files"]["properties"]) == list(TASKS)


def test_unknown_keys_are_refused_in_every_block():
    """Each block with named keys refuses others: a misspelt key can nowhere be ignored."""
    closed = [block for block in blocks(SCHEMA) if "properties" in block]
    assert len(closed) > 10
    assert all(block.get("additionalProperties") is False for block in closed)

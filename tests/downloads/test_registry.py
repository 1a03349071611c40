"""The registry names every file a language needs, pinned, and explains a wrong name."""

import re
from dataclasses import fields

import pytest
import yaml
from jsonschema import Draft202012Validator

from metaxl.downloads.registry import (
    REGISTRY_PATH,
    REGISTRY_SCHEMA,
    Citation,
    Corpus,
    KnownEncoder,
    RemoteFile,
    find_corpus,
    known_encoder,
    load_registry,
    raw_files,
    raw_folder,
    raw_item,
)
from metaxl.errors import ConfigError
from metaxl.experiment.schema import SCHEMA_PATH, WORKFLOW, read_yaml

SCHEMA = read_yaml(REGISTRY_SCHEMA)
NEEDS = {
    ("wikiann", "qu", "dev"): ["wikiann/qu/validation.parquet"],
    ("reviews", "en", "train"): ["reviews/en/train.parquet"],
    ("sentiraama", "te", "dev"): [f"sentiraama/{name}.txt" for name in ("product_pos", "product_neg", "data_index")],
    ("masakhaner", "lug", "dev"): ["masakhaner/lug/dev.txt"],
    ("sentipers", "fa", "test"): ["sentipers/sentipers.xlsx", "sentipers/data_index.txt"],
}


@pytest.mark.parametrize(("corpus", "language", "split"), NEEDS)
def test_each_corpus_names_the_files_of_its_splits_and_no_more(corpus, language, split):
    assert raw_files(corpus, language, split) == NEEDS[corpus, language, split]
    assert all(path.startswith(raw_folder(corpus, language) + "/") for path in raw_files(corpus, language, split))


@pytest.mark.parametrize("path", [path for paths in NEEDS.values() for path in paths])
def test_a_raw_path_splits_into_data_set_and_item(path):
    corpus, file = raw_item(path)
    assert f"{corpus.name}/{file.path}" == path


def test_every_corpus_of_the_schema_but_the_synthetic_one_is_registered():
    assert {"synthetic", *load_registry(REGISTRY_PATH).corpora} == set(
        read_yaml(SCHEMA_PATH)["$defs"]["corpus"]["enum"]
    )


def test_every_source_is_pinned_to_a_commit_and_credited():
    for corpus in load_registry(REGISTRY_PATH).corpora.values():
        places = [corpus.revision] if corpus.kind == "hub" else [u for f in corpus.files.values() for u in f.urls]
        assert all(re.search(r"\b[0-9a-f]{40}\b", place) for place in places)
        assert corpus.by_language or all(file.sha256 and file.bytes for file in corpus.files.values())
        if corpus.kind == "files" and corpus.by_language:
            assert {f"{code}/{file}" for code in corpus.languages for file in corpus.files} == set(corpus.sha256)
        assert all(file.about for file in corpus.files.values())


def test_the_encoders_of_the_paper_are_pinned_and_credited():
    for spec in read_yaml(WORKFLOW / "presets" / "paper.yaml")["encoders"].values():
        assert re.fullmatch("[0-9a-f]{40}", spec["revision"])
        known = known_encoder(spec["hub"])
        citation, size = known.citation, known.bytes
        assert citation.licence
        assert size > 1e8


def test_a_hub_item_carries_its_pattern_and_checksum():
    known, unknown = find_corpus("wikiann").file("en/train.parquet"), find_corpus("wikiann").file("qu/test.parquet")
    assert known.pattern == "en/train*.parquet"
    assert len(known.sha256) == 64
    assert (unknown.pattern, unknown.sha256) == ("qu/test*.parquet", None)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("wikian/qu/train.parquet", "Did you mean 'wikiann'"),
        ("wikiann/qu/trian.parquet", "Did you mean 'train.parquet'"),
        ("wikiann/train.parquet", "<language>/train.parquet"),
        ("wikiann/../train.parquet", "no item '../train.parquet'"),
        ("reviews/fa/train.parquet", "has no 'fa', only de, en"),
        ("sentipers/sentipers.xls", "Did you mean 'sentipers.xlsx'"),
    ],
)
def test_an_unknown_path_is_explained(path, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        raw_item(path)


def test_a_language_that_a_corpus_lacks_is_explained():
    with pytest.raises(ConfigError, match="sentiraama: has no 'fa', only te"):
        raw_files("sentiraama", "fa", "train")


BLOCK = {"title": "t", "kind": "files", "languages": ["xx"], "licence": "l", "citation": "c"}
BLOCK |= {"files": {"a.txt": {"urls": ["http://x/a"]}}}
HUB = {"title": "t", "kind": "hub", "repo": "x/y", "revision": "0" * 40, "licence": "l", "citation": "c"}
HUB |= {"files": {"a.parquet": {"pattern": "{language}/a*.parquet"}}}
PLACE = "corpora.mine.files.a.txt"


def load(folder, content):
    path = folder / "registry.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
    return load_registry(path)


def refusal(folder, content):
    with pytest.raises(ConfigError) as caught:
        load(folder, content)
    assert str(caught.value).startswith(str(folder / "registry.yaml"))
    return str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sha265": {}}, "corpora.mine: unknown key 'sha265'. Did you mean 'sha256'"),
        ({"sha256": {"en/b.txt": "0" * 64}}, "corpora.mine.sha256: 'en/b.txt' is none of its files, a.txt. Did you"),
        ({"files": {"a.txt": {"url": ["http://x/a"]}}}, f"{PLACE}: unknown key 'url'. Did you mean 'urls'"),
        ({"files": {"a.txt": {}}}, f"{PLACE}: 'urls' is missing; add it."),
        ({"kind": "ftp"}, "corpora.mine.kind: 'ftp' is not one of hub, files."),
        ({"kind": "file"}, "corpora.mine.kind: 'file' is not one of hub, files. Did you mean 'files'?"),
        ({"kind": "hub"}, "corpora.mine: 'revision' is missing; add it."),
        ({"licence": ""}, "corpora.mine.licence: '' should be non-empty. The terms of use"),
        ({"languages": []}, "corpora.mine.languages: [] should be non-empty"),
        ({"revision": "main"}, "corpora.mine.revision: 'main' does not match"),
        ({"files": {}}, "corpora.mine.files: {} should be non-empty"),
        ({"files": {"../a": {"urls": ["http://x/a"]}}}, "corpora.mine.files: '../a' does not match"),
        ({"files": {"a.txt": {"urls": []}}}, f"{PLACE}.urls: [] should be non-empty"),
        (
            {"files": {"a.txt": {"urls": ["file:///etc/passwd"]}}},
            f"{PLACE}.urls.0: 'file:///etc/passwd' does",
        ),
        ({"files": {"a.txt": {"urls": ["file:///etc/passwd"]}}}, ". An http or https url."),
        ({"files": {"a.txt": {"urls": ["http://x/a"], "sha256": "ab"}}}, f"{PLACE}.sha256: 'ab' does not match"),
        ({"files": {"a.txt": {"urls": ["http://x/a"], "sha256": "ab"}}}, ", as 64 hexadecimal digits."),
        ({"files": {"a.txt": {"urls": ["http://x/a"], "split": "tset"}}}, "train, dev, test. Did you mean 'test'"),
        ({"files": {"a.txt": {"urls": ["http://x/a"], "bytes": "9"}}}, f"{PLACE}.bytes: '9' is text"),
    ],
)
def test_a_broken_registry_is_named_with_its_place(tmp_path, change, message):
    assert message in refusal(tmp_path, {"corpora": {"mine": BLOCK | change}})


def test_a_hub_corpus_has_patterns_and_no_urls(tmp_path):
    files = {"a.parquet": {"urls": ["http://x/a"]}}
    message = refusal(tmp_path, {"corpora": {"mine": HUB | {"files": files}}})
    assert "corpora.mine.files.a.parquet: unknown key 'urls'" in message
    assert "corpora.mine.files.a.parquet: 'pattern' is missing; add it." in message


@pytest.mark.parametrize("content", ["", "corpora:", "[]", "corpora: {}"])
def test_a_registry_without_corpora_is_told(tmp_path, content):
    assert "corpora" in refusal(tmp_path, content).partition("\n- ")[2]


def test_an_encoder_that_is_not_credited_is_told(tmp_path):
    message = refusal(tmp_path, {"corpora": {"mine": BLOCK}, "encoders": {"x/y": {"title": "t", "citation": "c"}}})
    assert "encoders.x/y: 'licence' is missing; add it." in message


def test_what_an_entry_leaves_out_has_its_default(tmp_path):
    registry = load(
        tmp_path,
        {
            "corpora": {"mine": HUB},
            "encoders": {"x/y": dict.fromkeys(("title", "licence", "citation", "model_type"), "t")},
        },
    )
    mine = registry.corpora["mine"]
    assert (mine.languages, mine.sha256, mine.citation.caveat) == ([], {}, "")
    assert mine.files == {"a.parquet": RemoteFile("a.parquet", pattern="{language}/a*.parquet")}
    assert registry.encoders == {"x/y": KnownEncoder(Citation("t", "t", "t", "", "", ""), 0, "t")}


def test_the_schema_describes_every_key_and_refuses_others():
    Draft202012Validator.check_schema(SCHEMA)
    blocks = [SCHEMA, *(block for block in SCHEMA["$defs"].values() if "properties" in block)]
    assert len(blocks) == 5
    for block in blocks:
        assert block["additionalProperties"] is False
        for key, part in block["properties"].items():
            described = SCHEMA["$defs"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part
            assert described["description"].endswith("."), key


def test_schema_and_dataclasses_have_the_same_keys():
    """Neither can gain a key that the other lacks."""
    keys = {name: set(block["properties"]) for name, block in SCHEMA["$defs"].items() if "properties" in block}
    citation, corpus, file = ({field.name for field in fields(kind)} for kind in (Citation, Corpus, RemoteFile))
    known = {field.name for field in fields(KnownEncoder)}
    assert citation | known - {"citation", "bytes"} | {"about_bytes"} == keys["encoder"]
    assert corpus ^ keys["corpus"] == citation - {"citation"} | {"name"}
    assert file - {"path"} == keys["hub_file"] | keys["plain_file"]

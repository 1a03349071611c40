"""The registry names every file a language needs, pinned, and explains a wrong name."""

import re

import pytest
import yaml

from metaxl.downloads import registry
from metaxl.downloads.registry import (
    REGISTRY_PATH,
    find_corpus,
    known_encoder,
    load_registry,
    raw_files,
    raw_folder,
    raw_item,
)
from metaxl.errors import ConfigError
from metaxl.experiment.schema import SCHEMA_PATH, WORKFLOW, read_yaml

NEEDS = {
    ("wikiann", "qu", "dev"): ["wikiann/qu/validation.parquet"],
    ("reviews", "en", "train"): ["reviews/en/train.parquet"],
    ("sentiraama", "te", "dev"): [f"sentiraama/{name}.txt" for name in ("product_pos", "product_neg", "data_index")],
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
        assert corpus.kind == "hub" or all(file.sha256 and file.size for file in corpus.files.values())
        assert all(file.about for file in corpus.files.values())


def test_the_encoders_of_the_paper_are_pinned_and_credited():
    for spec in read_yaml(WORKFLOW / "presets" / "paper.yaml")["encoders"].values():
        assert re.fullmatch("[0-9a-f]{40}", spec["revision"])
        source, size = known_encoder(spec["hub"])
        assert source.licence
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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sha265": {}}, "mine: unknown key 'sha265'. Did you mean 'sha256'"),
        ({"sha256": {"en/b.txt": "0" * 64}}, "'en/b.txt' is none of its files, a.txt"),
        ({"files": {"a.txt": {"url": ["http://x/a"]}}}, "mine.files.a.txt: unknown key 'url'. Did you mean 'urls'"),
        ({"kind": "ftp"}, "mine.kind: 'ftp' is neither hub nor files"),
        ({"licence": ""}, "mine: licence missing"),
        ({"files": {"a.txt": {"urls": []}}}, "mine.files.a.txt.urls: missing"),
        ({"files": {"a.txt": {"urls": ["file:///etc/passwd"]}}}, "is not an http or https url"),
        ({"files": {"a.txt": {"urls": ["http://x/a"], "sha256": "ab"}}}, "'ab' is not 64 hexadecimal digits"),
    ],
)
def test_a_broken_registry_is_named_with_its_place(tmp_path, change, message):
    block = {"title": "t", "kind": "files", "languages": ["xx"], "licence": "l", "citation": "c"}
    block |= {"files": {"a.txt": {"urls": ["http://x/a"]}}} | change
    path = tmp_path / "registry.yaml"
    path.write_text(yaml.safe_dump({"corpora": {"mine": block}}), encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(message)):
        registry.load_registry(path)


@pytest.mark.parametrize("content", ["", "corpora:", "[]"])
def test_a_registry_without_corpora_is_told(tmp_path, content):
    path = tmp_path / "registry.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError, match="no corpora"):
        registry.load_registry(path)

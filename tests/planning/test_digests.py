"""The digest of a corpus's reader, and of the demo's encoder, sees every edit to what it runs and no other."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from metaxl import provenance
from metaxl.data.read import reader_module
from metaxl.experiment.schema import SCHEMA_PATH, read_yaml


def modules(folder: str) -> list[str]:
    """Return the modules of a folder of the package."""
    files = sorted((provenance.PACKAGE / folder).rglob("[!_]*.py"))
    return [".".join(path.relative_to(provenance.PACKAGE.parent).with_suffix("").parts) for path in files]


CORPORA = ("files", *read_yaml(SCHEMA_PATH)["$defs"]["corpus"]["enum"])
READERS = {reader_module(corpus) for corpus in CORPORA}
DIGESTED = (*sorted(READERS), "metaxl.data.read", "metaxl.demo.encoder")
# The readers that use a form.
FORMS = {
    "archive": {"files"},
    "data_index": {"sentiraama", "sentipers"},
    "parquet": {"wikiann", "reviews"},
    "records": set(CORPORA),
}


@pytest.fixture
def package(tmp_path, monkeypatch) -> Path:
    """A copy of the package; digests are those of the copy."""
    copy = shutil.copytree(provenance.PACKAGE, tmp_path / "metaxl", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(provenance, "PACKAGE", copy)
    return copy


def changed(package, module, edit=lambda code: code + "\nEDITED = True\n"):
    """Return which of the digests change with an edit to a module."""
    before = {name: provenance.digest.__wrapped__(name) for name in DIGESTED}
    path = package.parent.joinpath(*module.split(".")).with_suffix(".py")
    code = path.read_text(encoding="utf-8")
    assert edit(code) != code
    path.write_text(edit(code), encoding="utf-8")
    return {name for name in DIGESTED if provenance.digest.__wrapped__(name) != before[name]}


def test_each_corpus_has_a_reader_of_its_own_and_each_reader_a_corpus():
    assert len(READERS) == len(CORPORA)
    assert {*modules("data/corpora"), "metaxl.demo.corpus"} == READERS


@pytest.mark.parametrize("corpus", CORPORA)
def test_an_edit_to_a_reader_changes_its_digest_and_no_other(package, corpus):
    """Not that of the code that calls readers either, so the data of one corpus alone are made again."""
    assert changed(package, reader_module(corpus)) == {reader_module(corpus)}


@pytest.mark.parametrize("form", FORMS)
def test_an_edit_to_a_form_changes_the_digests_of_the_readers_that_use_it(package, form):
    assert changed(package, f"metaxl.data.formats.{form}") & READERS == set(map(reader_module, FORMS[form]))


def test_every_form_is_among_them():
    assert modules("data/formats") == [f"metaxl.data.formats.{form}" for form in FORMS]


@pytest.mark.parametrize("module", modules("demo"))
def test_an_edit_to_the_demo_changes_the_digest_of_its_encoder_except_the_corpus_that_it_does_not_read(package, module):
    assert ("metaxl.demo.encoder" in changed(package, module)) == (module != "metaxl.demo.corpus")


def test_another_composition_of_the_text_changes_the_digest_of_the_encoder(package):
    """Ten times the trace of the targets' text is another encoder."""
    trace, more = 'settings["trace"]', '10 * settings["trace"]'
    found = changed(package, "metaxl.demo.encoder", lambda code: code.replace(trace, more))
    assert found == {"metaxl.demo.encoder"}


def test_an_edit_to_the_caller_of_readers_changes_no_readers_digest(package):
    assert changed(package, "metaxl.data.read") == {"metaxl.data.read"}


@pytest.mark.parametrize("module", ["metaxl.nothing", "metaxl.data.corpora.wikian", "metaxl.data.read.read_split"])
def test_an_unknown_module_has_no_digest(module):
    """A digest of nothing would never change, and a misspelt name would switch reruns off for good."""
    with pytest.raises(ModuleNotFoundError, match=module):
        provenance.digest.__wrapped__(module)

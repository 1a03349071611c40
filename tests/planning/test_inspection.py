"""A language's data are read once by the rules' reader and remembered until a file, a setting or the code changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from own import MINE, sentences, write_conll

from metaxl.data.read import read_split
from metaxl.experiment.load import merge, read_configuration
from metaxl.planning import inspection
from metaxl.planning.inspection import inspect, texts
from metaxl.planning.plans import Plans


@pytest.fixture
def config(own_place):
    return Plans(merge(read_configuration(None, ()), yaml.safe_load(MINE))).active.config


@pytest.fixture
def readings(monkeypatch):
    """Return a list that grows with every reading of a file."""
    read = []

    def reading(*arguments, **options):
        read.append(arguments)
        return read_split(*arguments, **options)

    monkeypatch.setattr(inspection, "read_split", reading)
    return read


def test_what_has_not_changed_is_read_once(config, own_place, readings):
    """A second look reads nothing; a changed file is read again, so is one with an older time, as a copy may have."""
    first = inspect(config, "ner", "lug", "train")
    assert (first.facts["examples"], first.facts["entities"]) == (30, {"LOC": 10, "ORG": 10, "PER": 10})
    assert inspect(config, "ner", "lug", "train") == first
    assert len(readings) == 1
    path = own_place / "data" / "lug" / "train.tsv"
    write_conll(path, sentences(21))
    os.utime(path, (1, 1))
    assert inspect(config, "ner", "lug", "train").facts["examples"] == 21
    assert len(readings) == 2


def test_faults_are_remembered_too_and_go_with_their_cause(config, own_place, readings):
    path = own_place / "data" / "lug" / "train.tsv"
    good = path.read_text()
    path.write_text("mu\n")
    told = inspect(config, "ner", "lug", "train")
    assert told.facts == {}
    assert "data/lug/train.tsv:1" in told.faults[0]
    assert inspect(config, "ner", "lug", "train") == told
    assert len(readings) == 1
    path.write_text(good)
    assert inspect(config, "ner", "lug", "train").faults == ()


def test_a_missing_file_is_a_fault_and_is_not_remembered(config, own_place):
    path = own_place / "data" / "lug" / "dev.tsv"
    content = path.read_text()
    path.unlink()
    (told,) = inspect(config, "ner", "lug", "dev").faults
    assert "data/lug" in told
    path.write_text(content)
    assert inspect(config, "ner", "lug", "dev").faults == ()


def test_texts_are_equal_where_the_words_are(config, own_place):
    """Whatever their tags; as many as there are examples."""
    one = [("Gulu", "B-LOC"), ("mu", "O")]
    other = [("Gulu", "O"), ("mu", "O")]
    write_conll(own_place / "data" / "lug" / "train.tsv", [one, other, [("ku", "O")]])
    first, second, third = texts(config, "ner", "lug", "train")
    assert first == second != third


def test_a_change_of_the_readers_code_reads_anew(config, readings, monkeypatch):
    """What older code read, or refused, says nothing of what the present one does."""
    inspect(config, "ner", "lug", "train")
    monkeypatch.setattr("metaxl.planning.data.digest", lambda module: f"another {module}")
    inspect(config, "ner", "lug", "train")
    inspect(config, "ner", "lug", "train")
    assert len(readings) == 2


def test_a_file_of_the_same_size_and_time_is_read_anew(config, own_place):
    """As tools leave it that keep times."""
    path = own_place / "data" / "lug" / "train.tsv"
    inspect(config, "ner", "lug", "train")
    before, facts = path.read_text(), path.stat()
    path.write_text(before.replace("B-PER", "B-LOC"))
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert path.stat().st_mtime_ns == facts.st_mtime_ns
    assert inspect(config, "ner", "lug", "train").facts["entities"] == {"LOC": 20, "ORG": 10}


def test_what_the_system_refused_is_not_remembered(config, own_place, monkeypatch):
    """A permission may come back without the file's changing."""
    path, read = own_place / "data" / "lug" / "train.tsv", Path.read_bytes

    def refused(self):
        if self.name == path.name:
            raise PermissionError(13, "Permission denied", str(self))
        return read(self)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", refused)
        (told,) = inspect(config, "ner", "lug", "train").faults
        assert "Permission denied" in told
    assert inspect(config, "ner", "lug", "train").faults == ()

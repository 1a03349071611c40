"""The real upstream files, served on the loopback device to the registry as it is, give the official splits."""

import json
import os
import sys
from functools import cache
from pathlib import Path

import pytest
from forks import forks
from loopback import Loopback
from renewed import LIBRARIES

from metaxl.cli.main import main
from metaxl.data.corpora import sentipers
from metaxl.downloads.registry import find_corpus
from metaxl.files import read_jsonl
from metaxl.tasks import SPLITS

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason=f"no real data at {SHARED}")
SIZES = {
    ("sentiraama", "te", None): (100, 103, 100),
    ("sentipers", "fa", "resolve"): (99, 984, 992),
    ("sentipers", "fa", "drop"): (99, 981, 987),
    ("sentipers", "fa", "refill"): (100, 1000, 1000),
}


def metaxl(*arguments, **variables):
    """Run a command whose environment is its own."""
    command = [sys.executable, "-m", "metaxl", *arguments]
    done = forks(*LIBRARIES).run(command, Path.cwd(), os.environ | variables)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module", autouse=True)
def read_once():
    """Keep the rows of a workbook, which take two seconds to read."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sentipers, "_rows", cache(sentipers._rows))
        yield


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    """Download the files of both corpora, held to the sizes and checksums of the real registry."""
    folder = tmp_path_factory.mktemp("real")
    for corpus in ("sentiraama", "sentipers"):
        (folder / "served" / "files" / corpus).mkdir(parents=True)
        for name in find_corpus(corpus).files:
            (folder / "served" / "files" / corpus / name).symlink_to(SHARED / "raw" / name)
    with Loopback(folder / "served") as hub:
        serving = hub.environment(folder / "home") | {"METAXL_MIRROR": f"{hub.url}/files", "HF_HUB_OFFLINE": "0"}
        for corpus in ("sentiraama", "sentipers"):
            for name in find_corpus(corpus).files:
                path = f"{corpus}/{name}"
                metaxl("download", path, "--out", folder / "raw" / path, **serving)
    return folder / "raw"


@pytest.mark.parametrize(("corpus", "language", "unlabelled"), SIZES)
def test_official_splits_come_out_whole(raw, tmp_path, corpus, language, unlabelled):
    own = ["--unlabelled", unlabelled, "--seed", "42"] if unlabelled else []
    for split, size in zip(SPLITS, SIZES[corpus, language, unlabelled], strict=True):
        out = tmp_path / f"{split}.jsonl"
        place = ["--corpus", corpus, "--task", "sentiment", "--language", language, "--split", split]
        assert main(["data", *place, *own, "--folder", str(raw / corpus), "--out", str(out)]) == 0
        records = read_jsonl(out)
        assert len(records) == size
        if unlabelled in (None, "drop"):
            lines = (SHARED / "sentiment" / language / f"{split}.jsonl").read_text(encoding="utf-8").split("\n")
            expected = [json.loads(line) for line in lines if line]
            found = [(record["text"], record["label"]) for record in records]
            assert found == [(record["text"], record["label"]) for record in expected]

"""The stand-in hub is what the unmodified client takes for the hub, and its faults are what their names say."""

import http.client
import json
import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
import torch
import upstream
from conftest import WORDS
from loopback import Loopback
from transformers import BertModel, XLMRobertaModel

from metaxl.data.corpora import reviews, sentipers, sentiraama, wikiann
from metaxl.data.encode import load_tokenizer
from metaxl.files import read_json

BODY = bytes(range(256)) * 40
MIDDLE = len(BODY) // 2
PINNED = "3" * 40
QUECHUA = "datasets/unimelb-nlp/wikiann/qu"
XLMR = "models/FacebookAI/xlm-roberta-base"
SIZES = {"train": 12, "validation": 6, "test": 7}
# What a process of its own does: nothing of the client's is replaced. It prints one result or error per call.
CLIENT = """
import json, sys
from huggingface_hub import snapshot_download
for arguments in json.loads(sys.argv[1]):
    try:
        print(json.dumps(snapshot_download(**arguments)))
    except Exception as error:
        print(json.dumps(f"{type(error).__name__}: {error}"))
"""


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """The paper's sources, smaller still."""
    folder = tmp_path_factory.mktemp("sources ü")
    upstream.write_wikiann(folder, ["qu", "en"], SIZES)
    upstream.write_reviews(folder, 10)
    upstream.write_sentiraama_and_sentipers(folder, 8)
    for hub_id, family in upstream.ENCODERS.items():
        upstream.write_encoder(folder, hub_id, family)
    return folder


@pytest.fixture
def served(sources):
    with Loopback(sources, {"FacebookAI/xlm-roberta-base": PINNED}) as hub:
        yield hub


@pytest.fixture
def hub(tmp_path):
    """A hub with the data set org/many of four files and the plain file a b.txt."""
    many = tmp_path / "hub" / "datasets" / "org" / "many"
    many.mkdir(parents=True)
    for number in range(4):
        (many / f"{number}.parquet").write_bytes(BODY + bytes([number]))
    (tmp_path / "hub" / "files").mkdir()
    (tmp_path / "hub" / "files" / "a b.txt").write_bytes(BODY)
    with Loopback(tmp_path / "hub") as hub:
        yield hub


def download(hub, home, *calls):
    """Return what each call of snapshot_download gives in a process that knows this hub alone."""
    inherited = {name: value for name, value in os.environ.items() if not name.endswith("_OFFLINE")}
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, json.dumps(calls)],
        env=inherited | hub.environment(home),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def ask(hub, path, method="GET", **headers):
    """Return status, headers and body, however little of it comes."""
    with closing(http.client.HTTPConnection("127.0.0.1", hub.server_port, timeout=0.3)) as connection:
        connection.request(method, path, headers=headers)
        response, body = connection.getresponse(), b""
        try:
            while chunk := response.read1(1 << 16):
                body += chunk
        except TimeoutError:
            return response.status, response.headers, body + b"(silence)"
    return response.status, response.headers, body


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def test_data_sets_and_models_come_through_byte_equal(served, sources, tmp_path):
    model, data = download(
        served,
        tmp_path,
        {"repo_id": "FacebookAI/xlm-roberta-base", "revision": PINNED},
        {"repo_id": upstream.WIKIANN, "repo_type": "dataset", "allow_patterns": ["qu/t*.parquet"]},
    )
    assert Path(model) == tmp_path / "hub" / "models--FacebookAI--xlm-roberta-base" / "snapshots" / PINNED
    assert contents(model) == contents(sources / XLMR)
    assert Path(data).name == served.commit("datasets", upstream.WIKIANN)
    expected = {name: body for name, body in contents(sources / QUECHUA).items() if name.startswith("t")}
    assert contents(Path(data, "qu")) == expected
    assert len(contents(data)) == 2
    asked = {path.split("/")[-1] for method, path in served.requests if "/datasets/" in path and method == "GET"}
    assert {name for name in asked if name.endswith(".parquet")} == expected.keys()
    assert not upstream.sentinel(sources).exists()


def test_what_is_not_there_is_told_as_the_hub_tells_it(served, tmp_path):
    errors = download(
        served,
        tmp_path,
        {"repo_id": "FacebookAI/xlm-roberta-base", "revision": "4" * 40},
        {"repo_id": "FacebookAI/xlm-roberta-base", "revision": "v1"},
        {"repo_id": "FacebookAI/nothing"},
        {"repo_id": "FacebookAI/nothing", "revision": PINNED},
    )
    names = [error.partition(":")[0] for error in errors]
    assert names == ["RevisionNotFoundError"] * 2 + ["RepositoryNotFoundError"] * 2


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/datasets/unimelb-nlp/wikiann/resolve/main/qu/none.parquet", "EntryNotFound"),
        (f"/datasets/unimelb-nlp/wikiann/resolve/{PINNED}/qu/train-00000-of-00001.parquet", "RevisionNotFound"),
        ("/unimelb-nlp/wikiann/resolve/main/qu/train-00000-of-00001.parquet", "RepoNotFound"),
        ("/api/datasets/org/none/tree/main?recursive=true", "RepoNotFound"),
        ("/api/agent-harnesses", "EntryNotFound"),
        ("/files/none.txt", "EntryNotFound"),
    ],
)
def test_a_404_has_the_hubs_code(served, path, code):
    status, headers, _ = ask(served, path)
    assert (status, headers["X-Error-Code"]) == (404, code)


def test_plain_files_ranges_and_heads(hub):
    assert ask(hub, "/files/a%20b.txt")[2] == BODY
    many = "/datasets/org/many/resolve/main/2.parquet"
    status, headers, body = ask(hub, many, "HEAD")
    assert (status, headers["Content-Length"], body) == (200, str(len(BODY) + 1), b"")
    assert headers["X-Repo-Commit"] == hub.commit("datasets", "org/many")
    status, headers, body = ask(hub, many, Range="bytes=10000-")
    assert (status, body) == (206, BODY[10000:] + b"\2")
    assert headers["Content-Range"] == f"bytes 10000-{len(BODY)}/{len(BODY) + 1}"
    assert ask(hub, many, Range="bytes=99999-")[0] == 416
    assert hub.requests == [("GET", "/files/a%20b.txt"), ("HEAD", many), ("GET", many), ("GET", many)]


@pytest.mark.parametrize(
    ("kind", "status", "length", "body"),
    [
        ("truncated", 200, len(BODY), BODY[:MIDDLE]),
        ("short", 200, MIDDLE, BODY[:MIDDLE]),
        ("corrupt", 200, len(BODY), BODY[:MIDDLE] + bytes([BODY[MIDDLE] ^ 1]) + BODY[MIDDLE + 1 :]),
        ("hang", 200, len(BODY), BODY[:MIDDLE] + b"(silence)"),
        ("401", 401, 0, b""),
        ("404", 404, 0, b""),
        ("429", 429, 0, b""),
        ("500", 500, 0, b""),
    ],
)
def test_a_fault_is_what_its_name_says_as_often_as_it_says(hub, kind, status, length, body):
    hub.fault(r"/files/a.*\.txt$", kind, count=1)
    assert ask(hub, "/files/a%20b.txt", "HEAD")[0] == 200
    found, headers, received = ask(hub, "/files/a%20b.txt")
    assert (found, headers["Content-Length"], received) == (status, str(length), body)
    assert headers["Retry-After"] == ("1" if kind == "429" else None)
    assert ask(hub, "/files/a%20b.txt")[2] == BODY


def test_no_one_resumes_past_a_fault_that_stays_and_all_is_well_once_healed(hub):
    hub.fault("files", "truncated", methods=("GET", "HEAD"))
    for first in (0, 5, MIDDLE, MIDDLE + 5):
        assert ask(hub, "/files/a%20b.txt", Range=f"bytes={first}-")[2] == BODY[first:MIDDLE]
    hub.faults.clear()
    assert ask(hub, "/files/a%20b.txt")[2] == BODY


def test_the_client_mends_what_it_can_and_does_not_see_a_wrong_byte(hub, tmp_path):
    for number, kind in enumerate(["truncated", "hang", "429", "corrupt"]):
        hub.fault(f"resolve.*/{number}.parquet", kind, count=1)
    (folder,) = download(hub, tmp_path, {"repo_id": "org/many", "repo_type": "dataset"})
    whole = contents(hub.folder / "datasets" / "org" / "many")
    assert {name for name, body in contents(folder).items() if body != whole[name]} == {"3.parquet"}


def test_a_hub_that_closes_waits_for_nobody(hub):
    hub.fault("files", "hang")
    with closing(http.client.HTTPConnection("127.0.0.1", hub.server_port, timeout=5)) as connection:
        connection.request("GET", "/files/a%20b.txt")
        response = connection.getresponse()
        start = time.monotonic()
        hub.__exit__()
        with pytest.raises(http.client.IncompleteRead):
            response.read()
    assert time.monotonic() - start < 1
    with pytest.raises(ConnectionError):
        ask(hub, "/files/a%20b.txt")


def test_the_sources_are_what_the_readers_expect(sources, tmp_path):
    (tmp_path / "qu").mkdir()
    (tmp_path / "en").mkdir()
    for split, name in upstream.SPLITS.items():
        for repo, language in ((upstream.WIKIANN, "qu"), (upstream.REVIEWS, "en")):
            file = sources / "datasets" / repo / language / f"{name}-00000-of-00001.parquet"
            (tmp_path / language / f"{name}.parquet").symlink_to(file)
        assert len(wikiann.read(tmp_path / "qu", "qu", split)) == SIZES[name]
        assert len(reviews.read(tmp_path / "en", "en", split)) == 8  # two of ten have three stars
        assert len(sentiraama.read(sources / "files" / "sentiraama", "te", split)) == 8
        assert len(sentipers.read(sources / "files" / "sentipers", "fa", split)) == 8


@pytest.mark.parametrize(("hub_id", "family"), upstream.ENCODERS.items())
def test_an_encoder_is_whole_knows_the_words_and_holds_a_trap(sources, hub_id, family):
    folder = sources / "models" / hub_id
    kind = BertModel if family == "bert" else XLMRobertaModel
    model, report = kind.from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"]
    assert model.config.num_hidden_layers == 12
    assert "modeling_mine" in read_json(folder / "config.json")["auto_map"]["AutoModel"]
    unknown = load_tokenizer(folder).token_to_id("<unk>")
    words = [token for record in upstream.ner_sentences("qu", "test", 7, upstream.SEED) for token in record["tokens"]]
    assert unknown not in load_tokenizer(folder).encode(words, is_pretokenized=True).ids
    assert unknown in load_tokenizer(folder).encode(WORDS[0]).ids
    torch.load(folder / "pytorch_model.bin", weights_only=False)
    upstream.sentinel(sources).unlink()

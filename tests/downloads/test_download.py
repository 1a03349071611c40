"""A download is right, or it is an error that says what to do; nothing partial is ever visible.

The unmodified clients run in processes of their own against tests/helpers/loopback.py: forks that have the libraries
already or, for one command of each kind and where processes meet, starts of Python.
"""

import hashlib
import json
import shutil
import signal
import time

import pyarrow.parquet as pq
import pytest
import upstream
from checkout import ROOT
from clone import PLAIN, TABLE, WIKIANN, XLMR, Site, served, write_sources
from loopback import Loopback
from renewed import RenewedSite, contents


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    return write_sources(tmp_path_factory.mktemp("sources"))


@pytest.fixture(scope="module")
def revisions():
    return upstream.revisions(ROOT / "workflow")


@pytest.fixture
def hub(sources, revisions, tmp_path):
    """Return a hub whose files a test may change."""
    with Loopback(shutil.copytree(sources, tmp_path / "served"), revisions) as served:
        yield served


@pytest.fixture(scope="module")
def clone(sources, revisions, tmp_path_factory):
    with Loopback(sources, revisions) as served:
        return RenewedSite(tmp_path_factory.mktemp("clone") / "my clone ü", served)


@pytest.fixture
def site(clone, hub):
    return clone.renew(hub)


def test_a_renewed_site_is_as_a_new_one(site, hub, tmp_path):
    assert site.download(TABLE)[0] == 0
    site.change_registry(lambda corpora: corpora.clear())
    site.renew(hub)
    new = Site(tmp_path / "new", hub)
    found, expected = ({path.relative_to(s.folder) for path, _ in contents(s.folder)} for s in (site, new))
    assert found == expected
    assert all((site.folder / path).read_bytes() == (new.folder / path).read_bytes() for path in found if path.suffix)


@pytest.mark.parametrize("path", [TABLE, PLAIN])
def test_a_good_file_arrives_whole_and_once(site, hub, path):
    site.forked = False
    assert site.download(path)[0] == 0
    assert site.raw(path).read_bytes() == served(hub, path)
    assert site.partial_downloads() == []
    asked = len(hub.requests)
    assert site.download(path)[0] == 0
    assert len(hub.requests) == asked


def test_the_first_download_of_a_hub_file_is_locked(site, hub):
    code, said = site.download(TABLE)
    assert code == 0
    assert "wikiann/qu/train.parquet recorded; commit it" in said
    content = served(hub, TABLE)
    assert site.lock() == {
        TABLE: {
            "revision": hub.commit("datasets", upstream.WIKIANN),
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "rows": 40,
        }
    }


FAULTS = {
    # path, fault, what the message names besides the url
    (PLAIN, "truncated"): "IncompleteRead",
    (PLAIN, "short"): "bytes, found",
    (PLAIN, "corrupt"): "expected sha256",
    (PLAIN, "404"): "404",
    (PLAIN, "401"): "401",
    (PLAIN, "500"): "too many 500",
    (PLAIN, "hang"): "timed out",
    (TABLE, "truncated"): "cannot be fetched",
    (TABLE, "short"): "onsistency",
    (TABLE, "corrupt"): "damaged twice on its way: expected hash",
    (TABLE, "404"): "404",
    (TABLE, "401"): "401",
    (TABLE, "500"): "500",
}


@pytest.mark.parametrize(("path", "fault"), FAULTS)
def test_a_fault_is_explained_and_leaves_nothing(site, hub, path, fault):
    place = "qu/train-00000" if path == TABLE else f"/files/{path}"
    hub.fault(place, fault, methods=("GET", "HEAD") if fault in ("401", "404") else ("GET",))
    code, said = site.download(path)
    assert code == 1
    assert FAULTS[path, fault] in said
    assert "Traceback" not in said
    assert f"{path} could not be downloaded" in said
    assert f"place the file by hand at {site.raw(path)}" in said
    assert hub.url in said
    assert not site.raw(path).exists()
    assert not [path for path in site.partial_downloads() if site.folder / "results" in path.parents]
    assert site.lock() == {}
    # Healed, the same command succeeds, and nothing of the fault is left.
    hub.faults.clear()
    assert site.download(path)[0] == 0
    assert site.raw(path).read_bytes() == served(hub, path)
    assert site.partial_downloads() == []


@pytest.mark.parametrize(
    ("path", "fault", "methods"),
    [
        (PLAIN, "429", ["GET"]),
        (PLAIN, "500", ["GET"]),
        (TABLE, "429", ["HEAD"]),
        (TABLE, "500", ["HEAD"]),
        (TABLE, "corrupt", ["GET"]),
        (TABLE, "hang", ["GET"]),
    ],
)
def test_a_fault_that_passes_is_waited_out(site, hub, path, fault, methods):
    hub.fault("qu/train-00000" if path == TABLE else f"/files/{path}", fault, count=1, methods=methods)
    code, said = site.download(path)
    assert code == 0, said
    assert site.raw(path).read_bytes() == served(hub, path)


@pytest.mark.slow
def test_a_silent_listing_is_given_up(site, hub):
    """The client gives its requests to the API no timeout of its own."""
    hub.fault("/api/datasets", "hang")
    code, said = site.download(TABLE)
    assert code == 1
    assert "cannot be fetched" in said
    hub.faults.clear()
    assert site.download(TABLE)[0] == 0


def test_a_fault_keeps_the_file_that_was_there(site, hub):
    site.raw(PLAIN).parent.mkdir(parents=True)
    site.raw(PLAIN).write_bytes(b"old")
    hub.fault("/files/", "corrupt")
    assert site.download(PLAIN)[0] == 1
    assert site.raw(PLAIN).read_bytes() == b"old"


@pytest.mark.parametrize("path", [TABLE, PLAIN])
def test_an_endpoint_that_is_down_is_told_soon(site, path):
    down = {"HF_ENDPOINT": "http://127.0.0.1:9"}
    site.change_registry(
        lambda corpora: corpora["sentiraama"]["files"]["product_pos.txt"].update(urls=["http://127.0.0.1:9/a"])
    )
    begun = time.monotonic()
    code, said = site.download(path, **down)
    assert time.monotonic() - begun < 15
    assert code == 1
    assert "127.0.0.1:9" in said
    assert not site.raw(path).exists()


@pytest.mark.parametrize("path", [TABLE, PLAIN])
def test_a_killed_download_leaves_nothing_to_the_next(site, hub, path):
    hub.fault("qu/train-00000" if path == TABLE else f"/files/{path}", "hang")
    process = site.start("download", path, "--out", site.raw(path), HF_HUB_DOWNLOAD_TIMEOUT="60")
    while not site.partial_downloads() or not site.bodies_sent("qu/train-00000" if path == TABLE else "/files/"):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert site.partial_downloads()
    assert not site.raw(path).exists()
    hub.faults.clear()
    assert site.download(path)[0] == 0
    assert site.raw(path).read_bytes() == served(hub, path)
    assert site.partial_downloads() == []


@pytest.mark.parametrize("path", [TABLE, PLAIN])
def test_two_downloads_at_once_both_succeed_with_one_transfer(site, hub, path):
    processes = [site.start("download", path, "--out", site.raw(path)) for _ in range(2)]
    for process in processes:
        assert process.wait(timeout=60) == 0
        process.stdout.close()
    assert site.raw(path).read_bytes() == served(hub, path)
    assert site.bodies_sent("qu/train-00000" if path == TABLE else "/files/") == 1


def test_two_first_downloads_of_different_files_are_both_locked(site):
    paths = [f"wikiann/qu/{name}.parquet" for name in ("train", "validation", "test")]
    processes = [site.start("download", path, "--out", site.raw(path)) for path in paths]
    for process in processes:
        assert process.wait(timeout=60) == 0
        process.stdout.close()
    assert list(site.lock()) == sorted(paths)


def test_a_revision_that_is_not_there_is_told(site, hub):
    site.change_registry(lambda corpora: corpora["wikiann"].update(revision="f" * 40))
    code, said = site.download(TABLE)
    assert code == 1
    assert f"{upstream.WIKIANN} at {'f' * 40}" in said
    assert not site.raw(TABLE).exists()


def test_another_revision_than_the_locked_one_is_refused_before_any_request(site, hub):
    assert site.download(TABLE)[0] == 0
    site.raw(TABLE).unlink()
    hub.requests.clear()
    site.change_registry(lambda corpora: corpora["wikiann"].update(revision="f" * 40))
    code, said = site.download(TABLE)
    assert code == 1
    assert f"metaxl lock {TABLE}" in said
    assert hub.requests == []


def test_what_has_changed_since_it_was_locked_is_refused_until_the_lock_is_updated(site, hub):
    assert site.download(TABLE)[0] == 0
    locked = site.lock()
    # The same revision, another file, and a cache that has not seen the first one.
    shutil.copy(
        hub.folder / WIKIANN / "test-00000-of-00001.parquet", hub.folder / WIKIANN / "train-00000-of-00001.parquet"
    )
    shutil.rmtree(site.home)
    site.raw(TABLE).unlink()
    code, said = site.download(TABLE)
    assert code == 1
    assert f"expected sha256 {locked[TABLE]['sha256']}" in said
    assert "40 rows" in said
    assert "7 rows" in said
    assert not site.raw(TABLE).exists()
    assert site.lock() == locked
    assert site.run("lock")[0] == 0
    assert site.lock()[TABLE]["rows"] == 7
    assert pq.read_metadata(site.raw(TABLE)).num_rows == 7


def test_a_parquet_file_that_is_none_is_refused_by_any_name(site, hub):
    (hub.folder / WIKIANN / "train-00000-of-00001.parquet").write_bytes(b"PAR1 and then nothing")
    code, said = site.download(TABLE)
    assert code == 1
    assert "is no parquet file" in said
    assert hub.url in said
    assert not site.raw(TABLE).exists()


def test_a_loading_script_of_a_corpus_is_never_fetched_nor_run(site, hub):
    script = hub.folder / "datasets" / upstream.WIKIANN / "wikiann.py"
    script.write_text(f"from pathlib import Path\n\nPath({str(upstream.sentinel(hub.folder))!r}).touch()\n")
    assert site.download(TABLE)[0] == 0
    place = ["--corpus", "wikiann", "--task", "ner", "--language", "qu", "--split", "train"]
    site.forked = False
    code, said = site.run("data", *place, "--folder", site.raw(TABLE).parent, "--out", site.folder / "train.jsonl")
    assert code == 0, said
    assert not any(path.endswith(".py") for _, path in hub.requests)
    assert not upstream.sentinel(hub.folder).exists()


def test_a_language_that_the_hub_lacks_is_explained(site):
    code, said = site.download("wikiann/xx/train.parquet")
    assert code == 1
    assert "no data for 'xx'" in said


def test_a_mirror_folder_serves_every_kind_without_a_network(site, hub, tmp_path):
    mirror = tmp_path / "mirror"
    for path in (TABLE, PLAIN):
        (mirror / path).parent.mkdir(parents=True, exist_ok=True)
        (mirror / path).write_bytes(served(hub, path))
        assert site.download(path, METAXL_MIRROR=str(mirror), HF_HUB_OFFLINE="1")[0] == 0
        assert site.raw(path).read_bytes() == served(hub, path)
    assert hub.requests == []
    # Nobody has seen the table at its source: it is used, but no ground to hold others to it.
    assert site.lock() == {}


def test_an_update_of_the_lock_passes_the_mirror_over(site, hub, tmp_path):
    (tmp_path / TABLE).parent.mkdir(parents=True)
    shutil.copy(hub.folder / WIKIANN / "test-00000-of-00001.parquet", tmp_path / TABLE)
    code, said = site.download(TABLE, METAXL_MIRROR=str(tmp_path))
    assert code == 0
    assert "unverified" in said
    site.forked = False
    assert site.run("lock", TABLE, METAXL_MIRROR=str(tmp_path))[0] == 0
    assert site.lock()[TABLE]["rows"] == 40
    assert site.raw(TABLE).read_bytes() == served(hub, TABLE)
    site.forked = True
    code, said = site.run("lock", PLAIN)
    assert code == 1
    assert "registry.yaml itself holds its checksum" in said


def test_a_file_placed_by_hand_is_held_to_the_registry_when_it_is_read(site, hub):
    folder = site.raw(PLAIN).parent
    shutil.copytree(hub.folder / "files" / "sentiraama", folder)
    place = ["--corpus", "sentiraama", "--task", "sentiment", "--language", "te", "--split", "dev"]
    read = ["data", *place, "--folder", folder, "--out", site.folder / "dev.jsonl"]
    assert site.run(*read)[0] == 0
    site.raw(PLAIN).write_bytes(site.raw(PLAIN).read_bytes() + b"one more line\n")
    (site.folder / "dev.jsonl").unlink()
    code, said = site.run(*read)
    assert code == 1
    assert "not the file that the registry or the lock holds" in said
    assert not (site.folder / "dev.jsonl").exists()


def test_a_mirror_with_another_file_is_passed_over(site, hub, tmp_path):
    (tmp_path / "sentiraama").mkdir()
    (tmp_path / PLAIN).write_bytes(b"another")
    assert site.download(PLAIN, METAXL_MIRROR=str(tmp_path))[0] == 0
    assert site.raw(PLAIN).read_bytes() == served(hub, PLAIN)
    site.raw(PLAIN).unlink()
    code, said = site.download(PLAIN, METAXL_MIRROR=f"{hub.url}/files/none", HF_HUB_OFFLINE="1")
    assert code == 1
    assert f"{hub.url}/files/none/{PLAIN}: HF_HUB_OFFLINE forbids downloads" in said


def test_a_mirror_url_comes_before_the_others(site, hub):
    site.change_registry(
        lambda corpora: corpora["sentiraama"]["files"]["product_pos.txt"].update(urls=["http://127.0.0.1:9/a"])
    )
    assert site.download(PLAIN, METAXL_MIRROR=f"{hub.url}/files/")[0] == 0


def test_offline_the_client_s_cache_serves_and_its_lack_is_told(site, hub):
    code, said = site.download(TABLE, HF_HUB_OFFLINE="1")
    assert code == 1
    assert "HF_HUB_OFFLINE" in said
    assert site.download(TABLE)[0] == 0
    site.raw(TABLE).unlink()
    hub.requests.clear()
    assert site.download(TABLE, HF_HUB_OFFLINE="1")[0] == 0
    assert site.raw(TABLE).read_bytes() == served(hub, TABLE)
    assert hub.requests == []
    # A damaged file of the cache is told, and kept: it cannot be fetched again.
    site.raw(TABLE).unlink()
    (blob,) = (path for path in site.home.rglob("blobs/*") if path.is_file())
    blob.write_bytes(blob.read_bytes()[::-1])
    code, said = site.download(TABLE, HF_HUB_OFFLINE="1")
    assert code == 1
    assert "damaged in the cache: expected hash" in said
    assert blob.exists()


def test_an_encoder_becomes_a_plain_folder_and_none_of_its_code_runs(site, hub):
    site.forked = False
    code, said = site.encoder()
    assert code == 0, said
    folder = site.folder / "encoder"
    names = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
    assert sorted(path.name for path in folder.iterdir()) == sorted([*names, "sha256.json"])
    for name in names:
        assert (folder / name).read_bytes() == (hub.folder / "models" / XLMR / name).read_bytes()
    assert not any(path.is_symlink() for path in folder.iterdir())
    assert not any(path.endswith((".bin", ".py")) for _, path in hub.requests)
    assert not upstream.sentinel(hub.folder).exists()
    commit = hub.commit("models", XLMR)
    assert set(site.lock()) == {f"encoders/{XLMR}@{commit}/{name}" for name in names}
    assert {entry["revision"] for entry in site.lock().values()} == {commit}


def test_an_encoder_with_a_pickle_alone_is_refused_unread(site, hub):
    (hub.folder / "models" / XLMR / "model.safetensors").unlink()
    code, said = site.encoder()
    assert code == 1
    assert "no model.safetensors. Pickled weights can run code" in said
    assert f"metaxl encoder convert {XLMR} --revision {hub.commit('models', XLMR)} --out FOLDER" in said
    assert not any(path.endswith(".bin") for _, path in hub.requests)
    assert not upstream.sentinel(hub.folder).exists()
    assert not (site.folder / "encoder").exists()


def test_an_encoder_without_its_config_is_refused(site, hub):
    (hub.folder / "models" / XLMR / "config.json").unlink()
    code, said = site.encoder()
    assert code == 1
    assert "has no config.json" in said


def test_a_small_file_that_was_damaged_is_found_by_its_hash_of_git(site, hub):
    hub.fault("tokenizer.json", "corrupt", methods=("GET",))
    code, said = site.encoder()
    assert code == 1
    assert "damaged twice on its way: expected hash" in said


@pytest.mark.parametrize("fault", ["truncated", "corrupt", "500"])
def test_damaged_weights_leave_the_encoder_of_before(site, hub, fault):
    (site.folder / "encoder").mkdir()
    (site.folder / "encoder" / "config.json").write_text("old")
    hub.fault("model.safetensors", fault)
    code, said = site.encoder()
    assert code == 1
    assert XLMR in said
    assert [path.read_text() for path in (site.folder / "encoder").iterdir()] == ["old"]
    hub.faults.clear()
    assert site.encoder()[0] == 0
    assert site.partial_downloads() == []


def test_an_encoder_that_has_changed_is_refused_until_the_lock_is_updated(site, hub):
    assert site.encoder()[0] == 0
    (hub.folder / "models" / XLMR / "tokenizer_config.json").write_text("{}")
    shutil.rmtree(site.home)
    code, said = site.encoder()
    assert code == 1
    update = f"encoders/{XLMR}@{hub.commit('models', XLMR)}"
    assert f"metaxl lock {update}" in said
    assert site.run("lock", update)[0] == 0
    assert site.encoder()[0] == 0
    # A locked file that no longer comes is a change too.
    (hub.folder / "models" / XLMR / "tokenizer_config.json").unlink()
    shutil.rmtree(site.home)
    code, said = site.encoder()
    assert code == 1
    assert "tokenizer_config.json of the lock did not come" in said
    assert site.run("lock", update)[0] == 0
    assert len(site.lock()) == 3


def test_a_branch_is_locked_with_the_commit_that_it_stood_for(site, hub):
    assert site.encoder("main")[0] == 0
    assert {name.split("/")[2] for name in site.lock()} == {"xlm-roberta-base@main"}
    assert {entry["revision"] for entry in site.lock().values()} == {hub.commit("models", XLMR)}


@pytest.mark.slow
def test_a_converted_tokenizer_is_locked_with_the_rest(site, hub):
    model = hub.folder / "models" / XLMR
    words = list(json.loads((model / "tokenizer.json").read_text())["model"]["vocab"])[5:]
    (model / "tokenizer.json").unlink()
    bert = {"tokenizer_class": "BertTokenizer", "do_lower_case": False}
    (model / "tokenizer_config.json").write_text(json.dumps(bert))
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    (model / "vocab.txt").write_text("\n".join([*special, *words]))
    code, said = site.encoder()
    assert code == 0, said
    assert any(name.endswith("tokenizer.json") for name in site.lock())
    (model / "vocab.txt").write_text("\n".join([*special, *reversed(words)]))
    shutil.rmtree(site.home)
    code, said = site.encoder()
    assert code == 1
    assert "tokenizer.json is not the file" in said


def test_an_unknown_item_is_refused_before_any_request(site, hub):
    code, said = site.download("sentiraama/product_pso.txt")
    assert code == 1
    assert "Did you mean 'product_pos.txt'" in said
    assert hub.requests == []

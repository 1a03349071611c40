"""Encoders of the hub with pickled weights alone, and errors that no second attempt would mend.

The unmodified client runs in processes of its own against tests/helpers/loopback.py: forks that have the libraries
already or, for one command of each kind, starts of Python.
"""

import shutil
import subprocess
import sys

import pytest
import torch
import upstream
from clone import XLMR
from loopback import Loopback
from renewed import RenewedSite
from safetensors.torch import load_file

PICKLE = "pytorch_model.bin"


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """An encoder of the hub; whoever runs the code in its repository makes upstream.sentinel."""
    folder = tmp_path_factory.mktemp("sources")
    upstream.write_encoder(folder, XLMR, "xlm-roberta")
    upstream.write_sentiraama_and_sentipers(folder, 2)  # the registry's plain files, which Site asks for
    return folder


@pytest.fixture
def hub(sources, tmp_path):
    with Loopback(shutil.copytree(sources, tmp_path / "served"), {}) as served:
        yield served


@pytest.fixture
def model(hub):
    """The folder of the encoder in the hub, with pickled weights alone."""
    folder = hub.folder / "models" / XLMR
    torch.save(load_file(folder / "model.safetensors"), folder / PICKLE)
    (folder / "model.safetensors").unlink()
    return folder


@pytest.fixture(scope="module")
def clone(sources, tmp_path_factory):
    with Loopback(sources, {}) as served:
        return RenewedSite(tmp_path_factory.mktemp("clone") / "clone", served, "torch")


@pytest.fixture
def site(clone, hub):
    return clone.renew(hub)


def convert(site, *options, **variables):
    return site.run("encoder", "convert", XLMR, "--out", site.folder / "mine", *options, **variables)


def test_an_encoder_is_converted_locked_and_held_to_the_lock(site, hub, model):
    commit = hub.commit("models", XLMR)
    site.forked = False
    code, said = convert(site, "--revision", commit)
    site.forked = True
    assert code == 0, said
    assert f"encoders:\n  mine: {{folder: {site.folder / 'mine'}}}" in said
    expected = torch.load(model / PICKLE, weights_only=True)
    torch.testing.assert_close(load_file(site.folder / "mine" / "model.safetensors"), expected, rtol=0, atol=0)
    names = ("config.json", PICKLE, "tokenizer.json", "tokenizer_config.json")
    assert set(site.lock()) == {f"encoders/{XLMR}@{commit}/{name}" for name in names}
    assert not upstream.sentinel(hub.folder).exists()
    assert not any(path.endswith(".py") for _, path in hub.requests)

    torch.save({**expected, "more": torch.ones(1)}, model / PICKLE)
    shutil.rmtree(site.home)
    code, said = convert(site, "--revision", commit)
    assert code == 1
    update = f"encoders/{XLMR}@{commit}"
    assert f"metaxl lock {update}" in said
    assert site.run("lock", update)[0] == 0
    # What is in the client's cache, where the update has put it, is converted without a network.
    hub.requests.clear()
    assert convert(site, "--revision", commit, HF_HUB_OFFLINE="1")[0] == 0
    assert hub.requests == []


def test_a_hostile_pickle_of_the_hub_does_not_run_and_is_not_locked(site, hub, sources):
    folder = hub.folder / "models" / XLMR
    shutil.copy(sources / "models" / XLMR / PICKLE, folder / PICKLE)
    (folder / "model.safetensors").unlink()
    code, said = convert(site)
    assert code == 1
    assert "asks to run exec, which no weights need; nothing of it was run." in said
    assert "Traceback" not in said
    assert not upstream.sentinel(sources).exists()
    assert not (site.folder / "mine").exists()
    assert site.lock() == {}


def test_a_damaged_pickle_is_not_converted(site, hub, model):
    hub.fault(PICKLE, "corrupt")
    code, said = convert(site)
    assert code == 1
    assert "damaged twice on its way: expected hash" in said
    assert not (site.folder / "mine").exists()


def test_safetensors_are_not_converted_and_their_pickle_is_not_fetched(site, hub):
    code, said = convert(site)
    assert code == 1
    assert "has model.safetensors and needs no conversion: name it at encoders.<name>.hub" in said
    assert not any("/resolve/" in path for _, path in hub.requests)


def without_weights(hub, model):
    (model / PICKLE).unlink()


def without_tokenizer(hub, model):
    torch.save({}, model / PICKLE)
    (model / "tokenizer.json").unlink()
    (model / "model.safetensors").write_bytes(b"never opened")


def decoder(hub, model):
    upstream.write_encoder(hub.folder, XLMR, "xlm-roberta")
    config = model / "config.json"
    config.write_text(config.read_text().replace('"xlm-roberta"', '"gpt2"'))


FINAL = {
    "pickles alone": (lambda hub, model: None, f"metaxl encoder convert {XLMR} --revision main --out FOLDER"),
    "no weights": (without_weights, "has no model.safetensors. Choose a revision with safetensors"),
    "no tokenizer": (without_tokenizer, "it has no tokenizer.json, and transformers can make none of its other files"),
    "another family": (decoder, "gpt2"),
    "login": (lambda hub, model: hub.fault("/api/models", "401"), "HF_TOKEN opens what needs a login"),
    "gated": (lambda hub, model: hub.fault("/api/models", "403"), "HF_TOKEN opens what needs a login"),
    "missing": (lambda hub, model: shutil.rmtree(model), "Check the id, the revision"),
}


@pytest.mark.parametrize("case", FINAL)
def test_a_final_error_is_met_once(site, hub, model, case):
    """The client asks for the revision once, and says what to do; the encoder of before stays, and none is locked."""
    spoil, message = FINAL[case]
    spoil(hub, model)
    (site.folder / "encoder").mkdir()
    (site.folder / "encoder" / "config.json").write_text("old")
    code, said = site.encoder("main")
    assert code == 1
    assert message in said, said
    assert "Traceback" not in said
    asked = [path for _, path in hub.requests if path.startswith(f"/api/models/{XLMR}/revision/")]
    # For a tokenizer to convert, transformers asks on its own account.
    assert len(asked) == (2 if case == "no tokenizer" else 1), hub.requests
    assert [path.read_text() for path in (site.folder / "encoder").iterdir()] == ["old"]
    assert site.lock() == {}


def test_a_revision_that_is_not_there_is_met_once(site, hub, model):
    code, said = site.encoder("4" * 40)
    assert code == 1
    assert "Check the id, the revision" in said
    assert len([path for _, path in hub.requests if path.startswith("/api/")]) == 1, hub.requests


def test_the_workflow_makes_one_attempt_at_an_encoder(site, hub, model):
    """A passing error is waited out by the download; what the rule sees is final."""
    encoder = f"encoders: {{tiny: {{hub: {XLMR}, revision: main}}}}\n"
    (site.folder / "mine.yaml").write_text(f"preset: demo\nname: mine\n{encoder}")
    options = ["--cores", "1", "--configfile", "mine.yaml", "--", "results/mine/encoders/tiny/config.json"]
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", *options],
        **{"cwd": site.folder, "env": site.environment(), "timeout": 120},
        **{"capture_output": True, "text": True, "stdin": subprocess.DEVNULL},
    )
    assert done.returncode == 1
    assert "metaxl encoder convert" in done.stderr
    assert done.stderr.count("\nError in rule encoder") == 1, done.stderr
    asked = [path for _, path in hub.requests if path.startswith(f"/api/models/{XLMR}/revision/")]
    assert len(asked) == 1, hub.requests

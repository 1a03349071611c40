"""What an experiment has, lacks and weighs is told before anything starts, and a run that cannot succeed does not."""

import re
import shutil
import subprocess
import sys
import time

import pytest
import upstream
import yaml
from checkout import ROOT
from clone import PLAIN, TABLE, XLMR, served, write_sources
from forks import forks
from loopback import Loopback
from renewed import RenewedSite

NOWHERE = {"HF_ENDPOINT": "http://127.0.0.1:9"}
TINY = """
preset: paper
name: tiny
figure: null
ner: {targets: [{language: qu}], source: qq, source_size: 1}
sentiment: {targets: [{language: te}], source: tee, source_size: 1}
files: {ner: {qq: own/ner}, sentiment: {tee: own/reviews}}
"""


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    return write_sources(tmp_path_factory.mktemp("sources"))


@pytest.fixture(scope="module")
def clone(sources, tmp_path_factory):
    """A clone and the hub that it names."""
    with Loopback(sources, upstream.revisions(ROOT / "workflow")) as hub:
        yield RenewedSite(tmp_path_factory.mktemp("clone") / "clone", hub)


@pytest.fixture
def site(clone):
    """The clone with an experiment that needs a file of each kind."""
    clone.hub.requests.clear()
    site = clone.renew(clone.hub)
    (site.folder / "tiny.yaml").write_text(TINY)
    for name, line in (
        ("ner/train.tsv", "a\tO\n\n"),
        ("reviews/train.jsonl", '{"text": "a", "label": "positive"}\n'),
    ):
        path = site.folder / "own" / name
        path.parent.mkdir(parents=True)
        path.write_text(line)
    return site


def states(said):
    """Return the counts of a check's table of downloads by group."""
    lines = next(block for block in said.split("\n\n") if "unverified" in block.splitlines()[0]).splitlines()
    columns = lines[0].split()
    return {
        line[:20].strip(): {
            name: line[lines[0].index(name) : lines[0].index(name) + len(name)].strip() for name in columns[:-1]
        }
        for line in lines[2:]
    }


def check(site, **variables):
    return site.run("check", "--configfile", "tiny.yaml", **variables)


def test_a_check_tells_what_is_missing_what_came_and_what_is_damaged(site):
    site.forked = False  # once as a user starts it
    code, said = check(site)
    site.forked = True
    assert code == 0, said
    assert "- wikiann: train.parquet, validation.parquet, test.parquet of qu" in said
    assert f"- encoder xlmr-base: {XLMR}@" in said
    assert "To download: about 1.13 GB" in said
    assert "cells write about" in said
    assert states(said)["wikiann"]["missing"] == "3"

    assert site.download(TABLE)[0] == 0
    site.raw("wikiann/qu/test.parquet").write_bytes(b"by hand")
    found = states(check(site)[1])["wikiann"]
    assert (found["verified"], found["unverified"], found["missing"]) == ("1", "1", "1")
    site.raw(TABLE).write_bytes(site.raw(TABLE).read_bytes()[::-1])
    code, said = check(site)
    assert states(said)["wikiann"]["damaged"] == "1"
    assert "damaged:\n- wikiann: train.parquet of qu" in said
    assert check(site, **NOWHERE)[0] == 1


def test_kept_models_count_as_room_and_a_changed_encoder_is_damaged(site):
    said = check(site)[1]
    assert "cells write about" in said
    room = float(re.search(r"cells write about ([\d.]+) MB", said)[1])
    (site.folder / "tiny.yaml").write_text(TINY + "keep_models: all\n")
    assert float(re.search(r"cells write about ([\d.]+) GB", check(site)[1])[1]) * 1000 > 100 * room

    revision = yaml.safe_load((ROOT / "workflow" / "presets" / "paper.yaml").read_text())["encoders"]["xlmr-base"]
    prepared = site.folder / "results" / "tiny" / "encoders" / "xlmr-base"
    assert site.prepare(revision, prepared)[0] == 0
    assert states(check(site)[1])["encoder xlmr-base"]["verified"] == "1"
    (prepared / "model.safetensors").unlink()
    (prepared / "model.safetensors").write_bytes(b"garbage")
    assert states(check(site)[1])["encoder xlmr-base"]["damaged"] == "1"


def test_a_size_that_nobody_knows_is_a_question_mark_and_never_nothing(site):
    """An encoder that neither the registry nor the lock knows is not counted as 0 bytes."""
    encoder = "encoders: {some: {hub: some/encoder, revision: main}}\nkeep_models: all\n"
    small = TINY.replace("ner: {", "ner: {encoder: some, ").replace("sentiment: {", "sentiment: {encoder: some, ")
    (site.folder / "tiny.yaml").write_text(small + encoder)
    said = check(site)[1]
    assert re.search(r"encoder some +1 +\?$", said, re.M), said
    assert re.search(r"To download: about [\d.]+ MB \+ \?\. \d+ cells write about [\d.]+ MB \+ \?\. Free", said), said


def test_where_nothing_is_to_come_nothing_is_said_to_weigh_nothing(site):
    said = site.run("check", "--preset", "demo")[1]
    assert "It needs no download.\n94 cells write about" in said
    assert not re.search(r"\b0\.0+ ?[kMG]B", said)


def test_what_lies_in_the_cache_or_in_the_mirror_is_no_download(site, tmp_path):
    assert site.download(TABLE)[0] == 0
    site.raw(TABLE).unlink()
    mirror = tmp_path / "mirror"
    (mirror / PLAIN).parent.mkdir(parents=True)
    (mirror / PLAIN).write_bytes(served(site.hub, PLAIN))
    said = check(site, METAXL_MIRROR=str(mirror))[1]
    assert states(said)["wikiann"]["cached"] == "1"
    assert states(said)["sentiraama"]["cached"] == "1"


def test_a_check_without_a_network_fails_and_says_how_to_get_what_is_missing(site):
    code, said = check(site, **NOWHERE)
    assert code == 1
    assert "cannot come" in said
    assert "- http://127.0.0.1:9: ConnectionError" in said
    assert "METAXL_MIRROR" in said
    assert check(site, HF_HUB_OFFLINE="1")[0] == 1


def snakemake(site, *arguments, **variables):
    """Run the workflow in a fork that has Snakemake already; test_a_run_that_lacks_nothing_... starts it once."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", "tiny.yaml", *arguments]
    environment = site.environment(**variables)
    if site.forked:
        done = forks("snakemake.cli").run(command, site.folder, environment)
    else:
        done = subprocess.run(command, cwd=site.folder, env=environment, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def test_a_run_without_network_and_cache_stops_before_the_first_job(site):
    begun = time.monotonic()
    code, said = snakemake(site, "--", "tables", **NOWHERE)
    assert time.monotonic() - begun < 30
    assert code == 1
    assert "cannot come" in said
    assert "- wikiann: train.parquet, validation.parquet, test.parquet of qu" in said
    assert "- sentiraama: product_pos.txt, product_neg.txt, data_index.txt" not in said  # its own server answers
    assert "Traceback" not in said
    assert not (site.folder / "results" / "tiny" / "logs").exists()


def test_a_forced_download_without_a_network_keeps_what_is_there(site):
    """Snakemake removes a job's outputs before it starts."""
    assert site.download(TABLE)[0] == 0
    shutil.rmtree(site.home)
    code, said = snakemake(site, "--forcerun", "download", "--", f"results/raw/{TABLE}", **NOWHERE)
    assert code == 1
    assert "cannot come" in said
    assert site.raw(TABLE).read_bytes() == served(site.hub, TABLE)


def test_a_run_that_lacks_nothing_asks_nobody(site):
    data = "results/tiny/data/ner/qu/train.jsonl"
    site.forked = False
    code, said = snakemake(site, "--", data)
    site.forked = True
    assert code == 0, said
    (site.folder / data).unlink()
    site.hub.requests.clear()
    code, said = snakemake(site, "--", data, **NOWHERE)
    assert code == 0, said
    assert site.hub.requests == []

"""The paper's preset, shrunk in its sizes alone, from a hub on the loopback device to the tables."""

import json
import subprocess
import sys

import pytest
import upstream
import yaml
from checkout import ROOT
from clone import PLAIN, Site
from loopback import Loopback

SHRUNK = {
    "seeds": [11],
    "ner": {"targets": [{"language": "qu", "related": "es"}], "source_size": 12, "training": {}},
    "sentiment": {"source_size": 10, "training": {}},
}
for task in ("ner", "sentiment"):
    SHRUNK[task]["training"] = {
        "epochs": 1,
        "target_epochs": 1,
        "max_length": 60,
        "eval_max_length": 60,
        "bottleneck": 4,
    }


class Paper(Site):
    def __init__(self, folder, hub):
        super().__init__(folder, hub)
        (folder / "Snakefile").write_bytes((ROOT / "Snakefile").read_bytes())
        (folder / "shrunk.yaml").write_text(yaml.safe_dump(SHRUNK))
        self.results = folder / "results" / "paper"

    def tried(self, *targets, **variables):
        """Run Snakemake; return its exit status and what it said."""
        options = ["--cores", "2", "--config", "preset=paper", "--configfile", "shrunk.yaml", "--", *targets]
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", *options],
            **{"cwd": self.folder, "env": self.environment(**variables), "timeout": 1200},
            **{"capture_output": True, "text": True, "stdin": subprocess.DEVNULL},
        )
        return done.returncode, done.stdout + done.stderr

    def snakemake(self, *targets, **variables):
        code, said = self.tried(*targets, **variables)
        assert code == 0, said
        return said


@pytest.mark.parametrize(("faults", "attempts", "succeeds"), [(2, 3, True), (None, 4, False)])
def test_a_download_that_fails_is_tried_again_three_times(tmp_path, faults, attempts, succeeds):
    """By the rule, after all that a client waits out itself: each attempt here brings a damaged file."""
    served = tmp_path / "served"
    upstream.write_sentiraama_and_sentipers(served, 12)
    with Loopback(served, upstream.revisions(ROOT / "workflow")) as hub:
        paper = Paper(tmp_path / "clone", hub)
        hub.fault(PLAIN, "corrupt", faults)
        code, said = paper.tried(str(paper.raw(PLAIN).relative_to(paper.folder)))
        assert paper.bodies_sent(PLAIN) == attempts, said
    assert (code == 0) == succeeds
    assert paper.raw(PLAIN).is_file() == succeeds
    assert said.count("expected sha256") >= attempts - succeeds
    assert paper.partial_downloads() == []


@pytest.mark.slow
def test_the_paper_runs_from_the_hub_to_its_tables(tmp_path):
    served = tmp_path / "served"
    upstream.write_wikiann(served, ["qu", "es", "en"], {"train": 24, "validation": 8, "test": 9})
    upstream.write_reviews(served, 40)
    upstream.write_sentiraama_and_sentipers(served, 12)
    for hub_id, family in upstream.ENCODERS.items():
        upstream.write_encoder(served, hub_id, family)
    with Loopback(served, upstream.revisions(ROOT / "workflow")) as hub:
        paper = Paper(tmp_path / "clone", hub)
        paper.snakemake("tables", "figures", OMP_NUM_THREADS="1")
        asked = len(hub.requests)
        assert "Nothing to be done" in paper.snakemake("tables", "figures")
        assert len(hub.requests) == asked
        said = paper.run("check", "--preset", "paper", "--configfile", "shrunk.yaml")[1]

    for number in (2, 3, 5):
        table = (paper.results / "tables" / f"table{number}.txt").read_text()
        assert "–" not in table.split("\n\n")[1]  # every cell is there
        assert ("Amazon withdrew" in table) == (number != 2)
    report = (paper.results / "data" / "report.md").read_text()
    for name in ("WikiANN", "Sentiraama", "SentiPers", "Amazon", "XLM-R base", "mBERT"):
        assert name in report
    # Each file came once, is pinned, locked and verified; nothing that could run was even fetched.
    assert "missing:" not in said
    assert "unverified:" not in said
    locked = paper.lock()
    assert {name.split("/")[0] for name in locked} == {"wikiann", "reviews", "encoders"}
    assert not upstream.sentinel(served).exists()
    bodies = [path for method, path in hub.requests if method == "GET" and "/resolve/" in path]
    assert len(bodies) == len(set(bodies)) == len(locked)

    # A clone without a network takes the downloads along, as a plain folder and the client's cache.
    alone = Paper(tmp_path / "air gap", hub)
    alone.home = paper.home
    alone.lock_path.write_text(json.dumps(locked))
    mirror = str(paper.folder / "results" / "raw")
    cell = "results/paper/cells/xlmr-base/ner/qu/es/joint/seed11/predictions.jsonl"
    alone.snakemake(cell, METAXL_MIRROR=mirror, HF_HUB_OFFLINE="1", OMP_NUM_THREADS="1")
    assert (alone.folder / cell).read_bytes() == (paper.folder / cell).read_bytes()

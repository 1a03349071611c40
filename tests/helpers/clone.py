"""A clone whose registry names a hub on the loopback device, and the commands run there as a user would."""

import json
import os
import subprocess
import sys
from pathlib import Path

import upstream
import yaml
from checkout import copy_checkout
from loopback import Loopback

XLMR = "FacebookAI/xlm-roberta-base"
TABLE, PLAIN = "wikiann/qu/train.parquet", "sentiraama/product_pos.txt"
OTHERS = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN", "METAXL_MIRROR")  # they would change what is tested
WIKIANN = f"datasets/{upstream.WIKIANN}/qu"


class Site:
    """A copy of what a clone holds, whose registry names the loopback server, and the commands run there."""

    def __init__(self, folder: Path, hub: Loopback):
        self.folder, self.hub = folder, hub
        copy_checkout(folder)
        self.registry = folder / "workflow" / "data" / "registry.yaml"
        self.lock_path = folder / "workflow" / "data" / "registry.lock.json"
        self.lock_path.write_text("{}")
        content = yaml.safe_load(upstream.registry_of(hub.folder, folder / "workflow"))
        for name, corpus in content["corpora"].items():
            for file, facts in corpus["files"].items() if corpus["kind"] == "files" else ():
                facts["urls"] = [f"{hub.url}/files/{name}/{file}"]
        self.registry.write_text(yaml.safe_dump(content))
        self.home = folder / "home"

    def environment(self, **variables):
        inherited = {name: value for name, value in os.environ.items() if name not in OTHERS}
        return inherited | self.hub.environment(self.home) | {"PYTHONPATH": str(self.folder)} | variables

    def start(self, *arguments, **variables):
        return subprocess.Popen(
            [sys.executable, "-m", "metaxl", *map(str, arguments)],
            **{"cwd": self.folder, "env": self.environment(**variables), "text": True, "stdin": subprocess.DEVNULL},
            **{"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT},
        )

    def run(self, *arguments, **variables):
        process = self.start(*arguments, **variables)
        said, _ = process.communicate(timeout=90)
        return process.returncode, said

    def download(self, path, **variables):
        return self.run("download", path, "--out", self.raw(path), **variables)

    def encoder(self, revision=None, **variables):
        spec = {"hub": XLMR, "revision": revision or self.hub.commit("models", XLMR)}
        return self.prepare(spec, self.folder / "encoder", **variables)

    def prepare(self, spec, out, **variables):
        asked = self.folder / "asked.json"
        asked.write_text(json.dumps(spec))
        return self.run("prepare-encoder", asked, "--out", out, **variables)

    def raw(self, path):
        return self.folder / "results" / "raw" / path

    def lock(self):
        return json.loads(self.lock_path.read_text())

    def change_registry(self, change):
        content = yaml.safe_load(self.registry.read_text())
        change(content["corpora"])
        self.registry.write_text(yaml.safe_dump(content))

    def partial_downloads(self):
        """Return the partial downloads: temporary files below results/, and incomplete files of the client's cache."""
        hidden = [path for path in self.folder.glob("results/**/.*") if path.is_file() and path.suffix != ".lock"]
        return hidden + list(self.home.rglob("*.incomplete"))

    def bodies_sent(self, pattern):
        return sum(method == "GET" and pattern in path for method, path in self.hub.requests)


def write_sources(folder):
    """Write a file of each kind that an experiment downloads."""
    upstream.write_wikiann(folder, ["qu"], {"train": 40, "validation": 6, "test": 7})
    upstream.write_sentiraama_and_sentipers(folder, 8)
    upstream.write_encoder(folder, XLMR, "xlm-roberta")
    return folder


def served(hub, path):
    return (hub.folder / (f"{WIKIANN}/train-00000-of-00001.parquet" if path == TABLE else f"files/{path}")).read_bytes()

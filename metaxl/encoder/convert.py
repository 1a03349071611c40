"""Convert an encoder with pickled weights into the folder that `encoders.<name>.folder` takes."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import metaxl
from metaxl.downloads.encoders import INDEX, PICKLE, TOKENIZER_FILES, fetch_pickled
from metaxl.downloads.lock import Entry, record
from metaxl.encoder.prepare import check_encoder
from metaxl.encoder.tokenizer_files import convert_tokenizer
from metaxl.errors import ConfigError, EncoderError
from metaxl.files import atomic_folder, atomic_path, read_json, sha256_file, write_json

ORIGIN = "converted.json"
WEIGHTS = "model.safetensors"
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


def convert_encoder(id_or_folder: str, revision: str | None, out: Path) -> None:
    """Write config.json, model.safetensors, tokenizer.json and converted.json, which says what they were made of.

    Args:
        id_or_folder: a folder with pytorch_model.bin, whole or in shards, or the id of such a model of the hub.
        revision: a commit or a branch of the hub; None is its main branch.
        out: new, empty, or a folder that was converted before; left as it was on an error.

    Raises:
        ConfigError: there is neither such a folder nor such an id, or `out` holds something else.
        DownloadError: it cannot be fetched, or has no pickled weights.
        EncoderError: the weights are not plain weights, or of no encoder that MetaXL can train.
    """
    source = Path(id_or_folder)
    entries: dict[str, Entry] = {}
    _check_out(source, out)
    if not source.is_dir():
        if not HUB_ID.fullmatch(id_or_folder):
            raise ConfigError(f"{id_or_folder}: neither a folder nor an id of the hub such as cis-lmu/glot500-base.")
        source, entries = fetch_pickled(id_or_folder, revision or "main")
    elif revision:
        raise ConfigError(f"{id_or_folder}: a folder has no revision; leave --revision out.")
    with atomic_folder(out) as folder:
        pickles = _find_pickles(source)
        _copy_small_files(source, folder)
        _unpickle(pickles, folder / WEIGHTS)
        check_encoder(id_or_folder, folder)
        commit = next((entry.revision for entry in entries.values()), None)
        write_json(folder / ORIGIN, _origin(id_or_folder, commit, pickles, folder / WEIGHTS))
    record(entries)


def _check_out(source: Path, out: Path) -> None:
    """Refuse to replace a folder that is not a conversion's, or that holds the source."""
    if source.is_dir() and source.resolve().is_relative_to(out.resolve()):
        raise ConfigError(f"--out {out}: holds what is to be converted; name a new folder.")
    if out.exists() and not (out.is_dir() and (not any(out.iterdir()) or (out / ORIGIN).is_file())):
        raise ConfigError(f"--out {out}: there is something else already; name a new folder.")


def _find_pickles(source: Path) -> list[Path]:
    """Return the weights of a folder: one file, or the shards that the index names."""
    if (source / WEIGHTS).is_file():
        raise EncoderError(f"{source / WEIGHTS}: these weights need no conversion; use the encoder as it is.")
    names = [PICKLE]
    if not (source / PICKLE).is_file() and (source / INDEX).is_file():
        index = read_json(source / INDEX)
        places = index.get("weight_map") if isinstance(index, dict) else None
        if not isinstance(places, dict) or not places or not all(map(_is_plain_name, places.values())):
            raise EncoderError(f"{source / INDEX}: expected weight_map, the file of each tensor by its name.")
        names = sorted(set(places.values()))
    missing = [name for name in ("config.json", *names) if not (source / name).is_file()]
    if missing:
        raise EncoderError(
            f"{source}: {', '.join(missing)} missing; expected config.json and {PICKLE}, or {INDEX} and its shards."
        )
    return [source / name for name in names]


def _is_plain_name(name: object) -> bool:
    return isinstance(name, str) and Path(name).name == name


def _copy_small_files(source: Path, folder: Path) -> None:
    for name in ("config.json", *TOKENIZER_FILES):
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)
    if not (source / "tokenizer.json").is_file():
        convert_tokenizer(source, folder / "tokenizer.json")


def _unpickle(pickles: Sequence[Path], weights: Path) -> None:
    """Have a process of its own write `weights`; this one never reads a pickle."""
    paths = os.pathsep.join(filter(None, [str(Path(metaxl.__file__).parents[1]), os.environ.get("PYTHONPATH")]))
    with atomic_path(weights) as temporary:
        done = subprocess.run(
            [sys.executable, "-m", "metaxl.encoder.unpickle", temporary, *pickles],
            env={**os.environ, "PYTHONPATH": paths},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 1 and done.stdout:
            raise EncoderError(done.stdout.strip())
        if done.returncode:
            said = done.stderr.strip().rpartition("\n")[2] or "nothing was said; the memory may not suffice"
            raise EncoderError(f"{pickles[0].parent}: reading its weights ended with {done.returncode} ({said}).")


def _origin(what: str, commit: str | None, pickles: Sequence[Path], weights: Path) -> dict[str, object]:
    versions = {name: version(name) for name in ("torch", "safetensors", "tokenizers", "transformers")}
    return {
        "from": what,
        "revision": commit,
        "pickles": {path.name: sha256_file(path) for path in pickles},
        WEIGHTS: sha256_file(weights),
        "versions": {"metaxl": metaxl.__version__, "python": platform.python_version(), **versions},
    }

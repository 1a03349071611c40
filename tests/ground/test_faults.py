"""Faults of the machine end a command with one sentence: what, where, what to do. Faults of the program do not."""

from __future__ import annotations

import argparse
import errno
import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cells import files_of, spec_of
from damage import DAMAGES, damage
from safetensors import SafetensorError
from trap import trapped

from metaxl.cli import main as main_module
from metaxl.cli import rules
from metaxl.cli.faults import MACHINE, OF_FILES, explain_fault, reading_weights
from metaxl.cli.main import main
from metaxl.data.encode import Encoded
from metaxl.data.formats.records import read_records
from metaxl.errors import DataError, EncoderError
from metaxl.tasks import SPLITS
from metaxl.training.data import CellData

ROOT = Path(__file__).resolve().parents[2]
SHELL = ROOT / "workflow" / "rules" / "shell.sh"


def raised(error: BaseException, within: BaseException | None = None) -> BaseException:
    """Return an error as it comes, raised during the handling of another."""
    error.__context__ = within
    return error


class OutOfMemoryError(RuntimeError):
    """Named as torch's, which is made where torch is loaded."""


CPU = "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate"
TOLD = {
    "no memory": (MemoryError(), "The memory is used up; give the job more (mem_mb)"),
    "torch, CPU": (RuntimeError(CPU), "The memory is used up; give the job more (mem_mb)"),
    "torch, device": (OutOfMemoryError("CUDA out of memory"), "The memory of the device is used up; give"),
    "numpy, full disk": (OSError("4096 requested and 0 written"), "The disk is full; make room, then run the same"),
    "safetensors, full disk": (
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
        "The disk is full; make room, then run the same command again; what is finished stays.",
    ),
    "zlib for a full disk": (
        raised(RuntimeError("inconsistent stream state"), OSError(errno.ENOSPC, "No space left", "/a/b")),
        "/a/b: the disk is full; make room",
    ),
    "unknown": (OSError(errno.ENOTEMPTY, "Directory not empty", "/a/b"), "/a/b: Directory not empty; look at the file"),
} | {name: (OSError(code, "x", "/a/b"), f"/a/b: {OF_FILES[code]}.") for name, code in
     {errno.errorcode[code]: code for code in OF_FILES}.items()}  # fmt: skip


@pytest.mark.parametrize("fault", TOLD)
def test_a_fault_of_the_machine_is_one_sentence(fault):
    error, told = TOLD[fault]
    said = explain_fault(error)
    assert said.startswith(told)
    assert isinstance(error, MACHINE)
    assert said.endswith(".")
    assert "\n" not in said


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("shapes do not fit"),
        SafetensorError("Error while deserializing header: HeaderTooLarge"),
        raised(RuntimeError("a mistake"), FileNotFoundError(errno.ENOENT, "No such file", "/a/b")),
    ],
)
def test_a_fault_of_the_program_keeps_its_traceback(error, monkeypatch):
    assert explain_fault(error) is None

    def fails():
        raise error

    parser = argparse.ArgumentParser()
    parser.set_defaults(command=fails, debug=False)
    monkeypatch.setattr(main_module, "make_parser", lambda: parser)
    with pytest.raises(type(error)):
        main([])


def metaxl(folder: Path, *arguments: object, limit: str = "") -> tuple[int, str]:
    command = " ".join([limit, "exec", '"$@"'])
    whole = ["bash", "-c", command, "bash", sys.executable, "-m", "metaxl", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(whole, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def synthetic(folder: Path, size: int, out: Path, limit: str = "") -> tuple[int, str]:
    place = ("--corpus", "synthetic", "--task", "ner", "--language", "qu", "--split", "train")
    return metaxl(folder, "data", *place, "--size", size, "--seed", 1, "--out", out, limit=limit)


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path):
    """A limit of the size of a file stands for it: both end a write in the middle."""
    code, said = synthetic(tmp_path, 500, tmp_path / "x.jsonl", limit="trap '' XFSZ; ulimit -f 8;")
    assert code == 75
    assert said == f"{tmp_path / 'x.jsonl'}: {OF_FILES[errno.EFBIG]}.\n"
    assert list(tmp_path.iterdir()) == []


def test_a_name_too_long_and_a_file_in_place_of_a_folder_are_told(tmp_path):
    (tmp_path / "file").write_text("")
    for out, told in ((tmp_path / (300 * "x"), "the name is too long"), (tmp_path / "file" / "x", "File exists")):
        code, said = synthetic(tmp_path, 1, out)
        assert code == 75
        assert str(tmp_path) in said
        assert told in said
        assert said.count("\n") == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_missing_rights_are_told(tmp_path):
    tmp_path.chmod(0o500)
    code, said = synthetic(tmp_path, 1, tmp_path / "x.jsonl")
    tmp_path.chmod(0o700)
    assert code == 75
    assert "your user may not read or write it" in said


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_encoded_file_is_named(tmp_path, kind):
    path = tmp_path / "train.npz"
    np.savez(path, **dict.fromkeys(Encoded.__dataclass_fields__, np.arange(2000)))
    damage(path, kind)
    with pytest.raises(DataError) as caught:
        Encoded.load(path)
    assert str(caught.value).startswith(f"{path}: damaged (")
    assert str(caught.value).endswith("); remove it, and the same command makes it again.")


@pytest.mark.parametrize("kind", ["cut", "header"])
def test_an_encoder_that_is_damaged_while_a_run_goes_on_is_named(place, tmp_path, kind):
    """The rule that prepares it has looked at it; a cell that reads it later must not end in the library's words."""
    folder = shutil.copytree(place, tmp_path / "place")
    weights, spec, cell = folder / "model.safetensors", spec_of("target"), tmp_path / "cell"
    whole = weights.read_bytes()
    damaged = whole[:1000] if kind == "cut" else b"\xff" * 8 + whole[8:]
    files = files_of(folder, spec)
    asked = {
        "encoder": folder,
        "target": [files[split] for split in SPLITS],
        "device": "auto",
        "work": tmp_path / "work",
    }
    chosen = {"keep_models": "none", "checkpoint_minutes": 5.0, "best": tmp_path / "best", "out": cell}
    kept = {"cell": cell, "reported": tmp_path / "reported", "out": tmp_path / "kept"}
    for command, told in ((rules.train, chosen), (rules.keep_model, kept)):
        weights.write_bytes(damaged)
        with pytest.raises(EncoderError) as caught:
            command(spec.to_json(), **asked, **told)
        said = str(caught.value)
        assert said.startswith(f"{weights}: damaged (")
        assert said.endswith(f"remove {folder}, then run the same command again; what is finished stays.")
        weights.write_bytes(whole)
        rules.train(spec.to_json(), **asked, **chosen)
    assert (cell / "scores.json").is_file()


@pytest.mark.parametrize("said", ["I/O error: No space left on device (os error 28)", "a mistake of the program"])
def test_a_fault_while_weights_are_written_is_not_the_encoders(tmp_path, said):
    with pytest.raises(SafetensorError), reading_weights(tmp_path):
        raise SafetensorError(f"Error while serializing: {said}")


TORN = {
    "cut": b'{"id": "a", "tokens": ["a"], "ta',
    "another encoding": b'{"id": "a", "text": "\xff"}\n',
    "a number": b"3\n",
    "another object": b"{}\n",
    "brackets": b"[" * 100_000,
}


@pytest.mark.parametrize("kind", [*TORN, "a pipe", "nothing"])
def test_a_damaged_data_file_is_named(tmp_path, kind):
    """Of those that pass from rule to rule; a pipe would block for ever."""
    path = tmp_path / "train.jsonl"
    if kind == "a pipe":
        os.mkfifo(path)
    elif kind in TORN:
        path.write_bytes(TORN[kind])
    with pytest.raises(DataError) as caught:
        read_records(path)
    assert str(caught.value).startswith(f"{path}: damaged (")
    assert str(caught.value).endswith("); remove it, and the same command makes it again.")


def test_a_damaged_data_file_is_told_by_the_rule_that_reads_it(tmp_path):
    (tmp_path / "train.jsonl").write_bytes(TORN["cut"])
    drawn = ("--size", 1, "--seed", 1, "--order", "hash", "--out", tmp_path / "x.jsonl")
    code, said = metaxl(tmp_path, "draw", tmp_path / "train.jsonl", *drawn)
    assert code == 1
    assert said.startswith(f"{tmp_path / 'train.jsonl'}: damaged (")
    assert said.count("\n") == 1


@pytest.mark.parametrize("field", Encoded.__dataclass_fields__)
@pytest.mark.parametrize("load", [Encoded.load, lambda path: CellData.load({"train": path, "dev": path, "test": path})])
def test_a_pickle_among_encoded_data_is_never_read(tmp_path, field, load):
    """Neither where the file is read alone nor where a cell reads its data."""
    arrays = dict.fromkeys(Encoded.__dataclass_fields__, np.arange(3))
    np.savez(tmp_path / "x.npz", **arrays | {field: trapped(tmp_path / "read")})
    with pytest.raises(DataError, match=r"x\.npz: damaged \(.*allow_pickle"):
        load(tmp_path / "x.npz")
    assert not (tmp_path / "read").exists()


@pytest.mark.parametrize("status", [0, 1, 2, 130, 137, 143])
def test_the_exit_status_of_a_command_is_passed_on(tmp_path, status):
    """A scheduler tells want of memory from other faults by it; what was said is in the log, and shown on a fault."""
    script = f'. "{SHELL}" ""; logged "{tmp_path}/log" bash -c "echo said; exit {status}"'
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == status
    assert ("said" in done.stderr) == (status != 0)
    assert ("want of memory" in done.stderr) == (status == 137)
    assert (tmp_path / "log").read_text().startswith("said\n")


@pytest.mark.parametrize("value", ["1; touch pwned;", "$(touch pwned)", "'; touch pwned; '", "a b", ""])
def test_the_users_word_about_the_network_is_passed_on_and_never_run(tmp_path, value):
    """To downloads alone; everything else is offline."""
    tell = "bash -c 'echo \"$HF_HUB_OFFLINE\"'"
    script = f'. "{SHELL}" ""; {tell}; online {tell}'
    environment = os.environ | {"HF_HUB_OFFLINE": value}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, env=environment, capture_output=True
    )
    assert done.stdout.decode() == f"1\n{value or 0}\n"
    assert not list(tmp_path.iterdir())


def test_the_screen_has_this_package_s_progress_and_others_warnings_alone():
    """Libraries tell every glyph and every request; neither helps a reader of the log."""
    program = """
import argparse, logging, sys
from metaxl.cli import main as module
def run():
    logging.getLogger("httpx.talkative").setLevel(logging.DEBUG)  # as some libraries do by themselves
    for name in ("metaxl", "metaxl.data", "fontTools.subset", "httpx", "httpx.talkative"):
        logging.getLogger(name).debug("detail of %s", name)
        logging.getLogger(name).info("progress of %s", name)
        logging.getLogger(name).warning("warning of %s", name)
parser = argparse.ArgumentParser()
parser.set_defaults(command=run, debug=False)
module.make_parser = lambda: parser
sys.exit(module.main([]))
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    said = set(done.stderr.splitlines())
    talkative, named = "httpx.talkative", ("metaxl", "metaxl.data", "fontTools.subset", "httpx")
    progress = {f"progress of {name}" for name in (*named[:2], talkative)}
    assert said == progress | {f"warning of {name}" for name in (*named, talkative)}


def test_a_password_stands_in_no_line_of_another_library():
    record = main_module._clean_record("urllib3", logging.WARNING, "", 0, "at %s", ("http://u:secret@h/x",), None)
    assert record.getMessage() == "at http://h/x"

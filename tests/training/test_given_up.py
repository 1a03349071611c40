"""What becomes of a training that ended without a score: decided by its exit status, written in the end alone."""

from __future__ import annotations

import os
import signal
import socket

import numpy as np
import pytest
from cells import spec_of

from metaxl.cli.main import main
from metaxl.experiment.failure import failure_of
from metaxl.files import read_json, sha256_text, write_json
from metaxl.training.given_up import LONGEST, UnfinishedError, give_up, reason_of, verdict
from metaxl.training.owner import ReplacedError

SPEC = spec_of("target")
# By name, from signal(7) and sysexits.h: what a person, a terminal or a scheduler asks for, and a replaced process.
ASKED_TO_END = {128 + 1, 128 + 2, 128 + 15, 128 + 10, 76}


@pytest.fixture
def folders(tmp_path):
    """A cell's log, folder and workspace; the log ends with a sentence."""
    (tmp_path / "log").write_text("epoch 1, step 2: training loss 0.5\n\nThe disk is full.\n\n")
    return tmp_path / "log", tmp_path / "cell", tmp_path / "work"


def ended(folders, status, attempt=3, strict=False):
    log, out, work = folders
    give_up(SPEC, status, attempt, 3, log, out, work, strict)
    return read_json(out / "failed.json")


@pytest.mark.parametrize("status", range(1, 256))
def test_every_status_is_decided_at_every_attempt(status):
    """Interruptions are never failures; 1 is final at once, every other fault with the last attempt; strict ends."""
    for attempt in (1, 2, 3):
        interrupted, last = status in ASKED_TO_END, status == 1 or attempt == 3
        usual = "interrupted" if interrupted else ("final" if last else "again")
        assert verdict(status, attempt, 3, strict=False) == usual
        assert verdict(status, attempt, 3, strict=True) == ("interrupted" if interrupted else "strict")
    assert verdict(status, 1, 1, strict=False) == ("interrupted" if interrupted else "final")


@pytest.mark.parametrize(
    ("status", "attempt", "strict"),
    [(143, 3, False), (ReplacedError.exit_code, 3, False), (1, 1, True), (137, 3, True), (75, 2, False)],
)
def test_an_end_that_is_not_final_keeps_its_status_and_writes_nothing(folders, status, attempt, strict):
    with pytest.raises(UnfinishedError) as caught:
        ended(folders, status, attempt, strict)
    assert caught.value.exit_code == status
    assert not folders[1].exists()


def test_a_cell_that_is_given_up_leaves_its_reason_and_all_that_the_workflow_waits_for(folders):
    """Of its history what it had; the scores' stand-in is of this cell, and tells the same as failed.json."""
    folders[1].mkdir()
    (folders[1] / "history.jsonl").write_text('{"epoch": 1}\n')
    told = ended(folders, 75)
    assert told.pop("cell") == read_json(folders[1] / "scores.json")["cell"]
    assert (told["reason"], told["status"], told["attempts"]) == ("The disk is full.", 75, 3)
    assert (told["host"], told["spec"]) == (socket.gethostname(), sha256_text(SPEC.to_json()))
    assert read_json(folders[1] / "scores.json")["failed"] == told
    assert failure_of(read_json(folders[1] / "scores.json")).reason == "The disk is full."
    assert (folders[1] / "history.jsonl").read_text() == '{"epoch": 1}\n'
    assert (folders[1] / "predictions.jsonl").read_bytes() == b""
    with np.load(folders[1] / "representations.npz", allow_pickle=False) as arrays:
        assert {name: str(arrays[name]) for name in arrays} == {"cell": SPEC.cell.path}


def test_a_cell_that_another_process_trains_is_not_given_up(folders):
    """One that runs on this machine; the name of a dead one, or of a machine far away, binds nobody."""
    _, out, work = folders
    owner = {"host": socket.gethostname(), "pid": os.getpid(), "since": "", "token": ""}
    write_json(work / "owner.json", owner)
    with pytest.raises(UnfinishedError):
        ended(folders, 1)
    assert not out.exists()
    assert (work / "owner.json").is_file()
    for other in ({"pid": 2**22 + 1}, {"host": "far away"}):
        write_json(work / "owner.json", owner | other)
        assert ended(folders, 1)["status"] == 1
        assert not (work / "owner.json").exists()


def test_the_reason_is_the_last_sentence_of_the_log_without_the_cells_name(folders):
    folders[0].write_text(f"one\n{SPEC.cell.path}: loss not finite. Lower the rate.\n")
    assert ended(folders, 1)["reason"] == "loss not finite. Lower the rate."


def test_a_signal_is_named_and_a_log_that_says_nothing_too(tmp_path):
    (tmp_path / "log").write_text("epoch 3\n")
    for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS):
        said = reason_of(128 + number, tmp_path / "log")
        assert said == f"Ended by {number.name}; the last line of its log: epoch 3"
    assert reason_of(137, tmp_path / "log") == "epoch 3"  # where the shell adds a sentence
    assert reason_of(127, tmp_path / "absent") == f"exit status 127, and {tmp_path / 'absent'} says nothing"
    (tmp_path / "log").write_bytes(b"\xff" + b"x" * 2 * LONGEST)
    assert len(reason_of(1, tmp_path / "log")) == LONGEST + 1


def test_the_command_ends_with_the_trainings_status_or_with_0(folders, caplog):
    log, out, work = folders
    places = ["--log", str(log), "--out", str(out), "--work", str(work)]
    for status, attempt, strict, code in (("137", "1", "no", 137), ("1", "1", "yes", 1), ("137", "3", "no", 0)):
        asked = ["--status", status, "--attempt", attempt, "--attempts", "3", "--strict", strict]
        assert main(["give-up", SPEC.to_json(), *asked, *places]) == code
        assert (out / "scores.json").is_file() == (code == 0)
    assert "tables show a dash for it: The disk is full." in caplog.text

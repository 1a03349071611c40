"""Cells spread over the GPUs, and a place is free again when its holder ends, however it ends."""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack

import pytest

from metaxl.errors import MetaXLError
from metaxl.training.device import claim_place

HOLDER = """
import sys, time
from pathlib import Path
from metaxl.training.device import claim_place
with claim_place(["a", "b"], Path(sys.argv[1])) as index:
    print(index, flush=True)
    time.sleep(60)
"""


def test_each_device_gets_a_first_cell_before_one_gets_a_second(tmp_path):
    with ExitStack() as stack:
        taken = [stack.enter_context(claim_place(["a", "b"], tmp_path)) for _ in range(5)]
    assert taken == [0, 1, 0, 1, 0]
    with claim_place(["a", "b"], tmp_path) as index:
        assert index == 0


def test_a_freed_device_is_taken_before_one_that_is_still_shared(tmp_path):
    claims = [ExitStack() for _ in range(3)]
    assert [stack.enter_context(claim_place(["a", "b"], tmp_path)) for stack in claims] == [0, 1, 0]
    claims[0].close()
    claims[1].close()
    with claims[2], claim_place(["a", "b"], tmp_path) as index:
        assert index == 1


def test_a_device_is_known_by_its_identity_whatever_its_index(tmp_path):
    with claim_place(["a", "b"], tmp_path), claim_place(["b"], tmp_path) as index:
        assert index == 0
        with claim_place(["b", "a", "c"], tmp_path) as third:
            assert third == 2


def test_the_locks_of_another_user_are_not_touched(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "getuid", lambda: os.stat(tmp_path).st_uid + 1)
    with pytest.raises(MetaXLError, match="TMPDIR"), claim_place(["a"], tmp_path):
        pass


def test_a_killed_holder_leaves_its_place(tmp_path):
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "0\n"
        with claim_place(["a", "b"], tmp_path) as index:
            assert index == 1
        holder.send_signal(signal.SIGKILL)
    with claim_place(["a", "b"], tmp_path) as index:
        assert index == 0

"""Memory that a training process frees stays with it, where it is told to keep it."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import re, sys, torch
from metaxl.memory import STATUS, keep_freed_memory
if "keep" in sys.argv:
    keep_freed_memory()
def held():
    return int(re.search(r"VmRSS:\\s+(\\d+) kB", STATUS.read_text())[1])
before = held()
tensors = [torch.ones(5_000_000) for _ in range(4)]  # of 20 MB
del tensors
print(held() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc alone can be told to keep memory")
def test_freed_memory_is_kept():
    def kept(*arguments):
        command = [sys.executable, "-c", PROGRAM, *arguments]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    assert kept() < 20_000 < 70_000 < kept("keep")

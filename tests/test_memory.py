"""A training process keeps the memory that it frees, and few kernels."""

import platform
import subprocess
import sys

import pytest

from metaxl.method.products import ONEDNN

HELD = """
import re, sys, torch
from metaxl.training.memory import STATUS, set_up_memory
if "set up" in sys.argv:
    set_up_memory()
def held():
    return int(re.search(r"VmRSS:\\s+(\\d+) kB", STATUS.read_text())[1])
"""
FREED = """
before = held()
tensors = [torch.ones(5_000_000) for _ in range(4)]  # of 20 MB
del tensors
print(held() - before)
"""
SHAPES = """
from metaxl.method.products import Mode
b = torch.ones(512, 512)
Mode(training=True).product(torch.ones(400, 512), b)
before = held()
for rows in range(20, 320):
    Mode(training=True).product(torch.ones(rows, 512), b)
print(held() - before)
"""


def kilobytes_kept(program, *arguments):
    command = [sys.executable, "-c", HELD + program, *arguments]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc alone can be told to keep memory")
def test_freed_memory_is_kept():
    assert kilobytes_kept(FREED) < 20_000 < 70_000 < kilobytes_kept(FREED, "set up")


@pytest.mark.skipif(not ONEDNN or platform.system() != "Linux", reason="needs oneDNN and Linux's count of memory")
def test_memory_does_not_grow_with_the_number_of_shapes():
    assert 2 * kilobytes_kept(SHAPES, "set up") < kilobytes_kept(SHAPES)

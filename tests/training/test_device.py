"""Where a cell is trained: on what was asked for, or not at all."""

from __future__ import annotations

import pytest
import torch
from cells import CPU, spec_of

from metaxl.errors import OF_MACHINE
from metaxl.training.device import DeviceError, choose_device

SPEC = spec_of("joint")


def gpus(monkeypatch, count):
    chosen = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    return chosen


@pytest.mark.parametrize(("asked", "count"), [("cpu", 0), ("cpu", 2), ("auto", 0)])
def test_a_cpu_is_chosen(monkeypatch, asked, count):
    chosen = gpus(monkeypatch, count)
    assert choose_device(SPEC, asked) == CPU
    assert not chosen


@pytest.mark.parametrize("asked", ["auto", "gpu"])
def test_cells_spread_over_the_gpus_by_their_address(monkeypatch, asked):
    chosen = gpus(monkeypatch, 3)
    found = [choose_device(spec_of("joint", seed=seed), asked) for seed in range(20)]
    assert found == [choose_device(spec_of("joint", seed=seed), asked) for seed in range(20)]
    assert {device.index for device in found} == {0, 1, 2}
    assert chosen == found * 2


@pytest.mark.parametrize(("visible", "built", "reason"), [
    (None, "13.0", "the job was given none"),
    ("", "13.0", "CUDA_VISIBLE_DEVICES is ''"),
    ("0", None, "is a build for CPUs alone"),
])  # fmt: skip
def test_without_a_gpu_none_takes_its_place(monkeypatch, visible, built, reason):
    gpus(monkeypatch, 0)
    monkeypatch.setattr(torch.version, "cuda", built)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    with pytest.raises(DeviceError) as refused:
        choose_device(SPEC, "gpu")
    assert str(refused.value).startswith("device: gpu is asked for, but no GPU is visible on ")
    assert reason in str(refused.value)
    assert refused.value.exit_code == OF_MACHINE  # another node may have one

"""What a training takes is written where codecarbon is installed, and ends no training where it fails."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest

from metaxl.files import read_json
from metaxl.training import energy
from metaxl.training.energy import measured_energy


@pytest.fixture
def trackers(monkeypatch):
    """Install a codecarbon whose trackers are listed; each measures two watt hours."""
    made = []

    class Tracker:
        def __init__(self, **options):
            self.options, self.running = options, False
            made.append(self)

        def start(self):
            self.running = True

        def stop(self):
            assert self.running
            self.running = False
            self.final_emissions_data = SimpleNamespace(energy_consumed=0.002, codecarbon_version="9.9")

    module = ModuleType("codecarbon")
    module.OfflineEmissionsTracker = Tracker
    monkeypatch.setitem(sys.modules, "codecarbon", module)
    monkeypatch.setattr(energy, "find_spec", lambda name: name == "codecarbon")
    return made


def test_the_energy_of_a_block_is_written_when_it_ends(trackers, tmp_path):
    path = tmp_path / "energy.json"
    with measured_energy(path):
        assert trackers[0].running
        assert not path.exists()
    assert read_json(path) == {"kilowatt_hours": 0.002, "by": "codecarbon 9.9"}
    assert not trackers[0].running
    assert trackers[0].options["save_to_file"] is False


def test_a_training_that_nobody_measures_has_none_not_even_that_of_one_before(monkeypatch, tmp_path):
    monkeypatch.setattr(energy, "find_spec", lambda name: None)
    path = tmp_path / "energy.json"
    path.write_text("{}")
    with measured_energy(path):
        pass
    assert not path.exists()


def test_a_training_that_fails_leaves_none_and_no_tracker_behind(trackers, tmp_path):
    with pytest.raises(KeyError), measured_energy(tmp_path / "energy.json"):
        raise KeyError
    assert not trackers[0].running
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("fault", ["start", "stop"])
@pytest.mark.usefixtures("trackers")
def test_a_fault_of_the_measurement_ends_no_training(monkeypatch, tmp_path, caplog, fault):
    def fail(self):
        raise RuntimeError("no sensor")

    monkeypatch.setattr(sys.modules["codecarbon"].OfflineEmissionsTracker, fault, fail)
    done = []
    with measured_energy(tmp_path / "energy.json"):
        done.append(1)
    assert done
    assert "no sensor" in caplog.text
    assert not list(tmp_path.iterdir())

"""What is said of an experiment's progress is what its files say: each cell is counted once, under its state."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, replace

import pytest
from experiments import experiment, small_config
from own import make_place

from metaxl.experiment import layout
from metaxl.experiment.failure import Failure, stand_in
from metaxl.experiment.load import effective_config, load_config, merge
from metaxl.experiment.schema import read_yaml
from metaxl.files import read_json, sha256_text, write_json, write_text
from metaxl.planning import watch
from metaxl.planning.cell_states import cells_of, states
from metaxl.planning.living import record, this_process
from metaxl.planning.pace import Pace, duration
from metaxl.planning.plans import Plans
from metaxl.planning.status import status
from metaxl.planning.watch import watching
from metaxl.tasks import SPLITS

ROOT = "results/demo"


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def config(place):
    return small_config()


def finish(plan, cell, seconds=10.0, steps=100, resumed=None):
    settings = json.loads(plan.cell_spec(cell))
    write_json(
        plan.path(cell.path) / "scores.json",
        {
            "cell": asdict(cell),
            "best": {"dev": {"f1": 0.5}},
            "steps": steps,
            "provenance": {"settings": {"training": settings["training"], "method": settings["switches"]}},
            "resources": {"seconds": seconds, "resumed_at_step": resumed},
        },
    )


def finish_with_data(plan, cell):
    """Write a record that says what data it was made of."""
    finish(plan, cell)
    path = plan.path(cell.path) / "scores.json"
    record = read_json(path)
    record["provenance"]["data"] = dict.fromkeys(SPLITS, sha256_text("as it was"))
    write_json(path, record)


def fail(root, cell, reason, attempts=1):
    write_json(root / cell.path / "scores.json", stand_in(cell, Failure(reason, 1, attempts, "n1", "today", "0")))


def own(root, cell, pid, host=None):
    about = {"host": host or socket.gethostname(), "pid": pid, "since": "2026-01-01 10:00:00", "token": "x"}
    write_json(root / "work" / cell.path / "owner.json", about)


@pytest.fixture
def training():
    """Return the pid of a process that looks like a command of this package."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "metaxl", "train"])
    deadline = time.monotonic() + 30
    while b"metaxl" not in open(f"/proc/{process.pid}/cmdline", "rb").read():  # noqa: SIM115
        assert time.monotonic() < deadline
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def plan(place):
    return Plans(experiment()).active


def counts(config):
    return Counter(state.state for state in states(config))


def test_each_cell_is_what_its_files_say(plan, place, training):
    config, root, cells = plan.config, place / ROOT, cells_of(plan.config)
    assert counts(config) == {"missing": len(cells)}
    done, failed, dead, live, saved, again = cells[:6]
    finish(plan, done)
    fail(root, failed, "the loss is not finite")
    own(root, dead, 2**22 + 1)  # no process has such a number
    own(root, live, training.pid)
    (root / live.path).mkdir(parents=True)
    (root / live.path / "history.jsonl").write_text(
        '{"epoch": 1, "steps": 32, "dev_f1": 0.1}\n{"epoch": 2, "steps": 64, "dev_f1": 0.432}\n{"epoch": 3, "st'
    )
    write_json(root / "work" / saved.path / "states" / "state-0000000007.json", {})
    write_json(
        root / again.path / "failed.json", {}
    )  # a cell that failed before and of which no training has ended since
    assert counts(config) == {"done": 1, "failed": 1, "running": 1, "missing": len(cells) - 3}
    text, final = status(config)
    assert not final
    assert f"1 of {len(cells)} cells are done" in text
    assert f"process {training.pid} on {socket.gethostname()}, since 2026-01-01 10:00:00; epoch 2/" in text
    assert "step 64/" in text
    assert "dev 43.2" in text
    assert "the loss is not finite (on n1 at today; results/demo/logs/cells/tiny-" in text
    assert "1 of the missing cells goes on from a saved state." in text
    training.kill()
    training.wait()
    assert counts(config)["running"] == 0


def test_before_anything_is_trained_the_newest_words_of_a_job_of_this_run_are_told(plan, place):
    path = record(this_process())
    dead = record(replace(this_process(), pid=2**22 + 1))
    logs = place / ROOT / "logs"
    (logs / "encoders").mkdir(parents=True)
    (logs / "empty.log").touch()
    (logs / "removed.log").symlink_to("nowhere")
    words = f"step 10 of 100, {'x' * 300}"
    for name, text, at in (
        ("of-before", "of a run before", 500),
        ("older", "older", 1100),
        ("encoders/tiny", f"a line\nstep 5 of 100\r{words}\n", 1200),
        ("another", "older too", 1150),
    ):
        (logs / f"{name}.log").write_text(text)
        os.utime(logs / f"{name}.log", (at, at))
    os.utime(path, (1000, 1000))
    os.utime(dead, (0, 0))
    told = status(plan.config, now=1290.0)[0]
    assert f"The last words of a job, 90 s ago, in {ROOT}/logs/encoders/tiny.log:\n{words[:200]}\n" in f"{told}\n"
    os.utime(path, (1300, 1300))
    assert "last words" not in status(plan.config)[0]
    for one in (path, dead):
        one.unlink()


def test_a_run_that_trains_nothing_yet_is_told_as_long_as_it_lives(plan, place):
    """Data and an encoder come before the first cell."""
    assert "Snakemake" not in status(plan.config)[0]
    path = record(this_process())
    write_json(path.with_name("dead.json"), read_json(path) | {"pid": 2**22 + 1})
    told = f"Snakemake works in this folder:\n- process {os.getpid()} on {socket.gethostname()}, since "
    assert told in status(plan.config)[0]
    assert str(2**22 + 1) not in status(plan.config)[0]
    path.with_name(".half.json").write_text("{")  # as it is written, and as one that has ended while it was looked at
    path.with_name("gone.json").symlink_to("nowhere")
    assert told in status(plan.config)[0]
    write_json(path.with_name("far.json"), read_json(path) | {"host": "far", "what": "snakemake"})
    assert "snakemake (if it runs still, which cannot be seen from here)" in status(plan.config)[0]
    path.with_name("far.json").unlink()
    path.unlink()
    assert "Snakemake" not in status(plan.config)[0]


def test_a_process_that_has_a_dead_trainings_number_is_no_training(plan, place):
    own(place / ROOT, cells_of(plan.config)[0], os.getppid())
    command = open(f"/proc/{os.getppid()}/cmdline", "rb").read()  # noqa: SIM115
    assert counts(plan.config)["running"] == (b"metaxl" in command)


def test_a_training_of_another_machine_runs_until_it_has_been_silent_for_long(plan, place):
    cell = cells_of(plan.config)[0]
    own(place / ROOT, cell, 7, "node-17")
    text, _ = status(plan.config)
    assert "process 7 on node-17" in text
    assert "no sign of life" not in text
    text, _ = status(plan.config, now=time.time() + 7200)
    assert "no sign of life for 2.0 h" in text


def test_a_failure_says_how_often_it_was_tried_and_a_torn_record_is_none(plan, place):
    first, second, *_ = cells_of(plan.config)
    fail(place / ROOT, first, "no memory", attempts=3)
    (place / ROOT / second.path).mkdir(parents=True)
    (place / ROOT / second.path / "scores.json").write_text('{"cell"')
    assert counts(plan.config) == {"failed": 1, "missing": len(cells_of(plan.config)) - 1}
    assert "no memory (3 attempts, the last on n1 at today;" in status(plan.config)[0]


def test_records_of_other_data_than_are_there_as_encoded_are_outdated(plan):
    """Of one target alone; where nothing is encoded, as beside records that were brought, nobody can tell."""
    cells = cells_of(plan.config)
    for cell in cells:
        finish_with_data(plan, cell)
    assert counts(plan.config) == {"done": len(cells)}
    target = cells[0].target
    of_target = [cell for cell in cells if (cell.task, cell.target) == (cells[0].task, target)]
    encoded = plan.cell_inputs(cells[0])["target"][0]
    write_text(encoded, "as it was")
    assert counts(plan.config) == {"done": len(cells)}
    write_text(encoded, "as it is")
    assert counts(plan.config) == {"done": len(cells) - len(of_target), "outdated": len(of_target)}
    encoded.unlink()  # as while it is made again
    assert counts(plan.config) == {"done": len(cells)}


def test_records_of_own_files_that_have_changed_since_they_were_read_are_outdated(place):
    """As after more sentences were added to one's own file, before anything runs again."""
    make_place(place)
    config = load_config(effective_config(read_yaml(place / "mine.yaml")))
    plan = Plans(effective_config(read_yaml(place / "mine.yaml"))).active
    for cell in cells_of(config):
        finish_with_data(plan, cell)
    address = {"task": "ner", "language": "lug", "split": "train"}
    made_of = read_json(plan.data.staged(*address.values()))
    write_json(plan.path(layout.DATA_FACTS, **address), {"made_of": made_of})
    assert counts(config) == {"done": len(cells_of(config))}
    with (place / "data/lug/train.tsv").open("a") as file:
        file.write("Gulu\tB-LOC\n\n")
    assert counts(config) == {"outdated": len(cells_of(config))}
    assert "of other data than there are now" in status(config)[0]


def test_records_of_other_settings_are_told_apart_and_of_settings_that_do_not_count_are_not(plan):
    for cell in cells_of(plan.config):
        finish(plan, cell)
    assert counts(plan.config) == {"done": len(cells_of(plan.config))}
    assert status(plan.config)[1]
    changed = load_config(effective_config(merge(experiment(), {"ner": {"training": {"bottleneck": 8}}})))
    with_rtn = [c for c in cells_of(changed) if c.task == "ner" and c.method.startswith("metaxl")]
    assert counts(changed) == {"done": len(cells_of(changed)) - len(with_rtn), "outdated": len(with_rtn)}
    assert "other settings" in status(changed)[0]


def test_the_time_left_is_the_work_left_by_the_pace_of_what_is_done(plan, place, training):
    """Each method has its own pace: 10 s for joint training, 40 s for all others where one of them is known."""
    cells = cells_of(plan.config)
    first = {}
    for cell in cells:
        first.setdefault((cell.task, cell.method), cell)
    seconds = {kind: 10.0 if kind[1] == "joint" else 40.0 for kind in first}
    for kind, cell in first.items():
        finish(plan, cell, seconds[kind])
    rest = [cell for cell in cells if cell not in first.values()]
    work = sum(seconds[cell.task, cell.method] for cell in rest)
    assert f"About {duration(work)} left of one process" in status(plan.config)[0]
    for cell in rest[:2]:
        own(place / ROOT, cell, training.pid)
    assert f"About {duration(work / 2)} left with 2 at once" in status(plan.config)[0]


def test_a_training_that_was_interrupted_counts_as_a_whole(plan):
    """Of 100 steps the last 60 took 9 s: 15 s in all; where few or none were left to take, the time says nothing."""
    first, second, third, *_ = [cell for cell in cells_of(plan.config) if cell.method == "joint"]
    finish(plan, first, seconds=9.0, resumed=40)
    finish(plan, second, seconds=3.0, resumed=100)
    finish(plan, third, seconds=3.0, resumed=80)
    found = {state.cell: state.seconds for state in states(plan.config)}
    assert (found[first], found[second], found[third]) == (15.0, 0.0, 0.0)
    rows = [line.split() for line in status(plan.config)[0].splitlines() if line.startswith("joint ")]
    assert rows[0][-2:] == ["15", "s"]
    finish(plan, third, seconds=25.0)
    rows = [line.split() for line in status(plan.config)[0].splitlines() if line.startswith("joint ")]
    assert rows[0][-2:] == ["20", "s"]


def test_a_pace_that_knows_nothing_of_a_kind_takes_the_mean_of_all():
    pace = Pace()
    assert pace.expected("joint") == 0
    for kind, seconds in (("joint", 10), ("joint", 20), ("metaxl", 60), ("metaxl", 0)):
        pace.add(kind, seconds)
    assert [pace.expected(kind) for kind in ("joint", "metaxl", "target")] == [15, 60, 30]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7199, "120 min"),
        (7200, "2.0 h"),
        (36e3, "10 h"),
        (3e6, "35 days"),
    ],
)
def test_durations_are_in_a_unit_of_which_there_are_two(seconds, text):
    assert duration(seconds) == text


def test_watching_ends_when_all_is_done_or_at_once(monkeypatch):
    monkeypatch.setattr(watch.time, "sleep", lambda _seconds: None)
    looks = iter([("a", False), ("b", False), ("c", True), ("d", True)])
    assert list(watching(lambda: next(looks), again=True)) == ["a", "b", "c"]
    assert list(watching(lambda: ("x", False), again=False)) == ["x"]


@pytest.mark.slow
def test_nine_thousand_cells_are_looked_at_within_a_minute(plan, place):
    many = replace(plan.config, seeds=tuple(range(9000 // len(cells_of(plan.config)) + 1)))
    cells = cells_of(many)
    assert len(cells) >= 9000
    finish(plan, cells[0])
    made = (plan.path(cells[0].path) / "scores.json").read_bytes()
    for cell in cells:
        (place / ROOT / cell.path).mkdir(parents=True, exist_ok=True)
        (place / ROOT / cell.path / "scores.json").write_bytes(made)
        (place / ROOT / "work" / cell.path).mkdir(parents=True)
    began = time.process_time()
    status(many)
    assert time.process_time() - began < 60

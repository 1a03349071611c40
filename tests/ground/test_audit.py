"""A known vulnerability of a pin fails the audit; an index that does not answer is told, in time, and fails nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ENVS = Path(__file__).resolve().parents[2] / "envs"
CLEAN = {"name": "numpy", "version": "2.0", "vulns": []}
UNKNOWN = {"name": "metaxl-own", "skip_reason": "Dependency not found"}
FAULT = {"id": "PYSEC-2026-1", "fix_versions": ["2.1", "1.9.1"]}
FAULTY = {"name": "torch", "version": "2.0", "vulns": [FAULT, {"id": "PYSEC-2026-2", "fix_versions": []}]}
# Stands for pip-audit: `{act}` is what it does with the path of its report.
STAND_IN = """
import json, sys, time
report, pins = sys.argv[sys.argv.index("--output") + 1], [a for a in sys.argv if a.endswith(".lock")]
{act}
"""


def audit(tmp_path, act, seconds=20):
    """Run the audit with a stand-in for pip-audit; return its exit status, what it said and how long it took."""
    (tmp_path / "pip_audit.py").write_text(STAND_IN.format(act=act))
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, ENVS / "audit.py", str(seconds)],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.strip(), time.monotonic() - began


def writing(*packages, status=0):
    return f"open(report, 'w').write({json.dumps({'dependencies': packages})!r}); sys.exit({status})"


def test_a_vulnerability_fails_with_its_name_and_what_mends_it(tmp_path):
    status, said, _ = audit(tmp_path, writing(CLEAN, FAULTY, status=1))
    assert status == 1
    assert said.splitlines() == [
        "torch 2.0: PYSEC-2026-1; mended in 2.1, 1.9.1",
        "torch 2.0: PYSEC-2026-2; mended in none",
        "audit: 2 known vulnerabilities in 2 packages.",
    ]


def test_pins_without_one_pass_and_what_nobody_knows_is_named(tmp_path):
    status, said, _ = audit(tmp_path, writing(CLEAN, UNKNOWN))
    assert status == 0
    assert "does not know them: metaxl-own" in said
    assert said.endswith("audit: 0 known vulnerabilities in 1 packages.")


@pytest.mark.parametrize(
    ("act", "why"),
    [
        ("sys.exit('ConnectionError: no route to the index')", "no index answers (ConnectionError: no route"),
        (writing(UNKNOWN), "knows none of the packages"),
        ("time.sleep(60)", "within 1 s"),
    ],
)
def test_an_index_that_does_not_answer_is_told_in_time(tmp_path, act, why):
    """One that answers and knows nothing is none: a mirror of packages alone."""
    status, said, seconds = audit(tmp_path, act, seconds=1 if "sleep" in act else 20)
    assert status == 0
    assert said.startswith("audit SKIPPED: ")
    assert why in said
    assert seconds < 30


def test_a_tool_that_does_not_work_is_no_index_that_does_not_answer(tmp_path):
    status, said, _ = audit(tmp_path, "print('unknown option', file=sys.stderr); sys.exit(2)")
    assert (status, said) == (1, "audit: pip-audit ended with status 2: unknown option")


def test_every_lock_is_looked_up(tmp_path):
    asked = "; ".join(
        ["names = [p.rpartition('/')[2] for p in pins]", "open(report, 'w').write(json.dumps({'dependencies': "
         "[{'name': n, 'version': '1', 'vulns': [{'id': 'X', 'fix_versions': []}]} for n in names]}))"]
    )  # fmt: skip
    _, said, _ = audit(tmp_path, asked)
    assert {line.split()[0] for line in said.splitlines()[:-1]} == {path.name for path in ENVS.glob("*.lock")}

"""Ask an index for known vulnerabilities of all that the locks pin.

It ends with 1 where there are any. Where no index answers in time, that is said, and counts as no fault of the locks:
a machine without a network passes the other checks too.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ENVS = Path(__file__).resolve().parent
LOCKS = ("requirements.lock", "dev.lock", "cluster.lock")
SECONDS = 180  # for all
PATIENCE = 15  # seconds for one answer
SKIPPED = "audit SKIPPED: {why}; the locks' pins were not looked up."


def command(report: Path) -> list[str]:
    """Return the command that writes what the index knows of the pins, and installs nothing."""
    pins = [part for lock in LOCKS for part in ("--requirement", str(ENVS / lock))]
    how = ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--timeout", str(PATIENCE)]
    return [sys.executable, "-m", "pip_audit", *how, *pins, "--format", "json", "--output", str(report)]


def judge(report: dict[str, Any]) -> tuple[int, str]:
    """Return the exit status and what to say of a report; a package that the index does not know was not looked up."""
    packages = report["dependencies"]
    known = [package for package in packages if "vulns" in package]
    if not known:
        return 0, SKIPPED.format(why="the index answers, but knows none of the packages")
    lines = [
        f"{package['name']} {package['version']}: {fault['id']}; mended in {', '.join(fault['fix_versions']) or 'none'}"
        for package in known
        for fault in package["vulns"]
    ]
    unknown = [package["name"] for package in packages if "vulns" not in package]
    lines += [f"not looked up, for the index does not know them: {', '.join(unknown)}"] if unknown else []
    found = sum(len(package["vulns"]) for package in known)
    return int(found > 0), "\n".join([*lines, f"audit: {found} known vulnerabilities in {len(known)} packages."])


def audit(seconds: float) -> tuple[int, str]:
    """Return the exit status and what to say, after at most `seconds`."""
    if find_spec("pip_audit") is None:
        return 1, "audit: pip-audit is not installed; envs/dev.lock has it."
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "report.json")
        try:
            done = subprocess.run(command(path), capture_output=True, text=True, timeout=seconds)
        except subprocess.TimeoutExpired:
            return 0, SKIPPED.format(why=f"no index has answered within {seconds:.0f} s")
        if not path.is_file():
            said = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
            # It ends with 1 for a vulnerability, and for an index that cannot be reached.
            if done.returncode != 1:
                return 1, f"audit: pip-audit ended with status {done.returncode}: {said}"
            return 0, SKIPPED.format(why=f"no index answers ({said})")
        return judge(json.loads(path.read_text(encoding="utf-8")))


if __name__ == "__main__":
    status, text = audit(float(sys.argv[1]) if sys.argv[1:] else SECONDS)
    print(text)
    sys.exit(status)

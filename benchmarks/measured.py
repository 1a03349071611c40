"""Run a module as `python -m` does, and write down the seconds and the memory that its process took."""

from __future__ import annotations

import json
import re
import resource
import runpy
import sys
import time
from pathlib import Path


def main(report: Path, module: str, *arguments: str) -> None:
    """Run the module with these arguments; write wall and CPU seconds, imports included, and peak memory as JSON."""
    began = time.perf_counter()
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        used = resource.getrusage(resource.RUSAGE_SELF)
        # Linux hands ru_maxrss on from the process that started this one; VmHWM is its own.
        (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
        wall, cpu = time.perf_counter() - began, used.ru_utime + used.ru_stime
        report.write_text(json.dumps({"wall_s": wall, "cpu_s": cpu, "peak_gib": int(kilobytes) / 2**20}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])

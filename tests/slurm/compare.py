"""compare.py EXPECTED FOUND: hold two folders of results to each other, byte for byte, but for where and how long."""

from __future__ import annotations

import json
import sys
from pathlib import Path

APART = ("logs", "benchmarks", "work")
# Of a record: what its training took, and on which machine it ran.
OF_RECORD, OF_PROVENANCE = ("resources",), ("host", "machine", "job")


def content(path: Path) -> object:
    """Return what two runs must have in common of a file."""
    if path.name != "scores.json":
        return path.read_bytes()
    record = json.loads(path.read_text(encoding="utf-8"))
    record["provenance"] = {key: value for key, value in record["provenance"].items() if key not in OF_PROVENANCE}
    return {key: value for key, value in record.items() if key not in OF_RECORD}


def files(folder: Path) -> dict[Path, object]:
    """Return the content of each file that is compared, by its path."""
    found = {path.relative_to(folder): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name: content(path) for name, path in found.items() if name.parts[0] not in APART}


def main() -> None:
    """Compare; the exit code is 1 where anything differs."""
    expected, found = (files(Path(folder)) for folder in sys.argv[1:3])
    wrong = [f"missing: {name}" for name in expected if name not in found]
    wrong += [f"not expected: {name}" for name in found if name not in expected]
    wrong += [f"differs: {name}" for name in expected if name in found and expected[name] != found[name]]
    sys.stdout.write("\n".join([*wrong, f"{len(expected)} files compared, {len(wrong)} wrong"]) + "\n")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()

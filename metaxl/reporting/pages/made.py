"""The pages of how it was made: the configuration in full, and versions, code, data and warnings."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import Any

import yaml

from metaxl.experiment.layout import CHECKSUMS, CONFIG, REPORT
from metaxl.provenance import library_versions
from metaxl.reporting.pages.frames import framed
from metaxl.reporting.pages.html import folded, heading, items, paragraph, table
from metaxl.reporting.pages.so_far import NOT_YET, SoFar
from metaxl.reporting.titles import encoder_title

SHOWN = 12  # digits of a digest
LISTED = 20  # failed cells
CONFIGURATION = (
    "Every setting of this experiment, those of the preset and the defaults among them. Written to a file, it can be "
    "laid over config.yaml with --configfile to run the same again."
)


def configuration(run: SoFar) -> str:
    """Return the effective configuration as YAML."""
    content = yaml.safe_dump(run.json(CONFIG), sort_keys=False, allow_unicode=True, width=100)
    return paragraph(CONFIGURATION) + f'<pre tabindex="0"><code>{escape(content)}</code></pre>\n'


def provenance(run: SoFar) -> str:
    """Return what the records say that they were made with, and what the run warned of."""
    made = [record["provenance"] for record in run.records.values()]
    return "".join(
        [
            heading("Warnings"),
            _warnings(run),
            heading("Versions"),
            _versions(made),
            heading("Encoders"),
            _encoders(run),
            heading("Code and data of the trainings"),
            _codes(run) if made else paragraph(NOT_YET),
        ]
    )


def _warnings(run: SoFar) -> str:
    """Return the failures, the cells that had no epoch to choose, and what reading and encoding the data told."""
    failed = [f"Failed: {cell.path}: {reason}" for cell, reason in run.failed.items()]
    more = [f"and {len(failed) - LISTED} more failed"] if len(failed) > LISTED else []
    blind = sum(record["best"].get("chosen_by") == "none" for record in run.records.values())
    last = [f"{blind} trainings took the last epoch, for dev could not choose one."] if blind else []
    notes = (run.json(REPORT, suffix="json") or {"notes": []})["notes"]
    found = [*failed[:LISTED], *more, *last, *run.doubts(), *(" ".join(note.split()) for note in notes)]
    return items(found) if found else paragraph("None.")


def _versions(made: list[dict[str, Any]]) -> str:
    """Return the versions of what trained, and how many trainings each has; of this report's own Python besides."""
    counts = Counter((name, version) for one in made for name, version in one.get("libraries", {}).items())
    rows = [
        {"library": name, "version": version, "trainings": count} for (name, version), count in sorted(counts.items())
    ]
    rows += [
        {"library": name, "version": version, "trainings": "this report"}
        for name, version in library_versions().items()
    ]
    return table(framed(rows, ("library", "version", "trainings")), "What computed", "words")


def _encoders(run: SoFar) -> str:
    rows = []
    for name in dict.fromkeys(cell.encoder for cell in run.cells):
        sums = run.json(CHECKSUMS, encoder=name)
        if sums:
            weights = str(sums["model.safetensors"])
            title = encoder_title(run.config, name, {name: weights})
            rows.append({"encoder": name, "what it is": title, "SHA-256 of the weights": weights})
    columns = ("encoder", "what it is", "SHA-256 of the weights")
    return table(framed(rows, columns), "The encoders", "words") if rows else paragraph(NOT_YET)


def _codes(run: SoFar) -> str:
    """Return the digests of the code that trained each method's cells, and of what the data were."""
    counts = Counter((cell.method, record["provenance"].get("code", "")) for cell, record in run.records.items())
    rows = [
        {"method": method, "digest of the code": code, "trainings": count}
        for (method, code), count in sorted(counts.items())
    ]
    sums: dict[tuple[str, str, str], str] = {}
    for cell, record in run.records.items():
        for role, digest in record["provenance"].get("data", {}).items():
            sums[cell.task, cell.source if role == "source" else cell.target, role] = digest
    data = [
        {"task": task, "language": run.name(task, code), "part": role, "SHA-256 of the encoded file": digest[:SHOWN]}
        for (task, code, role), digest in sorted(sums.items())
    ]
    columns = ("task", "language", "part", "SHA-256 of the encoded file")
    files = table(framed(data, columns), "The first digits", "words")
    codes = table(framed(rows, ("method", "digest of the code", "trainings")), "The code", "words")
    return codes + folded(f"The data: {len(data):,} files", files)

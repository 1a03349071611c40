"""What the plan writes for other rules to read: the configuration in full, and what is too long for a command line."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from metaxl.errors import ConfigError
from metaxl.reporting.data.files import report_spec

if TYPE_CHECKING:
    from metaxl.planning.plan import Plan


def parts(plan: Plan) -> list[str]:
    """Return the names of all of them."""
    best = [f"asked/best-{task}-{target}" for task, target in plan.shown_cells()]
    encoders = [f"asked/encoder-{name}" for name in plan.encoders.used()]
    return ["config", "asked/labels", "asked/cells", "asked/data", *encoders, *best]


def content(plan: Plan, part: str) -> str:
    """Return the content of a JSON file that other rules read.

    Args:
        plan: of the experiment.
        part: "config", the effective configuration; "asked/labels", the classes of each task; or, as they are too
            long for a command line, "asked/cells", the groups of cells to gather and what their records must say,
            "asked/best-<task>-<target>", the cells of which the best one's model is kept, "asked/data", for the
            data report, and "asked/encoder-<name>".

    Raises:
        ConfigError: there is no such part.
    """
    value: Any
    indent: int | None = 2  # none where it is of every cell: Python writes that ten times as fast
    match part.split("-", 1):
        case ["config"]:
            # Where it is trained makes no other experiment: tables are not made anew for it.
            value = {key: setting for key, setting in plan.effective.items() if key != "device"}
        case ["asked/cells"]:
            groups = {name: list(map(plan.expected, cells)) for name, cells in plan.groups().items()}
            value, indent = {"other_records": plan.config.other_records, "groups": groups}, None
        case ["asked/labels"]:
            value = {task.name: asdict(plan.labels(task.name)) for task in plan.config.tasks}
        case ["asked/data"]:
            value = asdict(report_spec(plan.config))
        case ["asked/best", place] if "-" in place:
            value, indent = plan.models.candidates(*place.split("-", 1)), None
        case ["asked/encoder", encoder]:
            value = plan.encoders.asked(encoder)
        case _:
            raise ConfigError(
                f"{plan.path(part)}.json: expected asked/cells, asked/labels, asked/data, asked/encoder-<name> or "
                "asked/best-<task>-<target>."
            )
    return json.dumps(value, indent=indent, ensure_ascii=False) + "\n"

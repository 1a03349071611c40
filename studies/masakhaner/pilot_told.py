"""What the results' page says of the pilot: its table, and its differences beside those of the study."""

from __future__ import annotations

from collections.abc import Sequence

from tabulate import tabulate

from metaxl.reporting.evidence.words import signed
from studies.masakhaner.arms import ARMS

ALIKE = ("learning_rate", "head_learning_rate", "epochs")  # what two settings have to share to be compared
Row = dict[str, str]


def pilot_table(rows: Sequence[Row]) -> str:
    """Return a row a setting, as in results/pilot.csv."""
    body = [
        [
            row["stage"],
            ARMS[row["method"]],
            row["learning_rate"],
            row["head_learning_rate"],
            str(100 * int(row["epochs"])),
            row["meta_learning_rate"] if row["method"] == "metaxl-L12" else "",
            row["last_dev_f1"],
            row["best_dev_f1"],
            f"{row['runs']} ({row['languages'].replace(' ', ', ')})",
            "collapsed" if row["collapsed"] == "yes" else "" if row["whole"] == "yes" else "not all were run",
        ]
        for row in rows
    ]
    rates = ["theta's rate", "head's factor", "steps", "phi's rate"]
    head = ["stage", "method", *rates, "last epoch", "best epoch", "runs", "remark"]
    return str(tabulate(body, head, tablefmt="github", disable_numparse=True))


def pilot_note(rows: Sequence[Row], study: dict[str, float]) -> str:
    """Return how far the best rate of phi was above other arms with the same rates, beside the study's differences.

    Args:
        rows: of results/pilot.csv.
        study: by the arm that is taken from MetaXL, the mean difference of the study, in points of F1.
    """
    tried = [row for row in rows if row["method"] == "metaxl-L12"]
    chosen = max(tried, key=lambda row: float(row["last_dev_f1"]))
    told = []
    for arm, difference in study.items():
        (other,) = (row for row in rows if row["method"] == arm and all(row[name] == chosen[name] for name in ALIKE))
        above = float(chosen["last_dev_f1"]) - float(other["last_dev_f1"])
        told.append(f"{signed(above)} from {ARMS[arm]} ({other['runs']} runs; in the study {signed(difference)})")
    joint = max(float(row["last_dev_f1"]) for row in rows if row["method"] == "joint")
    from_best = signed(float(chosen["last_dev_f1"]) - joint)
    return (
        f"With phi's rate {chosen['meta_learning_rate']} MetaXL differs at the last epoch by {' and by '.join(told)}, "
        "all with the same rate of theta and factor of the head; from the highest JT of the table it differs by "
        f"{from_best}. It is the highest of {len(tried)} rates in {chosen['runs']} runs, on the dev sentences by which "
        "it was chosen, which flatters it: no evidence, but the reason for the rate."
    )

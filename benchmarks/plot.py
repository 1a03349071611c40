"""Draw benchmarks/results/step-*.csv as docs/step-time.png and .svg: seconds a step, official-style beside ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.tables import TITLES, read
from benchmarks.workload import SETTINGS

PICTURE = Path(__file__).parent.parent / "docs" / "step-time.png"
FONT: dict[Any, Any] = {"font.family": "DejaVu Sans", "svg.hashsalt": "step-time"}
# Distinct in grey and for the colour-blind.
STYLES = {
    "official": {"color": "#DDDDDD", "hatch": "///", "edgecolor": "#666666"},
    "official-restricted": {"color": "#F0B03C"},
    "ours-official-order": {"color": "#56B4E9"},
    "ours": {"color": "#0072B2"},
}
LABELS = {
    "official": "official-style",
    "official-restricted": "official-style, the data's vocabulary",
    "ours-official-order": "ours, in the official order",
    "ours": "ours (below: how many times faster than official-style)",
}


def draw(ax: Axes, rows: list[dict[str, str]]) -> None:
    """Draw one setting's bars with their range; the ratio stands below the method's name, where it meets no bar."""
    methods = list(dict.fromkeys(row["method"] for row in rows))
    names = [name for name in STYLES if any(row["implementation"] == name for row in rows)]
    width = 0.66 / len(names)
    for number, name in enumerate(names):
        own = {row["method"]: row for row in rows if row["implementation"] == name}
        places = [place + (number - (len(names) - 1) / 2) * width for place in range(len(methods))]
        heights = [float(own[method]["seconds"]) for method in methods]
        lows = [height - float(own[m]["seconds_min"]) for m, height in zip(methods, heights, strict=True)]
        highs = [float(own[m]["seconds_max"]) - height for m, height in zip(methods, heights, strict=True)]
        options: dict[str, Any] = {"width": width, "label": LABELS[name], **STYLES[name]}
        ax.bar(places, heights, yerr=[lows, highs], error_kw={"elinewidth": 0.8}, **options)
    ours = {row["method"]: float(row["speedup"]) for row in rows if row["implementation"] == "ours"}
    labels = [f"{method.replace('metaxl-', '')}\n{ours[method]:.1f}x" for method in methods]
    ax.tick_params(axis="y", labelsize=8)
    ax.set_xticks(range(len(methods)), labels, fontsize=8)
    ax.spines[["top", "right"]].set_visible(False)


def picture() -> Figure:
    """Return the picture of the shipped measurements."""
    with mpl.rc_context(FONT):
        figure = Figure(figsize=(12, 3.4))
        axes = figure.subplots(1, len(SETTINGS))
        for ax, setting in zip(axes, SETTINGS, strict=True):
            draw(ax, list(read("step", setting).values()))
            ax.set_title(f"{TITLES[setting[0]]}, {TITLES[setting[1]]}", fontsize=9)
            ax.set_ylabel("seconds a step", fontsize=8)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, frameon=False, fontsize=8, loc="lower center", ncols=len(labels))
        figure.tight_layout(rect=(0, 0.08, 1, 1))
    return figure


def main() -> None:
    """Read the table and write the picture, for a screen and for print."""
    with mpl.rc_context(FONT):
        figure = picture()
        figure.savefig(PICTURE, dpi=150, metadata={"Software": None})
        figure.savefig(PICTURE.with_suffix(".svg"), metadata={"Date": None})


if __name__ == "__main__":
    main()

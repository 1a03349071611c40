"""Configurations and plans for tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from metaxl.experiment.cell import Cell
from metaxl.experiment.load import effective_config, load_config, merge
from metaxl.experiment.schema import SCHEMA_PATH, WORKFLOW, read_yaml
from metaxl.planning.plans import Plans
from metaxl.reporting.paper import load_paper

ROOT = Path(__file__).resolve().parents[2]


SCHEMA = read_yaml(SCHEMA_PATH)


PRESETS = sorted(path.stem for path in (WORKFLOW / "presets").glob("*.yaml"))


def experiment(**changes):
    """Return what config.yaml would hold for two NER targets and one of sentiment; `changes` lie over it."""
    raw = {
        "preset": "demo",
        "ner": {"source": "en", "targets": [{"language": "qu", "related": "es"}, {"language": "gn"}]},
        "sentiment": {"source": "en", "targets": [{"language": "te"}]},
    }
    return merge(raw, changes)


def shipped(preset):
    """Return config.yaml of the repository with another preset beneath it."""
    return {**read_yaml(ROOT / "config.yaml"), "preset": preset}


def load(raw):
    """Return the configuration of what config.yaml would hold."""
    return load_config(effective_config(raw))


TARGETS = [{"language": "qu", "related": "es"}, {"language": "gn"}]


def small(**changes):
    """Return what config.yaml would hold for a small demo; `changes` take the place of what is there."""
    return {
        "preset": "demo",
        "encoders": {"tiny": {"pretrain": {"layers": 4}}},
        "ner": {"source": "en", "targets": TARGETS, "placement": [4], "placements": [[2], [4]]},
        "sentiment": {"source": "en", "targets": [{"language": "te"}], "placement": [4], "placements": [[4]]},
        "figure": {"placement": [4]},
        "controls": [],
        **changes,
    }


def small_config(**changes):
    """Return a demo configuration of two NER targets and one of sentiment; `changes` lie over it."""
    return load(small(**changes))


def paper_config(**changes):
    """Return the paper's configuration."""
    codes = load_paper().languages
    ner = [{"language": code, "related": facts["related"]} for code, facts in codes.items() if "related" in facts]
    sentiment = {"source": "en", "targets": [{"language": "te"}, {"language": "fa"}]}
    return load({"preset": "paper", "ner": {"source": "en", "targets": ner}, "sentiment": sentiment, **changes})


def plan_of(**changes):
    """Return the plan of the small experiment with `changes` laid over it."""
    return Plans(experiment(**changes)).active


def metaxl_cell(plan, **changes):
    """Return the cell of MetaXL on Quechua from English at the tables' placement."""
    ner = plan.config.task("ner")
    layers = "-".join(map(str, ner.placement))
    return replace(Cell(ner.encoder, "ner", "qu", "en", f"metaxl-L{layers}", plan.config.seeds[0]), **changes)

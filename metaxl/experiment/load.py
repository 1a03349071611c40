"""From files to the effective configuration: preset, config.yaml and overlays merged, validated and typed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from metaxl.errors import ConfigError, did_you_mean
from metaxl.experiment.checks import check_names
from metaxl.experiment.config import Config, Figure, OwnData, Target, TaskSettings, Variant
from metaxl.experiment.schema import WORKFLOW, conform, read_yaml
from metaxl.experiment.settings import Switches, Training
from metaxl.files import read_json
from metaxl.tasks import TASKS


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Lay `over` on `base`: mappings merge, everything else replaces. Neither is changed."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        merged[key] = merge(below, value) if both else value  # type: ignore[arg-type]
    return merged


def read_configuration(preset: str | None, overlays: Sequence[Path]) -> dict[str, Any]:
    """Read config.yaml, the shipped one and that of the current folder, with overlays laid over it, as Snakemake does.

    `preset` takes the place of the one that the files name.

    Raises:
        ConfigError: a file is missing or is not a mapping in YAML.
    """
    merged: dict[str, Any] = {}
    shipped, own = WORKFLOW.parent / "config.yaml", Path("config.yaml")
    for path in (shipped, *([own] if own.is_file() and not own.samefile(shipped) else []), *overlays):
        content = read_yaml(path)
        if not isinstance(content, dict):
            raise ConfigError(f"{path}: expected keys and values, found {type(content).__name__}.")
        merged = merge(merged, content)
    return merged | ({"preset": preset} if preset else {})


def effective_config(raw: dict[str, Any]) -> dict[str, Any]:
    """Put the preset beneath `raw` (config.yaml with any overlays), validate, and fill in the defaults.

    Raises:
        ConfigError: unknown or missing keys, wrong types or ranges.
    """
    presets = sorted(path.stem for path in (WORKFLOW / "presets").glob("*.yaml"))
    preset = raw.get("preset")
    if preset not in presets:
        hint = did_you_mean(str(preset), presets)
        raise ConfigError(f"preset: {preset!r} is not one of {', '.join(presets)}.{hint}")
    below = read_yaml(WORKFLOW / "presets" / f"{preset}.yaml")
    given = raw.get("encoders")
    for name, own in given.items() if isinstance(given, dict) else ():
        # An encoder of another kind takes a preset's place instead of merging with it.
        if isinstance(own, dict) and not {"hub", "folder", "pretrain"} & set(own) & set(
            below["encoders"].get(name, {})
        ):
            below["encoders"].pop(name, None)
    return conform(merge(below, raw))


def load_config(full: dict[str, Any]) -> Config:
    """Type an effective configuration.

    Raises:
        ConfigError: a name does not exist, or a task lacks a setting that its preset normally gives.
    """
    full = _with_tuples(full)
    figure = full.get("figure")
    files = {task: _own_data(own) for task, own in full["files"].items()}
    brought = any(target["language"] in files[name] for name in TASKS for target in full[name]["targets"])
    config = Config(
        **{key: value for key, value in full.items() if key not in ("preset", *TASKS)}
        | {
            "name": full.get("name", full["preset"]),
            "files": files,
            "keep_models": full.get("keep_models", "best" if brought else "none"),
            "tasks": tuple(_task(name, full[name]) for name in TASKS if full[name]["targets"]),
            "method": Switches(**full["method"]),
            "figure": Figure(**figure) if figure else None,
            "variants": {key: Variant(**({"label": key} | given)) for key, given in full["variants"].items()},
        }
    )
    check_names(config)
    return config


def read_config(path: Path) -> Config:
    """Read an effective configuration from the file that the workflow keeps beside the results.

    Raises:
        ConfigError: the file is not what the workflow wrote.
        DataError: the file is missing or torn.
    """
    full = read_json(path)
    try:
        return load_config(full)
    except (AttributeError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path}: not an effective configuration ({error!r}). Remove it; the workflow writes it anew."
        ) from error


def _own_data(own: dict[str, Any]) -> dict[str, OwnData]:
    return {code: OwnData(**({"path": given} if isinstance(given, str) else given)) for code, given in own.items()}


def _task(name: str, block: dict[str, Any]) -> TaskSettings:
    missing = [key for key in ("encoder", "placement", "placements", "training") if key not in block]
    if missing:
        raise ConfigError(f"{name}: {', '.join(missing)} missing; the preset normally gives them.")
    typed = {
        "targets": tuple(Target(**target) for target in block["targets"]),
        "training": Training(**block["training"]),
    }
    return TaskSettings(name=name, **{"corpus": {}} | block | typed)


def _with_tuples(value: Any) -> Any:
    """Return parsed JSON or YAML with tuples for its lists, so that nothing can change what is loaded."""
    if isinstance(value, dict):
        return {key: _with_tuples(item) for key, item in value.items()}
    return tuple(map(_with_tuples, value)) if isinstance(value, list | tuple) else value

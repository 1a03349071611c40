"""The effective configuration: preset, config.yaml and overlays merged, validated and typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from metaxl.errors import ConfigError, did_you_mean
from metaxl.schema import WORKFLOW, conform, defaults, read_yaml
from metaxl.settings import Method, Placement, Training

TaskName = Literal["ner", "sentiment"]
TASKS: tuple[TaskName, ...] = ("ner", "sentiment")
RESERVED = ("average", "none")
FOLDERS = ("raw", "logs")
ENCODER_KINDS = {"hub", "folder", "pretrain"}
PRETRAINED_LENGTH = 256  # the positions that metaxl.pretrain gives an encoder


@dataclass(frozen=True, slots=True)
class Target:
    """A target language and, where there is one, a source language related to it."""

    language: str
    related: str | None


@dataclass(frozen=True, slots=True)
class Task:
    """One task's experiment: which languages, from which sources, at which layers."""

    name: TaskName
    encoder: str
    corpus: str | dict[str, str]
    source: str
    source_size: int
    targets: tuple[Target, ...]
    placement: Placement
    placements: tuple[Placement, ...]
    training: Training

    def sources(self) -> tuple[str, ...]:
        """Return the source languages in use, the common one first, each once."""
        related = [target.related for target in self.targets if target.related]
        return tuple(dict.fromkeys([self.source, *related])) if self.targets else ()


@dataclass(frozen=True, slots=True)
class Figure:
    """The target, source and layers whose [CLS] vectors Figure 1 shows."""

    task: TaskName
    encoder: str
    target: str
    source: str
    placement: Placement


@dataclass(frozen=True, slots=True)
class Config:
    """Everything a run depends on; built by `load_config` only."""

    name: str
    label: str
    paper_numbers: Literal["beside", "absent"]
    seeds: tuple[int, ...]
    data_seed: int
    controls: tuple[str, ...]
    keep_models: bool
    encoders: dict[str, dict[str, Any]]
    files: dict[TaskName, dict[str, str]]
    synthetic: dict[str, int]
    sentipers: Literal["resolve", "drop", "refill"]
    tasks: tuple[Task, ...]
    method: Method
    figure: Figure | None

    def task(self, name: str) -> Task:
        """Return the task called `name`.

        Raises:
            ConfigError: the task has no targets in this configuration.
        """
        for task in self.tasks:
            if task.name == name:
                return task
        raise ConfigError(f"{name}: this configuration has no targets for it; list some under {name}.targets.")

    def corpus(self, task: str, language: str) -> str:
        """Return the reader of a language's data: "files" or a corpus name.

        Raises:
            ConfigError: neither files nor a corpus are given for the language.
        """
        own = self.files[task]  # type: ignore[index]  # a task's name, checked by `task` below
        if language in own:
            return "files"
        corpus = self.task(task).corpus
        named = corpus if isinstance(corpus, str) else corpus.get(language, "")
        if not named:
            known = [*own, *(corpus if isinstance(corpus, dict) else [])]
            raise ConfigError(
                f"{task}: no data for language {language!r}.{did_you_mean(language, known)} "
                f"Name its folder under files.{task}.{language} or its reader under {task}.corpus."
            )
        return named


def default_method() -> Method:
    """Return the schema's defaults of `method`."""
    return Method(**defaults("method"))


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Lay `over` on `base`: mappings merge, everything else replaces. Neither is changed."""
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        merged[key] = merge(below, value) if both else value  # type: ignore[arg-type]
    return merged


def read_configuration(preset: str | None, overlays: Sequence[Path]) -> dict[str, Any]:
    """Read config.yaml of the current folder with overlays laid over it, as Snakemake does.

    Args:
        preset: in place of the one that the files name.
        overlays: later ones over earlier ones.

    Raises:
        ConfigError: a file is missing or is not a mapping in YAML.
    """
    merged: dict[str, Any] = {}
    for path in (Path("config.yaml"), *overlays):
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
    for name, own in (raw.get("encoders") or {}).items():
        # An encoder of another kind takes a preset's place instead of merging with it.
        if isinstance(own, dict) and not {"hub", "folder", "pretrain"} & set(own) & set(
            below["encoders"].get(name, {})
        ):
            below["encoders"].pop(name, None)
    return conform(merge(below, raw))


def load_config(raw: dict[str, Any]) -> Config:
    """Type a configuration; one that is already effective stays as it is.

    Raises:
        ConfigError: as `effective_config`, and for names that do not exist.
    """
    full = effective_config(raw)
    config = Config(
        name=full.get("name", full["preset"]),
        label=full["label"],
        paper_numbers=full["paper_numbers"],
        seeds=tuple(full["seeds"]),
        data_seed=full["data_seed"],
        controls=tuple(full["controls"]),
        keep_models=full["keep_models"],
        encoders=full["encoders"],
        files=full["files"],
        synthetic=full["synthetic"],
        sentipers=full["sentipers"],
        tasks=tuple(_task(name, full[name]) for name in TASKS if full[name]["targets"]),
        method=Method(**full["method"]),
        figure=_figure(full.get("figure")),
    )
    _check_names(config)
    return config


def _task(name: TaskName, block: dict[str, Any]) -> Task:
    missing = [key for key in ("encoder", "placement", "placements", "training") if key not in block]
    if missing:
        raise ConfigError(f"{name}: {', '.join(missing)} missing; the preset normally gives them.")
    return Task(
        name=name,
        encoder=block["encoder"],
        corpus=block.get("corpus", {}),
        source=block["source"],
        source_size=block["source_size"],
        targets=tuple(Target(target["language"], target.get("related")) for target in block["targets"]),
        placement=tuple(block["placement"]),
        placements=tuple(map(tuple, block["placements"])),
        training=Training(**block["training"]),
    )


def _figure(block: dict[str, Any] | None) -> Figure | None:
    return Figure(**{**block, "placement": tuple(block["placement"])}) if block else None


def _check_names(config: Config) -> None:
    """Raise for names that the schema cannot check: encoders, languages without data, layers."""
    if config.name in FOLDERS:
        raise ConfigError(f"name: results/{config.name}/ belongs to all experiments; choose another name.")
    places = [(f"{task.name}.encoder", task.encoder) for task in config.tasks]
    if config.figure:
        places.append(("figure.encoder", config.figure.encoder))
    for place, encoder in places:
        if encoder not in config.encoders:
            known = ", ".join(config.encoders)
            hint = did_you_mean(encoder, config.encoders)
            raise ConfigError(f"{place}: no encoder {encoder!r}; encoders has {known}.{hint}")
    for task in config.tasks:
        _check_task(config, task)
    if config.figure:
        _check_figure(config, config.figure)


def _check_task(config: Config, task: Task) -> None:
    languages = [target.language for target in task.targets]
    if len(set(languages)) < len(languages):
        raise ConfigError(f"{task.name}.targets: a language stands there twice: {', '.join(languages)}.")
    for target in task.targets:
        if target.language in (task.source, target.related):
            raise ConfigError(f"{task.name}.targets: {target.language!r} cannot be its own source.")
    for language in (*languages, *task.sources()):
        if language in RESERVED:
            raise ConfigError(f"{task.name}: {language!r} is no language code here; it names a column or no source.")
        config.corpus(task.name, language)
    _check_lengths(config, task)
    for placement in (task.placement, *task.placements):
        _check_placement(config, task.name, task.encoder, placement)


def _check_figure(config: Config, figure: Figure) -> None:
    task = next((task for task in config.tasks if task.name == figure.task), None)
    targets = [target.language for target in task.targets] if task else []
    if figure.target not in targets:
        raise ConfigError(
            f"figure: {figure.target!r} is not among {figure.task}.targets ({', '.join(targets) or 'none'}); "
            "name one of them, or write `figure: null` for no figure."
        )
    if figure.source in RESERVED:
        raise ConfigError(f"figure: {figure.source!r} is no language code here; it names a column or no source.")
    config.corpus(figure.task, figure.source)
    if len(figure.placement) > 1 and config.method.layer_composition == "separate":
        raise ConfigError("figure.placement: separate RTNs have no common source vectors; name one layer.")
    _check_placement(config, "figure", figure.encoder, figure.placement)


def _check_lengths(config: Config, task: Task) -> None:
    """Raise for more subwords than the positions of a pre-trained encoder; others are checked when they are there."""
    longest = max(task.training.max_length, task.training.eval_max_length)
    if "pretrain" in config.encoders[task.encoder] and longest > PRETRAINED_LENGTH:
        raise ConfigError(
            f"{task.name}.training: {longest} subwords asked for; encoder {task.encoder!r} has {PRETRAINED_LENGTH}."
        )


def _check_placement(config: Config, place: str, encoder: str, placement: Placement) -> None:
    if list(placement) != sorted(placement):
        raise ConfigError(f"{place}: placement {list(placement)} must be ascending.")
    layers = config.encoders[encoder].get("pretrain", {}).get("layers")
    if layers is not None and placement[-1] > layers:
        raise ConfigError(f"{place}: layer {placement[-1]} does not exist; {encoder} has layers 0 to {layers}.")

"""What the schema cannot check: names that do not exist, and settings that do not fit together."""

from __future__ import annotations

from metaxl.errors import ConfigError, did_you_mean
from metaxl.experiment.config import Config, Figure, TaskSettings, Variant
from metaxl.experiment.own_paths import check_path
from metaxl.experiment.settings import Placement
from metaxl.experiment.slug import method_slug
from metaxl.experiment.variants import differs
from metaxl.methods import BASE, METHODS

RESERVED = ("average", "none")
FOLDERS = ("raw", "logs")
PRETRAINED_LENGTH = 256  # the positions that metaxl.demo.encoder gives an encoder


def check_names(config: Config) -> None:
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
    _check_controls(config.controls)
    _check_paths(config)
    _check_heads(config)
    for task in config.tasks:
        _check_task(config, task)
    if config.figure:
        _check_figure(config, config.figure)
    for name, variant in config.variants.items():
        _check_variant(config, name, variant)


def _check_variant(config: Config, name: str, variant: Variant) -> None:
    """Raise for a variant that cannot be trained, or whose rows would be those of the methods without it."""
    place = f"variants.{name}"
    for method in variant.methods:
        if method not in METHODS:
            known = ", ".join(METHODS)
            raise ConfigError(
                f"{place}.methods: no method {method!r}; there are {known}.{did_you_mean(method, METHODS)}"
            )
    if variant.encoder and variant.encoder not in config.encoders:
        hint = did_you_mean(variant.encoder, config.encoders)
        raise ConfigError(
            f"{place}.encoder: no encoder {variant.encoder!r}; encoders has {', '.join(config.encoders)}.{hint}"
        )
    if lengths := sorted({"max_length", "eval_max_length"} & set(variant.training)):
        raise ConfigError(
            f"{place}.training: {lengths[0]} is that of the encoded data, which all rows share; leave it out."
        )
    for task in config.varied(name).tasks:
        if task.name in variant.tasks:
            _check_task(config.varied(name), task)
            _check_difference(config, place, name, task)


def _check_difference(config: Config, place: str, name: str, task: TaskSettings) -> None:
    methods = config.variants[name].methods
    if not any(differs(config, task.name, method_slug(method, task.placement), name) for method in methods):
        raise ConfigError(
            f"{place}: it changes nothing that {' or '.join(methods)} reads for {task.name}. Change a setting that is "
            "read, or name other methods or tasks."
        )


def _check_paths(config: Config) -> None:
    for name, encoder in config.encoders.items():
        check_path(f"encoders.{name}.folder", encoder.get("folder", ""))
    for task, languages in config.files.items():
        for language, own in languages.items():
            check_path(f"files.{task}.{language}", own.path)


def _check_controls(controls: tuple[str, ...]) -> None:
    known = [name for name in METHODS if name not in BASE]
    for name in controls:
        if name not in known:
            why = "is a row of every table" if name in BASE else "is no method"
            raise ConfigError(f"controls: {name!r} {why}; choose from {', '.join(known)}.{did_you_mean(name, known)}")


def _check_task(config: Config, task: TaskSettings) -> None:
    languages = [target.language for target in task.targets]
    if len(set(languages)) < len(languages):
        raise ConfigError(f"{task.name}.targets: a language stands there twice: {', '.join(languages)}.")
    for target in task.targets:
        if target.language in (task.source, target.related):
            raise ConfigError(f"{task.name}.targets: {target.language!r} cannot be its own source.")
    for language in (*languages, *task.sources()):
        _check_language(config, task.name, task.name, language)
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
    if config.folds(figure.task, figure.target):
        raise ConfigError(
            f"figure: {figure.target!r} is cross-validated, and each fold has vectors of its own; name another target, "
            "or write `figure: null` for no figure."
        )
    if figure.source == figure.target:
        raise ConfigError(f"figure: {figure.target!r} cannot be its own source.")
    _check_language(config, "figure", figure.task, figure.source)
    if len(figure.placement) > 1 and config.method.layer_composition == "separate":
        raise ConfigError("figure.placement: separate RTNs have no common source vectors; name one layer.")
    _check_placement(config, "figure", figure.encoder, figure.placement)


def _check_language(config: Config, place: str, task: str, language: str) -> None:
    if language in RESERVED:
        raise ConfigError(f"{place}: {language!r} is no language code here; it names a column or no source.")
    config.corpus(task, language)


def _check_lengths(config: Config, task: TaskSettings) -> None:
    """Raise for more subwords than the positions of a pre-trained encoder; others are checked when they are there."""
    longest = max(task.training.max_length, task.training.eval_max_length)
    if "pretrain" in config.encoders[task.encoder] and longest > PRETRAINED_LENGTH:
        raise ConfigError(
            f"{task.name}.training: {longest} subwords asked for; encoder {task.encoder!r} has {PRETRAINED_LENGTH}."
        )


def _check_heads(config: Config) -> None:
    for name, encoder in config.encoders.items():
        hidden, heads = (encoder.get("pretrain", {}).get(key, 1) for key in ("hidden", "heads"))
        if hidden % heads:
            raise ConfigError(
                f"encoders.{name}.pretrain: {heads} heads cannot share hidden: {hidden}; choose a divisor of it."
            )


def _check_placement(config: Config, place: str, encoder: str, placement: Placement) -> None:
    if list(placement) != sorted(placement):
        raise ConfigError(f"{place}: placement {list(placement)} must be ascending.")
    layers = config.encoders[encoder].get("pretrain", {}).get("layers")
    if layers is not None and placement[-1] > layers:
        raise ConfigError(f"{place}: layer {placement[-1]} does not exist; {encoder} has layers 0 to {layers}.")

"""Which cells a variant of a method has: its own, or those of another where nothing that the method reads differs."""

from __future__ import annotations

from metaxl.experiment.config import Config
from metaxl.experiment.neutral import used_switches, used_training
from metaxl.experiment.settings import Switches, Training
from metaxl.experiment.slug import method_slug, parse_slug

Making = tuple[Training, Switches, int]


def variant_slug(config: Config, task: str, slug: str, variant: str) -> str:
    """Return the path part of a method's cells under a variant.

    It is that of the method alone, or of an earlier variant, where the settings that the method reads are equal: such
    cells are trained once. The encoder does not count, for a cell's path names it.

    Args:
        config: the configuration.
        task: the name of the task.
        slug: the path part of the method without a variant.
        variant: the variant's name.

    Raises:
        ConfigError: there is no such variant.
    """
    method, placement, _ = parse_slug(slug)
    made = _making(config.varied(variant), task, slug)
    for earlier in ("", *config.variants):
        if earlier == variant or _making(config.varied(earlier), task, slug) == made:
            return method_slug(method.name, placement, earlier)
    raise AssertionError(variant)  # `varied` has refused it


def differs(config: Config, task: str, slug: str, variant: str) -> bool:
    """Tell whether a method's cells under a variant are others than without it."""
    encoders = {each.task(task).encoder for each in (config, config.varied(variant))}
    return len(encoders) > 1 or variant_slug(config, task, slug, variant) != slug


def _making(config: Config, task: str, slug: str) -> Making:
    """Return the settings that a cell of a method is made with."""
    method, settings = parse_slug(slug).method, config.task(task)
    reads_size = method.needs_source or "source_size" in method.reads
    switches = used_switches(method, config.method)
    return used_training(method, settings.training), switches, settings.source_size if reads_size else 0

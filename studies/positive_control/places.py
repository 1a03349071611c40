"""The rungs: where each has its encoder, its sentences and its settings from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

from metaxl.data.draw import draw_source
from metaxl.data.encode import Encoded, encode, load_tokenizer
from metaxl.data.formats.records import Record
from metaxl.data.read import read_split
from metaxl.encoder.prepare import prepare_encoder
from metaxl.errors import ConfigError
from metaxl.experiment.load import read_configuration
from metaxl.planning.plan import Plan
from metaxl.planning.plans import Plans
from metaxl.tasks import NER
from studies.positive_control import world
from studies.positive_control.trial import Place

WORLDS = {"world": (1, 0.0), "world-2-layers": (2, 0.1), "world-4-layers": (4, 0.1)}  # layers and dropout
DEMO, REAL = "demo", "real"
RUNGS = (*WORLDS, DEMO, REAL)
SOURCE = "en"
REAL_SOURCE_SIZE = 600
REAL_TEST_SIZE = 400  # the first of a test set; training and dev sets have fewer


def open_place(rung: str, work: Path, encoder: Path | None, data: Path | None) -> Place:
    """Return a rung's place; encoders of its own are made below `work` where they are not there yet.

    Args:
        rung: one of RUNGS.
        work: a folder for what is made.
        encoder: of the rung of real sentences: an encoder's folder.
        data: likewise: a folder with one folder for each language, which holds train, dev and test.

    Raises:
        ConfigError: the rung of real sentences was asked for without its encoder or its data.
    """
    if rung in WORLDS:
        return _world(*WORLDS[rung], work / rung)
    if rung == DEMO:
        return _demo(work / rung)
    if encoder is None or data is None:
        raise ConfigError(f"The rung {rung!r} needs an encoder and sentences: give --encoder and --data.")
    return _real(encoder, data)


def _world(layers: int, dropout: float, folder: Path) -> Place:
    if not folder.exists():
        world.write_encoder(folder, layers, dropout)
    training = replace(
        _demo_plan().config.task(NER.name).training, epochs=5, weight_decay=0.0, eval_max_length=64, bottleneck=64
    )
    return Place(folder, layers, training, ("world",), _world_data)


def _world_data(_: str, seed: int) -> dict[str, Encoded]:
    return {role: world.sentences(role, seed) for role in world.POOLS}


@cache
def _demo_plan() -> Plan:
    return Plans(read_configuration("demo", [])).active


def _demo(folder: Path) -> Place:
    """Return the demo itself, two of its targets from English."""
    plan = _demo_plan()
    config, task = plan.config, plan.config.task(NER.name)
    if not folder.exists():
        prepare_encoder(plan.encoders.spec(task.encoder), folder)
    seed, size = config.data_seed, config.synthetic["target_size"]
    pool = read_split("synthetic", NER.name, SOURCE, "train", folder, size=config.synthetic["source_pool"], seed=seed)

    def read(language: str, split: str) -> list[Record]:
        if split == "source":
            return draw_source("hash", pool, task.source_size, seed, SOURCE)
        return read_split("synthetic", NER.name, language, split, folder, size=size, seed=seed)

    data = cache(partial(_encoded, folder, read, task.training.max_length, task.training.eval_max_length))
    return Place(folder, task.placement[-1], task.training, ("qu", "mi"), _of_any_seed(data))


def _real(encoder: Path, data: Path) -> Place:
    """Return Luganda from English: 600 source sentences and 5 epochs, 300 steps, of a 12 x 384 encoder."""
    training = replace(
        _demo_plan().config.task(NER.name).training,
        epochs=5,
        batch_size=10,
        learning_rate=1e-4,
        max_length=128,
        eval_max_length=256,
        bottleneck=192,
    )

    def read(language: str, split: str) -> list[Record]:
        if split == "source":
            pool = read_split("files", NER.name, SOURCE, "train", data / SOURCE)
            return draw_source("hash", pool, REAL_SOURCE_SIZE, _demo_plan().config.data_seed, SOURCE)
        return read_split("files", NER.name, language, split, data / language)[:REAL_TEST_SIZE]

    encoded = cache(partial(_encoded, encoder, read, training.max_length, training.eval_max_length))
    return Place(encoder, 12, training, ("lug",), _of_any_seed(encoded))


def _encoded(
    folder: Path, read: Callable[[str, str], list[Record]], longest: int, longest_judged: int, language: str
) -> dict[str, Encoded]:
    """Return a target's data by role; dev and test are cut at a length of their own."""
    tokenizer = load_tokenizer(folder)
    limits = {"source": longest, "train": longest, "dev": longest_judged, "test": longest_judged}
    return {role: encode(tokenizer, NER.name, read(language, role), limit, NER.usual) for role, limit in limits.items()}


def _of_any_seed(data: Callable[[str], dict[str, Encoded]]) -> Callable[[str, int], dict[str, Encoded]]:
    return lambda language, _: dict(data(language))

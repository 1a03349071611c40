"""The commands for people; each imports what it needs and nothing more.

A function's parameters are its command's arguments, and its docstring is its help.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from json import dumps
from pathlib import Path

import yaml

from metaxl.errors import ConfigError, DownloadError
from metaxl.experiment.layout import RAW

log = logging.getLogger("metaxl")


def check(*, preset: str | None = None, configfile: Sequence[Path] = ()) -> None:
    """Open what an experiment has, say what it lacks and weighs, and list every fault, before anything starts."""
    from metaxl.experiment.load import read_configuration
    from metaxl.planning.findings import Fault, find_faults, find_notes, told
    from metaxl.planning.inventory import describe, find_resources, require_network
    from metaxl.planning.plans import Plans
    from metaxl.planning.review import data_table

    plan = Plans(read_configuration(preset, configfile)).active
    faults = find_faults(plan.config)
    parts = []
    if not any(fault.kind == "languages" for fault in faults):  # else nobody knows where the data come from
        parts += [data_table(plan.config), "\n".join(f"note: {note}" for note in find_notes(plan.config))]
        resources = find_resources(plan.data.downloads(), [(plan, name) for name in plan.encoders.used()])
        parts.append(describe(plan, resources))
        try:
            require_network(resources, listed=True)
        except DownloadError as error:
            faults.append(Fault("downloads", str(error)))
    print("\n\n".join(filter(None, [*parts, told(faults) if faults else ""])), flush=True)  # noqa: T201  # the answer
    if faults:
        raise ConfigError(f"The experiment {plan.config.name!r} cannot run before what is listed above is mended.")


def compare(first: Path, second: Path, *, json: bool = False) -> None:
    """Say whether one experiment is better than another, over the cells that both have, and in what they differ."""
    from metaxl.reporting.comparing.compare import compare
    from metaxl.reporting.comparing.results import read_results
    from metaxl.reporting.comparing.told import as_json, as_text

    found = compare(read_results(first), read_results(second))
    print(dumps(as_json(found), indent=2, ensure_ascii=False) if json else as_text(found))  # noqa: T201  # the answer


def init(
    data: Path,
    *,
    language: str,
    source: str,
    related: str | None = None,
    task: str | None = None,
    encoder: str | None = None,
    name: str | None = None,
) -> None:
    """Look at your own data and write the configuration of an experiment on them to the standard output."""
    from metaxl.experiment.grid import cell_groups
    from metaxl.experiment.layout import root
    from metaxl.planning.findings import find_notes
    from metaxl.planning.proposal import propose
    from metaxl.planning.proposal_file import checked_plan, to_yaml

    proposal = propose(data, language, source, related, task, encoder, name)
    for brought in proposal.brought:
        log.info("%s", brought.described())
    text = to_yaml(proposal)
    plan = checked_plan(text)
    for note in [*proposal.told(), *find_notes(plan.config)]:
        log.info("note: %s", note)
    if (results := root(plan.config.name)).exists():
        log.info("note: %s is there already: a run would replace what it holds; --name gives another.", results)
    cells = sum(map(len, cell_groups(plan.config).values()))
    log.info("%d models would be trained. Save this as a file, such as mine.yaml, then:", cells)
    log.info(
        "  metaxl check --configfile mine.yaml\n  snakemake --cores 8 --quiet rules --configfile mine.yaml -- tables"
    )
    print(text, end="")  # noqa: T201  # the answer, not a log


def lock(names: Sequence[str] = (), *, raw: Path = RAW) -> None:
    """Replace what the lock holds by what is downloaded now; needs the network."""
    from metaxl.downloads.lock import lockable
    from metaxl.downloads.update import update_lock

    chosen = names or lockable()
    for name in chosen:
        update_lock(name, raw)
    log.info("%d updated", len(chosen))


def convert(id_or_folder: str, *, revision: str | None = None, out: Path) -> None:
    """Turn pickled weights into safetensors, in a process of their own, and check that MetaXL can train the encoder."""
    from metaxl.encoder.convert import convert_encoder

    convert_encoder(id_or_folder, revision, out)
    lines = {"encoders": {"mine": {"folder": str(out)}}}
    print(yaml.safe_dump(lines, default_flow_style=None, allow_unicode=True, width=1000).strip())  # noqa: T201


def power(
    *,
    languages: int,
    seeds: int,
    sentences: int,
    effect: float | None = None,
    results: Path | None = None,
    run: float | None = None,
    sentence: float | None = None,
    language: float | None = None,
) -> None:
    """Say what a study of so many languages, seeds and test sentences can show, and what it would need to show more."""
    from metaxl.reporting.planned import ASSUMED, Design, adjusted, describe, measured

    known = measured(results) if results else {"assumed": ASSUMED}
    components = {task: adjusted(found, run, sentence, language) for task, found in known.items()}
    print(describe(components, Design(languages, seeds, sentences), effect))  # noqa: T201  # the answer


def keep(out: Path, *, preset: str | None = None, configfile: Sequence[Path] = ()) -> None:
    """Write what was computed to a folder of its own, without a word of the data: scores, histories, counts, facts."""
    from metaxl.experiment.load import read_configuration
    from metaxl.planning.kept import keep
    from metaxl.planning.plans import Plans

    kept = keep(Plans(read_configuration(preset, configfile)).active, out)
    log.info("%s: the records of %d cells", out, len(kept))


def restore(folder: Path, *, preset: str | None = None, configfile: Sequence[Path] = ()) -> None:
    """Place records that `keep` wrote among the results, so that their cells count as done."""
    from metaxl.experiment.load import read_configuration
    from metaxl.planning.kept import restore
    from metaxl.planning.plans import Plans

    placed, left = restore(Plans(read_configuration(preset, configfile)).active, folder)
    log.info("%d cells placed; %d had a record and are as they were", len(placed), len(left))


def predict(
    model: Path, file: Path | None = None, *, format: str = "text", tokens: bool = False, device: str = "auto"
) -> None:
    """Label lines of text with a kept model: entities in sentences, or a label a text."""
    from metaxl.predicting.kept import find_kept
    from metaxl.predicting.stream import Asked, predict_file
    from metaxl.training.device import device_for

    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # as the text is, whatever the terminal's language is
    predict_file(find_kept(model), file, sys.stdout, Asked(format, tokens, device_for(str(model), device)))


def unlock() -> None:
    """Remove the lock that a run of this folder has left, unless something of it still lives on this machine."""
    from metaxl.planning.unlock import unlock

    log.info("%s", unlock())


def status(*, preset: str | None = None, configfile: Sequence[Path] = (), watch: bool = False) -> None:
    """Say how far an experiment is: what is done, what runs where, what failed and why, how long the rest takes."""
    from metaxl.experiment.load import effective_config, load_config, read_configuration
    from metaxl.planning.status import status
    from metaxl.planning.watch import watching

    config = load_config(effective_config(read_configuration(preset, configfile)))
    for text in watching(lambda: status(config), watch):
        print(text, flush=True)  # noqa: T201  # the answer


def estimate(*, preset: str | None = None, configfile: Sequence[Path] = (), on: str = "this-machine") -> None:
    """Say what an experiment will take: cells, hours, memory, disk, downloads, and how sure that is."""
    from metaxl.experiment.load import read_configuration
    from metaxl.planning.estimate import cells_at_once, describe, foretold, heaviest
    from metaxl.planning.plans import Plans
    from metaxl.planning.speed import HERE, find_kind, samples

    here = on == HERE
    speed, is_gpu = (None, False) if here else (find_kind(on), False)
    plan = Plans(read_configuration(preset, configfile)).active
    cells = foretold(plan)
    if speed is None:
        from metaxl.cli.calibration import measure_speed

        log.info("Steps are timed on this machine: some ten seconds, with a large encoder and long texts minutes ...")
        speed, is_gpu = measure_speed(samples(heaviest(plan, cells)), plan.config.method)
    at_once = cells_at_once(here, is_gpu)
    print(describe(plan, cells, speed, at_once, here), flush=True)  # noqa: T201  # the answer


def completion(shell: str) -> None:
    """Print what completes commands and options in a shell: bash, zsh, fish or tcsh."""
    from metaxl.cli.completion import completion

    print(completion(shell))  # noqa: T201  # the answer


Commands = tuple[Callable[..., None], ...]
COMMANDS: Commands = (check, init, status, estimate, predict, compare, power, unlock, keep, restore, lock, completion)
GROUPS: dict[str, tuple[str, Commands]] = {"encoder": ("Work on encoders.", (convert,))}  # commands of two words

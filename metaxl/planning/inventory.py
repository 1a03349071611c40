"""What an experiment needs from outside: which of it is here, how much is to come, and whether it can come."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from tabulate import tabulate

from metaxl.downloads.encoders import FETCHED_FILES
from metaxl.downloads.hub import cached_files, endpoint, is_offline
from metaxl.downloads.lock import read_lock
from metaxl.downloads.origins import MIRROR, mirror_place
from metaxl.downloads.registry import known_encoder, raw_item
from metaxl.downloads.verify import is_known, is_verified
from metaxl.downloads.web import unreachable
from metaxl.errors import DownloadError
from metaxl.experiment.grid import cell_groups
from metaxl.experiment.layout import RAW
from metaxl.files import sha256_file
from metaxl.planning.plan import Plan
from metaxl.planning.plans import Plans

State = Literal["verified", "unverified", "damaged", "cached", "missing"]
STATES: tuple[State, ...] = get_args(State)
HERE = ("verified", "unverified", "cached")
LEGEND = """\
Verified: as the registry or the lock has it. Unverified: there, but neither knows it. Damaged: another file than the
known one; remove it. Cached: to be copied from the hub client's cache or the mirror folder, without a network."""
BYTES_OF_A_CELL = 300_000  # predictions, history and vectors; a thousand test sentences take a million


@dataclass(frozen=True, slots=True)
class Resource:
    """One file of a corpus, or one encoder.

    Attributes:
        group: the corpus, or "encoder <name>".
        name: the path beneath results/raw/, or "<hub id>@<revision>".
        state: see LEGEND.
        bytes: its size, roughly; None where nobody knows.
        hosts: base urls that can serve it, if it has to come.
    """

    group: str
    name: str
    state: State
    bytes: int | None
    hosts: tuple[str, ...]


def find_resources(paths: Iterable[str], encoders: Iterable[tuple[Plan, str]], anew: bool = False) -> list[Resource]:
    """Look for items of corpora, beneath results/raw/, and for those encoders of plans that come from the hub.

    Args:
        paths: of corpora's files, beneath results/raw/.
        encoders: plans with the names of encoders.
        anew: do not count what is there: Snakemake removes a job's old outputs before it starts.
    """
    found = [_corpus_file(path, RAW / path, anew) for path in paths]
    for plan, name in encoders:
        spec = plan.encoders.find(name)
        if "hub" in spec:
            found.append(_encoder(name, spec["hub"], spec["revision"], plan.encoder_files(name), anew))
    return found


def check_run(plans: Plans, jobs: Iterable[tuple[str, Any]]) -> None:
    """Stop a run that cannot get what it lacks before its first job.

    `jobs` has the rule's name and the wildcards of each job that is to run.

    Raises:
        DownloadError: with what is missing and how to get it.
    """
    planned = list(jobs)
    wanted = {wildcards.path for rule, wildcards in planned if rule == "download"}
    # Snakemake's jobs have no order; a message has the registry's.
    downloads = [path for path in plans.active.data.downloads() if path in wanted]
    downloads += sorted(wanted.difference(downloads))
    encoders = [(plans[wildcards.name], wildcards.encoder) for rule, wildcards in planned if rule == "encoder"]
    require_network(find_resources(downloads, encoders, anew=True))


def require_network(resources: Iterable[Resource], listed: bool = False) -> None:
    """Stop a run that cannot succeed: files are missing and nothing that serves them answers.

    The message lists what is missing, unless the user has it `listed` before them.

    Raises:
        DownloadError: with what is missing and how to get it.
    """
    missing = [item for item in resources if item.state not in HERE]
    hosts = {host for item in missing for host in item.hosts}
    quiet = dict.fromkeys(hosts, "HF_HUB_OFFLINE is set") if is_offline() else unreachable(hosts)
    stuck = [item for item in missing if set(item.hosts) <= set(quiet)]
    if not stuck:
        return
    reasons = "".join(f"- {host}: {quiet[host]}\n" for host in sorted({h for item in stuck for h in item.hosts}))
    raise DownloadError(
        f"{len(stuck)} {'downloads are' if len(stuck) > 1 else 'download is'} missing "
        f"(about {_size(item.bytes for item in stuck)}) and cannot come:\n"
        f"{reasons}{'' if listed else _grouped(stuck)}"
        "Run this where there is a network; HF_ENDPOINT names a mirror of the hub, HTTPS_PROXY a proxy. Or bring the "
        f"files: results/raw from a machine that has them, or a folder or base url named by {MIRROR} that holds "
        "<corpus>/[<language>/]<file>; for encoders HF_HOME of such a machine, or a folder under "
        "encoders.<name>.folder. Then ask `metaxl check`."
    )


def describe(plan: Plan, resources: Sequence[Resource]) -> str:
    """Return what is here and what is not, a line a group, every file that lacks something, and the room needed."""
    if not resources:
        return f"It needs no download.\n{room(plan, resources)}"
    groups = {item.group: [other for other in resources if other.group == item.group] for item in resources}
    rows = [
        [
            name,
            *(sum(item.state == state for item in group) or "" for state in STATES),
            _size(item.bytes for item in group),
        ]
        for name, group in groups.items()
    ]
    table = tabulate(rows, ["", *STATES, "about"], tablefmt="simple")
    lines = [table, "", LEGEND, ""]
    for state in ("missing", "damaged", "unverified"):
        found = [item for item in resources if item.state == state]
        lines += [f"{state}:", _grouped(found)] if found else []
    return "\n".join([*lines, room(plan, resources)])


def room(plan: Plan, resources: Sequence[Resource]) -> str:
    """Say how much is to come and how much the results take, next to the room that there is."""
    missing = [item for item in resources if item.state not in HERE]
    coming = f"To download: about {_size(item.bytes for item in missing)}. " if missing else ""
    cells = cell_groups(plan.config)
    count = sum(map(len, cells.values()))
    writing = [count * BYTES_OF_A_CELL, *_kept_models(plan, resources)]
    return f"{coming}{count} cells write about {_size(writing)}. Free here: {_size([shutil.disk_usage('.').free])}."


def _kept_models(plan: Plan, resources: Sequence[Resource]) -> Iterator[int | None]:
    """Yield the size of each model that is kept; one is about as large as its encoder."""
    sizes = {item.group: item.bytes for item in resources}
    for name in plan.encoders.used():
        of_cells = [cell for group in cell_groups(plan.config).values() for cell in group if cell.encoder == name]
        of_targets = {(cell.task, cell.target) for cell in of_cells}
        kept = {"all": len(of_cells), "best": len(of_targets), "none": 0}[plan.config.keep_models]
        if not kept:
            continue
        folder = plan.encoders.at_hand(name)
        weights = folder / "model.safetensors" if folder else None
        known = weights.stat().st_size if weights and weights.is_file() else sizes.get(f"encoder {name}")
        yield None if known is None else kept * known


def _corpus_file(path: str, place: Path, anew: bool) -> Resource:
    corpus, file = raw_item(path)
    locked = read_lock().get(path)
    hosts = (endpoint(),) if corpus.kind == "hub" else file.urls
    mirror = mirror_place(path)
    if isinstance(mirror, str):
        hosts = (mirror, *hosts)
    state: State
    if place.is_file() and not anew:
        state = _state_of([is_verified(path, place)] if is_known(path) else [])
    elif (isinstance(mirror, Path) and mirror.is_file()) or (
        corpus.kind == "hub" and cached_files(corpus.repo, "dataset", corpus.revision, [file.pattern])
    ):
        state = "cached"
    else:
        state = "missing"
    return Resource(corpus.name, path, state, locked.bytes if locked else file.about or None, tuple(map(_base, hosts)))


def _encoder(name: str, hub_id: str, revision: str, prepared: Sequence[Path], anew: bool) -> Resource:
    prefix = f"encoders/{hub_id}@{revision}/"
    locked = {key.removeprefix(prefix): entry for key, entry in read_lock().items() if key.startswith(prefix)}
    known = known_encoder(hub_id)
    size = sum(entry.bytes for entry in locked.values()) or (known.bytes if known else None)
    state: State
    if all(path.is_file() for path in prepared) and not anew:
        state = _state_of([sha256_file(path) == locked[path.name].sha256 for path in prepared if path.name in locked])
    elif {"config.json", "model.safetensors"} <= set(cached_files(hub_id, "model", revision, FETCHED_FILES)):
        state = "cached"
    else:
        state = "missing"
    return Resource(f"encoder {name}", f"{hub_id}@{revision}", state, size, (_base(endpoint()),))


def _state_of(known: list[bool]) -> State:
    """Return the state of files that are here, from whether each that is known is as it is known."""
    if not known:
        return "unverified"
    return "verified" if all(known) else "damaged"


def _grouped(resources: Sequence[Resource]) -> str:
    """List files a line a group; languages that lack the same files stand together."""
    files: dict[tuple[str, str], list[str]] = defaultdict(list)  # of a group and a language
    for item in resources:
        language, _, name = item.name.removeprefix(f"{item.group}/").rpartition("/" if "@" not in item.name else "\0")
        files[item.group, language].append(name)
    alike: dict[tuple[str, str], list[str]] = defaultdict(list)  # languages of a group and its files
    for (group, language), names in files.items():
        alike[group, ", ".join(names)].append(language)
    lines = (f"- {group}: {names}{' of ' * any(langs)}{', '.join(langs)}\n" for (group, names), langs in alike.items())
    return "".join(lines)


def _base(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"  # without a user's name and password


def _size(sizes: Iterable[int | None]) -> str:
    """Write the sum of sizes in bytes, with a question mark where nobody knows one."""
    given = list(sizes)
    known = [size for size in given if size is not None]
    count, unknown = sum(known), len(known) < len(given)
    if unknown and not count:
        return "?"
    unit, divisor, digits = ("GB", 1e9, 2) if count >= 1e8 else ("MB", 1e6, 1) if count >= 1e5 else ("kB", 1e3, 1)
    return f"{count / divisor:.{digits}f} {unit}{' + ?' if unknown else ''}"

"""Snakemake's lock of this folder: whose it is, when it may go, and what a person is told.

A Snakemake that is killed, loses its terminal or its power leaves its lock, and the next one refuses to work. Where it
is certain that all that ever locked this folder is dead, the next one goes on by itself; else `metaxl unlock` decides.
"""

from __future__ import annotations

import atexit
import fcntl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from metaxl.errors import MetaXLError
from metaxl.planning.living import RUNS, Process, made_by, record, record_of, runs, this_process, trainings

LOCKS = Path(".snakemake", "locks")  # as Snakemake 9 has it
MOST = 5  # processes that a message names
UNLOCK, AGAIN = "metaxl unlock", "the same command"


class LockedError(MetaXLError):
    """Something still works in this folder."""


def begin_run() -> str:
    """Record that this Snakemake runs, and remove the locks that dead ones of this machine have left.

    Returns:
        What a person should know of the locks that are there or were; empty for nothing.
    """
    mine = this_process()
    with _alone():
        others = _others(mine)
        path = record(mine)
        atexit.register(path.unlink, missing_ok=True)
        locked = is_locked()
        advice = _advice(others) if locked else ""
        ended = [run for run in others if _has_ended(run)]
        if advice:  # some locks have to stay
            ended = [] if _orphans(others) else [run for run in ended if run.locks]
            held = {lock for run in others if not _has_ended(run) for lock in run.locks}
            _remove(ended, [Path(lock) for run in ended for lock in run.locks if lock not in held])
            advice = _advice(_others(mine)) if is_locked() else ""
        else:
            _remove(ended, LOCKS.glob("*.lock"))
    removed = _listed("note: this run was cut off; its lock is removed", ended) if locked and ended else ""
    goes_on = removed and "The same command goes on where it stopped."
    return "\n".join(filter(None, [removed, goes_on, advice and f"note: {advice}"]))


def why_locked() -> str:
    """Return what a person should do about the lock for which Snakemake has refused to work."""
    with _alone():
        advice = _advice(_others(this_process()))
    return f"Nothing was done: {advice or f'what locked this folder has ended meanwhile. Now: {AGAIN}'}"


def _others(mine: Process) -> list[Process]:
    return [run for run in runs() if record_of(run) != record_of(mine)]


def _has_ended(run: Process) -> bool:
    return run.is_here and not run.lives


def _orphans(others: Sequence[Process]) -> list[Process]:
    """Return the trainings that no Snakemake which lives has locked the files of."""
    locked: list[str] = []
    for lock in (lock for run in others if run.lives for lock in run.locks):
        with suppress(FileNotFoundError):
            locked += Path(lock).read_text(encoding="utf-8").splitlines()
    return [one for one in trainings() if not any(Path(file).is_relative_to(made_by(one)) for file in locked)]


def is_locked() -> bool:
    """Tell whether a Snakemake has locked files of this folder, or has left such a lock."""
    return any(LOCKS.glob("*.lock"))


def unlock() -> str:
    """Remove a lock that was left, if nothing of this folder lives on this machine; return what was done.

    Raises:
        LockedError: a Snakemake or a training does.
    """
    with _alone():
        known, training = runs(), list(trainings())
        alive = [run for run in known if run.lives]
        if alive:
            raise LockedError(
                f"{_listed('This still runs here', alive)}\nEnd it with Ctrl-C in its terminal or with "
                f"`kill {alive[0].pid}`, or wait for it; its lock is needed as long as it runs."
            )
        busy = [process for process in training if process.lives]
        if busy:
            raise LockedError(f"{_listed('A run has ended, but not what it started', busy)}\n{_cure(busy, UNLOCK)}")
        elsewhere = [process for process in (*known, *training) if not process.is_here]
        locked = is_locked()
        _remove(known, LOCKS.glob("*.lock"))
    goes_on = "the command of the run that was cut off goes on where it stopped."
    done = f"The lock is removed; {goes_on}" if locked else "There is no lock, and nothing runs here."
    if not elsewhere:
        return done
    return f"{done}\n{_listed('Look whether these still run, which cannot be seen from here', elsewhere)}"


def _advice(others: Sequence[Process]) -> str:
    """Return what to do about a lock; empty if only dead runs of this machine can have left it."""
    alive = [run for run in others if run.lives]
    if alive:
        wait = (
            f"{_listed('another run works in this folder', alive)}\nA run that needs or makes the same files can start "
            "when it has ended."
        )
        busy = [process for process in _orphans(others) if process.lives] if any(map(_has_ended, others)) else []
        return f"{wait}\n{_to_end('A', busy)}" if busy else wait
    training = list(trainings())
    elsewhere = [process for process in (*others, *training) if not process.is_here]
    if elsewhere or not others:
        who = _listed("this folder is locked, perhaps by this", elsewhere) if elsewhere else ""
        return f"{who or 'this folder is locked; nobody knows by whom.'}\nIf nothing runs any more: {UNLOCK}"
    busy = [process for process in training if process.lives]
    return _to_end("a", busy) if busy else ""


def _to_end(article: str, busy: Sequence[Process]) -> str:
    return f"{_listed(f'{article} run was cut off, but not what it started', busy)}\n{_cure(busy, AGAIN)}"


def _cure(trainings: Sequence[Process], after: str) -> str:
    pids = " ".join(str(process.pid) for process in trainings)
    return f"Wait for it, or end it, which keeps its state: kill {pids}\nThen: {after}"


def _listed(heading: str, processes: Sequence[Process]) -> str:
    shown = [f"  {process.told()}" for process in processes[:MOST]]
    more = [f"  and {len(processes) - MOST} more"] if len(processes) > MOST else []
    return "\n".join([f"{heading}:", *shown, *more])


def _remove(ended: Sequence[Process], locks: Iterable[Path]) -> None:
    """Remove Snakemake's locks, as its --unlock does, and the records of runs that are no more."""
    for path in locks:
        path.unlink(missing_ok=True)
    for run in ended:
        record_of(run).unlink(missing_ok=True)


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the records, so that no run begins while another judges the lock."""
    RUNS.mkdir(parents=True, exist_ok=True)
    with (RUNS / "lock").open("a") as file:
        with suppress(OSError):  # a network file system without locks
            fcntl.flock(file, fcntl.LOCK_EX)
        yield

"""Snakemake's rate limiter, which nobody asked for: each job that ends wakes the scheduler every second for ever."""

from __future__ import annotations

from typing import Any

DEFAULT = (100, 1)  # jobs, seconds: Snakemake's own, more than a machine starts


def drop_default_rate(scheduler: Any) -> None:
    """Take the rate limiter from a Snakemake scheduler, unless --max-jobs-per-timespan asks for another.

    With a limiter, Snakemake 9 wakes its scheduler a second after each look for jobs, so that every job that ends adds
    an alarm that never ends: over a hundred cells they take a tenth of a machine of two cores from training, and the
    more the longer a run is. What would limit 100 jobs a second is not needed by jobs of seconds. The attribute is not
    Snakemake's promise; where it is gone, there is nothing to do.

    Args:
        scheduler: `workflow.scheduler`, which is there when `onstart` runs.
    """
    limiter = getattr(scheduler, "job_rate_limiter", None)
    if limiter is not None and (limiter.max_jobs, limiter.timespan) == DEFAULT:
        scheduler.job_rate_limiter = None

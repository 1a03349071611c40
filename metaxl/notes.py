"""What a command found odd but could go on with: the warnings that it logged, collected for those who read results."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collected_notes() -> Iterator[list[str]]:
    """Yield a list that grows with every warning logged by this package within the block, each once."""
    notes: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            message = record.getMessage()
            if message not in notes:
                notes.append(message)

    logger, handler = logging.getLogger("metaxl"), Collector(logging.WARNING)
    logger.addHandler(handler)
    try:
        yield notes
    finally:
        logger.removeHandler(handler)

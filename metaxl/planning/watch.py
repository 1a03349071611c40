"""Something that is looked at again and again, in place on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator

EVERY = 5.0  # seconds from one look to the next
ANEW = "\033[H\033[J"  # to a terminal: from its upper left corner, what stood there removed


def watching(look: Callable[[], tuple[str, bool]], again: bool, every: float = EVERY) -> Iterator[str]:
    """Yield what a look gives, its text and whether that is final; once, or until it is final or Ctrl-C ends it."""
    place = ANEW if again and sys.stdout.isatty() else ""
    try:
        while True:
            text, final = look()
            yield f"{place}{text}"
            if final or not again:
                return
            time.sleep(every)
    except KeyboardInterrupt:
        return

"""Answers that a plan gives once and then remembers: many rules ask for the same of each cell."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")


class Remembers(Protocol):
    """What keeps its answers, by the name of the method and what it was asked."""

    @property
    def known(self) -> dict[tuple[Any, ...], Any]:
        """Return the answers so far."""


Self = TypeVar("Self", bound=Remembers)


def once(
    method: Callable[Concatenate[Self, Asked], Answer],
) -> Callable[Concatenate[Self, Asked], Answer]:
    """Return a method that answers a question once; nobody may change what it returns, and an error is no answer."""

    @wraps(method)
    def remembered(self: Self, *asked: Asked.args, **named: Asked.kwargs) -> Answer:
        question = (method.__name__, *asked, *named.items())
        if question not in self.known:
            self.known[question] = method(self, *asked, **named)
        return cast(Answer, self.known[question])

    return cast(Callable[Concatenate[Self, Asked], Answer], remembered)

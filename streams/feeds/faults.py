"""What goes wrong with one feed or page, as one sentence: what, where, and what can be done.

Guarantees: the sentence never holds what the other side sent but for addresses and short words, which whoever prints
it escapes; `wait` is bounded. Refuses nothing.
"""

from functools import partial
from typing import Final

from streams.errors import TocsinError

__all__ = ["DAY", "FeedError"]

DAY: Final = 86_400.0
"""Seconds. No request of another's makes us wait for longer."""


class FeedError(TocsinError):
    """A feed or a page could not be had. The others go on.

    `wait`: seconds before it may be asked again, at least, where the other side or its answer says so.
    `ours`: it was not asked at all, because we may not; so nobody needs to be left alone.
    """

    exit_code = 1

    def __init__(self, where: str, what: str, fix: str, *, wait: float | None = None, ours: bool = False) -> None:
        super().__init__(f"{where[:300]}: {what}; {fix}")
        self.where, self.what, self.fix, self.ours = where, what, fix, ours
        self.wait = None if wait is None else min(max(0.0, wait), DAY)

    def __reduce__(self) -> tuple[object, ...]:
        """So that it comes over from the process that parses."""
        return partial(FeedError, wait=self.wait, ours=self.ours), (self.where, self.what, self.fix)

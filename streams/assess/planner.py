"""The batch planner: which articles go through the classifier together. Pure: counts in, slices out.

A batch costs what its padded tokens cost, so it closes when the next article would take it over the budget, or when
it holds the most articles allowed. An article larger than the budget is a batch of its own. Order is kept.
"""

from collections.abc import Sequence

__all__ = ["BatchPlanner", "padded_tokens"]


def padded_tokens(lengths: Sequence[int], widths: int = 32) -> int:
    """Tokens of the rectangles that `lengths` become: sorted, cut into groups of `widths` rows, each as wide as its
    longest row. An estimate of what the classifier does inside."""
    ordered = sorted(lengths, reverse=True)
    return sum(ordered[first] * len(ordered[first : first + widths]) for first in range(0, len(ordered), widths))


class BatchPlanner:
    """Collects articles' token lengths until a batch is full.

    `add` says whether the article still fits; if not, take the batch first and add again.
    """

    def __init__(self, tokens: int, articles: int) -> None:
        self._budget, self._most = tokens, articles
        self._lengths: list[int] = []
        self.articles = 0

    @property
    def tokens(self) -> int:
        """Padded tokens of what is collected."""
        return padded_tokens(self._lengths)

    @property
    def full(self) -> bool:
        """Whether the batch should be closed now."""
        return self.articles >= self._most or self.tokens >= self._budget

    def add(self, lengths: Sequence[int]) -> bool:
        """Add one article by the token lengths of its sentences; False, and nothing added, if it doesn't fit."""
        if self.articles and (self.articles >= self._most or padded_tokens([*self._lengths, *lengths]) > self._budget):
            return False
        self._lengths += lengths
        self.articles += 1
        return True

    def clear(self) -> None:
        """Begin the next batch."""
        self._lengths = []
        self.articles = 0

"""The batch planner: order kept, nothing dropped, the token budget held."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.assess.planner import BatchPlanner, padded_tokens

LENGTHS = st.lists(st.integers(3, 128), max_size=40)


def test_padding_is_counted_by_groups_of_like_lengths() -> None:
    assert padded_tokens([]) == 0
    assert padded_tokens([10]) == 10
    assert padded_tokens([10, 4, 4], widths=2) == 10 * 2 + 4


def test_the_first_article_always_fits() -> None:
    planner = BatchPlanner(64, 4)
    assert planner.add([128] * 10)
    assert planner.full


def test_a_batch_closes_at_its_article_cap() -> None:
    planner = BatchPlanner(10_000, 2)
    assert planner.add([5])
    assert planner.add([5])
    assert planner.full
    assert not planner.add([5])


def test_clear_begins_anew() -> None:
    planner = BatchPlanner(64, 4)
    planner.add([64])
    planner.clear()
    assert planner.articles == 0
    assert planner.tokens == 0


@given(st.lists(LENGTHS, max_size=30), st.integers(64, 4096), st.integers(1, 20))
@pytest.mark.requirement(9)
def test_every_article_is_in_one_batch_in_order_and_within_budget(
    articles: list[list[int]], budget: int, most: int
) -> None:
    planner, batches, batch = BatchPlanner(budget, most), [], []
    for article in articles:
        if not planner.add(article):
            batches.append(batch)
            planner.clear()
            batch = []
            assert planner.add(article)
        batch.append(article)
    batches.append(batch)
    assert [article for batch in batches for article in batch] == articles
    for batch in batches:
        assert len(batch) <= most
        if len(batch) > 1:
            assert padded_tokens([n for article in batch for n in article]) <= budget

"""Words that it is over, and words that only sound like it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.assess.allclear import all_clear, cleared

OVER = [
    ("Evacuation orders were lifted on Tuesday for all villages in the valley.", "evacuation"),
    ("Mayor lifts last evacuation order", "evacuation"),
    ("Residents allowed to return home after bomb defused", "evacuation"),
    ("The order to leave no longer applies to the coastal towns.", "evacuation"),
    ("State Department lifts ordered departure for staff in Beirut", "evacuation"),
    ("US lowers travel advisory for Lebanon", "evacuation"),
    ("People can go back to their homes, the prefect said.", "evacuation"),
    ("Embassy in Tripoli reopens", "evacuation"),
    ("Evacuees return home as river falls", "evacuation"),
    ("Israel and Lebanon agree ceasefire from midnight", "escalation"),
    ("A truce came into force at noon and was holding in the evening.", "escalation"),
    ("Chinese ships have left the strait and returned to port", "escalation"),
    ("Beijing ends drills around Taiwan", "escalation"),
    ("Mutineers surrender in Niamey", "escalation"),
    ("The rebels laid down their arms on Friday.", "escalation"),
    ("Coup in Niger is over, army says", "escalation"),
    ("President lifts state of emergency as coup fails", "escalation"),
]
NOT_OVER = [
    "The evacuation order has not been lifted.",
    "The order won't be lifted before Friday.",
    "Russia calls for a ceasefire in Lebanon",
    "Talks on a truce failed to bring a ceasefire agreed by both sides.",
    "The ceasefire agreed in May was broken on Monday.",
    "Residents will be allowed to return home once the fire is out",
    "Residents cannot return home until Friday",
    "They could be allowed to return home tomorrow, the mayor hoped.",
    "Ten years ago today the ceasefire came into force.",
    "No truce was reached in Doha.",
    "The rebels refused to lay down their arms.",
    "Soldiers were ordered to leave the town at once.",
    "Families must leave their homes by noon.",
    "Liverpool end Arsenal's run",
    "The embassy closed on Tuesday.",
]


@pytest.mark.parametrize(("sentence", "event"), OVER)
def test_it_is_over(sentence: str, event: str) -> None:
    assert all_clear(sentence) == {event}


@pytest.mark.parametrize("sentence", NOT_OVER)
def test_it_is_not_over(sentence: str) -> None:
    assert all_clear(sentence) == frozenset()


def test_only_the_beginning_of_an_article_says_that_it_is_over() -> None:
    lifted, other = OVER[0][0], "The weather was fine."
    positions = ("headline", "lead", "body")
    assert cleared([lifted, other, other], positions, frozenset()) == {0: {"evacuation"}}
    assert cleared([other, lifted, other], positions, frozenset()) == {1: {"evacuation"}}
    assert cleared([other, other, lifted], positions, frozenset()) == {}


def test_where_the_headline_says_that_it_goes_on_a_later_sentence_does_not_end_it() -> None:
    texts = ["Three more towns told to leave", OVER[0][0]]
    assert cleared(texts, ("headline", "lead"), frozenset({"evacuation"})) == {}


@given(
    st.lists(
        st.sampled_from(
            [
                "residents",
                "lift",
                "order",
                "evacuation",
                "not",
                "to",
                "return",
                "home",
                "the",
                "of",
                "ceasefire",
                "agreed",
                ",",
                ".",
            ]
        ),
        max_size=60,
    )
)
def test_any_words_are_answered(words: list[str]) -> None:
    assert all_clear(" ".join(words)) <= {"escalation", "evacuation"}

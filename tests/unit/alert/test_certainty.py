"""How certain, from whom, and who does not count."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from streams.alert.certainty import is_hedged
from streams.alert.incident import Incident, entry_of
from streams.alert.policy import Decision, decide
from streams.alert.rules import load
from streams.alert.sources import Sources
from streams.alert.sources import load as load_sources
from streams.assess.record import Assessment
from streams.errors import SettingsError
from tests.unit.alert.builders import HOUR, NOW, assessment

RULES = replace(
    load(),
    sources=Sources(
        official=frozenset({"gov.uk"}), unreliable=frozenset({"hearsay.example"}), ignored=frozenset({"satire.example"})
    ),
)


def said(text: str, article: str = "a1", **more: Any) -> Assessment:
    made = assessment(article, **more)
    return replace(made, evidence=(replace(made.evidence[0], quote=text),))


def run(*assessments: Assessment) -> list[Decision]:
    incident: Incident | None = None
    found = []
    for each in assessments:
        decision = decide(incident, each, "evacuation", RULES, 0)
        incident = decision.incident
        found.append(decision)
    return found


def verdict(*assessments: Assessment) -> Any:
    (first, *_) = [decision.message for decision in run(*assessments) if decision.message]
    incident = run(*assessments)[-1].incident
    assert incident is not None
    from streams.alert.verdict import judge

    assert first is not None
    return judge(incident, RULES)


def test_one_paper_is_possible_two_are_likely() -> None:
    assert verdict(assessment()).certainty == "Possible"
    assert verdict(assessment(), assessment("a2", offset=1)).certainty == "Likely"
    assert verdict(assessment(), assessment("a2", offset=1, publisher="a1.example")).certainty == "Possible"


def test_a_governments_own_word_is_likely_at_once() -> None:
    found = verdict(assessment(publisher="www.gov.uk"))
    assert found.certainty == "Likely"
    assert "official source: www.gov.uk" in found.reasons


def test_an_undated_word_of_a_government_is_possible() -> None:
    assert verdict(assessment(publisher="www.gov.uk", dated=False)).certainty == "Possible"


def test_reserve_counts_for_nothing() -> None:
    doubtful = [
        said("Citizens may have to leave Ukraine, unconfirmed reports said.", f"a{n}", offset=n) for n in (1, 2, 3)
    ]
    found = verdict(*doubtful)
    assert found.certainty == "Possible"
    assert "told with reserve" in found.reasons
    assert verdict(*doubtful, assessment("b1", offset=8)).certainty == "Possible"
    assert verdict(*doubtful, assessment("b1", offset=8), assessment("b2", offset=9)).certainty == "Likely"


@pytest.mark.parametrize(
    ("text", "hedged"),
    [
        ("Citizens may leave.", True),
        ("Citizens were REPORTEDLY told to leave.", True),
        ("It could not be verified that they left.", True),
        ("Citizens must leave by 9 May, the ministry said.", False),
        ("The mayor told them to leave.", False),
        ("Dismayed citizens left.", False),
    ],
)
def test_words_of_reserve(text: str, hedged: bool) -> None:
    signals = {"evacuation": ("leave_now",), "escalation": ()}
    assert is_hedged(entry_of(said(text), "evacuation", signals, 0.5), RULES.certainty.hedges) is hedged


def test_without_words_nothing_is_hedged() -> None:
    signals = {"evacuation": ("leave_now",), "escalation": ()}
    assert not is_hedged(entry_of(said("Citizens may leave."), "evacuation", signals, 0.5), ())


def test_who_is_not_relied_on_never_alerts_alone_and_bears_nothing_out() -> None:
    rumours = [assessment(f"a{n}", offset=n, publisher=f"{n}.hearsay.example") for n in (1, 2, 3)]
    assert [decision.message for decision in run(*rumours)] == [None, None, None]
    weak = assessment("b1", offset=4, evacuation=0.45)
    assert run(*rumours, weak)[-1].message is None
    *_, last = run(*rumours, weak, assessment("b2", offset=5, evacuation=0.45))
    assert last.message is not None
    assert last.message.verdict.corroboration.articles == 5


def test_satire_is_no_evidence() -> None:
    (decision,) = run(assessment(publisher="satire.example"))
    assert (decision.incident, decision.suppressed) == (None, "ignored")


def test_opinion_is_no_evidence_and_changes_nothing_of_what_is_known() -> None:
    piece = assessment("o1", offset=1, time=NOW + HOUR)
    piece = replace(piece, article=replace(piece.article, genre="opinion"))
    first, second = run(assessment(), piece)
    assert second.suppressed == "opinion"
    assert second.incident == first.incident
    assert not second.changed


@pytest.mark.parametrize(
    ("publisher", "tier"),
    [
        ("gov.uk", "official"),
        ("travel.GOV.UK", "official"),
        ("notgov.uk", "ordinary"),
        ("gov.uk.evil.example", "ordinary"),
        ("hearsay.example", "unreliable"),
        ("The Onion", "ordinary"),
        ("", "ordinary"),
    ],
)
def test_the_tier_of_a_domain(publisher: str, tier: str) -> None:
    assert RULES.sources.tier(publisher) == tier


def test_the_longest_domain_decides() -> None:
    sources = Sources(official=frozenset({"press.gov.example"}), unreliable=frozenset({"gov.example"}))
    assert sources.tier("www.press.gov.example") == "official"
    assert sources.tier("www.gov.example") == "unreliable"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("official = 3", "official"),
        ("best = ['a.example']", "best"),
        ("official = ['a.example']\nignored = ['a.example']", "a.example is in two lists"),
        ("official = ['https://a.example']", "is no domain"),
        ("official = [", "is not TOML"),
    ],
)
def test_a_wrong_table_is_refused_by_name(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=says) as caught:
        load_sources(file)
    assert "mine.toml" in str(caught.value)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nothing\.toml can't be read"):
        load_sources(tmp_path / "nothing.toml")


def test_the_shipped_table_is_sound() -> None:
    shipped = load_sources()
    assert shipped.tier("travel.state.gov") == "official"
    assert shipped.tier("www.theonion.com") == "ignored"

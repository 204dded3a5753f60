"""The policy: when an incident speaks, what it says, and that it always says it under the same id."""

import itertools
import json
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.alert.incident import NEAR, Incident, decode, encode, independent
from streams.alert.policy import Decision, decide, expire
from streams.alert.rules import load, rank
from streams.assess.record import Assessment
from streams.ingest.decode import decode as decode_article
from tests.unit.alert.builders import HOUR, NOW, assessment

RULES = load()


def run(*assessments: Assessment, event: Any = "evacuation", incident: Incident | None = None) -> list[Decision]:
    """Decisions on assessments, one after the other."""
    decisions = []
    for each in assessments:
        decision = decide(incident, each, event, RULES, partition=0)
        incident = decision.incident
        decisions.append(decision)
    return decisions


def kinds(decisions: list[Decision]) -> list[str | None]:
    return [decision.message.msg_type if decision.message else None for decision in decisions]


def test_one_sure_report_alerts() -> None:
    (decision,) = run(assessment())
    assert decision.message is not None
    assert decision.message.msg_type == "Alert"
    assert decision.message.sequence == 0
    assert decision.message.references == ()
    assert decision.message.verdict.severity == "Severe"
    assert "Evacuate" in decision.message.verdict.response


def test_one_unsure_report_waits_for_a_second_independent_one() -> None:
    first, second = run(assessment("a1", evacuation=0.45), assessment("a2", evacuation=0.45))
    assert first.message is None
    assert first.suppressed == "below_threshold"
    assert second.message is not None
    assert second.message.msg_type == "Alert"


def test_wire_copy_is_no_second_report() -> None:
    decisions = run(
        assessment("a1", evacuation=0.45, text="wire"),
        assessment("a2", evacuation=0.45, text="wire", publisher="other"),
    )
    assert kinds(decisions) == [None, None]


def test_the_same_record_again_changes_nothing() -> None:
    first, second = run(assessment(), assessment())
    assert second.message is None
    assert not second.changed
    assert second.suppressed == "duplicate"
    assert second.incident == first.incident


def test_a_re_crawl_of_the_same_text_changes_nothing() -> None:
    _, second = run(assessment(), assessment(time=NOW + HOUR, offset=9))
    assert second.message is None
    assert not second.changed


def test_a_correction_replaces_the_entry_and_gives_an_update() -> None:
    decisions = run(assessment(), assessment(time=NOW + HOUR, offset=9, content="v2", evacuation=0.8))
    assert kinds(decisions) == ["Alert", "Update"]
    incident = decisions[-1].incident
    assert incident is not None
    assert [entry.score for entry in incident.entries] == [0.8]


def test_an_older_version_never_replaces_a_newer_one() -> None:
    new, old = assessment(time=NOW + HOUR, offset=9, content="v2"), assessment()
    decisions = run(new, old)
    assert kinds(decisions) == ["Alert", None]
    assert not decisions[-1].changed


def test_a_higher_severity_goes_through_the_cool_down() -> None:
    mild = assessment("a1", evacuation=0.9, signals={"advisory": 0.9})
    worse = assessment("a2", evacuation=0.9, signals={"leave_now": 0.9}, time=NOW + 1000, offset=1)
    decisions = run(mild, worse)
    assert kinds(decisions) == ["Alert", "Update"]
    severities = [decision.message.verdict.severity for decision in decisions if decision.message]
    assert severities == ["Moderate", "Severe"]


def test_the_cool_down_holds_milestones_back_and_lets_them_through_later() -> None:
    early = [assessment(f"a{n}", time=NOW + n * 1000, offset=n, signals={"advisory": 0.9}) for n in range(3)]
    late = assessment("a9", time=NOW + HOUR, offset=9, signals={"advisory": 0.9})
    decisions = run(*early, late)
    assert kinds(decisions) == ["Alert", None, None, "Update"]
    assert decisions[2].suppressed == "cooldown"


def test_every_test_gives_a_message() -> None:
    """A canary waits for each of its articles."""
    decisions = run(
        *(assessment(f"a{n}", status="Test", time=NOW + n, offset=n, signals={"advisory": 0.9}) for n in range(3))
    )
    assert kinds(decisions) == ["Alert", "Update", "Update"]


def test_thirty_outlets_give_one_alert_and_a_few_updates() -> None:
    decisions = run(*(assessment(f"a{n}", time=NOW + n * 60_000, offset=n) for n in range(30)))
    sent = [kind for kind in kinds(decisions) if kind]
    assert sent[0] == "Alert"
    assert set(sent[1:]) == {"Update"}
    assert len(sent) <= 5


def test_updates_refer_to_the_message_before_and_count_up() -> None:
    decisions = run(*(assessment(f"a{n}", time=NOW + n * HOUR, offset=n) for n in range(12)))
    messages = [decision.message for decision in decisions if decision.message]
    assert [message.sequence for message in messages] == list(range(len(messages)))
    for earlier, later in itertools.pairwise(messages):
        assert later.references == (earlier.alert_id,)
    assert len({message.alert_id for message in messages}) == len(messages)


def test_an_undated_article_is_possible_at_most() -> None:
    decisions = run(assessment("a1", dated=False), assessment("a2", dated=False, time=NOW + HOUR, offset=1))
    message = decisions[0].message
    assert message is not None
    assert message.verdict.certainty == "Possible"
    assert "undated" in message.verdict.reasons


def test_without_a_country_an_alert_is_moderate_at_most() -> None:
    (decision,) = run(assessment(country="XX"))
    assert decision.message is not None
    assert decision.message.verdict.severity == "Moderate"


def test_time_alone_cancels_once_and_only_after_the_lifetime() -> None:
    (alerted,) = run(assessment())
    incident = alerted.incident
    assert incident is not None
    lifetime = RULES.incident.lifetime_ms
    assert not expire(incident, NOW + lifetime - 1, RULES).changed
    ended = expire(incident, NOW + lifetime, RULES)
    assert ended.incident is not None
    assert ended.incident.closed
    assert ended.message is not None
    assert ended.message.msg_type == "Cancel"
    assert ended.message.sequence == 1


def test_an_incident_that_never_spoke_ends_in_silence() -> None:
    (waiting,) = run(assessment(evacuation=0.45))
    assert waiting.incident is not None
    ended = expire(waiting.incident, NOW + RULES.incident.lifetime_ms, RULES)
    assert ended.changed
    assert ended.incident is None
    assert ended.message is None


def test_the_last_retraction_cancels() -> None:
    decisions = run(assessment(), assessment(time=NOW + 1, offset=1, content="v2", retracted=True))
    assert kinds(decisions) == ["Alert", "Cancel"]
    assert decisions[-1].incident is not None
    assert decisions[-1].incident.closed


def test_a_new_incident_after_a_cancel_has_a_new_key() -> None:
    first, ended = run(assessment(), assessment(time=NOW + 1, offset=1, content="v2", retracted=True))
    (second,) = run(assessment("b1", time=NOW + HOUR, offset=2), incident=ended.incident)
    assert first.message is not None
    assert second.message is not None
    assert first.message.incident.dedup_key != second.message.incident.dedup_key


def test_an_incident_is_bounded() -> None:
    decisions = run(*(assessment(f"a{n}", time=NOW + n, offset=n) for n in range(100)))
    incident = decisions[-1].incident
    assert incident is not None
    assert len(incident.entries) == RULES.incident.most_articles
    assert len(encode(incident)) < 200_000


def test_the_table_value_comes_back_as_it_was() -> None:
    (decision,) = run(assessment())
    assert decision.incident is not None
    assert decode(encode(decision.incident)) == decision.incident


ASSESSMENTS = st.lists(
    st.builds(
        lambda article, minute, content, score, text, signal: assessment(
            f"a{article}",
            time=NOW + minute * 60_000,
            offset=minute * 10 + content,
            content=f"v{content}",
            evacuation=score / 100,
            text=f"text{text}" if text else None,
            signals={signal: 0.9},
        ),
        st.integers(0, 6),
        st.integers(0, 40),
        st.integers(0, 2),
        st.integers(50, 99),
        st.integers(0, 3),
        st.sampled_from(["advisory", "leave_now", "evacuation_order"]),
    ),
    min_size=1,
    max_size=14,
    unique_by=lambda each: each.input.offset,
)


def final(assessments: list[Assessment]) -> Any:
    """What must not depend on the order: evidence, counts, severity."""
    incident = run(*assessments)[-1].incident
    assert incident is not None
    from streams.alert.verdict import judge

    verdict = judge(incident, RULES)
    newest = [(entry.article_id, entry.order, entry.score) for entry in incident.entries]
    return newest, verdict.severity, verdict.corroboration, incident.first_seen, incident.last_seen


@settings(max_examples=150, deadline=None)
@given(ASSESSMENTS, st.randoms(use_true_random=False))
@pytest.mark.requirement(17)
def test_the_final_incident_is_the_same_in_any_order(assessments: list[Assessment], random: Any) -> None:
    newest: dict[str, Assessment] = {}
    for each in sorted(assessments, key=lambda item: (item.kafka_timestamp_ms, item.input.offset)):
        newest[each.article.id] = each
    once = list(newest.values())
    shuffled = list(once)
    random.shuffle(shuffled)
    assert final(once) == final(shuffled)


@settings(max_examples=100, deadline=None)
@given(ASSESSMENTS)
def test_replaying_any_prefix_again_sends_nothing_new(assessments: list[Assessment]) -> None:
    ordered = sorted(assessments, key=lambda item: (item.kafka_timestamp_ms, item.input.offset))
    first = run(*ordered)
    again = run(*ordered, incident=first[-1].incident)
    assert kinds(again) == [None] * len(ordered)


@settings(max_examples=100, deadline=None)
@given(ASSESSMENTS)
def test_severity_never_falls_silently_and_every_rise_is_sent(assessments: list[Assessment]) -> None:
    ordered = sorted(assessments, key=lambda item: (item.kafka_timestamp_ms, item.input.offset))
    worst = -1
    for decision in run(*ordered):
        if decision.incident is None or decision.incident.sent is None:
            continue
        from streams.alert.verdict import judge

        now = rank(judge(decision.incident, RULES).severity)
        if now > worst >= 0:
            assert decision.message is not None
        worst = max(worst, now)


def test_equal_reports_of_one_wire_are_one_group() -> None:
    decisions = run(*(assessment(f"a{n}", text="wire", time=NOW + n, offset=n) for n in range(5)))
    incident = decisions[-1].incident
    assert incident is not None
    assert [len(group) for group in independent(incident.entries)] == [5]


@pytest.mark.parametrize("name", ["threat", "coup", "advisory", "evacuation_underway"])
def test_every_signal_has_its_row(name: str) -> None:
    assert RULES.signals[name].reason


def test_bundled_reprints_are_one_report_and_all_others_are_not() -> None:
    texts = {}
    for line in files("streams.cli").joinpath("demo_articles.jsonl").read_text("utf-8").splitlines():
        item = json.loads(line)
        if "value" in item:
            for found in decode_article(json.dumps(item["value"]).encode(), received=datetime.now(UTC)).articles:
                texts[item["name"]] = int(found.simhash, 16)
    reprints = {
        ("am-full", "am-reprint"),
        ("ht-order", "ht-reprint"),
        ("ye-strait", "ye-wire-reprint"),
        ("gr-fire", "gr-again"),
    }
    near = {pair for pair in itertools.combinations(texts, 2) if (texts[pair[0]] ^ texts[pair[1]]).bit_count() <= NEAR}
    assert near == reprints

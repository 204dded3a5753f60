"""From records to decisions: which incident, in which order, and what ends one."""

from collections.abc import Iterator
from dataclasses import replace

from streams.alert.docket import Step, ended, judged, revised
from streams.alert.incident import Incident
from streams.alert.rules import load
from streams.assess.record import Assessment, Revision
from tests.unit.alert.builders import HOUR, NOW, all_clear, assessment, revision

RULES = load()
LIFETIME = RULES.incident.lifetime_ms
ECHO = RULES.incident.echo_ms


class Desk:
    """Incidents in a dictionary, and the messages that were sent about them."""

    def __init__(self) -> None:
        self.held: dict[str, Incident] = {}
        self.sent: list[str] = []
        self.notes: list[tuple[str, ...]] = []

    def get(self, key: str) -> Incident | None:
        return self.held.get(key)

    def items(self, partition: int | None = None, prefix: str = "") -> Iterator[tuple[str, Incident]]:
        for key in sorted(self.held):
            if key.startswith(prefix) and partition in (None, self.held[key].partition):
                yield key, self.held[key]

    def take(self, *records: Assessment | Revision) -> list[str]:
        """Carry out what follows from the records; the kinds of all messages so far."""
        for record in records:
            steps = revised if isinstance(record, Revision) else judged
            self._carry_out(steps(record, self, RULES, 0))  # type: ignore[operator]  # each takes its own kind
        return self.sent

    def tick(self, time: int) -> list[str]:
        self._carry_out(ended(time, self, RULES, 0))
        return self.sent

    def _carry_out(self, steps: Iterator[Step]) -> None:
        for step in steps:
            if step.decision.message is not None:
                self.sent.append(step.decision.message.msg_type)
                self.notes.append(step.decision.message.notes)
            if step.decision.changed and step.key is not None:
                if step.decision.incident is None:
                    self.held.pop(step.key, None)
                else:
                    self.held[step.key] = step.decision.incident


def test_evidence_after_the_lifetime_ends_the_old_incident_and_opens_another_whether_or_not_a_tick_came() -> None:
    first, later = assessment(), assessment("a2", time=NOW + LIFETIME, offset=1)
    alone, ticked = Desk(), Desk()
    assert alone.take(first, later) == ["Alert", "Cancel", "Alert"]
    ticked.take(first)
    ticked.tick(NOW + LIFETIME)
    assert ticked.take(later) == ["Alert", "Cancel", "Alert"]
    assert alone.held == ticked.held


def test_evidence_within_the_lifetime_goes_on() -> None:
    desk = Desk()
    assert desk.take(assessment(), assessment("a2", time=NOW + LIFETIME - 1, offset=1)) == ["Alert"]


def test_both_events_of_an_article_are_judged() -> None:
    desk = Desk()
    assert desk.take(assessment(escalation=0.9)) == ["Alert", "Alert"]
    assert set(desk.held) == {"Actual|UA|escalation", "Actual|UA|evacuation"}


# The end of it.


def test_two_independent_reports_that_it_is_over_cancel() -> None:
    desk = Desk()
    desk.take(assessment(), all_clear("c1", time=NOW + 1, offset=1))
    assert desk.sent == ["Alert"]
    assert desk.take(all_clear("c2", time=NOW + 2, offset=2)) == ["Alert", "Cancel"]
    assert desk.notes[-1][0] == "all-clear in 2 independent reports"
    assert "The order to leave was lifted (c1)." in desk.notes[-1][1]


def test_wire_copy_and_the_same_article_again_are_no_second_all_clear() -> None:
    desk = Desk()
    one = all_clear("c1", time=NOW + 1, offset=1, text="wire")
    copy = all_clear("c2", time=NOW + 2, offset=2, text="wire", publisher="other")
    assert desk.take(assessment(), one, one, copy, replace(copy, content_hash="0" * 32)) == ["Alert"]


def test_an_all_clear_for_what_never_alerted_or_for_another_event_says_nothing() -> None:
    desk = Desk()
    assert desk.take(all_clear("c1"), all_clear("c2", offset=1)) == []
    assert desk.held == {}
    other = [all_clear(f"c{n}", time=NOW + n, offset=n, event="escalation") for n in (1, 2, 3)]
    assert desk.take(assessment(), *other) == ["Alert"]


def test_sure_evidence_after_the_first_all_clear_takes_it_back() -> None:
    desk = Desk()
    again = assessment("a2", time=NOW + 2, offset=2)
    assert desk.take(
        assessment(), all_clear("c1", time=NOW + 1, offset=1), again, all_clear("c2", time=NOW + 3, offset=3)
    ) == ["Alert"]


def test_copies_of_what_ended_are_late_and_one_new_report_is_not_enough() -> None:
    desk = Desk()
    clears = [all_clear(f"c{n}", time=NOW + n, offset=n) for n in (1, 2)]
    desk.take(assessment(text="wire"), *clears)
    late = assessment("a2", time=NOW + HOUR, offset=3, text="wire")
    single = assessment("a3", time=NOW + 2 * HOUR, offset=4)
    assert desk.take(late, single) == ["Alert", "Cancel"]
    assert desk.take(assessment("a4", time=NOW + 3 * HOUR, offset=5)) == ["Alert", "Cancel", "Alert"]
    (incident,) = desk.held.values()
    assert [entry.article_id for entry in incident.entries] == ["a3", "a4"]


def test_the_echo_dies_away() -> None:
    desk = Desk()
    desk.take(assessment(), *(all_clear(f"c{n}", time=NOW + n, offset=n) for n in (1, 2)))
    desk.tick(NOW + 2 + ECHO - 1)
    assert desk.held
    desk.tick(NOW + 2 + ECHO)
    assert desk.held == {}
    assert desk.sent == ["Alert", "Cancel"]


def test_after_silence_a_copy_is_late_but_one_new_report_is_enough() -> None:
    desk = Desk()
    desk.take(assessment(text="wire"))
    desk.tick(NOW + LIFETIME)
    assert desk.take(assessment("a2", time=NOW + LIFETIME + 1, offset=1, text="wire")) == ["Alert", "Cancel"]
    assert desk.take(assessment("a3", time=NOW + LIFETIME + 2, offset=2)) == ["Alert", "Cancel", "Alert"]


# What is taken back.


def test_a_retraction_without_a_word_of_the_old_news_cancels_everywhere() -> None:
    desk = Desk()
    desk.take(assessment(escalation=0.9), assessment(country="PL", offset=0))
    assert desk.take(revision(time=NOW + 1, retracted=True)) == ["Alert"] * 3 + ["Cancel"] * 3
    assert {notes[0] for notes in desk.notes[3:]} == {"the publisher retracted the article"}


def test_a_correction_takes_away_what_the_article_no_longer_says() -> None:
    desk = Desk()
    desk.take(assessment(), assessment("a2", offset=1, time=NOW + 1), assessment(country="PL"))
    assert desk.take(revision(time=NOW + 2, kept={"UA": ("evacuation",)}))[-1] == "Cancel"
    assert set(desk.held) == {"Actual|UA|evacuation", "Actual|PL|evacuation"}
    assert not desk.held["Actual|UA|evacuation"].closed
    assert desk.held["Actual|PL|evacuation"].closed


def test_with_other_reports_left_a_retraction_is_an_update() -> None:
    desk = Desk()
    desk.take(assessment(), assessment("a2", time=NOW + 1, offset=1))
    assert desk.take(revision(time=NOW + 2, retracted=True)) == ["Alert", "Update"]
    assert desk.notes[-1] == ("1 article left: the publisher retracted the article",)


def test_a_revision_knows_nothing_of_later_versions_and_of_other_articles() -> None:
    desk = Desk()
    desk.take(assessment(time=NOW + 5, offset=5))
    assert desk.take(revision(time=NOW + 4), revision("a9", time=NOW + 9)) == ["Alert"]
    assert desk.take(revision(time=NOW + 5, offset=5)) == ["Alert"], "its own record"


def test_a_retracted_all_clear_does_not_count() -> None:
    desk = Desk()
    desk.take(assessment(), all_clear("c1", time=NOW + 1, offset=1), revision("c1", time=NOW + 2, retracted=True))
    assert desk.take(all_clear("c2", time=NOW + 3, offset=3)) == ["Alert"]


def test_a_canary_alerts_again_after_its_incident_has_ended() -> None:
    desk = Desk()
    desk.take(assessment(text="canary", status="Test"))
    desk.tick(NOW + LIFETIME)
    assert desk.take(assessment("a2", time=NOW + LIFETIME + 1, offset=1, text="canary", status="Test"))[-1] == "Alert"

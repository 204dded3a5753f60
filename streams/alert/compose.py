"""From a decision to the record that bots read: words, times and provenance. Pure; the wall clock is an argument."""

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version

from streams.alert.incident import Incident
from streams.alert.policy import Message
from streams.alert.record import Alert, AlertArticle, AlertInput
from streams.alert.rules import Rules
from streams.assess.record import ArticleRef, Assessment
from streams.observe.vocabulary import NOWHERE

__all__ = ["compose", "headers", "place"]

_HEADLINE = 200
_SUMMARY = 600
_INPUTS = 40
_VERB = {"escalation": "Escalation", "evacuation": "Evacuation"}


def _cap_time(milliseconds: float) -> str:
    """CAP 1.2 wants `+00:00` and no fraction."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")


def place(incident: Incident, names: Mapping[str, str]) -> str:
    """The country's name, or `an unnamed place`; the code where `names` does not know it."""
    if incident.country == NOWHERE:
        return "an unnamed place"
    return names.get(incident.country, incident.country)


def compose(
    message: Message,
    *,
    rules: Rules,
    record: Assessment | None,
    names: Mapping[str, str],
    environment: str,
    now_ms: float,
    trigger_ms: int,
) -> Alert:
    """The alert for `message`. `record` is the assessment that led to it; for an expiry, which none led to, the article
    is the newest entry's id alone. `trigger_ms`: Kafka time of the article or tick."""
    incident, verdict = message.incident, message.verdict
    article, model = (record.article, record.model) if record else (None, None)
    return Alert(
        schema_version="1.0",
        incident_id=incident.incident_id,
        alert_id=message.alert_id,
        dedup_key=incident.dedup_key,
        msg_type=message.msg_type,
        status=incident.status,
        references=message.references,
        sequence=message.sequence,
        sent=_cap_time(now_ms),
        expires=_cap_time(incident.last_seen + rules.incident.lifetime_ms),
        first_seen=_cap_time(incident.first_seen),
        scope="Restricted",
        sender=f"tocsin@{environment}",
        policy_version=rules.version,
        event=incident.event,
        country=incident.country,
        category=("Security",) if incident.event == "escalation" else ("Security", "Safety"),
        response_type=("AllClear",) if message.msg_type == "Cancel" else verdict.response,
        severity=verdict.severity,
        urgency="Past" if message.msg_type == "Cancel" else verdict.urgency,
        certainty=verdict.certainty,
        scores={incident.event: verdict.score},
        threshold=rules.single_report[incident.event],
        calibrated=True,
        headline=_headline(message, names),
        summary=_summary(message),
        reasons=(*message.notes, *verdict.reasons),
        evidence=verdict.evidence,
        article=_article(article, incident),
        areas=verdict.areas,
        corroboration=verdict.corroboration,
        model={"name": model.name, "version": model.version, "sha256": model.sha256} if model else {},
        app_version=version("tocsin"),
        inputs=tuple(
            AlertInput(entry.article_id, *entry.at, timestamp=entry.time)
            for entry in sorted(incident.entries, key=lambda item: item.order)[-_INPUTS:]
        ),
        latency_ms=max(0, round(now_ms - trigger_ms)),
    )


def _headline(message: Message, names: Mapping[str, str]) -> str:
    incident, verdict = message.incident, message.verdict
    where = place(incident, names)
    if message.msg_type == "Cancel":
        return f"{_VERB[incident.event]} in {where}: ended, {message.notes[0]}"[:_HEADLINE]
    what = verdict.reasons[0] if verdict.reasons else incident.event
    return f"{_VERB[incident.event]} in {where}: {what}"[:_HEADLINE]


def _summary(message: Message) -> str:
    verdict = message.verdict
    quote = f'"{verdict.evidence[0].quote}"' if verdict.evidence else ""
    count = verdict.corroboration
    sources = (
        f"{count.articles} article{'s' if count.articles > 1 else ''}, {count.independent_reports} independent"
        f" report{'s' if count.independent_reports > 1 else ''}: {', '.join(count.domains)}."
    )
    room = max(0, _SUMMARY - len(sources) - 1)
    return f"{quote[:room]} {sources}"[:_SUMMARY].strip()


def _article(article: ArticleRef | None, incident: Incident) -> AlertArticle:
    if article is None:
        newest = max(incident.entries, key=lambda entry: entry.order)
        return AlertArticle(newest.article_id, None, None, None, newest.publisher, None, None, None, None)
    return AlertArticle(
        article.id,
        article.url,
        article.title,
        article.publisher,
        article.domain,
        article.language,
        article.published_at,
        article.precision,
        article.crawled_at,
    )


def headers(alert: Alert, traceparent: str | None) -> dict[str, bytes]:
    """Kafka headers: CloudEvents 1.0 in binary mode, and what bots filter by without parsing."""
    found = {
        "ce_specversion": "1.0",
        "ce_id": alert.alert_id,
        "ce_type": "tocsin.alert.v1",
        "ce_source": "/" + alert.sender.replace("@", "/"),
        "ce_subject": alert.dedup_key,
        "ce_time": alert.sent,
        "content-type": "application/json",
        "severity": alert.severity,
        "event": alert.event,
        "country": alert.country,
        "msg_type": alert.msg_type,
        "status": alert.status,
    }
    if traceparent:
        found["traceparent"] = traceparent
    return {name: text.encode() for name, text in found.items()}

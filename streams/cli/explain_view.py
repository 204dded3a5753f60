"""What `tocsin explain` prints: the message, its incident, the table's rows, the certainty, the articles.

Guarantees: text of articles never acts; readable without colours and in a pipe. Refuses nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.text import Text

from streams.alert.record import Alert, AlertInput
from streams.alert.rules import Rules, raised
from streams.assess.places import place_name
from streams.cli.output import inert
from streams.cli.scoring import ScoredArticle

__all__ = ["show"]


def show(
    console: Console,
    alert: Alert,
    chain: Sequence[Alert],
    rules: Rules,
    values: Mapping[AlertInput, bytes | None],
    scored: Mapping[AlertInput, Sequence[ScoredArticle]],
) -> None:
    """Print it all. `values`: the articles' records (None: gone); `scored`: what they come to now."""
    from streams.assess.places import country_names

    names = country_names()
    _line(console, Text(f"{alert.msg_type} {alert.alert_id}", "bold"))
    _line(console, inert(alert.headline))
    _line(console, Text(f"{alert.severity} · {alert.urgency} · {alert.certainty} · {', '.join(alert.response_type)}"))
    _line(console, inert(f"sent {alert.sent} as {alert.status}, message {alert.sequence + 1} of its incident"))
    _incident(console, alert, chain, names)
    _why(console, alert, rules)
    _severity(console, alert, rules)
    _certainty(console, alert, rules)
    _evidence(console, alert)
    if values:
        _articles(console, alert, values, scored)
    _provenance(console, alert, rules)


def _line(console: Console, text: Text, indent: int = 0) -> None:
    console.print(Text.assemble(" " * indent, text), soft_wrap=True)


def _head(console: Console, title: str) -> None:
    _line(console, Text())
    _line(console, Text(title, "bold"))


def _incident(console: Console, alert: Alert, chain: Sequence[Alert], names: Mapping[str, str]) -> None:
    _head(console, f"The incident: {alert.event} in {place_name(alert.country, names)}, {alert.incident_id}")
    for message in chain:
        here = " <- this message" if message.alert_id == alert.alert_id else ""
        why = message.reasons[0] if message.sequence and message.reasons else "first report that is sure enough"
        _line(
            console,
            inert(f"{message.sequence + 1}. {message.sent[:16]} {message.msg_type} {message.severity}: {why}{here}"),
            2,
        )
    for area in alert.areas:
        region = f", {area.admin1}" if area.admin1 else ""
        _line(console, inert(f"place: {area.name} ({area.country}{region}), confidence {area.confidence:.2f}"), 2)


def _why(console: Console, alert: Alert, rules: Rules) -> None:
    _head(console, "Why it was sent")
    count, score = alert.corroboration, max(alert.scores.values(), default=0.0)
    _line(console, Text(f"score {score:.3f}; one report alone needs {alert.threshold:.2f}"), 2)
    _line(
        console,
        Text(
            f"{count.articles} articles, {count.independent_reports} independent reports,"
            f" {count.independent_publishers} independent publishers"
            f" (rule: {rules.incident.corroborated_by} alert together if one minus the chance that all are wrong"
            f" is {rules.incident.corroborated_score:.2f} or more)"
        ),
        2,
    )
    for reason in alert.reasons:
        _line(console, inert(f"- {reason}"), 2)


def _severity(console: Console, alert: Alert, rules: Rules) -> None:
    _head(console, f"Severity {alert.severity}, from the rows of the policy")
    signals = sorted({name for piece in alert.evidence for name in piece.signals})
    if not signals:
        _line(console, Text("no signal is sure by itself: the surest one of the event counts"), 2)
    for name in signals:
        row = rules.signals[name]
        up = f", {raised(row.severity)} from {row.raise_at} independent reports" if row.raise_at else ""
        _line(console, Text(f"{name}: {row.severity}{up}; {row.urgency}; {', '.join(row.response)} ({row.reason})"), 2)


def _certainty(console: Console, alert: Alert, rules: Rules) -> None:
    _head(console, f"Certainty {alert.certainty}")
    need = rules.certainty
    _line(
        console,
        Text(
            f"Likely takes {need.reports} independent reports by {need.publishers} publishers, without reserve,"
            " one of them dated; or one official source"
        ),
        2,
    )
    for domain in alert.corroboration.domains:
        _line(console, inert(f"{domain}: {rules.sources.tier(domain)}"), 2)


def _evidence(console: Console, alert: Alert) -> None:
    _head(console, "Evidence in the message")
    for piece in alert.evidence:
        signals = f" ({', '.join(piece.signals)})" if piece.signals else ""
        _line(console, Text.assemble(f"{piece.score:.3f} {piece.field}: ", inert(piece.quote, most=300), signals), 2)


def _articles(
    console: Console,
    alert: Alert,
    values: Mapping[AlertInput, bytes | None],
    scored: Mapping[AlertInput, Sequence[ScoredArticle]],
) -> None:
    left = len(alert.inputs) - len(values)
    _head(console, "Articles" + (f" (the newest {len(values)}; {left} older ones are not shown)" if left else ""))
    for place, value in values.items():
        when = datetime.fromtimestamp(place.timestamp / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
        where = f"{place.topic}[{place.partition}]@{place.offset}, {when}"
        if value is None:
            _line(console, inert(f"{where}: gone from the topic"), 2)
            continue
        for article in scored.get(place, ()):
            made = article.prepared.article
            _line(console, Text.assemble(inert(made.title or "(no title)", "bold"), f"  {where}"), 2)
            _line(console, inert(f"{made.domain or made.publisher or 'no publisher'} {made.url or ''}"), 4)
            for event in article.events:
                _line(console, Text(f"{event.event} in {event.country}: {event.score:.3f}; {event.why}"), 4)
            for sentence in article.sentences:
                if sentence.decision:
                    scores = ", ".join(f"{name} {sentence.scores[name]:.3f}" for name in sentence.decision)
                    signals = f" ({', '.join(sentence.signals)})" if sentence.signals else ""
                    _line(console, Text.assemble(f"{scores}: ", inert(sentence.text, most=300), signals), 6)


def _provenance(console: Console, alert: Alert, rules: Rules) -> None:
    _head(console, "Made by")
    model = alert.model
    name = (
        f"{model['name']} {model['version']} ({model['sha256'][:12]})"
        if model
        else "no article's model: time led to it"
    )
    _line(console, inert(f"weights {name}; policy {alert.policy_version}; tocsin {alert.app_version}"), 2)
    if alert.policy_version != rules.version:
        _line(console, inert(f"the policy at hand is {rules.version}: rows above are its, not the alert's"), 2)

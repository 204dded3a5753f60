"""How an alert looks in a terminal: one block, the same for `demo` and `tail`.

Guarantees: severity is a word and a colour, deciding words are marked with or without colours, any width works, and
text of articles never acts. Without a terminal the block is plain lines that `grep` can use. Refuses nothing.
"""

from collections.abc import Mapping, Sequence

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from streams.alert.record import Alert, AlertEvidence
from streams.assess.places import place_name
from streams.cli.output import inert, plain
from streams.observe.logs import escaped

__all__ = ["COLOURS", "QUOTES", "Marks", "alert_block", "alert_lines", "bar", "marked", "show_alert"]

Marks = Mapping[str, Sequence[tuple[int, int]]]
"""Quote to the spans of its deciding words."""

COLOURS = {
    "Extreme": "bold white on red",
    "Severe": "bold red",
    "Moderate": "bold yellow",
    "Minor": "bold cyan",
    "Unknown": "bold",
}
_EDGE = {"Extreme": "red", "Severe": "red", "Moderate": "yellow", "Minor": "cyan", "Unknown": "white"}
_WIDEST = 110
_DOMAINS = 4
QUOTES = 3
"""Evidence sentences shown of an alert (the record holds up to five)."""


def marked(text: str, spans: Sequence[tuple[int, int]], *, words: bool, style: str = "bold underline") -> Text:
    """`text`, inert, the spans set off by `style`, or by asterisks where `words` must do."""
    found = Text()
    at = 0
    for start, end in spans:
        found.append(escaped(text[at:start]))
        piece = escaped(text[start:end])
        found.append(f"*{piece}*" if words else piece, style="" if words else style)
        at = end
    found.append(escaped(text[at:]))
    return found


def bar(score: float, cells: int = 8) -> str:
    """A score in [0, 1] as a bar of ASCII cells."""
    filled = round(score * cells)
    return "#" * filled + "." * (cells - filled)


def show_alert(console: Console, alert: Alert, names: Mapping[str, str], marks: Marks | None = None) -> None:
    """Print one alert on `console`: a panel in a terminal, plain lines elsewhere."""
    if console.is_terminal:
        console.print(alert_block(alert, names, marks or {}, words=plain(console)), width=min(console.width, _WIDEST))
    else:
        for line in alert_lines(alert, names, marks or {}):
            console.print(line, soft_wrap=True)


def alert_block(alert: Alert, names: Mapping[str, str], marks: Marks, *, words: bool) -> RenderableType:
    """The panel. `words`: no colours, so deciding words need asterisks."""
    colour = "green" if alert.msg_type == "Cancel" else COLOURS[alert.severity]
    title = Text.assemble(
        (f" {alert.severity.upper()} ", colour),
        f" {alert.event} · {place_name(alert.country, names)} ",
    )
    kind = Text(f" {alert.msg_type}{'' if alert.status == 'Actual' else ' · ' + alert.status} ")
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, text in _facts(alert):
        facts.add_row(name, text)
    parts: list[RenderableType] = [inert(alert.headline, "bold"), Text()]
    parts += [_evidence(piece, marks, words=words) for piece in alert.evidence[:QUOTES]]
    if len(alert.evidence) > QUOTES:
        parts.append(Text(f"      and {len(alert.evidence) - QUOTES} more", "dim"))
    parts += [Text(), facts]
    edge = "green" if alert.msg_type == "Cancel" else _EDGE[alert.severity]
    return Panel(
        Group(*parts), title=title, title_align="left", subtitle=kind, subtitle_align="right", border_style=edge
    )


def _evidence(piece: AlertEvidence, marks: Marks, *, words: bool) -> RenderableType:
    row = Table.grid(padding=(0, 1))
    row.add_column(no_wrap=True)
    row.add_column(overflow="fold", ratio=1)
    row.add_row(Text(f"{piece.score:.2f}", "cyan"), marked(piece.quote, marks.get(piece.quote, ()), words=words))
    return Padding(row, (0, 0, 0, 1))


def _facts(alert: Alert) -> list[tuple[str, Text]]:
    count = alert.corroboration
    domains = ", ".join(count.domains[:_DOMAINS])
    more = len(count.domains) - _DOMAINS
    sources = (
        f"{count.articles} article{'' if count.articles == 1 else 's'}, {count.independent_reports} independent:"
        f" {domains}{f' and {more} more' if more > 0 else ''}"
    )
    response = ", ".join(alert.response_type)
    score = max(alert.scores.values(), default=0.0)
    return [
        ("why", inert("; ".join(alert.reasons))),
        ("sources", inert(sources)),
        (
            "score",
            Text(
                f"{score:.3f} (alone from {alert.threshold:.2f}) · {alert.certainty} · {alert.urgency} · {response}"
                f" · after {alert.latency_ms} ms"
            ),
        ),
    ]


def alert_lines(alert: Alert, names: Mapping[str, str], marks: Marks) -> list[Text]:
    """The same as plain lines: first what bots' people grep for, then the evidence, indented."""
    status = "" if alert.status == "Actual" else f" [{alert.status}]"
    head = (
        f"{alert.severity.upper()} {alert.msg_type}{status} {alert.event} {place_name(alert.country, names)}:"
        f" {alert.headline}"
    )
    lines = [inert(head)]
    for piece in alert.evidence[:QUOTES]:
        lines.append(
            Text.assemble(f"  {piece.score:.2f} ", marked(piece.quote, marks.get(piece.quote, ()), words=True))
        )
    lines += [Text.assemble(f"  {name}: ", text) for name, text in _facts(alert)]
    return lines

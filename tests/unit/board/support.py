"""What the board's tests share: alerts by the dozen, a source that a test fills, and a board that runs on it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from streams.alert.record import Alert, AlertArticle, AlertEvidence, encode
from streams.board.desk import Desk
from streams.board.run import Running, running
from streams.settings import Settings
from tests.unit.cli.support import make_alert

__all__ = ["COUNTRIES", "NASTY", "Memory", "alert", "cap", "hostile", "serving"]

COUNTRIES = {"TD": "Chad", "UA": "Ukraine", "HT": "Haiti"}

NASTY = (
    "<script>window.hit = 1</script>",
    "<img src=x onerror='window.hit = 2'>",
    "\"><svg onload=window.hit=3>'`",
    "{{constructor.constructor('window.hit = 4')()}} ${window.hit = 5} <%= 6 %>",
    "</textarea></title><iframe src=https://evil.example></iframe>",
    "\u202egnp.exe \u2066isolated\u2069 \u200bzero \u200fright",
    "\x1b[31mred\x1b[0m \x00 \x07 \x85 line\nbreak\r\n",
    "&lt;b&gt; &amp; &#x3c;script&#x3e;",
    "javascript:window.hit=7 data:text/html,<script>window.hit=8</script>",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 right to left",
    "__proto__ constructor toString",
    "W" * 10_000,
    "very long words " * 625,
)
"""Texts that a page must show as the text that they are."""
_LINKS = (
    "javascript:window.hit=9",
    "https://user:password@evil.example/path",
    "data:text/html,<script>window.hit=10</script>",
    "https://news.example/a?b=<script>&c='\"",
    "https://xn--80ak6aa92e.example/",
    "vbscript:x",
    "http://[::1",
    " https://evil.example/\x00",
)


def cap(moment: datetime) -> str:
    """CAP's form of a time."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def alert(incident: int = 0, sequence: int = 0, *, ago: float = 0.0, **more: Any) -> Alert:
    """A message of that incident, sent `ago` minutes ago."""
    sent = cap(datetime.now(UTC) - timedelta(minutes=ago))
    values = {
        "incident_id": f"{incident:016x}",
        "alert_id": f"{incident:016x}{sequence:016x}",
        "sequence": sequence,
        "msg_type": "Update" if sequence else "Alert",
        "status": "Actual",
        "sent": sent,
        "first_seen": sent,
    }
    return make_alert(**(values | more))


def hostile() -> list[Alert]:
    """An incident for each nasty text, which stands wherever an article's text can stand."""
    made = []
    for number, text in enumerate(NASTY):
        piece = AlertEvidence("c" * 32, "title", 0, 9, text[:300], "evacuation", 0.9, (text[:40],))
        url = _LINKS[number % len(_LINKS)]
        article = AlertArticle("c" * 32, url, text, text[:80], "evil.example", "en", text[:30], None, None)
        made.append(
            alert(
                1_000 + number,
                ago=number,
                headline=text[:200],
                summary=text[:600],
                reasons=(text[:200], "one report"),
                evidence=(piece,),
                article=article,
            )
        )
    return made


class Memory:
    """A source that a test fills. A board that begins anew is given all of it again, as by the topic."""

    def __init__(self, alerts: Iterable[Alert] = ()) -> None:
        self.records: list[bytes] = [encode(one) for one in alerts]
        self._desk: Desk | None = None

    async def follow(self, desk: Desk, beat: Callable[[], None]) -> None:
        """A `streams.board.source.Source`."""
        beat()
        desk.reached()
        for value in self.records:
            desk.take(value)
        desk.caught_up()
        self._desk = desk
        await asyncio.Event().wait()

    @property
    def desk(self) -> Desk:
        """The desk that is followed for."""
        assert self._desk is not None, "nothing follows"
        return self._desk

    def push(self, *alerts: Alert) -> None:
        """New records of the topic."""
        for one in alerts:
            self.records.append(encode(one))
            self.desk.take(self.records[-1])


@asynccontextmanager
async def serving(
    source: Memory | Any, *, port: int = 0, names: tuple[str, ...] = (), tick: float = 15.0, **more: Any
) -> AsyncIterator[Running]:
    """A board on a free port, its source at the end of what it holds."""
    settings = Settings(board_port=port, **more)
    async with running(settings, source.follow, COUNTRIES, names, tick) as board:
        for _ in range(200):
            if board.desk.status.state in ("live", "lost") or board.work.done():
                break
            await asyncio.sleep(0.005)
        yield board

"""Notifications: told once, tried again, never lost; and what hostile text becomes on its way to each sink."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from streams.alert.record import Alert, encode
from streams.bots.notify import Notifier
from streams.bots.sinks import AppriseSink, SinkError, WebhookSink, signature, sink_of
from streams.bots.watch import EVERYTHING, Watch, WatchList
from streams.errors import SettingsError
from tests.unit.cli.support import HOSTILE, make_alert

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
NAMES = {"TD": "Chad"}
NASTY = make_alert(
    headline=f"<!channel> @everyone *bold* _under_ [x](https://evil.example) <b>&amp; {HOSTILE}",
    reasons=("<script>alert(1)</script>", "@here"),
)


class Server:
    """A local HTTP server that answers as it is told and keeps what it got."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.got: list[tuple[dict[str, str], bytes, str]] = []

    async def handle(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read(), request.path))
        status = self.answers.pop(0) if self.answers else 200
        headers = {"Location": "http://127.0.0.1:1/elsewhere"} if status == 302 else {}
        if request.path.startswith("/bot"):  # Telegram answers in JSON, Slack with a word
            return web.json_response({"ok": True, "result": {}}, status=status, headers=headers)
        return web.Response(text="ok", status=status, headers=headers)


@asynccontextmanager
async def served() -> AsyncIterator[tuple[Server, str]]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", server.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield server, f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


class Recorded:
    """A sink that fails as it is told."""

    name = "recorded"

    def __init__(self, *faults: SinkError) -> None:
        self.faults = list(faults)
        self.told: list[str] = []

    async def send(self, alert: Alert) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.told.append(alert.alert_id)


def notifier(*sinks: Any, watch: WatchList = EVERYTHING) -> tuple[Notifier, list[str], list[float]]:
    said: list[str] = []
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    return Notifier(sinks, watch, said.append, sleep), said, waited


def test_a_repeat_is_told_once() -> None:
    made, _, _ = notifier(Recorded())
    assert [made.wanted(make_alert(), NOW), made.wanted(make_alert(), NOW)] == [True, False]


def test_the_end_of_what_was_told_is_told_however_mild() -> None:
    made, _, _ = notifier(watch=WatchList(watch=(Watch(severity="Severe"),)))
    end = make_alert(alert_id="c" * 32, msg_type="Cancel", severity="Minor")
    assert not made.wanted(make_alert(alert_id="d" * 32, incident_id="e" * 16, severity="Minor"), NOW)
    assert made.wanted(make_alert(severity="Severe"), NOW)
    assert made.wanted(end, NOW)


async def test_a_sink_that_is_away_is_tried_until_it_takes_it_and_the_others_do_not_wait() -> None:
    away = Recorded(*(SinkError("away", passing=True) for _ in range(3)))
    there = Recorded()
    made, said, waited = notifier(away, there)
    await made.tell(make_alert())
    assert (len(away.told), len(there.told), made.sent) == (1, 1, 2)
    assert waited == [1.0, 2.0, 5.0]
    assert said[0] == "away: again in 1 s"


async def test_what_a_sink_refuses_for_good_does_not_stop_the_next() -> None:
    made, said, waited = notifier(Recorded(SinkError("no", passing=False)))
    await made.tell(make_alert())
    await made.tell(make_alert(alert_id="c" * 32))
    assert (made.sent, waited) == (1, [])
    assert "is not told there" in said[0]


# Webhooks.


async def test_a_webhook_gets_the_record_signed_and_numbered() -> None:
    async with served() as (server, url):
        await WebhookSink(f"{url}/hook?token=secret", "s3cret").send(NASTY)
    ((headers, value, path),) = server.got
    assert path == "/hook"
    assert json.loads(value) == json.loads(encode(NASTY))
    assert headers["Tocsin-Delivery"] == NASTY.alert_id
    time, digest = (part.partition("=")[2] for part in headers["Tocsin-Signature"].split(","))
    assert digest == hmac.new(b"s3cret", f"{time}.".encode() + value, hashlib.sha256).hexdigest()
    assert digest == signature("s3cret", int(time), value)


@pytest.mark.parametrize(
    ("status", "passing"), [(500, True), (429, True), (408, True), (400, False), (404, False), (302, False)]
)
async def test_what_a_webhook_answers(status: int, passing: bool) -> None:
    async with served() as (server, url):
        server.answers = [status]
        with pytest.raises(SinkError, match=str(status)) as caught:
            await WebhookSink(f"{url}/hook?token=secret").send(NASTY)
    assert caught.value.passing is passing
    assert "secret" not in str(caught.value)
    assert len(server.got) == 1, "a redirect was followed"


async def test_a_webhook_that_is_not_there_may_come_back() -> None:
    with pytest.raises(SinkError) as caught:
        await WebhookSink("http://127.0.0.1:1/hook?token=secret").send(NASTY)
    assert caught.value.passing
    assert "secret" not in str(caught.value)


# Chats, through apprise.


async def taken(
    sink: AppriseSink, monkeypatch: pytest.MonkeyPatch, where: str, name: str
) -> tuple[dict[str, str], bytes, str]:
    """What the service would have got."""
    import importlib

    plugin = getattr(importlib.import_module(f"apprise.plugins.{where}"), name)
    async with served() as (server, url):
        for attribute in ("webhook_url", "notify_url"):
            if hasattr(plugin, attribute):
                suffix = "/bot" if where == "telegram" else ""
                monkeypatch.setattr(plugin, attribute, url + suffix)
        await sink.send(NASTY)
    assert server.got, "nothing was sent"
    return server.got[-1]


async def test_slack_gets_entities_and_calls_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    sink = AppriseSink("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#news", NAMES)
    _, value, _ = await taken(sink, monkeypatch, "slack", "NotifySlack")
    text = json.dumps(json.loads(value), ensure_ascii=False)
    assert "<!channel>" not in text
    assert "&lt;!channel&gt;" in text
    assert "<script>" not in text
    assert "@everyone" not in text
    assert "@here" not in text


async def test_telegram_gets_text_that_it_can_parse(monkeypatch: pytest.MonkeyPatch) -> None:
    sink = AppriseSink("tgram://123456789:abcdefg_hijklmnop/12315544/", NAMES)
    _, value, path = await taken(sink, monkeypatch, "telegram", "NotifyTelegram")
    sent = json.loads(value)
    assert path.endswith("/sendMessage")
    text = sent["text"]
    if sent.get("parse_mode", "").lower() == "html":
        assert "<script>" not in text
        assert "&lt;script&gt;" in text
    else:
        assert not sent.get("parse_mode"), "Markdown would lose the whole message over one underscore"


async def test_discord_calls_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    sink = AppriseSink("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", NAMES)
    _, value, _ = await taken(sink, monkeypatch, "discord", "NotifyDiscord")
    text = value.decode("utf-8", "replace")
    assert "@everyone" not in text
    assert "@here" not in text
    assert "https://evil.example" not in text


async def test_a_mail_is_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[bytes] = []

    async def smtp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 local\r\n")
        data = False
        while line := await reader.readline():
            if data:
                if line == b".\r\n":
                    data = False
                    writer.write(b"250 taken\r\n")
                else:
                    got.append(line)
            elif line.upper().startswith(b"DATA"):
                data = True
                writer.write(b"354 go on\r\n")
            elif line.upper().startswith(b"QUIT"):
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 fine\r\n")
        writer.close()

    server = await asyncio.start_server(smtp, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        sink = AppriseSink(f"mailto://127.0.0.1:{port}?from=tocsin@a.example&to=ana@a.example&mode=insecure", NAMES)
        await sink.send(NASTY)
    import email
    from email import policy

    message = email.message_from_bytes(b"".join(got), policy=policy.default)
    subject = str(message["Subject"])
    assert "\n" not in subject
    assert subject.startswith("SEVERE")
    assert {part.get_content_type() for part in message.walk() if not part.is_multipart()} == {"text/plain"}


def test_an_address_that_nothing_understands_is_refused_without_being_shown() -> None:
    for url in ("nonsense://token@host", "slack://", "https:///path"):
        with pytest.raises(SettingsError) as caught:
            sink_of(url, NAMES)
        assert "token" not in str(caught.value)


def test_the_command_needs_a_secret_that_is_there(tmp_path: Path) -> None:
    from tests.unit.cli.support import command

    done = command("notify", "--url", "https://a.example/hook", "--secret-file", str(tmp_path / "none"))
    assert done.code == 3
    (tmp_path / "empty").write_text("\n")
    done = command("notify", "--url", "https://a.example/hook", "--secret-file", str(tmp_path / "empty"))
    assert done.code == 3
    assert "is empty" in done.err

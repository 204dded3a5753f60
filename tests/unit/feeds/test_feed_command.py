"""`tocsin feed` from the command line to standard output, and to a topic that is none."""

import asyncio
import contextlib
import io
import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from streams.cli import feed as command_module
from streams.cli.feed import CRAWLER_HEADER, TopicOutlet
from streams.cli.output import PipeClosedError, line
from streams.cli.replay import Status
from streams.errors import BrokerError, InputError, SettingsError
from streams.feeds.pace import Pace
from streams.feeds.web import CRAWLER
from tests.unit.cli.support import HOSTILE
from tests.unit.feeds.support import Site, endless, item, rss, served

MAIL = "desk@example.org"


@pytest.fixture
def site() -> Iterator[Site]:
    """A site in a thread: the command has an event loop of its own."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    made: list[Site] = []
    end = asyncio.Event()

    async def serve() -> None:
        async with served() as one:
            made.append(one)
            ready.set()
            await end.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    yield made[0]
    loop.call_soon_threadsafe(end.set)
    thread.join(10)
    loop.close()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.feeds.assembly.Pace", lambda seconds: Pace(0.0))


def run(*feeds: str, **options: Any) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, records, and standard error of one run."""
    chosen: dict[str, Any] = {
        "contact": MAIL, "state": None, "once": True, "dry_run": True, "since": 720.0, "every": 10.0, "pages": False,
        "topic": None, "status": Status.actual, "allow_private": True,
    }  # fmt: skip
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            command_module.feed(list(feeds), **(chosen | options))
        except typer.Exit as done:
            code = done.exit_code
    return code, [json.loads(line) for line in out.getvalue().splitlines()], err.getvalue()


def now_item(number: int, **more: str) -> str:
    from datetime import UTC, datetime
    from email.utils import format_datetime

    return item(number, pubDate=format_datetime(datetime.now(UTC)), **more)


def test_a_dry_run_prints_records_and_nothing_else(site: Site) -> None:
    site.pages["/feed"] = rss(now_item(1), now_item(2, title=HOSTILE.replace("\x1b", "&#27;").replace("\x07", "")))
    site.pages["/story/1"] = "<!DOCTYPE html><article>" + "<p>The whole story of that day, told again.</p>" * 9
    url = site.url("/feed", "127.0.0.1")
    code, records, err = run(url, pages=True)
    assert code == 0, err
    assert [record["provenance"]["content_from"] for record in records] == ["page", "feed"]
    assert [record["provenance"]["feed_url"] for record in records] == [url, url]
    assert "feeds polled: 1 ok, 0 unchanged, 0 failed; 2 articles sent" in err
    assert "\x1b" not in err
    assert site.asked[0][1]["user-agent"].endswith(f"(+{MAIL})")


def test_what_fails_is_one_line_and_exit_code_1(site: Site, tmp_path: Path) -> None:
    site.pages |= {"/a": rss(now_item(1)), "/b": "<html><head>"}
    code, records, err = run(site.url("/a", "127.0.0.1"), site.url("/b", "127.0.0.1"), site.url("/c", "127.0.0.1"))
    assert (code, len(records)) == (1, 1)
    lines = err.splitlines()
    assert len(lines) == 3
    assert sum("look for" in line for line in lines) == 2
    assert all(line.startswith("tocsin: ") for line in lines)


def test_private_addresses_need_to_be_allowed(site: Site) -> None:
    site.pages["/feed"] = rss(now_item(1))
    code, records, err = run(site.url("/feed", "127.0.0.1"), allow_private=False)
    assert (code, records) == (1, [])
    assert "not public; --allow-private" in err
    assert site.asked == []


def test_an_opml_file_allows_no_odd_ports(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "feeds.opml"
    file.write_text(f'<opml><outline xmlUrl="{site.url("/feed", "127.0.0.1")}"/><outline xmlUrl="x:y"/></opml>')
    code, _, err = run(str(file))
    assert code == 1
    assert "name that feed on the command line" in err
    assert "x:y: this is no address" in err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"contact": None}, "publishers must be able to reach you"), ({"contact": "nobody"}, "neither a mail address"),
        ({"dry_run": False}, "name a folder"), ({"state": Path("x")}, "keeps no state"),
    ],
)  # fmt: skip
def test_what_is_asked_for_is_a_wrong_command_line(options: dict[str, Any], words: str) -> None:
    with pytest.raises(typer.BadParameter, match=words):
        run("https://news.test/feed", **options)


def test_without_feeds_or_with_a_bad_one() -> None:
    with pytest.raises(InputError, match="can't be read"):
        run("nothing.opml")
    with pytest.raises(InputError, match="no address of the web"):
        run("ftp://news.test/feed")


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "trafilatura" else found(name))
    with pytest.raises(SettingsError, match=r"pip install 'tocsin\[feeds\]'"):
        run("https://news.test/feed")


def test_without_kafka_it_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match="no Kafka answers"):
        run("https://news.test/feed", dry_run=False, state=tmp_path)


def test_a_reader_that_goes_away_ends_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(_: str) -> None:
        raise PipeClosedError

    monkeypatch.setattr("streams.cli.output.line", closed)
    site.pages["/feed"] = rss(now_item(1))
    with pytest.raises(PipeClosedError):
        run(site.url("/feed", "127.0.0.1"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_in_order(site: Site, number: signal.Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    def told(text: str) -> None:
        line(text)
        os.kill(os.getpid(), number)

    monkeypatch.setattr("streams.cli.output.line", told)
    site.pages |= {"/feed": rss(now_item(1)), "/hang": endless(10.0)}
    urls = [site.url(path, "127.0.0.1") for path in ("/feed", "/hang")]
    code, records, err = run(*urls, once=False)
    assert (code, len(records)) == (0, 1)
    assert "0 failed" in err
    assert signal.getsignal(number) is not None


class Producer:
    """Kafka's client as far as it is used."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault, self.sent = fault, []

    async def send(self, topic: str, **record: Any) -> "asyncio.Future[None]":
        self.sent.append((topic, record))
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.fault is None:
            future.set_result(None)
        else:
            future.set_exception(self.fault)
        return future


async def test_a_record_on_the_topic_says_its_status_and_who_sent_it() -> None:
    from aiokafka.errors import KafkaTimeoutError, MessageSizeTooLargeError

    producer = Producer()
    assert await TopicOutlet(producer, "articles", "Actual").put(b"{}")
    ((topic, record),) = producer.sent
    assert topic == "articles"
    assert record == {
        "value": b"{}",
        "headers": [("tocsin-status", b"Actual"), (CRAWLER_HEADER, CRAWLER.encode())],
    }
    assert not await TopicOutlet(Producer(MessageSizeTooLargeError()), "articles", "Actual").put(b"{}")
    with pytest.raises(KafkaTimeoutError):
        await TopicOutlet(Producer(KafkaTimeoutError()), "articles", "Actual").put(b"{}")

"""The board in a real browser: hostile text is text, nothing leaves the machine, and what comes is seen at once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from streams.alert.record import Alert
from streams.board.run import Running
from tests.browser.chrome import HINT, Chromium, Page, find_chromium
from tests.browser.scene import as_of, fortnight
from tests.unit.board.support import NASTY, Memory, alert, hostile, serving

pytestmark = pytest.mark.skipif(find_chromium() is None, reason=HINT)

CARDS = "[...document.querySelectorAll('.card')]"
SHOWN = f"{CARDS}.map(one => one.hash.slice(1))"


Open = Callable[..., AbstractAsyncContextManager[tuple[Page, Running]]]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """One browser for all tests; each has a page of its own."""
    with Chromium() as one:
        yield one


@pytest.fixture
def opened(chromium: Chromium) -> Open:
    """Opens the page on a board of a source. At the end: it said nothing wrong, and asked nobody else for anything."""

    @asynccontextmanager
    async def made(source: Memory, place: str = "", **look: Any) -> AsyncIterator[tuple[Page, Running]]:
        async with serving(source) as board, chromium.page() as page:
            await page.look(**({"width": 1_280, "height": 800} | look))
            await page.open(board.server.address + place)
            await page.until("document.querySelector('#strip-broker').dataset.state === 'good'")
            yield page, board
            assert innocent(page, board.server.address)

    return made


def innocent(page: Page, address: str) -> bool:
    """Whether the page did nothing but what it should. Raises AssertionError with what it did."""
    assert page.faults == []
    assert page.breaches == []
    assert page.console == []
    assert [url for url in page.asked if not url.startswith(address)] == []
    return True


async def shown(page: Page) -> list[str]:
    found: list[str] = await page.evaluate(SHOWN)
    return found


def name(incident: int) -> str:
    return f"{incident:016x}"


async def test_what_is_wrong_would_be_seen(chromium: Chromium) -> None:
    async with serving(Memory([alert(1)])) as board, chromium.page() as page:
        await page.open(board.server.address)
        assert innocent(page, board.server.address)
        await page.evaluate("document.body.setAttribute('style', 'color: red')")
        await page.evaluate("setTimeout(() => { document.body.innerHTML = '<b>markup</b>' }, 0), 0")
        await page.evaluate("setTimeout(() => eval('1'), 0), 0")
        await page.evaluate("fetch('http://127.0.0.1:9/').catch(() => 0)")
        await page.evaluate("console.error('said'), 0")
        await page.evaluate("new Promise(done => setTimeout(done, 200))")
        assert len(page.breaches) >= 3
        assert any("TrustedHTML" in fault for fault in page.faults)
        assert any("said" in line for line in page.console)
        assert any("connect" in breach for breach in page.breaches), "another host is not even asked"
        assert await page.evaluate("document.body.textContent") != "markup"


async def test_hostile_text_is_shown_as_the_text_that_it_is(opened: Open) -> None:
    alerts = hostile()
    async with opened(Memory(alerts)) as (page, board):
        await page.until(f"{CARDS}.length === {len(alerts)}")
        told = {item["id"]: item["messages"][0] for item in orjson.loads(board.desk.snapshot())["incidents"]}
        for number, one in enumerate(alerts):
            sent = told[one.incident_id]
            await page.evaluate(f"location.hash = '{one.incident_id}'")
            await page.until("document.querySelector('#detail .permalink')?.hash === location.hash")
            title = await page.evaluate("document.querySelector('#detail .title')?.textContent ?? ''")
            assert title == "".join(text for text, _ in sent["title"]), NASTY[number][:40]
            assert await page.evaluate("document.querySelector('#detail h2').textContent") == sent["headline"]
            quotes = await page.evaluate("[...document.querySelectorAll('#detail blockquote')].map(x => x.textContent)")
            assert quotes == [piece["quote"] for piece in sent["evidence"]]
        assert await page.evaluate("window.hit") is None, "something in a text was run"
        assert await page.evaluate("document.querySelectorAll('script').length") == 1
        assert await page.evaluate("document.querySelectorAll('iframe, img[src=x], [onload], [onerror]').length") == 0


async def test_links_lead_to_the_web_by_the_name_that_is_shown(opened: Open) -> None:
    alerts = hostile()
    async with opened(Memory(alerts)) as (page, _):
        links = []
        for one in alerts:
            await page.evaluate(f"location.hash = '{one.incident_id}'")
            await page.until("document.querySelector('#detail .permalink')?.hash === location.hash")
            links += await page.evaluate(
                "[...document.querySelectorAll('#detail .source a')]"
                ".map(x => ({ scheme: x.protocol, host: x.hostname, text: x.textContent, rel: x.rel,"
                " user: x.username }))"
            )
        assert len(links) >= 3
        for link in links:
            assert link["scheme"] in ("https:", "http:")
            assert link["rel"] == "noopener noreferrer"
            assert link["host"].endswith(link["text"])
            assert link["user"] == ""


async def test_nothing_is_wider_than_a_phone(opened: Open) -> None:
    async with opened(Memory(hostile()), width=400, height=800) as (page, _):
        assert await page.evaluate("document.documentElement.scrollWidth") <= 400
        await page.evaluate(f"location.hash = '{hostile()[-2].incident_id}'")
        await page.until("document.body.classList.contains('opened')")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 400
        await page.evaluate("document.querySelector('.back').click()")
        await page.until("!document.body.classList.contains('opened')")
        assert await page.evaluate("getComputedStyle(document.querySelector('#feed')).display") != "none"


async def test_a_new_alert_appears_by_itself_and_is_said(opened: Open) -> None:
    source = Memory([alert(1, ago=30)])
    async with opened(source) as (page, _):
        await page.until(f"{CARDS}.length === 1")
        await page.evaluate("window.marker = 'not loaded again'")
        source.push(alert(2, severity="Extreme", country="UA", headline="Escalation in Ukraine: armed action reported"))
        assert await page.until(f"{CARDS}.length === 2 && {SHOWN}") == [name(2), name(1)]
        assert (
            await page.evaluate(f"{CARDS}[0].querySelector('.gist').textContent")
            == "Escalation in Ukraine: armed action reported"
        )
        assert "Extreme Alert: Escalation in Ukraine" in await page.evaluate(
            "document.querySelector('#live').textContent"
        )
        assert await page.evaluate("document.querySelector('#live').getAttribute('aria-live')") == "polite"
        source.push(alert(1, 1, severity="Extreme"))
        assert await page.until(f"{SHOWN}[0] === '{name(1)}' && {SHOWN}") == [name(1), name(2)]
        source.push(alert(1, 2, msg_type="Cancel"))
        await page.until(f"document.querySelector('#ended .card')?.hash === '#{name(1)}'")
        assert await page.evaluate("window.marker") == "not loaded again"


async def test_an_incident_shows_its_whole_life_under_its_own_address(opened: Open) -> None:
    source = Memory(
        [alert(1, 0, ago=50), alert(1, 1, ago=40, severity="Extreme"), alert(1, 2, ago=5, msg_type="Cancel")]
    )
    async with opened(source, f"#{name(1)}") as (page, _):
        await page.until("document.querySelectorAll('.thread > li').length === 3")
        said = await page.evaluate("[...document.querySelectorAll('.thread > li')].map(x => x.dataset.type)")
        assert said == ["Alert", "Update", "Cancel"]
        assert await page.evaluate("document.querySelector('#detail .tag.ended').textContent") == "Ended"


async def test_filters(opened: Open) -> None:
    source = Memory(
        [
            alert(1, severity="Extreme", country="UA", event="escalation", headline="Shelling near Kharkiv", ago=1),
            alert(2, severity="Moderate", country="TD", ago=2),
            alert(3, 0, country="HT", ago=9),
            alert(3, 1, country="HT", msg_type="Cancel", ago=3),
            alert(4, status="Exercise", country="HT", ago=4),
        ]
    )

    async def put(field: str, value: str) -> list[str]:
        kind, new = ("checked", value) if value in ("true", "false") else ("value", repr(value))
        await page.evaluate(
            f"(() => {{ const one = document.querySelector('#filter-{field}'); one.{kind} = {new};"
            " one.dispatchEvent(new Event('input', { bubbles: true })); })()"
        )
        return await shown(page)

    async with opened(source) as (page, _):
        assert await page.until(f"{CARDS}.length === 3 && {SHOWN}") == [name(1), name(2), name(3)]
        assert await put("severity", "Severe") == [name(1), name(3)]
        assert await put("severity", "Unknown") == [name(1), name(2), name(3)]
        assert await put("country", "UA") == [name(1)]
        assert await put("country", "") == [name(1), name(2), name(3)]
        assert await put("event", "evacuation") == [name(2), name(3)]
        assert await put("event", "") == [name(1), name(2), name(3)]
        assert await put("text", "kharKIV") == [name(1)]
        assert await put("text", "nowhere at all") == []
        assert await page.evaluate("document.querySelector('#empty').textContent") == "Nothing matches these filters."
        await page.evaluate("document.querySelector('#filter-clear').click()")
        assert await shown(page) == [name(1), name(2), name(3)]
        assert await put("ended", "false") == [name(1), name(2)]
        assert await put("tests", "true") == [name(1), name(2), name(4)]
        assert await page.evaluate("document.querySelector('.tag.test').textContent") == "Exercise"


async def test_the_keyboard_is_enough(opened: Open) -> None:
    source = Memory([alert(number, ago=number) for number in range(1, 5)])
    async with opened(source) as (page, _):
        await page.until(f"{CARDS}.length === 4")
        await page.press("j")
        await page.press("j")
        await page.press("k")
        assert await page.evaluate("location.hash") == f"#{name(2)}"
        await page.press("Enter", 13)
        assert await page.evaluate("document.activeElement.id") == "detail"
        await page.press("/")
        assert await page.evaluate("document.activeElement.id") == "filter-text"
        await page.press("j")
        assert await page.evaluate("document.querySelector('#filter-text').value") == "j", "a letter is a letter there"


async def test_a_lost_broker_is_said_and_nothing_stale_looks_fresh(opened: Open) -> None:
    source = Memory([alert(1)])
    async with opened(source) as (page, _):
        assert await page.evaluate("document.querySelector('#banner').hidden")
        source.desk.lost("no Kafka answers at 127.0.0.1:9092")
        await page.until("!document.querySelector('#banner').hidden")
        said = await page.evaluate("document.querySelector('#banner').textContent")
        assert said.startswith("No connection to the broker since ")
        assert "No Kafka answers at 127.0.0.1:9092" in said
        assert "no connection since" in await page.evaluate("document.querySelector('#strip-broker').textContent")
        source.desk.reached()
        source.desk.caught_up()
        await page.until("document.querySelector('#banner').hidden")


async def test_it_comes_back_by_itself_after_the_board_was_restarted(chromium: Chromium) -> None:
    source = Memory([alert(1, ago=9)])
    async with chromium.page() as page:
        async with serving(source) as board:
            port, address = board.server.port, board.server.address
            await page.look(1_280, 800)
            await page.open(address)
            await page.until(f"{CARDS}.length === 1")
            await page.evaluate("window.marker = 'not loaded again'")
        await page.until("document.querySelector('#banner').textContent.startsWith('No connection to the board')")
        source.records.extend(Memory([alert(2, ago=5)]).records)
        async with serving(source, port=port):
            await page.until(f"{CARDS}.length === 2", 20)
            await page.until("document.querySelector('#banner').hidden")
            source.push(alert(3))
            await page.until(f"{CARDS}.length === 3")
            assert await page.evaluate("window.marker") == "not loaded again"
        assert (page.faults, page.breaches) == ([], [])
        # A browser notes itself that a connection was refused.
        assert [line for line in page.console if "net::ERR_" not in line] == []
        assert [url for url in page.asked if not url.startswith(address)] == []


CONTRAST = """(() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const found = rgb(getComputedStyle(at).backgroundColor);
      if (found.length < 4 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const one of document.querySelectorAll("body *")) {
    const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || one.closest("svg, noscript, option, .unseen") || !one.getClientRects().length) continue;
    const [a, b] = [light(rgb(getComputedStyle(one).color)), light(ground(one))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${one.tagName}.${one.className} ${ratio.toFixed(2)} ${one.textContent.slice(0, 30)}`);
  }
  return poor;
})()"""
"""Every element with text of its own whose contrast with what is behind it is less than WCAG's AA asks."""


@pytest.mark.parametrize("dark", [False, True])
async def test_every_text_has_the_contrast_that_wcag_asks_for(opened: Open, dark: bool) -> None:
    severities = ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
    alerts = [alert(number, severity=word, ago=number) for number, word in enumerate(severities, 1)]
    alerts += [
        alert(6, 0, ago=30),
        alert(6, 1, ago=20),
        alert(6, 2, msg_type="Cancel", ago=10),
        alert(7, status="Test"),
    ]
    async with opened(Memory(alerts), f"#{name(6)}", dark=dark) as (page, board):
        await page.evaluate("document.querySelector('#filter-tests').click()")
        await page.until(f"{CARDS}.length === 7")
        assert await page.evaluate(CONTRAST) == []
        board.desk.take(b"no alert")
        board.desk.lost("gone")
        await page.until("!document.querySelector('#banner').hidden")
        assert await page.evaluate(CONTRAST) == []


@pytest.fixture(scope="module")
def real() -> list[Alert]:
    """The alerts of some of the fortnight's stories."""
    return fortnight(("s01", "s05", "s09", "s14"))


async def test_real_alerts_and_a_picture_of_them(opened: Open, real: list[Alert], tmp_path: Path) -> None:
    alerts = as_of(real, datetime(2026, 3, 30, tzinfo=UTC))
    source = Memory(alerts)
    async with opened(source) as (page, board):
        expected = board.desk.status.incidents
        assert expected >= 2
        await page.until(f"{CARDS}.length === {expected}")
        assert await page.evaluate("document.querySelectorAll('#week rect').length") >= 7
        assert await page.evaluate("document.querySelectorAll('#detail blockquote mark').length") >= 1
        await asyncio.sleep(0.2)
        await page.shot(tmp_path / "board.png")
    picture = (tmp_path / "board.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(picture) > 20_000

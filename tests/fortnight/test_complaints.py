"""What users of comparable tools complain of again and again, each complaint as a test with the shipped weights.

Numbers are those of the list that we keep of them; 11 to 15 are proven elsewhere: faults, ledger, demo, lag.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from streams.alert.record import Alert
from streams.assess.places.names import country_names
from streams.backtest.feed import timed
from streams.bots.words import body
from streams.ingest.article import Limits
from streams.settings import Settings
from tests.fortnight.news import backtest

HOUR = 3_600_000
NOON = 1_772_452_800_000  # 2026-03-02T12:00:00Z

Tell = Callable[..., list[Alert]]


@pytest.fixture(scope="module")
def tell() -> Tell:
    """What these articles alert; each is (hours after noon, record)."""
    run = backtest(Settings())

    def told(*articles: tuple[float, dict[str, Any]]) -> list[Alert]:
        lines = [
            (number, json.dumps({"timestamp_ms": NOON + int(hours * HOUR), "value": value}).encode())
            for number, (hours, value) in enumerate(articles, 1)
        ]
        return [one for one in run().run(timed(lines, Limits())) if isinstance(one, Alert)]

    return told


def article(number: int, title: str, text: str, **more: Any) -> dict[str, Any]:
    domain = more.pop("domain", f"paper{number}.example")
    record = {"title": title, "text": text, "url": f"https://{domain}/{number}", "published": "2026-03-02T11:00:00Z"}
    return record | more


STRIKE = (
    "Missiles hit three districts of Kharkiv before dawn on Monday, killing nine people, the governor said. The strikes"
    " set a depot alight, and the army said that more were expected during the day."
)


@pytest.mark.complaint(1)
def test_the_same_story_from_thirty_outlets_is_one_alert_and_a_few_updates(tell: Tell) -> None:
    copies = [(n / 10, article(n, f"Missiles hit Kharkiv, nine dead ({n})", STRIKE)) for n in range(30)]
    alerts = tell(*copies)
    assert alerts[0].msg_type == "Alert"
    assert len({alert.incident_id for alert in alerts}) == 1
    assert len(alerts) <= 4
    assert alerts[-1].corroboration.independent_reports == 1, "thirty reprints are one report"


@pytest.mark.complaint(2)
def test_paraphrases_are_not_missed(tell: Tell) -> None:
    headlines = [
        "US and Israel attack Iran with waves of missiles",
        "Explosions rock Tehran as American and Israeli jets pound air defences",
        "Bombs fall on Isfahan in second night of raids",
        "Iran under fire: warships launch cruise missiles at naval bases",
        "Israeli warplanes strike Iranian missile sites",
        "Joint assault on Iran begins before dawn",
        "Tehran hit by air raids",
    ]
    found = [
        bool(tell((0, article(n, headline, f"{headline}, officials said on Monday."))))
        for n, headline in enumerate(headlines)
    ]
    assert sum(found) >= 6, [headline for headline, seen in zip(headlines, found, strict=True) if not seen]


@pytest.mark.complaint(3)
@pytest.mark.parametrize(
    "title",
    [
        "OpenAI strikes deal with Pentagon",
        "Supermarkets open fire in price war",
        "Bank launches hostile takeover of rival",
        "Tech shares bombarded by sell orders in Tokyo rout",
    ],
)
def test_business_metaphors_do_not_alert(tell: Tell, title: str) -> None:
    assert (
        tell((0, article(1, title, f"{title}, people familiar with the matter said. Shares rose four per cent."))) == []
    )


@pytest.mark.complaint(4)
def test_opinion_and_scenarios_do_not_alert(tell: Tell) -> None:
    text = (
        "A nuclear war between India and Pakistan would send soot into the stratosphere and cut harvests for a decade."
        " Russia could attack the Baltic states within five years, the authors write."
    )
    assert tell((0, article(1, "How a nuclear war would impact the global food system", text))) == []
    assert (
        tell((0, article(2, "Opinion: Invade now, regret later", "Troops crossed the border of Ukraine at dawn.")))
        == []
    )


@pytest.mark.complaint(5)
def test_old_articles_do_not_alert_and_undated_ones_say_so(tell: Tell) -> None:
    old = article(1, "Missiles hit Kharkiv, nine dead", STRIKE, published="2026-02-20T11:00:00Z")
    assert tell((0, old)) == []
    undated = {name: value for name, value in article(2, "Missiles hit Kharkiv", STRIKE).items() if name != "published"}
    (alert,) = tell((0, undated))
    assert alert.certainty == "Possible"
    assert "undated" in alert.reasons


@pytest.mark.complaint(6)
def test_no_cool_down_hides_the_worse_alert(tell: Tell) -> None:
    mild = article(
        1,
        "Berlin advises against travel to Lebanon",
        "The foreign office in Berlin advised against travel to Lebanon on Monday.",
    )
    texts = [
        "The United States told its citizens to leave Lebanon immediately while flights are available.",
        "Leave Lebanon now, France told its nationals: the last flights go on Tuesday.",
        "Canadians must get out of Lebanon today, Ottawa said, and not wait for government flights.",
        "Rome urged all Italians to leave Lebanon at once on any flight that they can find.",
    ]
    worse = [(0.05 * n, article(n + 2, text.split(",")[0], text)) for n, text in enumerate(texts, 1)]
    alerts = [alert for alert in tell((0, mild), *worse) if alert.event == "evacuation"]
    assert alerts[0].msg_type == "Alert"
    assert alerts[-1].severity in ("Severe", "Extreme")
    assert (alerts[-1].inputs[-1].timestamp - alerts[0].inputs[0].timestamp) < 30 * 60_000, "inside the cool-down"


@pytest.mark.complaint(7)
def test_one_syndicated_tale_is_not_pinned_on_a_town_that_it_names(tell: Tell) -> None:
    text = (
        "A video from Bristol in which a schoolboy pretends to command tanks was seen four million times. He films in"
        " his mother's garden with cardboard and a hose. 'We use military force on the roses,' he says."
    )
    copies = [(n / 10, article(n, "TikTok general, 12, conquers the garden", text)) for n in range(12)]
    assert tell(*copies) == []


@pytest.mark.complaint(8)
def test_severe_is_not_the_same_as_certain(tell: Tell) -> None:
    rumour = article(1, "Reports of coup in Gabon", "Soldiers may have seized the palace, unconfirmed reports said.")
    alerts = tell((0, rumour))
    assert [alert.certainty for alert in alerts] in ([], ["Possible"])
    texts = [
        STRIKE,
        "Nine dead as rockets strike Kharkiv at dawn, the mayor says. Two blocks of flats burn.",
        "Rescuers dig for survivors after a missile attack on Kharkiv that killed at least nine.",
    ]
    sure = [(n, article(n, f"Missiles hit Kharkiv, report {n}", text)) for n, text in enumerate(texts, 1)]
    last = tell(*sure)[-1]
    assert (last.msg_type, last.severity, last.certainty) == ("Update", "Severe", "Likely")


@pytest.mark.complaint(9)
def test_a_festival_that_is_evacuated_alerts(tell: Tell) -> None:
    text = "Police evacuated 8,000 people from the music festival in Lisbon on Monday after a bomb threat."
    (alert,) = tell((0, article(1, "Festival evacuated after bomb threat", text)))
    assert (alert.event, alert.country) == ("evacuation", "PT")


@pytest.mark.complaint(10)
def test_no_title_can_break_a_chats_markup(tell: Tell) -> None:
    title = "Missiles hit _Kharkiv_ [nine] (dead) *now* `x` - . ! <b>"
    (alert,) = tell((0, article(1, title, STRIKE)))
    text = body(alert, country_names())
    assert all(line.isprintable() for line in text.split("\n"))
    # That each chat then takes it whole: tests/unit/bots/test_notify.py.


@pytest.mark.complaint(16)
def test_a_date_without_its_zone_is_never_too_old_by_it(tell: Tell) -> None:
    """news-please drops the zone: 71 hours ago by our clock may be 85, or 57."""
    naive = article(1, "Missiles hit Kharkiv, nine dead", STRIKE, published="2026-02-27 03:00:00")
    assert [alert.article.published_at_precision for alert in tell((0, naive))] == ["second"]
    zoned = article(2, "Missiles hit Kharkiv, nine dead", STRIKE, published="2026-02-27T03:00:00Z")
    assert tell((0, zoned)) == []

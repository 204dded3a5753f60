"""From bytes to entries: formats, broken XML, bombs of entities, odd encodings, and what is no feed."""

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.feeds.entries import Entry, Feed, read
from streams.feeds.faults import FeedError
from tests.unit.feeds.support import item, rss

URL = "https://news.test/feed"


def parsed(body: bytes | str, kind: str = "application/xml") -> Feed:
    return read(body.encode() if isinstance(body, str) else body, kind, URL)


def only(body: bytes | str, kind: str = "application/xml") -> Entry:
    (found,) = parsed(body, kind).entries
    return found


ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>Atom Test</title>
<entry><id>tag:news.test,2026:1</id><title type="html">A &amp;amp; B</title><link rel="alternate" href="/a"/>
<updated>2026-06-20T23:30:00+05:30</updated><summary>short</summary>
<content type="html">&lt;p&gt;Full text.&lt;/p&gt;</content><author><name>Ann</name></author>
<source><title>Wire</title></source></entry></feed>"""
RDF = """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel rdf:about="x"><title>RDF Test</title>
<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency></channel>
<item rdf:about="https://news.test/r"><title>R</title><link>https://news.test/r</link>
<dc:date>2026-06-20T12:00:00+09:00</dc:date></item></rdf:RDF>"""


def test_rss() -> None:
    feed = parsed(rss(item(1), channel="<ttl>30</ttl>"))
    (found,) = feed.entries
    assert (feed.title, feed.language, feed.hint, feed.broken) == ("News Test", "en", 1_800.0, False)
    assert found.id == "https://news.test/id-1", "a guid is an address unless it says that it is none"
    assert found.link == "https://news.test/story/1"
    assert found.published == "Sat, 20 Jun 2026 23:30:00 GMT"
    assert found.updated is None


def test_atom() -> None:
    found = only(ATOM)
    assert found.id == "tag:news.test,2026:1"
    assert found.link == "https://news.test/a"
    assert (found.published, found.updated) == (None, "2026-06-20T23:30:00+05:30")
    assert (found.summary, found.content, found.source, found.authors) == (
        "short", "<p>Full text.</p>", "Wire", ("Ann",),
    )  # fmt: skip


def test_rdf() -> None:
    feed = parsed(RDF)
    assert feed.hint == 900.0
    assert feed.entries[0].updated == "2026-06-20T12:00:00+09:00"


def test_broken_xml_gives_what_can_be_saved() -> None:
    whole = rss(item(1), item(2), item(3))
    for body in (
        whole[: whole.index("Title 3") + 4],
        whole.replace("Title 2", "Fish & chips <unclosed> &nosuch;"),
        whole.replace("</channel>", ""),
        whole.replace("Text of story 1.", "bad \x0b\x01 control"),
    ):
        feed = parsed(body)
        assert feed.broken
        assert feed.entries[0].title == "Title 1"
        assert len(feed.entries) >= 2


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (b"", "application/xml", "empty"), (b"  \n ", "application/xml", "empty"),
        (b"<!DOCTYPE html><html><body>no feed</body></html>", "text/html; charset=utf-8", "web page"),
        (b"<html><p>x", "application/xml", "web page"), (b"{\"items\": []}", "application/json", "application/json"),
        (b"\x00\x01\x02" * 500, "", "no stated type"), (b"<a><b/></a>", "text/xml", "text/xml"),
        (b"<" * 3_000, "text/xml", "no feed"),
    ],
)  # fmt: skip
def test_what_is_no_feed_says_what_it_is(body: bytes, kind: str, words: str) -> None:
    with pytest.raises(FeedError, match=words):
        parsed(body, kind)


def test_a_feed_under_a_wrong_type_is_read() -> None:
    for kind in ("text/html", "text/plain", "application/octet-stream", "", "nonsense"):
        assert only(rss(item(1)), kind).title == "Title 1"


def test_entities_are_not_expanded() -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    laughs = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "ha">{levels}]>' + rss(item(1)).split("?>", 1)[1]
    only(rss(item(1)))  # the parser is there
    begin = time.monotonic()
    found = only(laughs.replace("Title 1", "&l11;"))
    assert time.monotonic() - begin < 1.0
    assert len(found.title or "") < 100
    hidden = laughs.replace("<!DOCTYPE", "<!-- <!DOCTYPE x [ ]> -->\n<!DOCTYPE", 1).replace("Title 1", "&l11;")
    assert len(only(hidden).title or "") < 100
    wide = (
        laughs.replace("Title 1", "&l11;").replace('version="1.0"', 'version="1.0" encoding="utf-16"').encode("utf-16")
    )
    with contextlib.suppress(FeedError):
        assert len(only(wide).title or "") < 100
    outside = laughs.replace('<!ENTITY l0 "ha">', '<!ENTITY l0 SYSTEM "file:///etc/passwd">').replace("Title 1", "&l0;")
    assert "root" not in (only(outside).title or "")


@pytest.mark.parametrize(
    ("coding", "kind"),
    [
        ("utf-8", "text/xml"), ("utf-16", "application/xml"), ("iso-8859-1", "text/xml"), ("windows-1252", ""),
        ("iso-8859-1", "text/xml; charset=iso-8859-1"), ("utf-8", "text/xml; charset=nonsense"),
    ],
)  # fmt: skip
def test_encodings(coding: str, kind: str) -> None:
    text = rss(item(1, title="Café déjà")).replace('encoding="utf-8"', f'encoding="{coding}"')
    assert only(text.encode(coding), kind).title == "Café déjà"


def test_cyrillic_in_its_own_encoding() -> None:
    text = rss(item(1, title="Киев сегодня")).replace('encoding="utf-8"', 'encoding="windows-1251"')
    assert only(text.encode("windows-1251")).title == "Киев сегодня"


def test_entries_without_anything() -> None:
    feed = parsed(rss("<item/>", "<item><title>only</title></item>", "<item><description>x</description></item>"))
    assert [entry.title for entry in feed.entries] == [None, "only", None]
    assert all(entry.id is None and entry.link is None and entry.published is None for entry in feed.entries)


def test_no_more_than_ten_thousand_entries_are_read() -> None:
    feed = parsed(rss(*(f"<item><guid>{number}</guid></item>" for number in range(10_003))))
    assert (len(feed.entries), feed.left) == (10_000, 3)


def test_halves_of_surrogates_are_no_fault() -> None:
    for half in ("&#xD800;", "&#xdfff;", "&#55296;", "&#57343;", "&#x000DABC;"):
        for body in (rss(item(1, title=f"a{half}b", guid=half)), rss(item(1, title=f"a{half}b")) + "<"):
            found = parsed(body).entries[0]
            assert (found.title or "").encode().startswith(b"a")
            (found.id or "").encode()


@pytest.mark.parametrize("ttl", ["0", "-1", "soon", "1e9", "", "٣", "9" * 30])
def test_odd_hints_are_none(ttl: str) -> None:
    assert parsed(rss(item(1), channel=f"<ttl>{ttl}</ttl>")).hint in (None, float("9" * 20) * 60)


@settings(deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["text/xml", "text/html", "", "application/xml; charset=utf-16"]))
def test_any_bytes_are_a_feed_or_a_sentence(body: bytes, kind: str) -> None:
    for made in (body, rss(item(1)).encode()[:250] + body, body + rss(item(1)).encode()):
        with contextlib.suppress(FeedError):
            assert len(parsed(made, kind).entries) <= 10_000

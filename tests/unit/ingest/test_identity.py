"""One page has one canonical address, one text one hash, and reprints like fingerprints."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.ingest.identity import article_id, canonical, content_hash, domain_of, plain_url, simhash


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a/b",
        "http://example.com/a/b/",
        "https://www.example.com/a/b?utm_source=rss&fbclid=1#top",
        "HTTPS://M.EXAMPLE.COM:443/a/b",
        "http://amp.example.com:80/a/b/amp/",
        "https://www.google.com/amp/s/www.example.com/a/b",
        "//example.com/a/b",
        "https://user:secret@example.com/a/b",
    ],
)
def test_all_addresses_of_a_page_are_one(url: str) -> None:
    plain = plain_url(url)
    assert plain is not None
    assert canonical(plain) == "https://example.com/a/b"


def test_half_a_surrogate_is_no_part_of_an_address() -> None:
    assert plain_url("http://e.com/2\ud83d?a=\udc00b") == "http://e.com/2?a=b"


def test_what_chooses_the_content_stays_in_a_fixed_order() -> None:
    assert (
        canonical("https://e.com/?id=2&a=1&utm_id=9") == canonical("https://e.com?a=1&id=2") == "https://e.com?a=1&id=2"
    )
    assert canonical("https://e.com:8443/x") == "https://e.com:8443/x"
    assert canonical("https://e.com/é") == canonical("https://e.com/%C3%A9") == "https://e.com/%C3%A9"


@pytest.mark.parametrize(
    "text",
    [
        "", "example.com", "javascript:alert(1)", "ftp://e.com/", "http://", "http:///x", "http://[::1", "http://e.com:99999/",
        "http://e..com/", "http://e.com/a b", "https://" + "a" * 3_000, "http://a\u202eb.com/",
    ],
)  # fmt: skip
def test_what_is_no_web_address(text: str) -> None:
    assert plain_url(text) is None


def test_credentials_are_never_shown() -> None:
    assert plain_url("https://good.com:pw@evil.com/x") == "https://evil.com/x"


@pytest.mark.parametrize(
    ("host", "domain"),
    [("WWW.Example.com.", "example.com"), ("m.bbc.co.uk", "bbc.co.uk"), ("www.com", "www.com"),
     ("bücher.de", "xn--bcher-kva.de"),
     ("a b", None), ("", None), ("-", None)],
)  # fmt: skip
def test_domains(host: str, domain: str | None) -> None:
    assert domain_of(host) == domain


def test_ids() -> None:
    assert article_id("https://e.com/a", "t", "b", None) == article_id("https://e.com/a", "other", None, None)
    assert article_id(None, "t", "b", "s") == article_id(None, "t", "b", None) != article_id(None, "t", "c", None)
    assert article_id(None, None, None, "s") != article_id(None, None, None, "r")
    assert content_hash("a", "b", "c") != content_hash("a", "bc", "")
    assert content_hash("a", None, "c") == content_hash("a", "", "c")
    assert len(article_id(None, "t", None, None)) == len(content_hash("t", None, None)) == 32


STORY = " ".join(f"sentence number{n} tells what happened in town{n % 7} that night" for n in range(40))


def distance(left: str, right: str) -> int:
    return (int(left, 16) ^ int(right, 16)).bit_count()


def test_a_reprint_is_near_and_another_story_is_far() -> None:
    reprint = STORY.replace("number3 ", "numbered3 ") + " (Agency)"
    other = " ".join(f"the match in minute{n} saw a goal by player{n % 5} of the visitors" for n in range(40))
    assert distance(simhash(STORY), simhash(reprint)) <= 8
    assert distance(simhash(STORY), simhash(other)) >= 16


def test_fingerprints_do_not_see_case_or_disguise() -> None:
    assert simhash("The embassy empties now") == simhash("THE  EMBASSY, empties “now”!")
    assert simhash("") == simhash("…!") == "0" * 16
    assert len(simhash("one")) == 16


@given(st.text(max_size=200))
def test_any_text_is_handled(text: str) -> None:
    plain = plain_url("http://" + text)
    if plain is not None:
        found = canonical(plain)
        if found is not None:
            again = plain_url(found)
            assert again is None or canonical(again) == found
    assert len(simhash(text)) == 16

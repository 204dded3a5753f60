"""HTML becomes words, plain text stays as it is, and pages give their article."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.ingest.html import looks_like_html, to_text
from streams.ingest.page import is_page, page


@pytest.mark.parametrize(
    "text",
    [
        "shelters <immediately> & roads",
        "a < b and c > d",
        "<3 <- ->",
        "5<6",
        "x <y> z",
        "no tags at all",
        "<>",
        "< p >",
    ],
)
def test_plain_text_is_left_alone(text: str) -> None:
    assert not looks_like_html(text)


@pytest.mark.parametrize(
    "text", ["<p>x", "a<br/>b", "<b>x</b>", "</div>", '<a href="x">y</a>', "<!-- x -->", "<![CDATA[x]]>"]
)
def test_markup_is_seen(text: str) -> None:
    assert looks_like_html(text)


def words(html: str) -> list[str]:
    return [" ".join(line.split()) for line in to_text(html).split("\n") if line.strip()]


def test_blocks_end_lines_and_inline_elements_do_not() -> None:
    assert words("<p>One <b>big</b> step.</p><p>Two<br>Three</p><ul><li>four<li>five</ul>") == [
        "One big step.", "Two", "Three", "four", "five",
    ]  # fmt: skip


def test_what_is_not_read_is_dropped() -> None:
    html = (
        "<nav>Home</nav><header>Top</header><p>Text</p><script>var a='<p>no</p>'</script><style>p{}</style>"
        "<aside>Also</aside><form>Mail</form><noscript>Js</noscript><p hidden>secret</p>"
        '<div style="display: none">trap</div><!-- note --><footer>End</footer>'
    )
    assert words(html) == ["Text"]


def test_words_in_angle_brackets_survive_in_html() -> None:
    assert words("<p>go to shelters <immediately> now</p>") == ["go to shelters <immediately> now"]


def test_entities_are_undone_once() -> None:
    assert words("<p>a &amp;amp; b &lt;p&gt;</p>") == ["a &amp; b <p>"]


def test_nesting_without_end_keeps_its_words() -> None:
    assert words("<div>" * 5_000 + "deep" + "</div>" * 5_000 + "<p>after") == ["deep", "after"]


def test_page_prefers_the_article() -> None:
    text = "The embassy told its staff to leave the country. " * 6
    found = page(
        f"<html lang='uk'><head><title> A \n title</title><link rel=canonical href='https://e.com/a'></head>"
        f"<body><div>Menu</div><article><h1>Head</h1><p>{text}</p></article><div>More</div></body></html>"
    )
    assert found.title == "A title"
    assert found.url == "https://e.com/a"
    assert found.language == "uk"
    assert "Menu" not in found.body
    assert "More" not in found.body
    assert text.strip() in " ".join(found.body.split())


def test_page_without_article_gives_its_visible_words() -> None:
    assert page("<html><body><nav>x</nav><p>Short.</p></body></html>").body.split() == ["Short."]


def test_is_page() -> None:
    assert is_page(" <!DOCTYPE html><html>")
    assert is_page("<?xml version='1.0'?><html xmlns='x'>")
    assert not is_page("<p>fragment</p>")


@given(st.text(alphabet=st.sampled_from(list("<>/!-pbdivscrt [](&;=\"' \n")), max_size=200))
def test_any_markup_gives_text(html: str) -> None:
    assert isinstance(to_text(html), str)
    assert isinstance(page(html).body, str)

"""Lists of feeds: OPML as it should be, and as it is."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.errors import InputError
from streams.feeds.gate import Gate, web_url
from streams.feeds.outlines import listed

STARTER = Path(__file__).parents[3] / "deploy" / "feeds" / "starter.opml"


def opml(folder: Path, body: str | bytes) -> str:
    file = folder / "feeds.opml"
    file.write_bytes(body.encode() if isinstance(body, str) else body)
    return str(file)


def test_nested_outlines_any_case_each_once(tmp_path: Path) -> None:
    file = opml(
        tmp_path,
        """<opml version="2.0"><body><outline text="a"><outline text="b"><outline xmlUrl="https://a.test/f"/></outline>
        <OUTLINE XMLURL=" https://b.test/f "/></outline><outline xmlUrl="https://a.test/f"/><outline text="none"/>
        </body></opml>""",
    )
    found = listed([file, "https://c.test/f", "https://b.test/f"])
    assert found.feeds == ("https://a.test/f", "https://b.test/f", "https://c.test/f")
    assert found.typed == ("https://c.test/f", "https://b.test/f")
    assert found.refused == ()


def test_a_bad_address_in_a_file_is_named_and_the_others_stay(tmp_path: Path) -> None:
    file = opml(tmp_path, '<opml><outline xmlUrl="file:///etc/passwd"/><outline xmlUrl="https://a.test/f"/></opml>')
    found = listed([file])
    assert found.feeds == ("https://a.test/f",)
    assert len(found.refused) == 1
    assert "file:///etc/passwd" in found.refused[0]


LAUGHS = '<!DOCTYPE o [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><opml><outline xmlUrl="&b;"/></opml>'
OUTSIDE = '<!DOCTYPE o [<!ENTITY a SYSTEM "file:///etc/passwd">]><opml><outline text="&a;"/></opml>'


@pytest.mark.parametrize(
    "body",
    [
        "", "no xml", "<opml>", "{}", LAUGHS, OUTSIDE, b"\xff\xfe\x00garbage", b"\x00" * 100, "<opml/>",
        '<opml><outline text="no feeds"/></opml>', b" " * (2 * 1024 * 1024 + 1),
        '<?xml version="1.0" encoding="no"?><o/>',
        '<opml><outline xmlUrl="ftp://a.test/"/></opml>',
    ],
)  # fmt: skip
def test_garbage_is_one_sentence(tmp_path: Path, body: str | bytes) -> None:
    with pytest.raises(InputError) as caught:
        listed([opml(tmp_path, body)])
    assert "root:" not in str(caught.value)


def test_deep_nesting_is_no_fault(tmp_path: Path) -> None:
    deep = "<outline>" * 50_000 + '<outline xmlUrl="https://a.test/f"/>' + "</outline>" * 50_000
    with contextlib.suppress(InputError):  # what the parser makes of it depends on its version
        assert listed([opml(tmp_path, f"<opml>{deep}</opml>")]).feeds == ("https://a.test/f",)


def test_what_is_missing_and_what_is_too_much(tmp_path: Path) -> None:
    for argument in (str(tmp_path / "none.opml"), str(tmp_path), "example.org", "a\0b"):
        with pytest.raises(InputError, match="can't be read"):
            listed([argument])
    with pytest.raises(InputError, match="a password"):
        listed(["https://me:secret@a.test/f"])
    many = "".join(f'<outline xmlUrl="https://a.test/{number}"/>' for number in range(1_001))
    with pytest.raises(InputError, match="more than 1000"):
        listed([opml(tmp_path, f"<opml>{many}</opml>")])


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_list_or_a_sentence(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    file = opml(tmp_path_factory.getbasetemp(), body)
    with pytest.raises(InputError):
        listed([file])


def test_the_starter_list_can_be_polled() -> None:
    found = listed([str(STARTER)])
    assert 20 <= len(found.feeds) <= 30
    assert found.refused == ()
    for feed in found.feeds:
        Gate().check(web_url(feed))
        assert feed.startswith("https://")

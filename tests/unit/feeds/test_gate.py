"""What is asked at all: ports, ranges of addresses in every dress, names that change their mind."""

import contextlib
import ipaddress
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from streams.feeds.faults import FeedError
from streams.feeds.gate import Gate, GuardedResolver, NotPublicError, is_public, web_url
from tests.unit.feeds.support import Names, answer, rigged, rss

INTERNAL = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "100.127.255.254", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.88.99.1",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "::ffff:127.0.0.1",
    "::ffff:8.8.8.8", "::127.0.0.1", "2001::1", "2001:db8::1", "2002:7f00:1::1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "3fff::1", "5f00::1", "4000::1", "not an address", "",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "151.101.0.81", "2606:4700:4700::1111", "2a00:1450:4001::1", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", INTERNAL)
def test_what_is_not_of_the_public_internet_is_not_asked(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_the_public_internet_is(address: str) -> None:
    assert is_public(address)


@settings(deadline=None)
@given(st.ip_addresses(v=4))
def test_no_private_address_is_public_in_any_dress(address: ipaddress.IPv4Address) -> None:
    if address.is_private or address.is_loopback or address.is_link_local or address.is_multicast:
        dresses = (str(address), f"::ffff:{address}", f"64:ff9b::{address}", f"::{address}")
        assert not any(map(is_public, dresses))
    assert not is_public(f"::ffff:{address}")


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_judged_without_a_fault(text: str) -> None:
    is_public(text)
    for made in (text, f"http://{text}", f"https://{text}/x"):
        with contextlib.suppress(FeedError):
            url = web_url(made)
            Gate().check(url)
            assert url.scheme in ("http", "https")
            assert url.port in (80, 443)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/", "http://0177.0.0.1/",
        "http://127.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/",
        "http://169.254.169.254/latest/meta-data/", "http://[fe80::1%25eth0]/", "http://①②⑦.⓪.⓪.①/",
        "http://news.test:22/", "http://news.test:6379/", "https://10.0.0.1/", "http://[64:ff9b::a00:1]/",
    ],
)  # fmt: skip
def test_internal_addresses_are_refused_before_any_connection(url: str) -> None:
    with pytest.raises(FeedError):
        Gate().check(web_url(url))


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://x.test/", "gopher://x.test/", "javascript:alert(1)", "http://", "//x.test/",
        "http://user:s3cret@x.test/", "http://user@x.test/", "x.test", "", "http://x.test:99999/", "http://[::1",
        "data:,x",
        "http://x.test/" + "a" * 3000,
    ],
)  # fmt: skip
def test_what_is_no_plain_address_of_the_web_is_refused(url: str) -> None:
    with pytest.raises(FeedError) as caught:
        web_url(url)
    assert "s3cret" not in str(caught.value)


def test_a_port_is_allowed_for_the_host_it_was_typed_with_only() -> None:
    gate = Gate.of([URL("http://a.test:8080/feed")])
    gate.check(URL("http://a.test:8080/story"))
    gate.check(URL("http://b.test/"))
    for other in ("http://b.test:8080/", "http://a.test:8081/"):
        with pytest.raises(FeedError, match="is not asked"):
            gate.check(URL(other))


@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "::ffff:169.254.169.254", "100.100.100.200"])
def test_where_clouds_keep_credentials_is_closed_even_to_allow_private(address: str) -> None:
    gate = Gate(private=True)
    assert not gate.admits(address)
    assert gate.admits("127.0.0.1")
    assert gate.admits("10.0.0.1")
    assert not Gate().admits("10.0.0.1")


async def test_one_bad_address_among_good_ones_refuses_the_name() -> None:
    names = Names(mixed_test=[["8.8.8.8", "10.0.0.1"]], good_test=[["8.8.8.8", "2606:4700:4700::1111"]])
    resolver = GuardedResolver(Gate(), names)
    assert len(await resolver.resolve("good.test", 80)) == 2
    with pytest.raises(NotPublicError):
        await resolver.resolve("mixed.test", 80, socket.AF_UNSPEC)


async def test_a_name_that_turns_private_between_two_requests_is_not_followed() -> None:
    names = Names(news_test=[["127.0.0.1"], ["169.254.169.254"]])
    async with rigged(names=names) as rig:
        rig.site.pages["/feed"] = answer(body=rss(), Connection="close")
        await rig.poller.poll(rig.site.url("/feed"))
        assert names.asked == ["news.test"], "robots.txt and feed came over one connection, to what was judged"
        with pytest.raises(FeedError, match="not public"):
            await rig.poller.poll(rig.site.url("/feed"))
        assert rig.site.paths() == ["/feed"]


async def test_every_connection_asks_for_the_name_again_and_takes_only_what_was_judged() -> None:
    names = Names(news_test=[["8.8.8.8"], ["127.0.0.1"]])
    async with rigged(names=names, private=False) as rig:
        resolver = GuardedResolver(rig.gate, names)
        (first,) = await resolver.resolve("news.test", rig.site.port)
        assert first["host"] == "8.8.8.8"
        with pytest.raises(FeedError, match="not public"):
            await rig.poller.poll(rig.site.url("/feed"))
        assert rig.site.asked == []

"""Which addresses may be asked at all: the door between what a feed names and our own network.

Guarantees: http and https without credentials; ports 80 and 443 and what the user typed; a literal address, and every
address that a name resolves to, is public. The resolver gives a connection the very addresses that were judged, so a
name that changes its mind between the look and the connection gains nothing. Refuses loopback, private, link-local,
carrier-grade, multicast and reserved ranges, IPv4 in IPv6 clothes, and one bad address among good ones.
"""

import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from streams.feeds.faults import FeedError

__all__ = ["Gate", "GuardedResolver", "NotPublicError", "is_public", "web_url"]

_PORTS: Final = frozenset({80, 443})
_LONGEST: Final = 2_048
_SPECIAL_4: Final = tuple(map(IPv4Network, ("100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "240.0.0.0/4")))
"""IANA's special-purpose registry, where Python's own `is_global` is too generous or depends on its version."""
_GLOBAL_6: Final = IPv6Network("2000::/3")
"""All that IANA has given out for the public internet."""
_SPECIAL_6: Final = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
"""Teredo and other protocols, documentation, 6to4 (an IPv4 address inside)."""
_NAT64: Final = IPv6Network("64:ff9b::/96")
"""How a network without IPv4 shows the rest of the world (RFC 6052): judged by the IPv4 address inside."""
_METADATA: Final = frozenset({"169.254.169.254", "fd00:ec2::254", "100.100.100.200"})
"""Where clouds keep credentials: no feed is there, whatever else is allowed."""


_NUMBER: Final = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+))*\.?", re.IGNORECASE)
"""A host that C libraries read as an IPv4 address: 2130706433, 0x7f.1, 0177.0.0.1."""


class NotPublicError(OSError):
    """A name that resolves to an address which is not for us. An OSError, because that is what resolvers raise."""


def is_public(address: str) -> bool:
    """Whether a literal address is one of the public internet. False for what is no address."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv4Address):
        return found.is_global and not found.is_multicast and not any(found in net for net in _SPECIAL_4)
    if found in _NAT64:
        return is_public(str(IPv4Address(int(found) & 0xFFFFFFFF)))
    return found in _GLOBAL_6 and found.is_global and not any(found in net for net in _SPECIAL_6)


def web_url(text: str) -> URL:
    """`text` as an address of the web, in the form that is asked. Raises FeedError."""
    try:
        url = URL(text.strip())
        host, port = url.raw_host, url.port
    except (ValueError, TypeError, UnicodeError):
        raise FeedError(text, "this is no address", "give http://... or https://...", ours=True) from None
    if url.scheme not in ("http", "https") or not host or not port or len(str(url)) > _LONGEST:
        raise FeedError(text, "this is no address of the web", "give http://... or https://...", ours=True)
    if url.user or url.password:
        shown = str(url.with_user(None))
        raise FeedError(shown, "it carries a name or a password", "leave out what comes before the @", ours=True)
    return url.with_fragment(None)


@dataclass(frozen=True, slots=True)
class Gate:
    """What is let through. `ports`: (host, port) pairs that the user typed; `private`: our own network, too."""

    ports: frozenset[tuple[str, int]] = frozenset()
    private: bool = False

    @classmethod
    def of(cls, typed: Iterable[URL], *, private: bool = False) -> "Gate":
        """A gate that knows the ports of the addresses that the user typed."""
        return cls(frozenset((url.raw_host or "", url.port or 0) for url in typed), private)

    def check(self, url: URL) -> None:
        """Raise FeedError unless `url` (of `web_url`) may be asked, as far as shows before its name is resolved."""
        # ORDER: the host as the connection will see it, not as a person reads it.
        host, port = url.raw_host or "", url.port or 0
        if port not in _PORTS and (host, port) not in self.ports:
            raise FeedError(
                str(url), f"port {port} is not asked", "name that feed on the command line to allow its port", ours=True
            )
        try:
            ip_address(host.partition("%")[0])
        except ValueError:
            if _NUMBER.fullmatch(host):
                fix = "write the address in the usual way"
                raise FeedError(str(url), "its host is an odd number, no name", fix, ours=True) from None
            return
        if not self.admits(host):
            raise FeedError(
                str(url), "its address is not public", "--allow-private reads feeds of your own network", ours=True
            )

    def admits(self, address: str) -> bool:
        """Whether a connection may be made to this literal address."""
        if is_public(address):
            return True
        if not self.private:
            return False
        try:
            found = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        inner = found.ipv4_mapped if isinstance(found, IPv6Address) else None
        real = inner or found
        return str(real) not in _METADATA and not (real.is_link_local or real.is_multicast or real.is_unspecified)


class GuardedResolver(AbstractResolver):
    """Resolves as `inner` does, and raises NotPublicError where any of the addresses may not be connected to."""

    def __init__(self, gate: Gate, inner: AbstractResolver | None = None) -> None:
        self._gate = gate
        self._inner = inner if inner is not None else ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """All addresses of `host`. Raises NotPublicError, or what `inner` raises."""
        found = await self._inner.resolve(host, port, family)
        # WHY all: a name with one public and one private address is how the private one gets tried second.
        if not all(self._gate.admits(one["host"]) for one in found):
            raise NotPublicError(f"{host[:253]} resolves to an address that is not public")
        return found

    async def close(self) -> None:
        """Close the inner resolver."""
        await self._inner.close()

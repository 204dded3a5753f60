"""The list of feeds: addresses as typed, and OPML files, as other readers write them.

Guarantees: outlines are found at any depth, each address once, in order; entities are never expanded. Refuses what is
no XML, what is larger than 2 MiB or names more than 1,000 feeds, and names each address that is none.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from streams.errors import InputError
from streams.feeds.faults import FeedError
from streams.feeds.gate import web_url

__all__ = ["Listed", "listed"]

_MOST_BYTES: Final = 2 * 1024 * 1024
_MOST_FEEDS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Listed:
    """`feeds`: addresses, each once. `typed`: those that were given as such. `refused`: a sentence for each bad one."""

    feeds: tuple[str, ...]
    typed: tuple[str, ...]
    refused: tuple[str, ...]


def listed(arguments: list[str]) -> Listed:
    """The feeds that `arguments` (addresses and names of OPML files) name. Raises InputError, also for none at all."""
    feeds: dict[str, None] = {}
    typed: dict[str, None] = {}
    refused: list[str] = []
    for argument in arguments:
        if "://" in argument:
            try:
                address = str(web_url(argument))
            except FeedError as error:
                raise InputError(str(error)) from None
            feeds.setdefault(address)
            typed.setdefault(address)
            continue
        for address in _outlines(argument):
            try:
                feeds.setdefault(str(web_url(address)))
            except FeedError as error:
                refused.append(f"{argument}: {error}")
    if not feeds:
        raise InputError("no feed is named: give addresses, or an OPML file with outlines that have an xmlUrl")
    if len(feeds) > _MOST_FEEDS:
        raise InputError(f"{len(feeds)} feeds are more than {_MOST_FEEDS}: divide the list between processes")
    return Listed(tuple(feeds), tuple(typed), tuple(refused))


def _outlines(file: str) -> list[str]:
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        with Path(file).open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "its name can't be used"
        raise InputError(
            f"{file} can't be read ({why}): name an OPML file, or an address with http:// or https://"
        ) from error
    if len(data) > _MOST_BYTES:
        raise InputError(f"{file} is larger than {_MOST_BYTES // 1_048_576} MiB: that is no list of feeds")
    try:
        root = fromstring(data)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError) as error:
        raise InputError(f"{file} is no OPML ({type(error).__name__}): export it again from where it comes") from error
    found = []
    for element in root.iter():
        tag = element.tag if isinstance(element.tag, str) else ""
        if tag.rpartition("}")[2].lower() != "outline":
            continue
        address = next((value for name, value in element.attrib.items() if name.lower() == "xmlurl"), "").strip()
        if address:
            found.append(address)
    return found

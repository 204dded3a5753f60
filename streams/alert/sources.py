"""How far publishers are trusted: a table that its users can edit. Pure once it is read."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, TypeAdapter, with_config

from streams.errors import SettingsError
from streams.tables import read

__all__ = ["Sources", "Tier", "load"]

Tier = Literal["official", "ordinary", "unreliable", "ignored"]
_TIERS: tuple[Tier, ...] = ("official", "unreliable", "ignored")


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True)
class Sources:
    """Domains by tier; each stands for its subdomains, too."""

    official: frozenset[str] = frozenset()
    unreliable: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()

    def tier(self, publisher: str) -> Tier:
        """The tier of a publisher's domain; the longest listed domain that it ends with decides."""
        labels = publisher.lower().strip(".").split(".")
        for first in range(len(labels)):
            domain = ".".join(labels[first:])
            for tier in _TIERS:
                if domain in getattr(self, tier):
                    return tier
        return "ordinary"


_ADAPTER: TypeAdapter[Sources] = TypeAdapter(Sources)


def load(path: Path | None = None) -> Sources:
    """The shipped table, or the one in `path`. Raises SettingsError, naming what is wrong in it."""
    name = str(path or "sources.toml")
    source = path or files("streams.alert").joinpath("sources.toml")
    found = read(source, _ADAPTER, f"the sources file {name}")
    domains = [domain for tier in _TIERS for domain in sorted(getattr(found, tier))]
    for domain in domains:
        if domains.count(domain) > 1:
            raise SettingsError(f"the sources file {name}: {domain} is in two lists")
        if domain != domain.lower() or "/" in domain or " " in domain:
            raise SettingsError(f"the sources file {name}: {domain!r} is no domain in lower case, like example.org")
    return found

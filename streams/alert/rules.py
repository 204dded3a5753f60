"""The alert policy as a record, read from TOML and checked as a whole. Data decides, not code paths."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, with_config

from models.labels import SIGNALS
from streams.alert.record import Event, ResponseType, Score, Severity, Urgency
from streams.alert.sources import Sources
from streams.alert.sources import load as load_sources
from streams.errors import SettingsError
from streams.observe.vocabulary import SEVERITIES
from streams.tables import read

__all__ = ["CertaintyRules", "IncidentRules", "Rules", "SignalRule", "load", "raised", "rank"]

_STRICT = ConfigDict(extra="forbid")


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class SignalRule:
    """One row: what a signal means. `raise_at` independent reports make it one step more severe; 0: never."""

    severity: Severity
    urgency: Urgency
    response: tuple[ResponseType, ...]
    raise_at: Annotated[int, Field(ge=0)]
    reason: Annotated[str, Field(min_length=3, max_length=80)]


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class IncidentRules:
    """When an incident speaks, and how long it lives."""

    signal_score: Score
    corroborated_by: Annotated[int, Field(ge=2)]
    corroborated_score: Score
    milestones: tuple[Annotated[int, Field(ge=2)], ...]
    area_confidence: Score
    most_updates: Annotated[int, Field(ge=0)]
    cooldown_minutes: Annotated[float, Field(ge=0)]
    lifetime_hours: Annotated[float, Field(gt=0)]
    echo_hours: Annotated[float, Field(gt=0)]
    cleared_by: Annotated[int, Field(ge=1)]
    cleared_hours: Annotated[float, Field(gt=0)]
    most_articles: Annotated[int, Field(ge=10, le=500)]
    nowhere_severity: Severity

    @property
    def cooldown_ms(self) -> int:
        """Cool-down in milliseconds."""
        return int(self.cooldown_minutes * 60_000)

    @property
    def lifetime_ms(self) -> int:
        """Life without new evidence, in milliseconds."""
        return int(self.lifetime_hours * 3_600_000)

    @property
    def cleared_ms(self) -> int:
        """How long it must be quiet after one report that it is over, in milliseconds."""
        return int(self.cleared_hours * 3_600_000)

    @property
    def echo_ms(self) -> int:
        """How long an incident that has ended is remembered, in milliseconds."""
        return int(self.echo_hours * 3_600_000)


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class CertaintyRules:
    """What makes an incident Likely: so many independent reports by so many publishers, or one official report. A
    report whose evidence has one of the words `hedges` in every sentence does not count.
    """

    reports: Annotated[int, Field(ge=1)]
    publishers: Annotated[int, Field(ge=1)]
    hedges: tuple[Annotated[str, Field(min_length=2, max_length=60)], ...]


@with_config(_STRICT)
@dataclass(frozen=True, slots=True)
class Rules:
    """The whole policy. Every signal has its row. `sources`: see streams.alert.sources; a file of its own."""

    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,16}$")]
    single_report: dict[Event, Score]
    incident: IncidentRules
    certainty: CertaintyRules
    signals: dict[str, SignalRule]
    sources: Sources = field(default_factory=Sources)


_ADAPTER: TypeAdapter[Rules] = TypeAdapter(Rules)


def load(path: Path | None = None, changes: Mapping[str, Any] | None = None, sources: Path | None = None) -> Rules:
    """The shipped policy, or the one in `path`, with `changes` ("incident.cooldown_minutes": 10) made to it, and the
    shipped table of publishers, or the one in `sources`.

    Raises SettingsError, naming what is wrong in it.
    """
    name = str(path or "policy.toml")
    source = path or files("streams.alert").joinpath("policy.toml")

    def change(raw: dict[str, Any]) -> None:
        for key, value in (changes or {}).items():
            _change(raw, key, value)

    rules = read(source, _ADAPTER, f"the policy file {name}", change)
    rules = replace(rules, sources=load_sources(sources))
    missing = [signal for signal in SIGNALS if signal not in rules.signals]
    strangers = [signal for signal in rules.signals if signal not in SIGNALS]
    if missing or strangers or set(rules.single_report) != {"escalation", "evacuation"}:
        problem = f"missing {', '.join(missing)}" if missing else f"unknown {', '.join(strangers) or 'events'}"
        raise SettingsError(f"the policy file {name}: every signal needs its row and both events a score; {problem}")
    return rules


def _change(raw: dict[str, Any], key: str, value: Any) -> None:
    *tables, last = key.split(".")
    table: Any = raw
    for name in tables:
        table = table.get(name) if isinstance(table, dict) else None
    if not isinstance(table, dict) or last not in table:
        raise SettingsError(
            f"the policy has no {key}: names are like single_report.evacuation, incident.lifetime_hours"
        )
    table[last] = value


def rank(severity: str) -> int:
    """How severe, for comparisons: Unknown 0 to Extreme 4."""
    return len(SEVERITIES) - 1 - SEVERITIES.index(severity)


def raised(severity: Severity) -> Severity:
    """One step more severe; Extreme stays."""
    steps: tuple[Severity, ...] = ("Unknown", "Minor", "Moderate", "Severe", "Extreme")
    return steps[min(rank(severity) + 1, len(steps) - 1)]

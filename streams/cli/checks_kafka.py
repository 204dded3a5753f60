"""What `tocsin doctor` asks Kafka: reachable, what it advertises, topics, sizes, clocks.

Guarantees: each question ends within five seconds; reads only, joins no group, makes no topic. Refuses to guess: what
can't be told is "unknown".
"""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from aiokafka import TopicPartition
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from streams.checks import ENVELOPE_BYTES
from streams.cli.checks import Check
from streams.cli.refusals import explain, refusal
from streams.errors import BrokerError, SettingsError, TocsinError, TopicMissingError
from streams.kafka import clients, topics
from streams.kafka.deadletters import dlq_name
from streams.settings import Settings

__all__ = ["kafka"]

_SECONDS = 5.0
_SKEW_SECONDS = 5.0
_CREATE = "run `tocsin topics create`"
_ERRORS = (TocsinError, KafkaError, OSError, TimeoutError, ValueError, LookupError)


async def kafka(settings: Settings) -> AsyncIterator[Check]:
    """Every check that needs the broker; only the first if it can't be reached."""
    try:
        async with asyncio.timeout(_SECONDS), clients.admin(settings) as admin:
            brokers = [(broker.host, int(broker.port)) for broker in admin._client.cluster.brokers()]
    except _ERRORS as error:
        if isinstance(error, SettingsError):
            yield Check("broker", "failed", str(error), "set it as the sentence says")
            return
        cause = error.__cause__ if isinstance(error, BrokerError) and error.__cause__ else error
        why, fix = await refusal(settings, _SECONDS) or explain(cause)
        yield Check("broker", "failed", f"no Kafka answers at {settings.brokers}: {why}", fix)
        return
    yield Check("broker", "ok", f"{settings.brokers} answers")
    for host, port in brokers:
        yield await _advertised(host, port)
    found = await _guarded("topics", _topics(settings))
    yield found
    if found.verdict == "ok":
        yield await _guarded("dead letters", _sizes(settings))
        yield await _guarded("table", _table(settings))
        yield await _guarded("clock", _clock(settings))


async def _guarded(name: str, question: Any) -> Check:
    try:
        async with asyncio.timeout(_SECONDS):
            answer: Check = await question
            return answer
    except TopicMissingError as error:
        return Check(name, "failed", str(error), _CREATE)
    except _ERRORS as error:
        return Check(name, "unknown", f"the broker does not say ({type(error).__name__})")


async def _advertised(host: str, port: int) -> Check:
    """Clients go where the broker says, not where they first asked: the usual fault of Kafka in containers."""
    address = f"{host}:{port}"
    try:
        async with asyncio.timeout(_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
        writer.close()
    except OSError as error:
        reason = "no answer in 5 s" if isinstance(error, TimeoutError) else (error.strerror or type(error).__name__)
        fix = "set advertised.listeners of that broker to an address that this machine can reach"
        return Check(
            "advertised", "failed", f"the broker calls itself {address}, which can't be reached: {reason}", fix
        )
    return Check("advertised", "ok", f"{address} can be reached")


async def _topics(settings: Settings) -> Check:
    found = await topics.existing(settings)
    topics.check(settings, found)
    inputs = ", ".join(f"{name} {found[name]}" for name in settings.articles_topics)
    return Check("topics", "ok", f"all there; partitions: {inputs}, assessments {found[settings.assessments_topic]}")


async def _configs(settings: Settings, names: list[str]) -> dict[str, dict[str, str]]:
    """By topic, its configuration."""
    async with clients.admin(settings) as admin:
        answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names])
    found: dict[str, dict[str, str]] = {}
    for answer in answers:
        for _, _, _, name, entries in answer.resources:
            found[name] = {entry[0]: entry[1] for entry in entries if entry[1]}
    return found


async def _table(settings: Settings) -> Check:
    """Whether the incident table's changelog is as `tocsin topics create` makes it: it may be older than we are."""
    name = settings.changelog_topic
    wanted = next(dict(spec.config) for spec in topics.specs(settings) if spec.name == name)
    has = (await _configs(settings, [name]))[name]
    odd = {key: value for key, value in wanted.items() if has[key] != value}
    if not odd:
        return Check("table", "ok", f"{name} is configured as it should be")
    detail = ", ".join(f"{key} {has[key]} and not {value}" for key, value in odd.items())
    change = ",".join(f"{key}={value}" for key, value in odd.items())
    fix = f"kafka-configs.sh --alter --entity-type topics --entity-name {name} --add-config {change}"
    return Check("table", "failed", f"{name} has {detail}", fix)


async def _sizes(settings: Settings) -> Check:
    """Whether every record that fits an input topic fits its dead-letter topic with our headers."""
    names = [name for topic in settings.articles_topics for name in (topic, dlq_name(topic))]
    limits = {name: int(config["max.message.bytes"]) for name, config in (await _configs(settings, names)).items()}
    small = []
    for topic in settings.articles_topics:
        largest, room = limits[topic], limits[dlq_name(topic)]
        if largest > settings.input_message_bytes:
            fix = f"set TOCSIN_INPUT_MESSAGE_BYTES (and fetch and request sizes) to at least {largest}"
            return Check("dead letters", "failed", f"{topic} takes records of {largest} bytes", fix)
        if room < largest + ENVELOPE_BYTES:
            small.append(f"{dlq_name(topic)} takes {room} bytes, {topic} {largest}")
    if small:
        fix = f"give the dead-letter topic max.message.bytes = the input's + {ENVELOPE_BYTES}"
        return Check("dead letters", "failed", "; ".join(small), fix)
    return Check("dead letters", "ok", "every record that fits its input fits its dead-letter topic")


async def _clock(settings: Settings) -> Check:
    """Kafka has no question for the time: only a record from the future gives a wrong clock away."""
    newest = 0
    async with clients.consumer(settings) as consumer:
        counts = await topics.existing(settings)
        names = [name for name in (*settings.articles_topics, settings.assessments_topic) if name in counts]
        parts = [TopicPartition(name, number) for name in names for number in range(counts[name])]
        consumer.assign(parts)
        ends = {part: end for part, end in (await consumer.end_offsets(parts)).items() if end > 0}
        consumer.assign(list(ends))
        for part, end in ends.items():
            consumer.seek(part, end - 1)
        if ends:
            for records in (await consumer.getmany(timeout_ms=1_500)).values():
                newest = max(newest, *(record.timestamp for record in records))
    if not newest:
        return Check("clock", "unknown", "no record to compare with; a broker can't be asked for its time")
    ahead = newest / 1000 - time.time()
    if ahead > _SKEW_SECONDS:
        fix = "set the clocks of this machine and of the producers by NTP"
        return Check("clock", "failed", f"the newest record is {ahead:.0f} s in the future", fix)
    return Check("clock", "ok", "no record is from the future (a broker can't be asked for its time)")

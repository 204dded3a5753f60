"""Arguments for every Kafka client that we make, so that address and security are said in one place.

Only aiokafka is used beside Faust. A broker that can't be reached gives one BrokerError with one sentence.
"""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams.errors import BrokerError, SettingsError
from streams.kafka.embedded import mend_client
from streams.kafka.headers import mend_header_names
from streams.kafka.parting import part
from streams.settings import Settings

__all__ = ["admin", "connection", "consumer", "producer", "ssl_context"]

_PARTING_SECONDS = 10.0
"""For the goodbye of a client. What it was to write, its user has an ack for."""


def ssl_context(settings: Settings) -> ssl.SSLContext | None:
    """TLS as the settings say it, host names checked; None without TLS. Raises SettingsError for bad files."""
    if not settings.tls:
        return None
    try:
        context = ssl.create_default_context(cafile=settings.tls_ca_file)
        if settings.tls_cert_file:
            context.load_cert_chain(settings.tls_cert_file, settings.tls_key_file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"the TLS files can't be used: {error}") from error
    return context


def connection(settings: Settings) -> dict[str, Any]:
    """Keyword arguments that every aiokafka client takes."""
    arguments: dict[str, Any] = {
        "bootstrap_servers": settings.servers,
        "request_timeout_ms": int(settings.publish_timeout * 1000),
    }
    context = ssl_context(settings)
    if settings.sasl_mechanism:
        arguments |= {
            "security_protocol": "SASL_SSL" if context else "SASL_PLAINTEXT",
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": settings.password(),
            "ssl_context": context,
        }
    elif context:
        arguments |= {"security_protocol": "SSL", "ssl_context": context}
    return arguments


@asynccontextmanager
async def _running(client: Any, settings: Settings, stop: str) -> AsyncIterator[Any]:
    try:
        await client.start()
    except BaseException as error:
        await part(getattr(client, stop)(), client, _PARTING_SECONDS)
        if not isinstance(error, (KafkaError, OSError)):
            raise
        raise BrokerError(
            f"no Kafka answers at {settings.brokers}: start one, or set TOCSIN_BROKERS (`tocsin doctor` says more)"
        ) from error
    try:
        yield client
    finally:
        await part(getattr(client, stop)(), client, _PARTING_SECONDS)


@asynccontextmanager
async def producer(settings: Settings, **more: Any) -> AsyncIterator[AIOKafkaProducer]:
    """A started producer with acks from all replicas. Raises BrokerError if no broker answers."""
    arguments = connection(settings) | {"acks": "all", "max_request_size": settings.request_bytes} | more
    async with _running(AIOKafkaProducer(**arguments), settings, "stop") as client:
        yield client


@asynccontextmanager
async def consumer(settings: Settings, *topics: str, **more: Any) -> AsyncIterator[AIOKafkaConsumer]:
    """A started consumer without a group, unless `group_id` is given. Raises BrokerError if no broker answers."""
    arguments = (
        connection(settings)
        | {
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest",
            "isolation_level": "read_committed",
            "max_partition_fetch_bytes": settings.fetch_bytes,
        }
        | more
    )
    mend_header_names()
    if settings.embedded_broker:
        mend_client()
    async with _running(AIOKafkaConsumer(*topics, **arguments), settings, "stop") as client:
        yield client


@asynccontextmanager
async def admin(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """A started admin client. Raises BrokerError if no broker answers."""
    async with _running(AIOKafkaAdminClient(**connection(settings)), settings, "close") as client:
        yield client

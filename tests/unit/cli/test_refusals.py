"""What a person is told of a broker that refuses us."""

import asyncio
import socket
import ssl

import pytest
from aiokafka.errors import AuthenticationFailedError, KafkaConnectionError, UnsupportedSaslMechanismError

from streams.cli.refusals import explain, refusal
from streams.kafka.embedded import free_ports
from streams.settings import Settings


def certificate(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError("certificate verify failed")
    error.verify_code = code
    return error


@pytest.mark.parametrize(
    ("error", "why", "fix"),
    [
        (certificate(62), "another name", "TOCSIN_BROKERS"),
        (certificate(10), "not valid today", "clock"),
        (certificate(20), "we do not know", "TOCSIN_TLS_CA_FILE"),
        (ssl.SSLError("WRONG_VERSION_NUMBER"), "does not speak TLS", "TOCSIN_TLS"),
        (AuthenticationFailedError("hunter2"), "user or password", "TOCSIN_SASL_PASSWORD_FILE"),
        (UnsupportedSaslMechanismError(), "mechanism", "TOCSIN_SASL_MECHANISM"),
        (socket.gaierror(), "name is not known", "TOCSIN_BROKERS"),
        (ConnectionRefusedError(), "nobody listens", "TOCSIN_BROKERS"),
        (TimeoutError(), "no answer", "TOCSIN_BROKERS"),
        (KafkaConnectionError("hunter2"), "KafkaConnectionError", "TOCSIN_TLS"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_each_cause_has_its_words_and_what_to_set(error: BaseException, why: str, fix: str) -> None:
    said = explain(error)
    assert why in said[0]
    assert fix in said[1]
    assert "hunter2" not in " ".join(said)


async def test_a_port_where_nobody_listens() -> None:
    (port,) = free_ports(1)
    said = await refusal(Settings(brokers=f"127.0.0.1:{port}"), 5)
    assert said is not None
    assert "nobody listens" in said[0]


async def test_a_port_without_tls_and_one_that_says_nothing() -> None:
    handled = set()

    def note() -> None:
        handled.add(asyncio.current_task())

    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        note()
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        note()
        await reader.read()
        writer.close()
        await writer.wait_closed()

    for handler, tls, why in ((other, True, "does not speak TLS"), (silent, False, "no answer")):
        server = await asyncio.start_server(handler, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            said = await refusal(Settings(brokers=f"127.0.0.1:{port}", tls=tls), 1)
            await asyncio.wait(handled)
        assert said is not None
        assert why in said[0]

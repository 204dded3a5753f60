"""Why a broker refuses us. aiokafka says of every cause that it could not bootstrap; a person needs to know which.

Guarantees: one connection to the first broker that is named, within the time given, and no request beyond the
password. Refuses to guess: what it does not know is said by its name.
"""

import asyncio
import socket
import ssl

from aiokafka.conn import create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from streams.kafka import clients
from streams.settings import Settings

__all__ = ["explain", "refusal"]

_OTHER_NAME = (62, 64)
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH (x509_vfy.h)."""
_OUTDATED = (9, 10)
"""X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED."""


def explain(error: BaseException) -> tuple[str, str]:
    """What went wrong and how to mend it, in words; never the text of a password or of a certificate."""
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code in _OTHER_NAME:
            return "its certificate is for another name", "use the name that its certificate has in TOCSIN_BROKERS"
        if error.verify_code in _OUTDATED:
            return "its certificate is not valid today", "renew it, or set this machine's clock"
        fix = "set TOCSIN_TLS_CA_FILE to the authority that signed it"
        return "its certificate is signed by an authority that we do not know", fix
    if isinstance(error, ssl.SSLError):
        return "it does not speak TLS as we do", "use the port of its TLS listener, or unset TOCSIN_TLS"
    if isinstance(error, (AuthenticationFailedError, SaslAuthenticationFailed)):
        return "it refuses our user or password", "set TOCSIN_SASL_USERNAME and TOCSIN_SASL_PASSWORD_FILE"
    if isinstance(error, UnsupportedSaslMechanismError):
        return "it does not know our SASL mechanism", "set TOCSIN_SASL_MECHANISM to one that it offers"
    if isinstance(error, socket.gaierror):
        return "its name is not known", "set TOCSIN_BROKERS to a name that this machine can resolve"
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there", "start Kafka, or set TOCSIN_BROKERS to where it listens"
    if isinstance(error, TimeoutError):
        return "no answer in time", "start Kafka, or set TOCSIN_BROKERS to where it listens"
    fix = "start Kafka, or set TOCSIN_BROKERS; if that port wants TLS or a password, set TOCSIN_TLS and TOCSIN_SASL_*"
    return type(error).__name__, fix


async def refusal(settings: Settings, seconds: float) -> tuple[str, str] | None:
    """Why the first broker of the settings refuses us, and how to mend it; None if it does not."""
    host, _, port = settings.servers[0].rpartition(":")
    arguments = clients.connection(settings)
    arguments.pop("bootstrap_servers")
    try:
        async with asyncio.timeout(seconds):
            connection = await create_conn(host.strip("[]"), int(port), **arguments)
    except (KafkaError, OSError, ValueError) as error:
        cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
        return explain(cause)
    connection.close()
    return None

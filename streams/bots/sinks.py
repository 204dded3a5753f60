"""Where notifications go: anything that apprise has an address for, and webhooks of our own with a signature.

Guarantees: `send` returns when the other side has taken it, and raises SinkError when it has not; addresses, which hold
secrets, are in no error and no log; redirects are not followed. Refuses an address that nothing understands.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from streams.alert.record import Alert, encode
from streams.bots import words
from streams.errors import SettingsError, TocsinError

__all__ = ["AppriseSink", "Sink", "SinkError", "WebhookSink", "signature", "sink_of"]

_TIMEOUT: Final = 20.0
_KINDS: Final = {"Extreme": "failure", "Severe": "failure", "Moderate": "warning", "Minor": "info", "Unknown": "info"}
"""Severities in apprise's words (NotifyType); a Cancel is a success."""


class SinkError(TocsinError):
    """A sink did not take a notification. `passing`: it may take it later."""

    exit_code = 1

    def __init__(self, message: str, *, passing: bool) -> None:
        super().__init__(message)
        self.passing = passing


class Sink(Protocol):
    """One place that notifications go to; `name` may be shown."""

    name: str

    async def send(self, alert: Alert) -> None:
        """Raises SinkError."""


def sink_of(url: str, names: Mapping[str, str], *, secret: str | None = None, link: bool = False) -> Sink:
    """The sink for an address: `https://...` is a webhook of ours, all else is apprise's. Raises SettingsError."""
    scheme = url.partition(":")[0].lower()
    if scheme in ("http", "https"):
        return WebhookSink(url, secret)
    return AppriseSink(url, names, link=link)


def signature(secret: str, time: int, value: bytes) -> str:
    """HMAC-SHA256 over `time`, a dot and the body, in hex: whoever knows `secret` can tell that it was us, and when."""
    return hmac.new(secret.encode(), str(time).encode() + b"." + value, hashlib.sha256).hexdigest()


class WebhookSink:
    """POSTs the alert's own record. Headers: Tocsin-Delivery (the alert id), and with a secret Tocsin-Signature
    `t=SECONDS,v1=HEX` (see `signature`).
    """

    def __init__(self, url: str, secret: str | None = None) -> None:
        parts = urlsplit(url)
        if not parts.hostname:
            raise SettingsError("the webhook's address names no host")
        self._url, self._secret = url, secret
        self.name = f"{parts.scheme}://{parts.hostname}"

    async def send(self, alert: Alert) -> None:
        """Raises SinkError; 4xx but 408 and 429 are for good."""
        import time

        import aiohttp

        value = encode(alert)
        headers = {"Content-Type": "application/json", "Tocsin-Delivery": alert.alert_id}
        if self._secret:
            now = int(time.time())
            headers["Tocsin-Signature"] = f"t={now},v1={signature(self._secret, now, value)}"
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(self._url, data=value, headers=headers, allow_redirects=False) as answer,
            ):
                status = answer.status
        except (TimeoutError, aiohttp.ClientError) as error:
            raise SinkError(f"{self.name} does not answer ({type(error).__name__})", passing=True) from None
        if status >= 300:
            passing = status >= 500 or status in (408, 429)
            raise SinkError(f"{self.name} answers {status}", passing=passing)


class AppriseSink:
    """A chat, mailbox or pager that apprise knows. It is given plain text and escapes it for its service."""

    def __init__(self, url: str, names: Mapping[str, str], *, link: bool = False) -> None:
        try:
            import apprise
        except ImportError as error:
            raise SettingsError("this address needs the extra `notify`: pip install 'tocsin[notify]'") from error
        self._names, self._link = names, link
        self.name = url.partition(":")[0].lower()[:20]
        self._apprise: Any = apprise.Apprise()
        if not self._apprise.add(url):
            raise SettingsError(
                f"apprise does not understand this {json.dumps(self.name)} address; it is not shown here"
            )

    async def send(self, alert: Alert) -> None:
        """Raises SinkError."""
        import apprise

        kind = "success" if alert.msg_type == "Cancel" else _KINDS[alert.severity]
        taken = await self._apprise.async_notify(
            title=words.title(alert),
            body=words.body(alert, self._names, link=self._link),
            body_format=apprise.NotifyFormat.TEXT,
            notify_type=apprise.NotifyType(kind),
        )
        if not taken:
            raise SinkError(f"{self.name} did not take it", passing=True)

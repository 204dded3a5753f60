"""Rules across settings, each with the failure it prevents. Pure: settings in, sentences out."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streams.settings import Settings

__all__ = ["ENVELOPE_BYTES", "conflicts", "worst_drain"]

ENVELOPE_BYTES = 65_536
"""What a dead letter may add to a record: its headers."""

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def worst_drain(settings: "Settings") -> float:
    """Longest time (seconds) from "stop" to "everything in hand is acked".

    In hand are, at most: the queue, the articles being prepared, two batches (one in the classifier, one being
    published), every one of them with the most sentences that are scored, and one publish that times out.
    """
    articles = settings.queue_articles + 2 * settings.batch_articles
    return articles * settings.article_sentences / settings.slowest_sentences + settings.publish_timeout


def conflicts(settings: "Settings") -> list[str]:
    """Sentences that name what contradicts what and how to mend it; empty if all is well."""
    found = []
    drain = worst_drain(settings)
    if drain >= settings.rebalance_timeout / 2:
        found.append(
            f"draining can take {drain:.0f} s, which must be under half of TOCSIN_REBALANCE_TIMEOUT"
            f" ({settings.rebalance_timeout:.0f} s): lower TOCSIN_QUEUE_ARTICLES, TOCSIN_BATCH_ARTICLES or"
            " TOCSIN_ARTICLE_SENTENCES, or raise the timeout"
        )
    if settings.heartbeat_interval * 3 > settings.session_timeout:
        found.append("TOCSIN_HEARTBEAT_INTERVAL must be at most a third of TOCSIN_SESSION_TIMEOUT")
    if settings.fetch_bytes < settings.input_message_bytes:
        found.append("TOCSIN_FETCH_BYTES must be at least TOCSIN_INPUT_MESSAGE_BYTES, or a large record blocks")
    if settings.request_bytes < settings.input_message_bytes + ENVELOPE_BYTES:
        found.append(
            "TOCSIN_REQUEST_BYTES must be at least TOCSIN_INPUT_MESSAGE_BYTES + 65536, so that any record fits"
            " its dead-letter topic"
        )
    if settings.sasl_mechanism and not settings.tls and not settings.allow_sasl_without_tls:
        found.append(
            "SASL without TLS sends the password in clear: set TOCSIN_TLS=true, or"
            " TOCSIN_ALLOW_SASL_WITHOUT_TLS=true if the network is yours"
        )
    if settings.sasl_mechanism and not (
        settings.sasl_username and (settings.sasl_password or settings.sasl_password_file)
    ):
        found.append("TOCSIN_SASL_MECHANISM needs TOCSIN_SASL_USERNAME and TOCSIN_SASL_PASSWORD_FILE")
    if bool(settings.tls_cert_file) != bool(settings.tls_key_file):
        found.append("TOCSIN_TLS_CERT_FILE and TOCSIN_TLS_KEY_FILE go together")
    found += _topic_conflicts(settings) + _production_conflicts(settings)
    return found


def _topic_conflicts(settings: "Settings") -> list[str]:
    named = [
        *settings.articles_topics,
        settings.assessments_topic,
        settings.alerts_topic,
        settings.feedback_topic,
        *([settings.audit_topic] if settings.audit_topic else []),
    ]
    twice = sorted({name for name in named if named.count(name) > 1})
    found = [f"topic {name} is named twice: input and output must differ" for name in twice]
    found += [f"{name} is a dead-letter topic: it can't be an input" for name in named if name.endswith(".dlq")]
    return found


def _production_conflicts(settings: "Settings") -> list[str]:
    if not settings.production:
        return []
    found = []
    if settings.embedded_broker:
        found.append("TOCSIN_EMBEDDED_BROKER keeps everything in memory: not with TOCSIN_PRODUCTION")
    if settings.web_bind not in _LOOPBACK and settings.web_bind != "0.0.0.0":  # noqa: S104
        found.append("TOCSIN_WEB_BIND: use 127.0.0.1, or 0.0.0.0 where only the cluster's network reaches it")
    if settings.replication < 2:
        found.append("TOCSIN_REPLICATION must be at least 2 in production")
    return found

"""Commands around the alerts topic, on the embedded broker: feedback, explain, notify."""

import asyncio
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from streams.alert.record import AlertInput, encode
from streams.cli import scoring
from streams.kafka.embedded import EmbeddedBroker
from streams.settings import Settings
from tests.kafka.tools import environment, feed, read_all, settings_for
from tests.unit.cli.support import WordClassifier, command, make_alert

pytestmark = pytest.mark.embedded

FIRST, SECOND = "1" * 32, "2" * 32
ARTICLE = {"title": "Embassy tells citizens to leave Chad", "text": "Citizens must leave Chad now, the embassy said."}


@pytest.fixture(scope="module")
def installation(embedded_broker: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    from streams.kafka import topics

    made = settings_for(embedded_broker.servers, embedded=True, folder=tmp_path_factory.mktemp("data"))
    asyncio.run(topics.create(made))
    asyncio.run(feed(made, "articles", [(None, json.dumps(ARTICLE).encode(), ())]))
    (article,) = asyncio.run(read_all(made, "articles"))
    there = AlertInput("c" * 32, "articles", article.partition, article.offset, article.timestamp)
    gone = AlertInput("d" * 32, "articles", article.partition, 10_000, article.timestamp)
    alerts = [
        make_alert(alert_id=FIRST, status="Actual", inputs=(there, gone)),
        make_alert(alert_id=SECOND, status="Actual", incident_id="e" * 16, country="UA", event="escalation"),
    ]
    asyncio.run(feed(made, "alerts", [(b"key", encode(alert), ()) for alert in alerts] + [(None, b"none", ())]))
    return made


@pytest.fixture(autouse=True)
def _settings(installation: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(installation).items():
        if name.startswith("TOCSIN_"):
            monkeypatch.setenv(name, value)


def test_feedback_is_noted_and_reported(installation: Settings) -> None:
    assert "nobody has judged" in command("feedback", "--report").err
    done = command("feedback", FIRST, "right", "--by", "ana", "--note", "so it was")
    assert (done.code, done.out) == (0, "")
    assert command("feedback", SECOND, "wrong", "--by", "ana").code == 0
    asyncio.run(feed(installation, "feedback", [(None, b"gossip", ())]))
    shown = command("feedback", "--report")
    assert shown.code == 0
    assert "1 records of feedback were no feedback" in shown.err
    rows = [line.split() for line in shown.out.splitlines()]
    assert ["event", "evacuation", "1", "1", "100%", "0", "0"] in rows
    assert ["country", "UA", "1", "0", "0%", "0", "0"] in rows
    found = json.loads(command("feedback", "--report", "--json").out)
    assert found["event"]["escalation"] == {"judged": 1, "right": 0, "late": 0, "elsewhere": 0, "precision": 0.0}


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["9" * 32, "right"], 1, "holds no alert"),
        (["abc", "right"], 2, "is no alert id"),
        ([FIRST, "great"], 2, "great"),
        ([FIRST], 2, "a verdict is missing"),
        ([], 2, "--report"),
        ([FIRST, "right", "--note", "x" * 501], 2, "at most 500"),
    ],
)
def test_feedback_that_is_none_is_refused(arguments: list[str], code: int, says: str) -> None:
    done = command("feedback", *arguments)
    assert done.code == code
    assert says in " ".join(done.err.replace("│", " ").split())


def test_explain_reads_the_articles_from_kafka(monkeypatch: pytest.MonkeyPatch) -> None:
    import models.classifier

    monkeypatch.setattr(models.classifier.Classifier, "load", lambda *_, **__: WordClassifier())
    done = command("explain", FIRST)
    assert done.code == 0, done.err
    assert "gone from the topic" in done.out
    assert ARTICLE["title"] in done.out
    assert "evacuation in TD" in done.out
    assert "evacuation 0." in done.out
    assert ARTICLE["title"] not in command("explain", FIRST, "--no-articles").out
    assert scoring.NEVER_STALE_HOURS > 0


class Hook(BaseHTTPRequestHandler):
    """Keeps what it is sent; is away once."""

    got: ClassVar[list[dict[str, Any]]] = []
    away = 1

    def do_POST(self) -> None:
        value = self.rfile.read(int(self.headers["Content-Length"]))
        if Hook.away:
            Hook.away -= 1
            self.send_response(503)
        else:
            Hook.got.append({**json.loads(value), "headers": dict(self.headers)})
            self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


def test_notify_tells_what_comes_from_now_on_once_and_goes_on_where_it_was(
    installation: Settings, tmp_path: Path
) -> None:
    watch = tmp_path / "watch.toml"
    watch.write_text("[[watch]]\ncountries = ['UA']\n")
    (tmp_path / "secret").write_text("s3cret\n")
    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}/hook"

    def notify(limit: int) -> "subprocess.Popen[str]":
        options = ["--watch", str(watch), "--secret-file", str(tmp_path / "secret"), "--limit", str(limit)]
        return subprocess.Popen(
            [sys.executable, "-m", "streams.cli.main", "notify", "--url", url, *options],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment(installation),
        )  # fmt: skip

    ua = [make_alert(alert_id=f"{n}" * 32, incident_id=f"{n}" * 16, status="Actual", country="UA") for n in (4, 5, 6)]
    other = make_alert(alert_id="7" * 32, incident_id="7" * 16, status="Actual", country="FR", event="escalation")
    drill = make_alert(alert_id="8" * 32, incident_id="8" * 16, status="Exercise", country="UA")
    try:
        first = notify(2)
        assert first.stderr is not None
        assert "from now on" in first.stderr.readline()
        values = [(b"key", encode(alert), ()) for alert in (other, drill, ua[0], ua[0], ua[1])]
        asyncio.run(feed(installation, "alerts", values))
        said = first.stderr.read()
        assert first.wait(60) == 0, said
        first.stderr.close()
        assert [alert["alert_id"][0] for alert in Hook.got] == ["4", "5"]
        assert "answers 503: again in 1 s" in said
        assert "2 notifications sent" in said
        assert all("Tocsin-Signature" in alert["headers"] for alert in Hook.got)
        # While nobody listens: it waits.
        asyncio.run(feed(installation, "alerts", [(b"key", encode(ua[2]), ())]))
        second = notify(1)
        said = second.communicate(timeout=120)[1]
        assert second.returncode == 0, said
        assert [alert["alert_id"][0] for alert in Hook.got] == ["4", "5", "6"]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

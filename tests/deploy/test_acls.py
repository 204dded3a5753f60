"""The rights in deploy/SECURITY.md: as few as that page says, and enough for every process, on a real broker."""

import asyncio
import re
import shlex
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from streams.kafka import topics
from streams.settings import Settings
from tests.deploy.checks import ROOT, settings_of
from tests.kafka.cluster import HINT, ApacheKafka, Secure, find_kafka
from tests.kafka.load import articles
from tests.kafka.test_security import certificates
from tests.kafka.tools import Worker, alerts, environment, feed, settings_for, until

PAGE = (ROOT / "deploy" / "SECURITY.md").read_text("utf-8")
BLOCK = PAGE.split("<!-- acls -->")[1].split("<!-- /acls -->")[0]
LINES = [shlex.split(line)[1:] for line in BLOCK.splitlines() if line.startswith("acl ")]

Right = tuple[str, str, str]
"""Operation, kind of resource, its name."""


def rights() -> dict[str, set[Right]]:
    """What each user may do, as the page's commands say."""
    found: dict[str, set[Right]] = defaultdict(set)
    for user, *words in LINES:
        pairs = list(zip(words[::2], words[1::2], strict=True))
        assert {option for option, _ in pairs} <= {"--operation", "--topic", "--group"}
        operations = [value for option, value in pairs if option == "--operation"]
        for option, name in pairs:
            if option != "--operation":
                found[user] |= {(operation, option.removeprefix("--"), name) for operation in operations}
    return found


RIGHTS = rights()
DEFAULTS = settings_of({})
TOPICS = {spec.name for spec in topics.specs(DEFAULTS)}


def who(operation: str, kind: str, name: str) -> set[str]:
    return {user for user, may in RIGHTS.items() if (operation, kind, name) in may}


def test_every_name_is_one_of_ours() -> None:
    named = {name for may in RIGHTS.values() for _, kind, name in may if kind == "topic"}
    assert named == TOPICS
    assert {name for may in RIGHTS.values() for _, kind, name in may if kind == "group"} == {
        "tocsin-assess", "tocsin-alert", "tocsin-notify"
    }  # fmt: skip


def test_nobody_has_more_than_a_process_needs() -> None:
    for user, may in RIGHTS.items():
        operations = {operation for operation, _, _ in may}
        assert operations <= {"Read", "Write", "Describe"} or user == "tocsin-operator"
    assert {operation for operation, _, _ in RIGHTS["tocsin-operator"]} == {
        "Create", "Describe", "DescribeConfigs", "Read"
    }  # fmt: skip


def test_who_may_write_what() -> None:
    changelog = DEFAULTS.changelog_topic
    assert who("Write", "topic", "alerts") == {"tocsin-alert"}
    assert who("Write", "topic", changelog) == who("Read", "topic", changelog) == {"tocsin-alert"}
    assert who("Write", "topic", "assessments") == {"tocsin-assess", "tocsin-letters"}
    assert who("Write", "topic", "articles") == {"tocsin-feed", "tocsin-canary", "tocsin-letters"}
    assert who("Read", "group", "tocsin-assess") == {"tocsin-assess"}
    assert who("Read", "group", "tocsin-alert") == {"tocsin-alert"}


@pytest.mark.parametrize("user", ["tocsin-assess", "tocsin-alert"])
def test_a_worker_sees_every_topic_that_it_looks_for(user: str) -> None:
    seen = {name for _, kind, name in RIGHTS[user] if kind == "topic"}
    topics.check(DEFAULTS, dict.fromkeys(seen, 4))


def test_every_file_that_the_page_names_exists() -> None:
    found = re.findall(r"`((?:streams|models|tests|deploy)/[\w./-]+)`", PAGE)
    assert len(found) > 5
    assert [path for path in found if not (ROOT / path).exists()] == []


@dataclass(frozen=True)
class Guarded:
    """A broker on which nobody may do anything but what the page's commands have allowed."""

    kafka: ApacheKafka
    folder: Path
    ca: Path

    def settings(self, user: str) -> Settings:
        password = self.folder / f"{user}.password"
        password.write_text(_password(user))
        return settings_for(
            f"localhost:{self.kafka.nodes[0].secure}",
            embedded=False,
            folder=self.folder / user,
            audit_topic=None,
            tls=True,
            tls_ca_file=self.ca,
            sasl_mechanism="SCRAM-SHA-512",
            sasl_username=user,
            sasl_password_file=password,
        )

    def acl(self, change: str, user: str, *words: str) -> None:
        self.kafka.tool(
            "kafka-acls.sh", "--bootstrap-server", self.kafka.servers, change,
            "--allow-principal", f"User:{user}", *words,
        )  # fmt: skip

    def run(self, user: str, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "streams.cli.main", *words]
        return subprocess.run(
            command, capture_output=True, text=True, env=environment(self.settings(user)), timeout=120, check=False
        )


def _password(user: str) -> str:
    return f"secret-of-{user}"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    keystore, ca = certificates(folder)
    home = find_kafka()
    assert home is not None, HINT
    with ApacheKafka(home, secure=Secure("admin", "secret-of-admin", keystore, ca)) as kafka:
        made = Guarded(kafka, folder, ca)
        for user in RIGHTS:
            scram = f"SCRAM-SHA-512=[password={_password(user)}]"
            named = ("--entity-type", "users", "--entity-name", user)
            # What kafka-configs.sh runs.
            kafka.tool(
                "kafka-run-class.sh", "kafka.admin.ConfigCommand", "--bootstrap-server", kafka.servers,
                "--alter", *named, "--add-config", scram,
            )  # fmt: skip
        for user, *words in LINES:
            made.acl("--add", user, *words)
        yield made


@pytest.mark.kafka
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")
class TestOnABroker:
    async def test_every_process_works_with_its_own_rights(self, guarded: Guarded) -> None:
        made = await asyncio.to_thread(guarded.run, "tocsin-operator", "topics", "create")
        assert made.returncode == 0, made.stderr
        assert len(re.findall("^made", made.stdout, re.MULTILINE)) == len(TOPICS)
        assess, alert = guarded.settings("tocsin-assess"), guarded.settings("tocsin-alert")
        with Worker(assess, "assess") as first, Worker(alert, "alert") as second:
            first.wait_ready(120)
            second.wait_ready(120)
            records = [(None, value, ()) for value in articles(20, 4)]
            await feed(guarded.settings("tocsin-feed"), "articles", [*records, (None, b"\xff", ())])

            async def one() -> bool:
                return bool(await alerts(guarded.settings("tocsin-board")))

            await until(one, 120, "an alert, and the board's user reads it")

            async def letter() -> bool:
                return first.metric("tocsin_dead_letters_total") == 1

            await until(letter, 60, "the dead letter is written")
            for user, words in (
                ("tocsin-canary", ("canary", "--once")),
                ("tocsin-analyst", ("feedback", "--report")),
                ("tocsin-analyst", ("tail", "--from-beginning", "--limit", "1")),
                ("tocsin-letters", ("dlq", "replay", "--reason", "undecodable")),
                ("tocsin-operator", ("doctor",)),
            ):
                done = await asyncio.to_thread(guarded.run, user, *words)
                assert done.returncode == 0, (user, words, done.stdout, done.stderr)
            for worker in (first, second):
                assert worker.kill(15) == 0, worker.text()
                assert "Authorization" not in worker.text()

    def test_who_may_not_write_is_not_let(self, guarded: Guarded) -> None:
        done = guarded.run("tocsin-board", "feedback", "0" * 32, "right")
        assert done.returncode != 0

    async def test_one_right_less_is_seen(self, guarded: Guarded) -> None:
        """The lines are all needed: without one the worker ends, and its articles wait."""
        words = ("--operation", "Write", "--topic", "assessments")
        await asyncio.to_thread(guarded.acl, "--remove", "tocsin-assess", *words, "--force")
        with Worker(guarded.settings("tocsin-assess"), "assess") as worker:
            await feed(guarded.settings("tocsin-feed"), "articles", ((None, value, ()) for value in articles(20, 4)))
            assert await asyncio.to_thread(worker.process.wait, 150) == 4, worker.text()

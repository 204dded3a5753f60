"""TLS and a password against a real broker: the whole way works, and who has the wrong ones is told which."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from streams.kafka import topics
from streams.settings import Settings
from tests.kafka.cluster import HINT, ApacheKafka, Secure, find_kafka
from tests.kafka.load import articles
from tests.kafka.tools import Worker, alerts, environment, feed, settings_for, until

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.requirement(18),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates"),
]
_CA = """[ca]
default_ca = test
[test]
database = index
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
[any]
commonName = supplied
"""
SECRET = "correct-horse-battery"


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def certificates(folder: Path, *, expired: bool = False) -> tuple[Path, Path]:
    """A keystore for `localhost` and the certificate of the CA that signed it; `expired`: it was valid in 2020."""
    ca, key = ("-x509", "-days", "2"), ("-newkey", "rsa:2048", "-nodes")
    _openssl(folder, "req", *ca, *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Tocsin test CA")
    _openssl(folder, "req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    (folder / "san").write_text("subjectAltName=DNS:localhost")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "san", "-days", "2")
    if expired:
        (folder / "index").touch()
        (folder / "serial").write_text("01")
        (folder / "ca.cnf").write_text(_CA)
        dates = ("-startdate", "20200101000000Z", "-enddate", "20200201000000Z")
        made = ("-in", "server.csr", "-out", "server.pem", "-cert", "ca.pem", "-keyfile", "ca.key", "-extfile", "san")
        _openssl(folder, "ca", "-batch", "-notext", "-config", "ca.cnf", *made, *dates)
    else:
        _openssl(folder, "x509", "-req", "-in", "server.csr", "-out", "server.pem", *signed)
    keystore = folder / "keystore.pem"
    keystore.write_text("".join((folder / name).read_text() for name in ("server.key", "server.pem", "ca.pem")))
    return keystore, folder / "ca.pem"


@dataclass(frozen=True)
class Safe:
    """A broker with a safe door, and the settings that open it."""

    settings: Settings
    folder: Path

    def but(self, **more: object) -> Settings:
        return self.settings.model_copy(update=more)


@pytest.fixture(scope="module")
def safe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Safe]:
    folder = tmp_path_factory.mktemp("safe")
    keystore, ca = certificates(folder)
    home = find_kafka()
    assert home is not None, HINT
    (folder / "password").write_text(f"{SECRET}\n")
    with ApacheKafka(home, secure=Secure("tocsin", SECRET, keystore, ca)) as kafka:
        made = settings_for(
            f"localhost:{kafka.nodes[0].secure}",
            embedded=False,
            folder=folder / "data",
            tls=True,
            tls_ca_file=ca,
            sasl_mechanism="SCRAM-SHA-512",
            sasl_username="tocsin",
            sasl_password_file=folder / "password",
        )
        yield Safe(made, folder)


async def test_the_whole_way_with_tls_and_a_password(safe: Safe) -> None:
    await topics.create(safe.settings)
    await feed(safe.settings, "articles", ((None, value, ()) for value in articles(20, 4)))
    with Worker(safe.settings, "assess") as assess, Worker(safe.settings, "alert") as alert:

        async def one() -> bool:
            return bool(await alerts(safe.settings))

        await until(one, 120, "an alert")
        for worker in (assess, alert):
            assert worker.kill(15) == 0
            assert SECRET not in worker.text()


@pytest.fixture(scope="module")
def outdated(safe: Safe, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Another broker, whose certificate has expired."""
    folder = tmp_path_factory.mktemp("outdated")
    keystore, ca = certificates(folder, expired=True)
    home = find_kafka()
    assert home is not None, HINT
    with ApacheKafka(home, secure=Secure("tocsin", SECRET, keystore, ca)) as kafka:
        yield safe.but(brokers=f"localhost:{kafka.nodes[0].secure}", tls_ca_file=ca)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("password", "refuses our user or password"),
        ("authority", "that we do not know"),
        ("name", "is for another name"),
        ("date", "is not valid today"),
    ],
)
async def test_who_has_the_wrong_one_ends_and_doctor_says_which(
    safe: Safe, outdated: Settings, wrong: str, why: str
) -> None:
    other = safe.folder / f"wrong {wrong}"
    other.mkdir(exist_ok=True)
    if wrong == "password":
        (other / "password").write_text("wrong-pass-word")
        settings = safe.but(sasl_password_file=other / "password")
    elif wrong == "authority":
        settings = safe.but(tls_ca_file=certificates(other)[1])
    elif wrong == "name":
        settings = safe.but(brokers=safe.settings.brokers.replace("localhost", "127.0.0.1"))
    else:
        settings = outdated
    with Worker(settings, "alert") as worker:
        assert worker.process.wait(60) == 4, worker.text()
        assert why in worker.text(), worker.text()
        command = [sys.executable, "-m", "streams.cli.main", "doctor"]
        doctor = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, env=environment(settings), check=False
        )
        said = doctor.stdout + doctor.stderr
        assert why in said, said
        for text in (worker.text(), said):
            assert "wrong-pass-word" not in text
            assert SECRET not in text

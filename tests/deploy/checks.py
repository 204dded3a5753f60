"""What must be so of the files under deploy/ and of docker-compose.yml, as functions of parsed documents.

Each gives a list of sentences about what is wrong, empty if all is well: tests hold our files to them, and break
copies on purpose to see that they notice. Pure but for `mounts`, which looks whether paths exist. None reads the
environment.
"""

import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from streams.checks import worst_drain
from streams.settings import PREFIX, Settings

__all__ = [
    "GRACE_SECONDS",
    "SECRET_FILE",
    "bounded",
    "copied",
    "environment_of",
    "grace",
    "hardened",
    "healthy",
    "ignored",
    "images",
    "instructions",
    "loopback",
    "mounts",
    "order",
    "runs_as",
    "seconds",
    "settings_of",
    "settings_problems",
    "tag_of",
    "users",
]

ROOT: Final = Path(__file__).parents[2]
GRACE_SECONDS: Final = 10.0
"""For leaving the group after the drain (streams/kafka/transport.py)."""
SECRET_FILE: Final = "TOCSIN_SASL_PASSWORD_FILE"

_EXACT = re.compile(r"v?\d+\.\d+\.\d+(-[a-z0-9.-]+)?")
_DURATION = re.compile(r"(?:(\d+)m(?!s))?(?:(\d+)s)?")
_SIZE = re.compile(r"\d+[mg]")

Document = Mapping[str, Any]


# Settings


def settings_problems(where: str, environment: Mapping[str, str]) -> list[str]:
    """Names that Tocsin refuses at its start, and values that do not make settings."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    unknown = sorted(name for name in environment if name.upper().startswith(PREFIX) and name not in known)
    if unknown:
        return [f"{where}: unknown settings {', '.join(unknown)}"]
    try:
        settings_of(environment)
    except ValidationError as error:
        return [f"{where}: {problem['msg']}" for problem in error.errors(include_url=False)]
    return []


def settings_of(environment: Mapping[str, str]) -> Settings:
    """The settings that a process with exactly this environment has. Raises ValidationError."""
    # Every field is given, so that nothing is asked of the environment that the tests run in.
    values: dict[str, Any] = {name: field.get_default() for name, field in Settings.model_fields.items()}
    for name, text in environment.items():
        field = name.removeprefix(PREFIX).lower()
        if name.startswith(PREFIX) and field in values:
            values[field] = [part.strip() for part in text.split(",")] if field == "articles_topics" else text
    return Settings(**values)


# Images


def tag_of(image: str) -> str:
    """The tag of an image's name; empty if it has none."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]


def images(found: Iterable[tuple[str, str]]) -> list[str]:
    """Images, by who uses them, whose tag is none or may mean another image tomorrow."""
    return [f"{who}: {image} has no exact tag" for who, image in found if not _EXACT.fullmatch(tag_of(image))]


# docker-compose.yml


def _services(compose: Document) -> dict[str, Document]:
    return dict(compose["services"])


def environment_of(service: Document) -> dict[str, str]:
    """A service's environment, as the process sees it."""
    return {name: str(value) for name, value in dict(service.get("environment", {})).items()}


def seconds(text: str) -> float:
    """A duration as Compose writes it, `90s` or `2m30s`."""
    found = _DURATION.fullmatch(str(text))
    assert found, f"{text} is no duration in minutes and seconds"
    return 60 * int(found[1] or 0) + int(found[2] or 0)


def loopback(compose: Document) -> list[str]:
    """Ports that more than this machine reaches, and networks that are the host's."""
    found = []
    for name, service in _services(compose).items():
        for port in service.get("ports", []):
            host = port.get("host_ip", "") if isinstance(port, Mapping) else str(port).rpartition(":")[0]
            if str(host).partition(":")[0] != "127.0.0.1":
                found.append(f"{name}: port {port} is published beyond 127.0.0.1")
        if service.get("network_mode"):
            found.append(f"{name}: network_mode {service['network_mode']} publishes every port")
    return found


def healthy(compose: Document, without: Mapping[str, str]) -> list[str]:
    """Services without a health check, but for those of `without` (name: reason), which say so themselves."""
    found = []
    for name, service in _services(compose).items():
        check = service.get("healthcheck", {})
        if name in without:
            if check.get("disable") is not True:
                found.append(f"{name}: ends by itself ({without[name]}), so its health check is to be disabled by name")
        elif check.get("disable") or not check.get("test"):
            found.append(f"{name}: no health check")
        elif missing := {"interval", "timeout", "retries", "start_period"} - check.keys():
            found.append(f"{name}: its health check leaves {', '.join(sorted(missing))} to chance")
    return found + [f"{name}: there is no such service" for name in without if name not in compose["services"]]


def hardened(compose: Document, except_for: Mapping[str, Mapping[str, str]] | None = None) -> list[str]:
    """Services that could write to their root, hold capabilities or gain some. `except_for`: name: key: reason."""
    excused = except_for or {}
    found = []
    for name, service in _services(compose).items():
        wrong = {
            "read_only": service.get("read_only") is not True,
            "cap_drop": service.get("cap_drop") != ["ALL"],
            "cap_add": bool(service.get("cap_add")),
            "security_opt": "no-new-privileges:true" not in service.get("security_opt", []),
            "privileged": bool(service.get("privileged")),
        }
        found += [f"{name}: {key}" for key, is_wrong in wrong.items() if is_wrong and key not in excused.get(name, {})]
    return found


def bounded(compose: Document) -> list[str]:
    """Services that may take all memory, all processes or all of the disk, in logs or in memory."""
    found = []
    for name, service in _services(compose).items():
        if not _SIZE.fullmatch(str(service.get("mem_limit", ""))):
            found.append(f"{name}: no mem_limit")
        if not isinstance(service.get("pids_limit"), int) or service["pids_limit"] < 1:
            found.append(f"{name}: no pids_limit")
        if not {"max-size", "max-file"} <= dict(service.get("logging", {}).get("options", {})).keys():
            found.append(f"{name}: unbounded logs")
        found += [f"{name}: tmpfs {mount} has no size" for mount in service.get("tmpfs", []) if "size=" not in mount]
        if "restart" not in service:
            found.append(f"{name}: no restart policy")
    return found


def users(compose: Document) -> list[str]:
    """Services that do not say as which user they run, or run as root."""
    found = []
    for name, service in _services(compose).items():
        uid = str(service.get("user", "")).partition(":")[0]
        if not uid.isdigit() or int(uid) == 0:
            found.append(f"{name}: user {service.get('user')!r} is not a number above 0")
    return found


def mounts(compose: Document, root: Path) -> list[str]:
    """Files of ours that are not there or could be written to, and named volumes that are not declared."""
    found = []
    for name, service in _services(compose).items():
        for mount in service.get("volumes", []):
            source, _, rest = str(mount).partition(":")
            if not source.startswith((".", "/", "~")):
                if source not in compose.get("volumes", {}):
                    found.append(f"{name}: volume {source} is not declared")
                continue
            if not source.startswith("./"):
                found.append(f"{name}: {source} is outside the project")
            elif not (root / source).exists():
                found.append(f"{name}: {source} does not exist")
            if not rest.endswith(":ro"):
                found.append(f"{name}: {source} can be written to")
    return found


def order(compose: Document, jobs: Iterable[str]) -> list[str]:
    """Starts that do not wait for the right thing: a job's end, any other service's health."""
    services = _services(compose)
    found = []
    for name, service in services.items():
        waits = service.get("depends_on", {})
        if not isinstance(waits, Mapping):
            found.append(f"{name}: depends_on without conditions")
            continue
        for other, how in waits.items():
            wanted = "service_completed_successfully" if other in jobs else "service_healthy"
            if how.get("condition") != wanted:
                found.append(f"{name}: must wait for {other} by {wanted}")
            if services.get(other, {}).get("profiles") and not service.get("profiles"):
                found.append(f"{name}: waits for {other}, which only a profile starts")
    return found


def grace(where: str, environment: Mapping[str, str], given: float, *, assess: bool) -> list[str]:
    """Workers that are killed before they can have drained. `given`: seconds from SIGTERM to SIGKILL."""
    settings = settings_of(environment)
    # The other stage has one record in hand: a publish, a commit.
    needed = GRACE_SECONDS + (worst_drain(settings) if assess else settings.publish_timeout + 30)
    return [] if given >= needed else [f"{where}: {given:.0f} s to drain, {needed:.0f} s may be needed"]


# Dockerfile and .dockerignore


def instructions(text: str) -> list[tuple[str, str]]:
    """A Dockerfile's instructions, name and argument, in their order; continuation lines joined."""
    plain = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", " ", plain)
    return [
        (head.upper(), rest.strip()) for head, _, rest in (line.partition(" ") for line in joined.splitlines() if line)
    ]


def runs_as(dockerfile: list[tuple[str, str]]) -> list[str]:
    """What is wrong with the last stage: its user, how it is started, stopped and asked."""
    last = max(number for number, (name, _) in enumerate(dockerfile) if name == "FROM")
    final = dockerfile[last:]
    said = dict(final)
    found = [] if re.fullmatch(r"[1-9]\d*:[1-9]\d*", said.get("USER", "")) else ["USER is not two numbers above 0"]
    found += [f"{name} is not a JSON list" for name in ("ENTRYPOINT", "CMD") if not said.get(name, "").startswith("[")]
    if 'CMD ["tocsin", "health"' not in said.get("HEALTHCHECK", ""):
        found.append("HEALTHCHECK is not our own command")
    if said.get("STOPSIGNAL") != "SIGTERM":
        found.append("STOPSIGNAL is not SIGTERM")
    return found


def copied(dockerfile: list[tuple[str, str]]) -> list[str]:
    """Paths that are copied from the build's context."""
    found = []
    for name, rest in dockerfile:
        if name in ("COPY", "ADD") and "--from=" not in rest:
            found += [part for part in shlex.split(rest)[:-1] if not part.startswith("--")]
    return found


def ignored(dockerignore: str, path: str) -> bool:
    """Whether `path` is kept from the builder: the last line that matches it or a folder above it decides."""
    verdict = False
    for raw in dockerignore.splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        keep, pattern = line.startswith("!"), line.removeprefix("!")
        parts = Path(path).parts
        above = ["/".join(parts[: length + 1]) for length in range(len(parts))]
        if any(_matches(pattern, one) for one in above):
            verdict = not keep
    return verdict


def _matches(pattern: str, path: str) -> bool:
    expression = re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
    return re.fullmatch(expression, path) is not None

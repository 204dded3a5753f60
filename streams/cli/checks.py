"""What `tocsin doctor` looks at on this machine: Python, torch, weights, packages, settings, codecs, ports.

Guarantees: a check never raises and never hangs; whatever goes wrong is its answer, with what to do. Refuses to change
anything.
"""

import platform
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path
from typing import Literal

from streams.errors import SettingsError, TocsinError
from streams.settings import Settings, from_environment

__all__ = ["Check", "Verdict", "local", "settings_check"]

Verdict = Literal["ok", "failed", "unknown"]

_PINS = {"faust-streaming": "0.15.3", "aiokafka": "0.14."}
"""Versions that our work-arounds were written for: exact, or a prefix that ends with a dot."""
_OLDEST: tuple[int, ...] = (3, 11)
_CODECS = ("gzip", "snappy", "lz4", "zstd")


@dataclass(frozen=True, slots=True)
class Check:
    """One answer. `fix` says what to do, where there is something to do."""

    name: str
    verdict: Verdict
    detail: str
    fix: str = ""


def settings_check() -> tuple[Check, Settings | None]:
    """Whether the settings are valid, and what they are."""
    try:
        settings = from_environment()
    except SettingsError as error:
        return Check("settings", "failed", str(error), "see `tocsin config show --markdown` for names and values"), None
    return Check("settings", "ok", f"valid; brokers {settings.brokers}"), settings


def local(settings: Settings) -> Iterator[Check]:
    """Every check that needs no network."""
    yield _python()
    yield from _packages()
    yield _torch(settings)
    yield _weights("weights", "TOCSIN_WEIGHTS", settings.weights)
    if settings.shadow_weights is not None:
        yield _weights("shadow weights", "TOCSIN_SHADOW_WEIGHTS", settings.shadow_weights)
    yield _codecs()
    yield from _ports(settings)


def _python() -> Check:
    version = platform.python_version()
    if tuple(sys.version_info[:2]) >= _OLDEST:
        return Check("python", "ok", version)
    return Check("python", "failed", version, "use Python 3.11 or newer")


def _packages() -> Iterator[Check]:
    for name, pin in _PINS.items():
        fix = f"pip install '{name}=={pin}{'*' if pin.endswith('.') else ''}'"
        try:
            found = installed(name)
        except PackageNotFoundError:
            yield Check(name, "failed", "not installed", fix)
            continue
        good = found.startswith(pin) if pin.endswith(".") else found == pin
        wanted = f"{pin.rstrip('.')}{'.x' if pin.endswith('.') else ''}"
        yield Check(name, "ok" if good else "failed", found if good else f"{found}, not {wanted}", "" if good else fix)


def _torch(settings: Settings) -> Check:
    try:
        import torch
    except (ImportError, OSError) as error:
        return Check("torch", "failed", f"can't be imported ({type(error).__name__})", "pip install torch")
    threads = settings.torch_threads or torch.get_num_threads()
    return Check("torch", "ok", f"{torch.__version__}, {threads} CPU thread{'' if threads == 1 else 's'}")


def _weights(name: str, setting: str, chosen: Path | None) -> Check:
    from models.manifest import Manifest
    from streams.cli.version import packaged_weights

    folder = chosen or packaged_weights()
    try:
        manifest = Manifest.read(folder)
        manifest.verify(folder)
    except TocsinError as error:
        return Check(name, "failed", str(error), f"reinstall the package, or mend {setting}")
    return Check(name, "ok", f"{manifest.name} {manifest.version}, {len(manifest.files)} files as the manifest says")


def _codecs() -> Check:
    """Whether records compressed by any crawler can be read: aiokafka needs cramjam for all but gzip."""
    from aiokafka import codec

    text = b"tocsin " * 20
    broken = []
    for name in _CODECS:
        try:
            if getattr(codec, f"{name}_decode")(getattr(codec, f"{name}_encode")(text)) != text:
                broken.append(name)
        except Exception:  # noqa: BLE001  (each library has errors of its own)
            broken.append(name)
    if broken:
        return Check("codecs", "failed", f"can't read {', '.join(broken)}", "pip install cramjam")
    return Check("codecs", "ok", ", ".join(_CODECS))


def _ports(settings: Settings) -> Iterator[Check]:
    for stage, port in (("assess", settings.assess_port), ("alert", settings.alert_port)):
        name = f"port {stage}"
        address = f"{settings.web_bind}:{port}"
        if port == 0:
            yield Check(name, "ok", "any free one")
            continue
        try:
            with socket.create_server((settings.web_bind, port)):
                yield Check(name, "ok", f"{address} is free")
        except OSError as error:
            detail = f"{address} can't be listened on ({error.strerror or error}); a worker that runs already has it"
            fix = f"fine if that is your worker; else set TOCSIN_{stage.upper()}_PORT"
            yield Check(name, "unknown" if error.errno == 98 else "failed", detail, fix)

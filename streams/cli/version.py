"""`tocsin version`: which program, which Python, which weights."""

import platform
from importlib.metadata import version as installed
from importlib.resources import files
from pathlib import Path

__all__ = ["packaged_weights", "version"]


def packaged_weights() -> Path:
    """The folder of the weights that ship with the program, found without loading any of them."""
    return Path(str(files("models").joinpath("weights")))


def version() -> None:
    """Print the versions of program, Python and model weights."""
    from models.errors import ModelError
    from models.manifest import Manifest
    from streams.cli.output import line

    try:
        manifest = Manifest.read(packaged_weights())
        weights = f"weights {manifest.name} {manifest.version} ({manifest.sha256[:12]})"
    except ModelError:
        weights = "no weights (`tocsin doctor` says more)"
    line(f"tocsin {installed('tocsin')}, Python {platform.python_version()}, {weights}")

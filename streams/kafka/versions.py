"""Libraries that we mend from outside, and the one version of each that the mending was written for.

Another version is refused, so that an upgrade is looked at first.
"""

from importlib.metadata import version

from streams.errors import SettingsError

__all__ = ["MENDED", "require"]

MENDED = {"faust-streaming": "0.15.3", "aiokafka": "0.14.0"}


def require(package: str, what: str) -> None:
    """Raise SettingsError unless the version of `package` that `what` was written for is installed."""
    found, wanted = version(package), MENDED[package]
    if found != wanted:
        raise SettingsError(
            f"{package} {found} is installed, but {what} is written for {wanted}: pip install {package}=={wanted}"
        )

"""Tables that people may replace by files of their own: TOML, checked as a whole, every fault named.

Guarantees: what `read` returns has been validated. Refuses a file that can't be read, is no TOML, or holds anything
that the record does not know.
"""

import tomllib
from collections.abc import Callable
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from streams.errors import SettingsError

__all__ = ["read"]

_T = TypeVar("_T")


def read(
    source: Path | Traversable,
    adapter: TypeAdapter[_T],
    what: str,
    change: Callable[[dict[str, Any]], None] | None = None,
) -> _T:
    """The table in `source`, after `change` to its raw form. `what` names it in sentences: "the policy file x.toml".

    Raises SettingsError.
    """
    try:
        raw = tomllib.loads(source.read_text(encoding="utf-8"))
        if change is not None:
            change(raw)
        return adapter.validate_python(raw)
    except OSError as error:
        raise SettingsError(f"{what} can't be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{what} is not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{what}: {where}: {first['msg']}") from error

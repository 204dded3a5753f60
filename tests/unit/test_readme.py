"""What the README shows is what the program says: the settings table, the bot's imports, the commands named."""

import ast
import re
from pathlib import Path

from streams.cli.config import markdown_table

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


def test_the_settings_table_is_the_programs_own() -> None:
    shown = README.split("<!-- settings: `tocsin config show --markdown` -->")[1].split("<!-- /settings -->")[0]
    assert shown.strip() == markdown_table().strip()


def test_the_bot_is_python_of_about_twenty_lines() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    ast.parse(code)
    assert len([line for line in code.splitlines() if line.strip()]) <= 20


def test_every_path_named_exists() -> None:
    root = Path(__file__).parents[2]
    for path in re.findall(r"`((?:streams|models|tests|deploy)/[\w./-]+)`", README):
        assert (root / path).exists(), path

"""`python -m tests.browser.shot FILE.png [ALERTS.jsonl]`: the board as the README shows it.

ALERTS.jsonl is what `tocsin backtest` wrote; without it the fortnight is run here. `--width`, `--height` and `--dark`
show it as others see it, `--incident` opens that one.
"""

import argparse
import asyncio
from datetime import datetime
from pathlib import Path

from streams.alert.record import Alert
from streams.assess.places import country_names
from streams.board.run import running
from streams.settings import Settings
from tests.browser.chrome import Chromium
from tests.browser.scene import as_of, fortnight, in_file
from tests.unit.board.support import Memory

_MOMENT = "2026-03-11T09:40:00+00:00"


async def shoot(
    chromium: Chromium, file: Path, alerts: list[Alert], *, width: int, height: int, dark: bool, incident: str
) -> None:
    """Write the picture."""
    source = Memory(alerts)
    settings = Settings(board_port=0)
    async with running(settings, source.follow, country_names()) as board, chromium.page() as page:
        await page.look(width, height, dark=dark)
        await page.open(f"{board.server.address}{f'#{incident}' if incident else ''}")
        await page.until("document.querySelector('.card') !== null")
        await page.until("document.querySelector('#strip-broker').dataset.state === 'good'")
        await asyncio.sleep(0.3)  # for fonts
        await page.shot(file)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.shot", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("alerts", type=Path, nargs="?")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=800)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--incident", default="")
    parser.add_argument("--moment", default=_MOMENT, help="of the fortnight, ISO 8601")
    given = parser.parse_args()
    alerts = as_of(in_file(given.alerts) if given.alerts else fortnight(), datetime.fromisoformat(given.moment))
    look = {"width": given.width, "height": given.height, "dark": given.dark, "incident": given.incident}
    with Chromium() as chromium:
        asyncio.run(shoot(chromium, given.file, alerts, **look))


if __name__ == "__main__":
    main()

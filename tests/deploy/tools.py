"""Programs that check deploy/, where they are found: in the folder that TOOLS_HOME names, else beside the project, else
on PATH.
"""

import os
import shutil
from pathlib import Path

from tests.deploy.checks import ROOT

__all__ = ["find", "hint"]

_BESIDE = ROOT.parent / "shared" / "bin"


def find(name: str) -> str | None:
    """Where the program is, if it is anywhere."""
    home = Path(os.environ.get("TOOLS_HOME") or _BESIDE)
    return shutil.which(name, path=str(home)) or shutil.which(name)


def hint(name: str) -> str:
    """Why a test is skipped."""
    return f"no {name}: put it on PATH, or set TOOLS_HOME to the folder that has it"

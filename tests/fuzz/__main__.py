"""Fuzz one target, guided by coverage (atheris): it ends with the first input that breaks it, or after the time.

    python -m tests.fuzz decoder 300        (`make fuzz TARGET=decoder SECONDS=300`; needs the extra `fuzz`)

The corpus grows in .fuzz/TARGET; an input that breaks the target is left there as crash-*.
"""

import sys
from pathlib import Path

import atheris


def main() -> None:
    """Instrument, seed, run. Ends the process."""
    name, seconds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 60
    with atheris.instrument_imports(include=["streams"]):
        from tests.fuzz import targets
    from tests.fuzz.seeds import seeds

    # What a target loads on its first call is not what is timed.
    targets.TARGETS[name](b"{}")
    folder = Path(".fuzz", name)
    folder.mkdir(parents=True, exist_ok=True)
    for number, value in enumerate(seeds(name)):
        (folder / f"seed-{number}").write_bytes(value)
    options = [f"-max_total_time={seconds}", "-max_len=65536", f"-artifact_prefix={folder}/crash-", "-timeout=20"]
    atheris.Setup([sys.argv[0], *options, "-print_final_stats=1", str(folder)], lambda data: targets.tried(name, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main()

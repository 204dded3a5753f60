"""What ships: whole, small, and right about the story that this project began with."""

import json
from pathlib import Path

import pytest
from syntok import segmenter

from models import LABELS, Classifier
from models.manifest import PACKAGED_WEIGHTS, Manifest

STORY = Path(__file__).parents[2] / "fixtures" / "founding_story.json"


@pytest.fixture(scope="module")
def packaged() -> Classifier:
    return Classifier.load()


@pytest.fixture(scope="module")
def story(packaged: Classifier) -> dict[str, dict[str, float]]:
    """Scores by sentence, each with the sentence before it as its context (the story has no headline)."""
    sentences = [
        "".join(token.spacing + token.value for token in sentence).strip()
        for paragraph in segmenter.process(json.loads(STORY.read_text("utf-8"))["text"])
        for sentence in paragraph
    ]
    scores = packaged.scores(sentences, list(zip([None] * len(sentences), [None, *sentences[:-1]], strict=True)))
    rows = zip(sentences, scores.tolist(), strict=True)
    return {text: dict(zip(LABELS, row, strict=True)) for text, row in rows}


def the_one(story: dict[str, dict[str, float]], part: str) -> dict[str, float]:
    (found,) = (scores for text, scores in story.items() if part in text)
    return found


def test_the_folder_is_whole_and_small() -> None:
    manifest = Manifest.read(PACKAGED_WEIGHTS)
    manifest.verify(PACKAGED_WEIGHTS)
    assert (PACKAGED_WEIGHTS / "model.safetensors").stat().st_size < 50_000_000
    assert (PACKAGED_WEIGHTS / "MODEL_CARD.md").is_file()
    assert manifest.base.sha256.startswith("53aa51172d142c89")
    assert {p.suffix for p in PACKAGED_WEIGHTS.iterdir()} <= {".json", ".safetensors", ".md"}


@pytest.mark.parametrize("part", ["must leave the country now", "have to leave now by commercial or private means"])
def test_orders_to_leave_are_evacuation(packaged: Classifier, story: dict[str, dict[str, float]], part: str) -> None:
    assert the_one(story, part)["evacuation"] >= packaged.manifest.thresholds["evacuation"].default


def test_an_evacuation_ruled_out_is_none(packaged: Classifier, story: dict[str, dict[str, float]]) -> None:
    ruled_out = the_one(story, "ruled out sending troops for an eventual evacuation")
    assert ruled_out["evacuation"] < packaged.manifest.thresholds["evacuation"].default


@pytest.mark.parametrize("part", ["can take place “at any time”", "the danger is not confined to a"])
def test_warnings_of_invasion_and_overthrow_are_escalation(
    packaged: Classifier, story: dict[str, dict[str, float]], part: str
) -> None:
    assert the_one(story, part)["escalation"] >= packaged.manifest.thresholds["escalation"].default


def test_the_story_is_not_in_the_corpus() -> None:
    from models.training.data import read_corpus

    def key(text: str) -> str:
        return "".join(letter for letter in text.lower() if letter.isalpha())

    story_text = key(json.loads(STORY.read_text("utf-8"))["text"])
    for example in read_corpus():
        if len(example.text.split()) >= 8:
            assert key(example.text) not in story_text

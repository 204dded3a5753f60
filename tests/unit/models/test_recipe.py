"""The whole way from sentences to weights, on a base of two small layers."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from models.article import FEATURES, Aggregation
from models.classifier import Classifier
from models.encoding import batches
from models.errors import WeightsCorruptError
from models.labels import EVENTS
from models.training.article_figures import measure_articles
from models.training.base import Base, go_on_from, load_base
from models.training.contrast import contrast, contrastive_loss
from models.training.correct import Rounds, differences, to_correct
from models.training.data import Example
from models.training.export import draft_manifest, write_network
from models.training.gather import Gathered, Sources, gather
from models.training.options import TrainOptions
from models.training.recipe import News, Recipe, follow
from models.training.seeded import seeded
from models.training.teach import TeachOptions
from models.training.wholes import Whole
from tests.unit.models.test_training_run import options, write_corpus
from tests.unit.models.tiny import write_base

PARTS = ("teacher-1", "student-1")
HALF = dict.fromkeys(EVENTS, 0.5)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Gathered:
    return gather(Sources(corpus=(write_corpus(tmp_path_factory.mktemp("corpus") / "c.jsonl"),)))


def whole(number: int, text: str, answers: tuple[float, float], split: str = "fit") -> Whole:
    return Whole(f"w{number}", "written", split, "", (text,), ((None, None),), ("headline",), answers)


def articles(split: str) -> list[Whole]:
    kinds = (("troops shelled town", (1.0, 0.0)), ("evacuate the border now", (0.0, 1.0)), ("a goal", (0.0, 0.0)))
    return [whole(n, f"{text} {n}", answers, split) for n in range(40) for text, answers in kinds]


def test_students_learn_from_teachers_and_their_mean_is_the_result(base: Path, data: Gathered, tmp_path: Path) -> None:
    lines: list[str] = []
    news = News(tuple((f"troops shelled town {n}", ("a goal in the match",)) for n in range(40)), frozenset())
    chosen = replace(options(tmp_path / "w", base), epochs=2, average_last=1)
    recipe = Recipe(chosen, teachers=2, teach=TeachOptions(unlabelled=60, calm=0.0), students=2)
    report = follow(recipe, data, news, articles("fit"), lines.append)
    parts = {path.name for path in (tmp_path / "w" / "parts").iterdir()}
    assert parts == {"teacher-1", "teacher-2", "student-1", "student-2"}
    assert any("lessons of" in line for line in lines)
    loaded = Classifier.load(tmp_path / "w")
    assert loaded.manifest == report.manifest
    assert {part.name for part in report.measured.sets} == {"corpus dev", "corpus test"}


def test_without_students_the_teachers_are_the_result(base: Path, data: Gathered, tmp_path: Path) -> None:
    chosen = replace(options(tmp_path / "w", base), epochs=1, average_last=1, max_steps=2)
    follow(Recipe(chosen), data, News(), [])
    assert [path.name for path in (tmp_path / "w" / "parts").iterdir()] == ["teacher-1"]
    assert Classifier.load(tmp_path / "w").manifest.aggregation == {}


def test_teachers_may_have_another_base_and_answer_variations_without_news(
    base: Path, data: Gathered, tmp_path: Path
) -> None:
    lines: list[str] = []
    chosen = replace(options(tmp_path / "w", base), epochs=1, average_last=1, max_steps=2)
    larger = replace(chosen, base=write_base(tmp_path / "larger", seed=9))
    follow(Recipe(chosen, teacher=larger, teach=TeachOptions(), students=1), data, News(), [], lines.append)
    bases = {name: Classifier.load(tmp_path / "w" / "parts" / name).manifest.base.sha256 for name in PARTS}
    assert bases["teacher-1"] != bases["student-1"]
    assert Classifier.load(tmp_path / "w").manifest.base.sha256 == bases["student-1"]
    assert any("teachers answer" in line for line in lines)


def test_a_recipe_without_a_teacher_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="need students"):
        Recipe(TrainOptions(out=tmp_path), teacher=TrainOptions(out=tmp_path))
    for wrong in ({"teachers": 0}, {"students": -1}):
        with pytest.raises(ValueError, match="teacher"):
            Recipe(TrainOptions(out=tmp_path), **wrong)


class ByWord:
    """Escalation where shells fall, evacuation where people leave."""

    def scores(self, sentences, contexts=None):  # type: ignore[no-untyped-def]
        out = np.zeros((len(sentences), 14), dtype=np.float32)
        out[:, 0] = [0.9 * ("shelled" in text) for text in sentences]
        out[:, 1] = [0.6 * ("evacuate" in text) for text in sentences]
        return out


def test_articles_are_measured_by_the_aggregation_and_by_the_best_sentence() -> None:
    quiet = Aggregation(-9.0, dict.fromkeys(FEATURES, 0.0))
    found = {one.event: one for one in measure_articles(ByWord(), HALF, {"escalation": quiet}, articles("test"))}
    assert found["escalation"].best_sentence.f1 == 1.0
    assert found["escalation"].learned.recall == 0.0
    assert found["evacuation"].learned == found["evacuation"].best_sentence
    assert measure_articles(ByWord(), HALF, {}, articles("fit")) == ()


def test_contrastive_loss_is_less_where_like_is_near_like() -> None:
    near = torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0], [0.1, 0.9]])
    classes = torch.tensor([0, 0, 1, 1])
    assert float(contrastive_loss(near, classes)) < float(contrastive_loss(near, torch.tensor([0, 1, 0, 1])))
    assert float(contrastive_loss(near, torch.tensor([0, 1, 2, 3]))) == 0.0


def test_contrastive_warm_up_moves_the_encoder_and_not_the_head(base: Path, data: Gathered, tmp_path: Path) -> None:
    from models.encoding import Encoder
    from models.training.base import load_base
    from models.training.export import draft_manifest

    chosen = options(tmp_path / "w", base)
    made = load_base(base)
    before = {name: value.clone() for name, value in made.network.state_dict().items()}
    encoder = Encoder(made.tokenizer, draft_manifest(made, chosen))
    with seeded(1, 1):
        losses = contrast(made.network, encoder, data.split("train"), chosen, 12)
    after = made.network.state_dict()
    assert np.mean(losses[-3:]) < np.mean(losses[:3])
    assert torch.equal(after["head.weight"], before["head.weight"])
    assert any(not torch.equal(after[name], before[name]) for name in before if name.startswith("encoder."))


def test_torch_is_left_as_it_was() -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    threads = torch.get_num_threads()
    with seeded(7, 1):
        first = torch.rand(1)
        assert torch.get_num_threads() == 1
        assert torch.are_deterministic_algorithms_enabled()
    with seeded(7, None):
        assert torch.equal(torch.rand(1), first)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.rand(1), expected)


def test_widths_are_multiples_and_every_input_is_there_once(base: Path, tmp_path: Path) -> None:
    from models.encoding import Encoder
    from models.training.base import load_base
    from models.training.export import draft_manifest

    made = load_base(base)
    encoder = Encoder(made.tokenizer, draft_manifest(made, options(tmp_path, base)))
    encoded = encoder.encode([" ".join(["town"] * n) for n in range(1, 60)])
    found = list(batches(encoded, 256, multiple=16))
    assert sorted(int(row) for batch in found for row in batch.rows) == list(range(59))
    for batch in found:
        assert batch.ids.shape[1] % 16 == 0
        assert batch.mask.sum(1).tolist() == encoded.lengths[batch.rows].tolist()
        assert batch.ids.size <= 256 or len(batch.rows) == 1


def test_students_are_corrected_in_rounds(base: Path, data: Gathered, tmp_path: Path) -> None:
    lines: list[str] = []
    chosen = replace(options(tmp_path / "w", base), epochs=1, average_last=1, max_steps=2)
    rounds = Rounds(number=2, questions=5, worst=4, others=3)
    follow(Recipe(chosen, teach=TeachOptions(), students=1, rounds=rounds), data, News(), [], lines.append)
    parts = {path.name for path in (tmp_path / "w" / "parts").iterdir()}
    last = "student-1-corrected-1-corrected-2"
    assert parts == {"teacher-1", "student-1", "student-1-corrected-1", last}
    assert any("round 2: " in line for line in lines)
    ships = load_file(tmp_path / "w" / "model.safetensors")
    corrected = load_file(tmp_path / "w" / "parts" / last / "model.safetensors")
    assert all(torch.equal(ships[name], corrected[name]) for name in ships)


def test_a_finished_student_ships_and_learned_as_it_was_told(base: Path, data: Gathered, tmp_path: Path) -> None:
    chosen = replace(options(tmp_path / "w", base), epochs=1, average_last=1, max_steps=2)
    rounds = Rounds(number=1, questions=5, worst=4, others=3)
    still = replace(chosen, encoder_rate=1e-12, head_rate=1e-12, weight_decay=0.0)
    for name, finish in (("still", still), ("moved", replace(chosen, seed=99))):
        out = tmp_path / name
        recipe = Recipe(replace(chosen, out=out), teach=TeachOptions(), students=1, rounds=rounds, finish=finish)
        follow(recipe, data, News(), [])
        ships = load_file(out / "model.safetensors")
        parts = out / "parts"
        finished = load_file(parts / "student-1-corrected-1-finished" / "model.safetensors")
        corrected = load_file(parts / "student-1-corrected-1" / "model.safetensors")
        assert all(torch.equal(ships[key], finished[key]) for key in ships)
        same = all(torch.allclose(finished[key].float(), corrected[key].float(), atol=1e-3) for key in ships)
        assert same == (name == "still")


def test_only_students_are_finished(base: Path, tmp_path: Path) -> None:
    chosen = options(tmp_path, base)
    with pytest.raises(ValueError, match="only students are finished"):
        Recipe(chosen, teach=TeachOptions(), finish=chosen)


def test_going_on_begins_where_the_weights_end(base: Path, tmp_path: Path) -> None:
    fresh = load_base(base, "mean_max")
    with pytest.raises(WeightsCorruptError, match="shape"):
        go_on_from(load_base(base, "mean"), _saved(fresh, tmp_path / "other"))
    fresh.network.head.bias.data.fill_(0.5)
    again = load_base(base, "mean_max")
    go_on_from(again, _saved(fresh, tmp_path / "saved"))
    assert torch.equal(again.network.head.bias, fresh.network.head.bias)


def _saved(made: Base, folder: Path) -> Path:
    write_network(made.network, made, draft_manifest(made, TrainOptions(out=folder)), folder)
    return folder


class Says:
    """Escalation .9 for every sentence."""

    def scores(self, sentences, contexts=None):  # type: ignore[no-untyped-def]
        return np.full((len(sentences), 14), 0.9, dtype=np.float32)


def test_the_worst_are_chosen_and_what_does_not_train_stays() -> None:
    rows = [example(f"r{n}", float(n % 2), "train") for n in range(20)] + [example("d", 0.0, "dev")]
    found = Gathered(tuple(rows), (), ())
    chosen, lessons = to_correct(Says(), found, [example("l", 0.0, "train")], Rounds(worst=11, others=0), 1)
    assert {e.id for e in chosen.corpus} == {f"r{n}" for n in range(0, 20, 2)} | {"d"}
    assert [e.id for e in lessons] == ["l"]
    more, _ = to_correct(Says(), found, [], Rounds(worst=10, others=4), 1)
    assert len(more.split("train")) == 14
    known, unknown = example("z", 0.2, "train"), example("n", math.nan, "train")
    assert differences(Says(), [unknown, known]) == pytest.approx([0.0, 0.7], abs=1e-6)


def example(name: str, escalation: float, split: str) -> Example:
    return Example(name, name, (None, None), (escalation, *[0.9] * 13), name, split)

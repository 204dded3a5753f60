"""The whole way from sentences to weights, one command's worth: base, teachers, what they teach, students, their mean.

Guarantees: the order of the steps, each seeded; no step sees an article outside the train split before the last one,
which fits calibration, thresholds and aggregation on sentences and articles that never trained.
Refuses nothing of its own: options and data were checked before.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from models.classifier import Classifier
from models.labels import EVENTS
from models.manifest import Manifest
from models.training.aggregate import fit_aggregation
from models.training.baselines import is_alarming
from models.training.correct import NO_ROUNDS, Rounds, to_correct
from models.training.data import Example
from models.training.gather import Gathered
from models.training.loop import is_calm
from models.training.options import TrainOptions
from models.training.pretrain import PretrainOptions, pretrain
from models.training.soup import mix
from models.training.teach import Question, Quick, TeachOptions, mean_scores, softened, taught, variations
from models.training.train import TrainReport, train
from models.training.wholes import Whole, contexts_of, evidence_of

__all__ = ["News", "Recipe", "aggregated", "follow"]

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to do. `options.out` is the folder of the result; parts lie beside it in `parts/`.

    `pretrain` (its `out` and `base` are ignored) comes first if there is unlabelled news. `teachers` models are trained
    with successive seeds, as `teacher` says (its `out` and `threads` are ignored; None: as `options`), which may name a
    larger base. With `teach` their mean answers sentences for `students` more models, each corrected in `rounds` and
    then trained on as `finish` says (its `out`, `base`, `seed` and `threads` are ignored) over everything, whose mean
    is the result; without students it is the teachers'.
    """

    options: TrainOptions
    pretrain: PretrainOptions | None = None
    teacher: TrainOptions | None = None
    teachers: int = 1
    teach: TeachOptions | None = None
    students: int = 0
    rounds: Rounds = NO_ROUNDS
    finish: TrainOptions | None = None

    def __post_init__(self) -> None:
        if self.teachers < 1 or self.students < 0:
            raise ValueError("a recipe needs a teacher, and no fewer than 0 students")
        if self.teacher is not None and (self.teach is None or not self.students):
            raise ValueError("teachers of their own kind need students: their weights are not the result")
        if self.finish is not None and (self.teach is None or not self.students):
            raise ValueError("only students are finished: finish needs teach and students")


@dataclass(frozen=True, slots=True)
class News:
    """Unlabelled text of train articles: each a headline (maybe empty) and the sentences of its body. `known` holds the
    sentences that a reader has labelled: they are taught by that label only.
    """

    articles: tuple[tuple[str, tuple[str, ...]], ...] = ()
    known: frozenset[str] = frozenset()


def follow(
    recipe: Recipe, data: Gathered, news: News, wholes: Sequence[Whole], progress: Progress | None = None
) -> TrainReport:
    """Do it; the report is that of the final folder. Raises what `pretrain`, `train` and `mix` raise."""
    began = time.monotonic()

    def say(text: str) -> None:
        if progress is not None:
            progress(f"[{time.monotonic() - began:5.0f} s] {text}")

    options, parts = recipe.options, recipe.options.out / "parts"
    if recipe.pretrain is not None and news.articles:
        say("further pre-training on unlabelled news")
        texts = [[headline, *body] if headline else list(body) for headline, body in news.articles]
        chosen = replace(recipe.pretrain, out=parts / "base", base=options.base, threads=options.threads)
        options = replace(options, base=pretrain(texts, chosen, say))
    teacher = options if recipe.teacher is None else replace(recipe.teacher, threads=options.threads)
    models = _several(teacher, data, "teacher", recipe.teachers, parts, say)
    if recipe.teach is not None and recipe.students:
        if recipe.teacher is None:
            options = replace(options, seed=options.seed + recipe.teachers)
        models = _taught(replace(recipe, options=options), models, data, news, parts, say)
    say(f"mean of {len(models)}")
    report = mix([(folder, 1.0) for folder in models], replace(options, out=recipe.options.out), data)
    aggregated(recipe.options.out, wholes, options.threads)
    say("done")
    return replace(report, manifest=Manifest.read(recipe.options.out), seconds=time.monotonic() - began)


def aggregated(folder: Path, wholes: Sequence[Whole], threads: int | None = None) -> Manifest:
    """Fit the aggregation of `folder` on the articles of the split `fit`; return the manifest as it was written."""
    manifest = Manifest.read(folder)
    chosen = [whole for whole in wholes if whole.split == "fit"]
    found = {}
    if chosen:
        thresholds = {event: manifest.threshold(event) for event in EVENTS}
        evidence = evidence_of(Classifier.load(folder, threads=threads), thresholds, chosen)
        answers = np.asarray([whole.answers for whole in chosen])
        for column, event in enumerate(EVENTS):
            asked = evidence.best[:, column] > 0
            fit = fit_aggregation(evidence.matrix[asked, column], answers[asked, column])
            if fit is not None:
                found[event] = fit
    manifest = replace(manifest, aggregation=found)
    manifest.write(folder)
    return manifest


def _several(
    options: TrainOptions,
    data: Gathered,
    name: str,
    number: int,
    parts: Path,
    say: Progress,
    lessons: tuple[Example, ...] = (),
) -> list[Path]:
    folders = []
    for index in range(number):
        folder = parts / f"{name}-{index + 1}"
        chosen = replace(options, out=folder, seed=options.seed + index)
        say(f"{name} {index + 1} of {number}")
        # On dev alone, and quickly: a part is not what ships.
        train(chosen, data, say, lessons, Quick, ("dev",))
        folders.append(folder)
    return folders


def _taught(
    recipe: Recipe, models: Sequence[Path], data: Gathered, news: News, parts: Path, say: Progress
) -> list[Path]:
    """Students of the teachers in `models`, corrected."""
    options, teach = recipe.options, recipe.teach
    assert teach is not None
    teachers = [Quick.load(folder, threads=options.threads) for folder in models]
    read = [example for example in data.training() if not is_calm(example)]
    say(f"{len(teachers)} teachers answer {len(read)} sentences that were read")
    scores = mean_scores(teachers, [(example.text, example.context) for example in read])
    soft = {example.id: example for example in softened(read, scores, teach.share)}
    softer = data.retrained(lambda example: soft.get(example.id, example))
    lessons = _lessons(variations(read, teach) + _unlabelled(news, teach), teachers, teach, "first", say)
    students = _several(options, softer, "student", recipe.students, parts, say, lessons)
    for number in range(1, recipe.rounds.number + 1):
        drawn = np.random.default_rng((teach.seed, number)).permutation(len(read))[: recipe.rounds.questions]
        again = replace(teach, seed=teach.seed + number, variations=1)
        questions = variations([read[index] for index in drawn], again)
        lessons += _lessons(questions, teachers, again, f"round-{number}", say)
        students = [
            _corrected(recipe, number, student, softer, lessons, parts / f"{student.name}-corrected-{number}", say)
            for student in students
        ]
    if recipe.finish is None:
        return students
    # Rounds show what is odd; news is mostly not, so the last word is everything's.
    return [_finished(recipe, recipe.finish, student, softer, lessons, say) for student in students]


def _finished(
    recipe: Recipe, finish: TrainOptions, student: Path, data: Gathered, lessons: tuple[Example, ...], say: Progress
) -> Path:
    say(f"finishing {student.name}")
    out = student.parent / f"{student.name}-finished"
    options = recipe.options
    chosen = replace(finish, out=out, base=options.base, seed=options.seed, threads=options.threads)
    train(chosen, data, say, lessons, Quick, ("dev",), start=student)
    return out


def _corrected(
    recipe: Recipe,
    number: int,
    student: Path,
    data: Gathered,
    lessons: tuple[Example, ...],
    out: Path,
    say: Progress,
) -> Path:
    rounds, options = recipe.rounds, recipe.options
    chosen, taken = to_correct(Quick.load(student, threads=options.threads), data, lessons, rounds, number)
    say(f"round {number}: {len(chosen.split('train'))} sentences and {len(taken)} lessons")
    once = replace(
        options,
        out=out,
        seed=options.seed + number,
        epochs=1,
        average_last=1,
        calm_share=1.0,
        taught_weight=1.0,
        encoder_rate=rounds.encoder_rate,
        head_rate=rounds.head_rate,
    )
    train(once, chosen, say, taken, Quick, ("dev",), start=student)
    return out


def _lessons(
    questions: Sequence[Question], teachers: Sequence[Classifier], options: TeachOptions, name: str, say: Progress
) -> tuple[Example, ...]:
    found = taught(questions, mean_scores(teachers, questions), options)
    say(f"{len(found)} lessons of {len(questions)} questions")
    return tuple(replace(lesson, id=f"{name}-{lesson.id}") for lesson in found)


def _unlabelled(news: News, options: TeachOptions) -> list[Question]:
    """Sentences with an alarming word, and `options.quiet` of the others: news is nearly all calm."""
    random = np.random.default_rng(options.seed)
    found: list[Question] = []
    for number in random.permutation(len(news.articles)):
        headline, body = news.articles[number]
        asked: list[Question] = [(headline, (None, None))] if headline else []
        asked += zip(body, contexts_of(headline, body), strict=True)
        chosen = random.random(len(asked)) < options.quiet
        found += [
            question
            for question, drawn in zip(asked, chosen, strict=True)
            if question[0] not in news.known and (drawn or is_alarming(question[0]))
        ]
        if len(found) >= options.unlabelled:
            break
    return found[: options.unlabelled]

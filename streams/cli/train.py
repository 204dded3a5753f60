"""`tocsin train`: labelled sentences in, a folder of weights out, by the recipe that measured best.

Guarantees: seeded; without a pool it trains on the written sentences alone; text of the pool never leaves it but into
the weights. Refuses a folder that already holds weights, so that nobody overwrites the ones in use by mistake.
"""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models.training.pool import PoolArticle
    from models.training.recipe import News, Recipe

__all__ = ["train"]


def train(
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of the new weights; must not hold any yet.")],
    pool: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Pool of real news: brings the labelled real sentences.")
    ] = None,
    public: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Public sets; two of them may train, on half of their rows.")
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the model, for its manifest.")] = "tocsin-minilm",
    version: Annotated[str, typer.Option(help="Version of the model, for its manifest.")] = "trial",
    seed: Annotated[int, typer.Option(help="Everything random comes from it.")] = 20220210,
    quick: Annotated[
        bool, typer.Option("--quick", help="One model, no students: a trial in a third of the time.")
    ] = False,
    teacher: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Larger base (Hugging Face BERT or MPNet) that teaches the small one."),
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of torch. Default: all cores.")] = None,
) -> None:
    """Train a classifier from the packaged base weights (extra `train`), calibrate it and measure it.

    About an hour on two cores with a pool (--quick: 15 minutes; --teacher, with a base of 110 million parameters: two
    hours and a quarter). `tocsin evaluate --weights FOLDER` measures more.
    """
    from models.manifest import MANIFEST_NAME
    from models.training.gather import Sources, gather
    from models.training.pool import read_pool
    from models.training.public import public_sets
    from models.training.recipe import News, follow
    from models.training.wholes import pool_wholes, written_wholes
    from streams.cli.output import line, say
    from streams.errors import InputError
    from streams.ingest.sentences import split
    from streams.ingest.text import fold

    if (out / MANIFEST_NAME).exists():
        raise InputError(f"{out} holds weights already: name a new folder")
    if quick and teacher is not None:
        raise InputError("--quick trains one small model: it has no use for --teacher")
    files = tuple(public_sets(public)) if public else ()
    data = gather(Sources(pool=pool, public=files, clean=fold, seed=seed))
    articles = read_pool(pool) if pool else {}
    wholes = written_wholes(split, fold) + (pool_wholes(articles, split, fold) if pool else [])
    recipe = _recipe(out, name, version, seed, quick, threads or os.cpu_count(), teacher)
    report = follow(recipe, data, _news(articles) if recipe.students else News(), wholes, say)
    for part in report.measured.sets:
        for event in ("escalation", "evacuation"):
            found = part.labels.get(event)
            if found is not None:
                line(f"{part.name}: {event} F1 {found.f1:.3f} (P {found.precision:.3f}, R {found.recall:.3f})")
    line(f"{out}: {report.manifest.name} {report.manifest.version}, {report.seconds / 60:.0f} min")


def _recipe(
    out: Path, name: str, version: str, seed: int, quick: bool, threads: int | None, teacher: Path | None
) -> "Recipe":
    from models.training.augment import Augmentation
    from models.training.correct import Rounds
    from models.training.options import TrainOptions
    from models.training.recipe import Recipe
    from models.training.teach import TeachOptions

    # The settings of run e2 in models/training/TRIALS.md, the best without a teacher.
    options = TrainOptions(
        out=out,
        name=name,
        version=version,
        seed=seed,
        threads=threads,
        epochs=3,
        average_last=2,
        batch_tokens=2048,
        encoder_rate=1.2e-4,
        freeze_words=True,
        calm_share=0.3,
    )
    if quick:
        return Recipe(options)
    teach = TeachOptions(seed=seed)
    if teacher is None:
        return Recipe(options, teachers=2, teach=teach, students=2)
    # The settings of t2 and d2 there: a larger encoder wants smaller steps, and most of what it knows left as it is.
    large = replace(
        options,
        base=teacher,
        epochs=2,
        average_last=1,
        encoder_rate=5e-5,
        head_rate=1e-3,
        frozen_layers=4,
        calm_share=0.2,
    )
    options = replace(options, encoder_rate=1.5e-4, calm_share=0.2, taught_weight=0.7)
    # As d9 to d11: everything evenly, more of it roughened, the written sentences twice as loud.
    finish = replace(
        options,
        epochs=2,
        average_last=2,
        encoder_rate=8e-5,
        head_rate=5e-4,
        taught_weight=1.0,
        corpus_weight=2.0,
        augmentation=Augmentation(roughen=0.3),
    )
    return Recipe(options, teacher=large, teach=teach, students=1, rounds=Rounds(seed=seed), finish=finish)


def _news(articles: "dict[str, PoolArticle]") -> "News":
    from models.training.pool import LABELS_FOLDER, read_labels, read_splits
    from models.training.recipe import News
    from streams.ingest.sentences import split
    from streams.ingest.text import fold

    splits = read_splits(LABELS_FOLDER)
    chosen = [article for name, article in sorted(articles.items()) if splits.get(name) == "train"]
    known = {
        fold(getattr(articles[row["article"]], row["field"])[row["start"] : row["end"]])
        for row in read_labels()
        if row["article"] in articles
    }
    texts = (
        (fold(article.title), tuple(fold(article.body[start:end]) for start, end in split(article.body)))
        for article in chosen
    )
    return News(tuple(texts), frozenset(known))

"""Further pre-training: how rows are packed, what is hidden in them, and that the base learns and can be loaded."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import WordPiece

from models.errors import WeightsMissingError
from models.training.base import load_base
from models.training.data import CorpusError
from models.training.pretrain import PretrainOptions, masked, packed, pretrain
from tests.unit.models.tiny import WORDS, write_base
from tests.unit.models.tiny import tokenizer as small

Ids = npt.NDArray[np.int64]

MASK, FIRST_WORD, FIRST_CONTINUATION, SIZE = 103, 999, 1100, 1200
CONTINUES = np.arange(SIZE) >= FIRST_CONTINUATION
SENTENCE = st.lists(st.sampled_from([*WORDS, "zq", "unlikely"]), max_size=12).map(" ".join)
ARTICLES = st.lists(st.lists(SENTENCE, max_size=8), max_size=5)
NEWS = [
    [f"the troops shelled the town {number}", "leave the town now", "the border embassy ordered the troops left"]
    for number in range(40)
]


def bert_like() -> Tokenizer:
    """A tokenizer with the layout of BERT's uncased vocabulary: specials and unused tokens below 999."""
    pieces = ["[PAD]", *(f"[unused{n}]" for n in range(99)), "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces += [f"[unused{n}]" for n in range(99, 99 + FIRST_WORD - len(pieces))]
    pieces += [piece for piece in small().get_vocab() if not piece.startswith("[") or piece == "["]
    made = Tokenizer(WordPiece({piece: index for index, piece in enumerate(pieces)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    return made


TOKENIZER = bert_like()
CLS, SEP = 101, 102


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("bert"), made=bert_like())


@pytest.fixture(autouse=True)
def _torch() -> Iterator[None]:
    """Pre-training seeds torch and tells it a number of threads, which would stay for the tests after it."""
    before = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        yield
    torch.set_num_threads(before)


def options(out: Path, base: Path, **changes: object) -> PretrainOptions:
    start = PretrainOptions(out=out, base=base, epochs=1, rows=4, length=32, threads=1, bfloat16=False)
    return replace(start, **changes)  # type: ignore[arg-type]  # the test says what it changes


# Packing.


def tokens_of(sentence: str) -> list[int]:
    return list(TOKENIZER.encode(sentence, add_special_tokens=False).ids)


@settings(deadline=None)
@given(ARTICLES, st.integers(8, 40))
def test_rows_hold_an_article_in_order_and_no_other(articles: list[list[str]], length: int) -> None:
    ids, segments = packed(articles, TOKENIZER, length)
    assert ids.shape == segments.shape == (len(ids), length)
    # Rows go on where the last one ended, with whole sentences of one article; only one that fills a row is cut.
    left = [[found for sentence in article if (found := tokens_of(sentence))] for article in articles]
    for row, kind in zip(ids, segments, strict=True):
        filled = int((row != 0).sum())
        assert (row[filled:] == 0).all()
        assert (kind[filled:] == 0).all()
        assert not (np.diff(kind[:filled]) < 0).any(), "the second segment comes after the first"
        assert row[0] == CLS
        inside = [int(token) for token in row[1:filled] if token != SEP]
        left = left[next(number for number, article in enumerate(left) if article) :]
        taken = left[0].pop(0)
        if len(taken) >= length - 1:
            taken = taken[: length - 1]
        else:
            assert row[filled - 1] == SEP, "a row of whole sentences has its end too"
        while left[0] and len(taken) + len(left[0][0]) <= len(inside):
            taken = [*taken, *left[0].pop(0)]
        assert inside == taken
    assert not any(left), "nothing is left out"


@settings(deadline=None)
@given(ARTICLES)
def test_segments_end_with_a_separator(articles: list[list[str]]) -> None:
    ids, segments = packed(articles, TOKENIZER, 128)
    for row, kind in zip(ids, segments, strict=True):
        filled = int((row != 0).sum())
        ends = [end for end in range(1, filled) if kind[end] != kind[end - 1]]
        assert (row[[end - 1 for end in [*ends, filled]]] == SEP).all()
        assert (row == SEP).sum() == len(ends) + 1


def test_second_segments_are_short_and_long_in_turn() -> None:
    _, segments = packed([["leave now"] * 6] * 4, TOKENIZER, 128)
    assert segments.sum(axis=1).tolist() == [3, 7, 3, 7]


def test_nothing_to_pack_is_no_row() -> None:
    for nothing in ([], [[]], [[], [""]]):
        assert packed(nothing, TOKENIZER, 16)[0].shape == (0, 16)


# Hiding.

WORD = st.tuples(
    st.integers(FIRST_WORD, FIRST_CONTINUATION - 1), st.lists(st.integers(FIRST_CONTINUATION, SIZE - 1), max_size=3)
)
ROWS = st.lists(st.lists(WORD, min_size=1, max_size=9), min_size=1, max_size=6)


def padded(rows: list[list[tuple[int, list[int]]]]) -> tuple[Ids, Ids]:
    """Ids of rows of words, and for each token the number of its word in the row (0: special)."""
    ids, words = np.zeros((len(rows), 48), dtype=np.int64), np.zeros((len(rows), 48), dtype=np.int64)
    for number, row in enumerate(rows):
        line, of = [CLS], [0]
        for word, (start, rest) in enumerate(row, start=1):
            line += [start, *rest]
            of += [word] * (1 + len(rest))
            if word == len(row) // 2:
                line, of = [*line, SEP], [*of, 0]
        ids[number, : len(line) + 1] = [*line, SEP]
        words[number, : len(of)] = of
    return ids, words


@settings(deadline=None)
@given(ROWS, st.floats(0.05, 0.95), st.integers(0, 99))
def test_whole_words_are_hidden_and_nothing_else(
    rows: list[list[tuple[int, list[int]]]], share: float, seed: int
) -> None:
    ids, words = padded(rows)
    before = ids.copy()
    chosen = PretrainOptions(out=Path(), share=share)
    inputs, targets = masked(ids, CONTINUES, chosen, MASK, np.random.default_rng(seed))
    assert (ids == before).all()
    asked = targets != -100
    assert not asked[words == 0].any(), "special tokens and padding are never asked"
    assert (targets[asked] == ids[asked]).all()
    assert (inputs[~asked] == ids[~asked]).all()
    for line, of in zip(asked, words, strict=True):
        for word in range(1, of.max() + 1):
            assert len(set(line[of == word].tolist())) == 1
    changed = inputs[inputs != ids]
    assert ((changed == MASK) | ((changed >= FIRST_WORD) & (changed < SIZE))).all()
    again = masked(ids, CONTINUES, chosen, MASK, np.random.default_rng(seed))
    assert all((one == two).all() for one, two in zip(again, (inputs, targets), strict=True))


def test_shares_are_kept() -> None:
    random = np.random.default_rng(1)
    ids = random.integers(FIRST_WORD, SIZE, (400, 128))
    ids[:, 0], ids[:, -1] = CLS, SEP
    inputs, targets = masked(ids, CONTINUES, PretrainOptions(out=Path(), share=0.2), MASK, random)
    asked = targets != -100
    assert abs(asked[:, 1:-1].mean() - 0.2) < 0.01
    assert abs((inputs[asked] == MASK).mean() - 0.8) < 0.02
    assert abs((inputs[asked] == ids[asked]).mean() - 0.1) < 0.02


def test_words_are_drawn_each_for_itself() -> None:
    ids = np.full((2000, 3), FIRST_WORD)
    asked = masked(ids, CONTINUES, PretrainOptions(out=Path(), share=0.5), MASK, np.random.default_rng(2))[1] != -100
    assert abs((asked[:, 0] & asked[:, 1]).mean() - 0.25) < 0.05


# Running.


def losses_of(lines: list[str]) -> list[float]:
    return [float(found[1]) for line in lines if (found := re.search(r"loss ([\d.]+|nan)", line))]


def test_the_base_learns_and_what_is_written_is_a_base(bert: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    # Two times a hundred steps: progress tells the mean loss of each hundred.
    out = pretrain(NEWS, options(tmp_path / "out", bert, epochs=20, rate=3e-3), lines.append)
    first, last = losses_of(lines)
    assert last < first / 1.3
    assert lines[-1].startswith("step 200 of 200")
    assert sorted(path.name for path in out.iterdir()) == ["config.json", "model.safetensors", "tokenizer.json"]
    before, after = load_base(bert), load_base(out)
    assert after.config == before.config
    assert after.tokenizer.get_vocab() == before.tokenizer.get_vocab()
    old, new = before.network.encoder.state_dict(), after.network.encoder.state_dict()
    assert old.keys() == new.keys()
    assert not torch.equal(old["embeddings.word_embeddings.weight"], new["embeddings.word_embeddings.weight"])
    assert all(torch.isfinite(value).all() for value in new.values())
    assert load_file(out / "model.safetensors").keys() == new.keys(), "without the head that predicted"


def test_the_same_run_gives_the_same_weights_and_another_seed_others(bert: Path, tmp_path: Path) -> None:
    def bytes_of(name: str, **changes: object) -> bytes:
        folder = pretrain(NEWS, options(tmp_path / name, bert, max_steps=4, **changes))
        return (folder / "model.safetensors").read_bytes()

    assert bytes_of("a") == bytes_of("b")
    assert bytes_of("c", seed=1) != bytes_of("a")


def test_a_batch_in_which_nothing_is_hidden_does_no_harm(bert: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    out = pretrain([["now"]], options(tmp_path / "out", bert, share=1e-9, epochs=3), lines.append)
    assert losses_of(lines) == [0.0]
    assert all(torch.isfinite(value).all() for value in load_file(out / "model.safetensors").values())


def test_an_article_of_one_word_in_half_precision_is_no_fault(bert: Path, tmp_path: Path) -> None:
    assert pretrain([["now"], [""]], options(tmp_path / "out", bert, bfloat16=True, rows=1)).is_dir()


def test_without_text_or_base_there_is_nothing_to_do(bert: Path, tmp_path: Path) -> None:
    for nothing in ([], [[]], [[" "]]):
        with pytest.raises(CorpusError, match="no text"):
            pretrain(nothing, options(tmp_path / "out", bert))
    with pytest.raises(WeightsMissingError):
        pretrain(NEWS, options(tmp_path / "out", tmp_path))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("wrong", [{"share": 0.0}, {"share": 1.0}, {"length": 7}, {"rows": 0}, {"epochs": 0}])
def test_options_that_make_no_sense_are_refused(tmp_path: Path, wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="share lies in"):
        PretrainOptions(out=tmp_path, **wrong)  # type: ignore[arg-type]  # the test says what is wrong

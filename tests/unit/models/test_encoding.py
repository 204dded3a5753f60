"""Tokens and rectangles: the layout, the bounds, and nothing lost."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.encoding import Encoded, Encoder, batches
from models.manifest import BaseWeights, Manifest, Thresholds
from tests.unit.models.tiny import tokenizer

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=80)


def encoder(context: str = "pair") -> Encoder:
    point = Thresholds(0.5, 0.5, 0.5)
    manifest = Manifest(
        name="t",
        version="0",
        base=BaseWeights("b", "", ""),
        licence="",
        files={},
        max_tokens=40,
        context=context,  # type: ignore[arg-type]  # a test's parameter
        context_tokens=8 if context == "pair" else 0,
        thresholds={"escalation": point, "evacuation": point},
    )
    return Encoder(tokenizer(), manifest)


PAIR, NONE = encoder("pair"), encoder("none")


def words(encoded: Encoded, row: int) -> str:
    start = encoded.starts[row]
    return " ".join(str(tokenizer().id_to_token(i)) for i in encoded.ids[start : start + encoded.lengths[row]])


def test_a_sentence_alone() -> None:
    encoded = PAIR.encode(["The troops left"], [None])
    assert words(encoded, 0) == "[CLS] the troops left [SEP]"
    assert encoded.heads.tolist() == encoded.lengths.tolist() == [5]


def test_context_follows_the_sentence() -> None:
    encoded = PAIR.encode(["left now"] * 4, [("embassy", "border"), ("embassy", None), (None, "border"), (None, None)])
    assert words(encoded, 0) == "[CLS] left now [SEP] embassy [SEP] border [SEP]"
    assert words(encoded, 1) == "[CLS] left now [SEP] embassy [SEP] [SEP]"
    assert words(encoded, 2) == "[CLS] left now [SEP] [SEP] border [SEP]"
    assert words(encoded, 3) == "[CLS] left now [SEP]"
    assert encoded.heads.tolist() == [4, 4, 4, 4]


def test_a_model_without_context_ignores_it() -> None:
    assert NONE.encode(["left"], [("embassy", "border")]).ids.tolist() == NONE.encode(["left"]).ids.tolist()


def test_each_part_is_cut_at_its_own_bound() -> None:
    encoded = PAIR.encode(["now " * 90], [("goal " * 90, "town " * 90)])
    assert encoded.lengths.tolist() == [40]
    assert encoded.heads.tolist() == [22]
    assert words(encoded, 0).count("goal") == words(encoded, 0).count("town") == 8
    assert NONE.encode(["now " * 90]).lengths.tolist() == [40]


def test_the_cut_of_a_sentence_does_not_depend_on_context() -> None:
    alone = PAIR.encode(["now " * 90], [None])
    beside = PAIR.encode(["now " * 90], [("goal", "town")])
    assert alone.heads.tolist() == beside.heads.tolist()


def test_lists_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="2 sentences but 1 contexts"):
        PAIR.encode(["a", "b"], [None])


def test_nothing_gives_nothing() -> None:
    encoded = PAIR.encode([], [])
    assert len(encoded) == 0
    assert list(batches(encoded, 100)) == []


@settings(deadline=None)
@given(st.lists(st.tuples(ANY_TEXT, st.none() | st.tuples(st.none() | ANY_TEXT, st.none() | ANY_TEXT)), max_size=12))
def test_any_text_is_encoded_within_bounds(
    rows: list[tuple[str, tuple[str | None, str | None] | None]],
) -> None:
    encoded = PAIR.encode([text for text, _ in rows], [context for _, context in rows])
    assert len(encoded) == len(rows)
    assert encoded.ids.size == encoded.lengths.sum()
    assert (encoded.lengths <= 40).all()
    assert (encoded.heads >= 2).all()
    assert (encoded.heads <= encoded.lengths).all()


def test_unpaired_surrogates_do_not_disturb_their_neighbours() -> None:
    encoded = PAIR.encode(["the \ud800 town", "leave now"])
    assert words(encoded, 1) == "[CLS] leave now [SEP]"


def test_a_text_of_megabytes_costs_no_more_than_a_long_sentence() -> None:
    for text in ("a" * 3_000_000, " " * 3_000_000, "now " * 800_000, "\u0301" * 2_000_000):
        began = time.process_time()
        PAIR.encode([text], [(text, text)])
        assert time.process_time() - began < 3.0


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(2, 40), max_size=60),
    st.integers(1, 300),
    st.none() | st.floats(0, 20),
)
def test_every_input_is_in_one_rectangle_and_unchanged(lengths: list[int], budget: int, blur: float | None) -> None:
    sizes = np.asarray(lengths, dtype=np.int64)
    ids = np.arange(sizes.sum(), dtype=np.int64) + 1
    encoded = Encoded(ids, np.cumsum(sizes) - sizes, sizes, np.minimum(sizes, 3))
    noise = None if blur is None else np.random.default_rng(0).uniform(0, blur + 1e-9, sizes.size)
    seen: list[int] = []
    for batch in batches(encoded, budget, blur=noise):
        assert batch.ids.shape == batch.mask.shape == batch.head.shape
        assert batch.ids.size <= budget or batch.rows.size == 1
        for row, line, mask, head in zip(batch.rows, batch.ids, batch.mask, batch.head, strict=True):
            start = encoded.starts[row]
            assert line[mask].tolist() == ids[start : start + sizes[row]].tolist()
            assert (line[~mask] == 0).all()
            assert head.sum() == encoded.heads[row]
            seen.append(int(row))
    assert sorted(seen) == list(range(len(lengths)))

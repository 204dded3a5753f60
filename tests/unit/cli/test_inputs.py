"""What a FILE may be."""

import json
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.cli.inputs import Record, read
from streams.errors import InputError


def records(tmp_path: Path, data: bytes) -> tuple[Record, ...]:
    file = tmp_path / "input"
    file.write_bytes(data)
    return read(str(file))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b" \n\t\n", "is empty"),
        (b"[]", "is an empty list"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary"),
        (b"\x1f\x8b\x08rest", "binary"),
        (b"PK\x03\x04rest", "binary"),
        (b"%PDF-1.7 rest", "binary"),
    ],
)
def test_what_holds_no_article_is_refused_in_one_sentence(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        records(tmp_path, data)


def test_missing_directory_and_odd_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        read(str(tmp_path / "none"))
    with pytest.raises(InputError, match="is a directory"):
        read(str(tmp_path))
    with pytest.raises(InputError, match="can't be read"):
        read("a\0b")
    with pytest.raises(InputError, match="can't be read"):
        read("x" * 5_000)


def test_a_json_object_is_passed_on_byte_for_byte(tmp_path: Path) -> None:
    data = b'{\n  "title": "A",\n  "text": "B"\n}\n'
    assert records(tmp_path, data) == (Record(1, data),)


def test_an_array_is_one_record_an_element(tmp_path: Path) -> None:
    found = records(tmp_path, b'[{"title": "A"}, 5, {"title": "B"}]')
    assert [(item.line, orjson.loads(item.value)) for item in found] == [
        (1, {"title": "A"}),
        (2, 5),
        (3, {"title": "B"}),
    ]


def test_json_lines_keep_their_numbers_and_a_bad_line_costs_only_itself(tmp_path: Path) -> None:
    found = records(tmp_path, b'{"title": \n\n{"title": "A"}\r\nnot json\n{"title": "B"}')
    assert found == (
        Record(1, b'{"title":'),
        Record(3, b'{"title": "A"}'),
        Record(4, b"not json"),
        Record(5, b'{"title": "B"}'),
    )


def test_a_broken_object_is_one_record(tmp_path: Path) -> None:
    data = b'{"title": "A",\n "tags": [\n  "x"\n'
    assert records(tmp_path, data) == (Record(1, data),)


def test_json_with_lone_surrogates_is_left_to_the_decoder(tmp_path: Path) -> None:
    found = records(tmp_path, b'{"title": "\\ud800"}\n{"title": "B"}\n')
    assert [item.line for item in found] == [1, 2]


@pytest.mark.parametrize(
    ("text", "title", "body"),
    [
        ("A short headline\n\nThe text.\nMore.", "A short headline", "The text.\nMore."),
        ("A short headline\r\n\r\nThe text.", "A short headline", "The text."),
        ("One line only", None, "One line only"),
        ("Two lines\nof one paragraph\n\nand another", None, "Two lines\nof one paragraph\n\nand another"),
        ("x" * 201 + "\n\nThe text.", None, "x" * 201 + "\n\nThe text."),
        ("\ufeffTitle\n\nText", "Title", "Text"),
    ],
)
def test_plain_text_is_one_article(tmp_path: Path, text: str, title: str | None, body: str) -> None:
    (found,) = records(tmp_path, text.encode())
    value = orjson.loads(found.value)
    assert (value.get("title"), value["text"]) == (title, body)


def test_text_in_latin_1_is_read(tmp_path: Path) -> None:
    (found,) = records(tmp_path, "Évacuation à Genève".encode("latin-1"))
    assert orjson.loads(found.value) == {"text": "Évacuation à Genève"}


@given(st.binary(min_size=1, max_size=300))
def test_any_bytes_give_records_or_one_sentence(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.mktemp("any") / "input"
    file.write_bytes(data)
    problem = ""
    found: tuple[Record, ...] = ()
    try:
        found = read(str(file))
    except InputError as error:
        problem = str(error)
    assert bool(found) != bool(problem)
    assert "\n" not in problem


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20), min_size=1), min_size=2, max_size=5))
def test_json_lines_give_every_line_back(
    tmp_path_factory: pytest.TempPathFactory, values: list[dict[str, str]]
) -> None:
    file = tmp_path_factory.mktemp("lines") / "input"
    file.write_text("\n".join(json.dumps(value) for value in values), encoding="utf-8")
    assert [json.loads(record.value) for record in read(str(file))] == values

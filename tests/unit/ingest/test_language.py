"""Declared languages are normalised, text is believed over them, English is never lost for a few names."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from streams.ingest.language import detect, language_of, normalise
from tests.unit.ingest.builders import article


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        ("en", "en"), ("EN", "en"), ("en-us", "en"), ("en_GB", "en"), ("English", "en"), ("eng", "en"),
        (" english ", "en"),
        ("Spanish", "es"), ("deu", "de"), ("ger", "de"), ("zh-Hans-CN", "zh"), ("Русский", "ru"), ("iw", "he"),
        ("nb-NO", "no"),
        ("xx", None), ("", None), ("None", None), ("und", None), ("x" * 500, None), ("1", None),
    ],
)  # fmt: skip
def test_normalise(declared: str, code: str | None) -> None:
    assert normalise(declared) == code


SENTENCES = {
    "en": "The embassy told its citizens to leave the country at once because fighting at the border had grown worse.",
    "de": "Die Botschaft forderte ihre Bürger auf, das Land sofort zu verlassen, weil die Kämpfe zugenommen haben.",
    "fr": "L'ambassade a demandé à ses ressortissants de quitter le pays en raison des combats près de la frontière.",
    "es": "La embajada pidió a sus ciudadanos que abandonaran el país de inmediato por los combates en la frontera.",
    "ru": "Посольство призвало своих граждан немедленно покинуть страну из-за боёв у границы, сообщили в ведомстве.",
    "uk": "Посольство закликало своїх громадян негайно залишити країну через бої біля кордону, повідомили у відомстві.",
    "ar": "دعت السفارة مواطنيها إلى مغادرة البلاد فورا بسبب القتال الدائر قرب الحدود الشمالية منذ ليلة أمس.",
    "zh": "由于边境附近的战斗，大使馆要求其公民立即离开该国，并建议使用商业航班，不要等待政府安排的撤离行动，以免延误。"
    "大使馆还说，两个口岸将于午夜关闭，火车站将开放至最后一班列车离开。",
}  # fmt: skip


@pytest.mark.parametrize("code", SENTENCES)
def test_detection(code: str) -> None:
    found, confidence = detect(SENTENCES[code])
    assert found == code
    assert 0.5 < confidence <= 1.0


@pytest.mark.parametrize("code", SENTENCES)
@pytest.mark.parametrize("declared", ["sw", None, "en"])
def test_text_beats_what_was_declared(code: str, declared: str | None) -> None:
    language = language_of(article(title="x", text=SENTENCES[code] * 2, language=declared))
    assert language.code == code


def test_an_english_article_with_foreign_names_stays_english() -> None:
    body = (
        "Zelenskyy, Syrskyi and Budanov met in Dnipropetrovsk and Zaporizhzhia with Przemysław Czarnek and "
        "Władysław Kosiniak-Kamysz. Rzeszów, Chełm, Wrocław and Świdnik will take in those who fled Kramatorsk, "
        "Sloviansk and Kostiantynivka, the ministry said."
    )
    assert language_of(article(title="T", text=body, language="pl")).code == "en"
    assert language_of(article(title="T", text=body)).code == "en"


@pytest.mark.parametrize(
    ("title", "declared", "code"),
    [
        ("Troops move", None, "en"),
        ("Troops move", "en", "en"),
        ("Zelenskyy in Kramatorsk", None, "en"),
        ("Embassy orders evacuation as shelling grows", "sw", "en"),
        ("Die Botschaft ordnete die Evakuierung an.", "de", "de"),
        ("Evacuación inmediata", "es", "es"),
        ("Война", None, "ru"),
        ("Війна", "uk", "uk"),
    ],
)
def test_short_texts(title: str, declared: str | None, code: str) -> None:
    language = language_of(article(title=title, language=declared))
    assert language.code == code or (code == "ru" and language.code != "en")


def test_without_letters() -> None:
    assert language_of(article(title="1234")).code == "und"
    assert language_of(article(title="1234", language="fr")).code == "fr"
    assert detect("12 34 !!") == ("und", 0.0)


def test_capitals_are_no_foreign_language() -> None:
    assert detect(SENTENCES["en"].upper())[0] == "en"


def test_threads_share_one_model() -> None:
    with ThreadPoolExecutor(4) as pool:
        assert {found[0] for found in pool.map(detect, [SENTENCES["en"]] * 16)} == {"en"}

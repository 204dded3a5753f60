"""What says of itself that it is opinion, and what only looks like it."""

import pytest

from streams.assess.genre import genre_of
from tests.unit.ingest.builders import article


@pytest.mark.parametrize(
    ("title", "url", "tags", "genre"),
    [
        ("Opinion: Why the war will come", None, (), "opinion"),
        ("Analysis | What an invasion would cost", None, (), "opinion"),
        ("What an invasion would cost – analysis", None, (), "opinion"),
        ("Why the war will come", "https://a.example/opinion/2026/why-war", (), "opinion"),
        ("Why the war will come", "https://a.example/2026/why-war", ("World", "Op-Ed"), "opinion"),
        ("Festival evacuated after bomb threat", "https://a.example/sport/festival-evacuated", ("Festival",), "news"),
        ("In the opinion of the ministry, citizens must leave", "https://a.example/world/opinion", (), "news"),
        ("Review of travel advice: leave Sudan now", "https://a.example/2026/review", (), "news"),
        ("Leave now", None, (), "news"),
        ("Leave now", "https://[broken", (), "news"),
    ],
)
def test_the_genre(title: str, url: str | None, tags: tuple[str, ...], genre: str) -> None:
    assert genre_of(article(title=title, url=url, tags=tags)) == genre

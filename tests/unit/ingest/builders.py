"""Articles for the tests of this room, made by the decoder itself."""

import json
from datetime import UTC, datetime

from streams.ingest.article import Article
from streams.ingest.decode import read

RECEIVED = datetime(2026, 11, 24, tzinfo=UTC)


def article(**record: object) -> Article:
    """The one article that `record` gives."""
    decoded = read(json.dumps(record).encode(), received=RECEIVED)
    assert decoded.rejected == ()
    (made,) = decoded.articles
    return made

"""How old an article is, and whether that is too old for an alert. Pure: the clock is an argument."""

from datetime import datetime, timedelta

from streams.ingest.article import Article, Moment

__all__ = ["age_seconds", "is_stale"]

_ZONE_SLACK = timedelta(hours=14)
"""A clock time without a zone may be this far off: zones run from UTC-12 to UTC+14."""
_PRECISION_SLACK = {
    "second": timedelta(0),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}


def _latest(moment: Moment) -> datetime:
    """The latest instant that `moment` can mean."""
    slack = _PRECISION_SLACK[moment.precision]
    return moment.at + slack + (timedelta(0) if moment.zone_known else _ZONE_SLACK)


def age_seconds(article: Article, received: datetime) -> float | None:
    """Age at `received` (aware) by the published date, at least 0; None if there is none."""
    if article.published is None:
        return None
    return max(0.0, (received - article.published.at).total_seconds())


def is_stale(article: Article, received: datetime, hours: float) -> bool:
    """Whether the article is older than `hours` by its own date, whatever its date can mean.

    The later of publication and update counts, so that a live page is not stale. An undated article never is: its
    age is the time since it was first seen, which stage 2 knows.
    """
    dates = [moment for moment in (article.published, article.updated) if moment is not None]
    if not dates or article.published is None:
        return False
    return max(_latest(moment) for moment in dates) < received - timedelta(hours=hours)

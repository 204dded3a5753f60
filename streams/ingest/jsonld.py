"""schema.org articles in JSON-LD, where every property may be a text, an object, or a list of either.

Guarantees: a flat record under canonical names, in the order of preference. Refuses nothing: the absent stays absent.
"""

from collections.abc import Mapping

from streams.ingest.coerce import names, texts

__all__ = ["ARTICLE_TYPES", "flatten", "types_of"]

ARTICLE_TYPES = frozenset({
    "Article", "NewsArticle", "AnalysisNewsArticle", "AskPublicNewsArticle", "BackgroundNewsArticle",
    "OpinionNewsArticle", "Report", "ReportageNewsArticle", "ReviewNewsArticle", "LiveBlogPosting", "BlogPosting",
    "SocialMediaPosting", "AdvertiserContentArticle", "SatiricalArticle", "ScholarlyArticle", "TechArticle",
    "DiscussionForumPosting",
})  # fmt: skip
"""schema.org Article and the types below it."""
_POSTS = 200


def types_of(node: Mapping[str, object]) -> set[str]:
    """Types of a node, without the vocabulary's address or prefix."""
    found = node.get("@type")
    every = found if isinstance(found, list) else [found]
    return {name.rsplit("/", 1)[-1].rsplit(":", 1)[-1] for name in every if isinstance(name, str)}


def flatten(record: Mapping[str, object]) -> dict[str, list[tuple[str, object]]]:
    """Canonical field to (source key, value) candidates."""
    found: dict[str, list[tuple[str, object]]] = {}

    def put(field: str, key: str, value: object) -> None:
        if value not in (None, "", []):
            found.setdefault(field, []).append((key, value))

    for key in ("url", "mainEntityOfPage", "@id"):
        put("url", key, _address(record.get(key)))
    put("title", "headline", record.get("headline"))
    put("title", "name", record.get("name"))
    put("summary", "description", record.get("description"))
    put("body", "articleBody", record.get("articleBody"))
    put("body", "liveBlogUpdate", _posts(record.get("liveBlogUpdate")))
    for key in ("datePublished", "dateCreated"):
        put("published", key, record.get(key))
    put("updated", "dateModified", record.get("dateModified"))
    language = record.get("inLanguage")
    put(
        "language",
        "inLanguage",
        language.get("alternateName", language.get("name")) if isinstance(language, dict) else language,
    )
    for key in ("publisher", "sourceOrganization", "copyrightHolder"):
        put("publisher", key, names(record.get(key))[:1])
    put("authors", "author", record.get("author"))
    put("authors", "creator", record.get("creator"))
    for key in ("keywords", "articleSection"):
        put("tags", key, record.get(key))
    put("image", "image", _address(record.get("image")))
    put("image", "thumbnailUrl", _address(record.get("thumbnailUrl")))
    return found


def _address(value: object) -> object:
    first = value[0] if isinstance(value, list) and value else value
    if isinstance(first, dict):
        return first.get("url") or first.get("@id") or first.get("contentUrl")
    return first


def _posts(value: object) -> list[str]:
    """Posts of a live blog as paragraphs, in the order given."""
    posts = value if isinstance(value, list) else [value]
    lines: list[str] = []
    for post in posts[:_POSTS]:
        if isinstance(post, dict):
            lines += texts(post.get("headline"))[:1]
            lines += texts(post.get("articleBody"))
    return lines

"""Names that crawlers give to the parts of an article: the table that decides what is read from where.

Guarantees: data only. `COMMON` names hold for every record, `OWN` names come first for one tool. Refuses a publication
date from keys that say when a page was seen: an old article would look new each time that it is crawled.
"""

__all__ = ["COMMON", "FIELDS", "OWN"]

FIELDS = (
    "url", "canonical", "title", "summary", "body", "published", "updated", "crawled", "language", "publisher",
    "domain", "authors", "tags", "image",
)  # fmt: skip

_COMMON = {
    "url": (
        "url link article_url source_url web_url webUrl href permalink canonical_link canonical_url canonicalUrl "
        "links.0.href response_url guid id source uri WARC-Target-URI original_url external_url"
    ),
    "canonical": "canonical_link canonical_url canonicalUrl canonical",
    "title": (
        "title headline title_rss title_page name heading head meta_title og:title webTitle headline.main title_text"
    ),
    "summary": (
        "description summary excerpt meta_description abstract lead teaser standfirst subtitle snippet deck dek "
        "lead_paragraph og:description short_description"
    ),
    "body": (
        "maintext articleBody text body content plaintext full_text fulltext fullText full_content article_text "
        "article body_text content_text cleaned_text text_cleaned bodyText story raw_text content:encoded "
        "content_html body_html body_xhtml html raw_html bodies message payload"
    ),
    "published": (
        "published_at publishedAt published_date publishedDate date_published datePublished date_publish publish_date "
        "publishDate publication_date publicationDate published published_on pubDate pub_date pubdate publishing_date "
        "published_time article:published_time webPublicationDate first_published firstPublished date datetime issued "
        "posted_at dc:date published_parsed"
    ),
    "updated": (
        "updated_at updatedAt date_modified dateModified date_modify modified_at modified updated last_modified "
        "lastModified lastmod article:modified_time updated_parsed"
    ),
    "crawled": (
        "crawled_at crawledAt crawl_date date_download fetched_at fetchedAt scraped_at scrapedAt collected_at "
        "retrieved_at ingested_at seen_at seendate download_date filedate timestamp @timestamp WARC-Date ts"
    ),
    "language": "language lang inLanguage meta_lang language_code languageCode locale feed.language feed.lang",
    "publisher": (
        "publisher.name publisher source.name source_name sourceName source.title site_name siteName meta_site_name "
        "sitename source-hostname publication outlet provider dc:publisher og:site_name copyrightHolder source "
        "feed.title"
    ),
    "domain": "source_domain domain hostname host site source.domain source.href",
    "authors": "authors author byline by creator dc:creator writers reporter",
    "tags": (
        "tags keywords meta_keywords categories category section sectionName articleSection topics subjects genres "
        "labels"
    ),
    "image": (
        "image_url imageUrl urlToImage top_image image lead_image thumbnail socialimage meta_img og:image "
        "media_thumbnail.0.url media_content.0.url"
    ),
}
COMMON: dict[str, tuple[str, ...]] = {field: tuple(keys.split()) for field, keys in _COMMON.items()}
"""Canonical field to source keys or paths (`source.name`, `links.0.href`), best first."""

OWN: dict[str, dict[str, tuple[str, ...]]] = {
    "news-please": {"body": ("maintext", "text"), "published": ("date_publish",)},
    "newspaper4k": {
        "summary": ("meta_description", "summary"),
        "published": ("publish_date",),
        "language": ("meta_lang", "language"),  # `language` is what the program was set to
        "publisher": ("meta_site_name",),
        "image": ("top_image", "meta_img"),
    },
    "trafilatura": {
        "url": ("source", "url"),
        "body": ("text", "raw_text"),
        "publisher": ("source-hostname", "sitename"),
        "domain": ("hostname",),
        "crawled": ("filedate",),
    },
    "feedparser": {
        "url": ("link", "links.0.href", "id"),
        "body": ("content",),
        "published": ("published", "published_parsed"),
        "updated": ("updated", "updated_parsed"),
        "publisher": ("source.title", "publisher", "feed.title"),
    },
    "newsapi": {"url": ("url",), "body": ("content",), "publisher": ("source.name",)},
    "gdelt": {"url": ("url", "url_mobile"), "crawled": ("seendate",), "publisher": ()},
    "fundus": {"body": ("plaintext", "body"), "published": ("publishing_date",), "tags": ("topics",)},
    "scrapy": {"url": ("url", "response_url")},
}
"""By tool: keys that come before the common ones."""

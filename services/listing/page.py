"""A listing as a page that is whole without scripts, with its JobPosting for search engines. Pure.

The same that `GET /v1/listings/{id}` answers its caller as JSON, in words; the market's page (the gateway's files)
takes its place where scripts run.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from markupsafe import Markup

from shared.clock import format_time
from shared.http.answer.html import Page, Texts, paragraphs
from shared.places import name_of
from shared.wording import amount

_text = Texts(__file__, "page.json").in_language
_HEAD = Markup(
    '<meta name="description" content="{summary}">\n<link rel="canonical" href="{url}">\n'
    '<link rel="icon" href="/site/icon.svg" type="image/svg+xml">\n'
    '<script type="module" src="/site/app/main.js"></script>\n{posting}'
)
_POSTING = Markup('<script type="application/ld+json">{}</script>\n')
_HEADING, _FACT, _ITEM = Markup("<h2>{}</h2>"), Markup("<dt>{}</dt><dd>{}</dd>"), Markup('<li dir="auto">{}</li>')
_MORE = Markup('<p><a href="/">{}</a></p>')
_URL = Markup("<url><loc>{}</loc><lastmod>{}</lastmod></url>")
_SITEMAP = Markup(
    '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{}\n</urlset>\n'
)
_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def listing_page(
    shown: Mapping[str, Any], posting: Mapping[str, Any] | None, laws: Mapping[str, str], language: str, url: str
) -> Page:
    """`shown`: the listing as its caller sees it; `posting`: as a JobPosting, while it is published; `laws`: what the
    law says of each kind of help there; `url`: where the page is.
    """
    place, title = _place(shown), shown["title"]
    summary = _text("summary", language, title=title, place=place)
    linked = (
        _POSTING.format(Markup(json.dumps(posting, default=format_time).translate(_ESCAPES))) if posting else Markup()
    )
    head = _HEAD.format(summary=summary, url=url, posting=linked)
    return Page(language, title, _body(shown, laws, language, place), head, found=posting is not None)


def sitemap(listings: Iterable[tuple[str, datetime]], base: str) -> str:
    """Of (id, when it last changed), for search engines (sitemaps.org); `base`: before the id."""
    urls = Markup("\n").join(_URL.format(base + listing_id, f"{at:%Y-%m-%d}") for listing_id, at in listings)
    return str(_SITEMAP.format(urls))


def _body(shown: Mapping[str, Any], laws: Mapping[str, str], language: str, place: str) -> Markup:
    employer = shown["employer"]["name"] or _text("veiled", language)
    facts = [("place", place), ("pay", _pay(shown["pay"], language)), ("employer", employer)]
    listed = Markup("\n").join(_FACT.format(_text(key, language), value) for key, value in facts)
    parts = [] if shown["status"] == "published" else [paragraphs(_text("state", language))]
    parts += [Markup("<dl>\n{}\n</dl>").format(listed), _items("duties", shown["duties"], language)]
    parts += [_items("skills", shown["skills"], language)] if shown["skills"] else []
    parts += [_items("promised", [_help(each, language) for each in shown["breakdown"]], language)]
    parts += [paragraphs(_text("hire", language), _text("law", language))]
    parts += [paragraphs(*dict.fromkeys(laws[each["kind"]] for each in shown["help"] if each["kind"] in laws))]
    if shown["licence"]:
        parts += [
            paragraphs(_text("licence", language, **{name: shown["licence"][name] for name in ("number", "place")}))
        ]
    return Markup("\n").join([*parts, _MORE.format(_text("more", language))])


def _items(key: str, values: list[str], language: str) -> Markup:
    items = Markup("\n").join(_ITEM.format(value) for value in values)
    return _HEADING.format(_text(key, language)) + Markup("\n<ul>\n{}\n</ul>").format(items)


def _help(each: Mapping[str, Any], language: str) -> str:
    kind = _text(each["kind"], language)
    if not each["price"]["amount"]:
        return _text("free", language, help=kind)
    sums = {"price": each["price"], "fee": each["fee"], "rest": each["insider_receives"]}
    written = {name: amount(money["amount"], money["currency"], language) for name, money in sums.items()}
    return _text("priced", language, help=kind, **written)


def _pay(pay: Mapping[str, Any], language: str) -> str:
    ends = {"least": pay["min"], "most": pay["max"]}
    amounts = {name: amount(end, pay["currency"], language) for name, end in ends.items()}
    return _text("range", language, per=_text(pay["per"], language), **amounts)


def _place(shown: Mapping[str, Any]) -> str:
    subdivision = name_of(shown["subdivision"]) if shown["subdivision"] else None
    return ", ".join(each for each in (shown["region"], subdivision, name_of(shown["country"])) if each)

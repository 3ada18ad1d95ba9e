"""The written policy on reports, as data and as a page; its durations and limits are the terms that are set here."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from markupsafe import Markup

from services.listing.parts import Parts
from services.listing.schemas_policies import ReportingPolicy
from shared.http.answer import html
from shared.http.declare.operations import OPEN, Answer, Call, Operations
from shared.settings import Terms
from shared.settings.in_words import measured

operations: Operations[Parts] = Operations("listing", "Reports")
_TEXTS: Mapping[str, Any] = json.loads(Path(__file__).with_name("policy.json").read_text("utf-8"))
_PATHS = {"report_listing": "/v1/listings/{id}/reports", "report_insider": "/v1/insiders/{person}/reports"}
_VARY = {"Vary": "Accept, Accept-Language"}
_FRENCH = {"day": "jour", "hour": "heure", "second": "seconde"}


@operations.get(
    "/v1/policies/reporting", "showReportingPolicy", "Read how reports are made, decided and kept", who=OPEN,
    answers={200: ReportingPolicy}, page=True,
)  # fmt: skip
def show(call: Call[Parts]) -> Answer:
    language = html.language(call.header("Accept-Language"))
    policy = in_language(language, call.parts.desk.terms)
    if not html.wants_page(call.header("Accept")):
        return Answer(policy, headers=_VARY)
    parts = [Markup("<h2>{}</h2>\n<p>{}</p>").format(each["heading"], each["text"]) for each in policy["sections"]]
    body = Markup("\n").join([html.paragraphs(policy["basis"]), *parts])
    return Answer(html.Page(language, policy["title"], body), headers=_VARY)


def in_language(language: str, terms: Terms) -> dict[str, Any]:
    """The policy with the terms in it."""
    text = _TEXTS[language]
    values = {n: _words(v, language) if isinstance(v, timedelta) else v for n, v in asdict(terms).items()} | _PATHS
    sections = [{"heading": heading, "text": words.format_map(values)} for heading, words in text["sections"]]
    return {"language": language, "title": text["title"], "basis": text["basis"], "sections": sections}


def _words(duration: timedelta, language: str) -> str:
    number, unit = measured(duration)
    if language == "fr":
        one = unit.removesuffix("s")
        unit = _FRENCH.get(one, one) + unit.removeprefix(one)
    return f"{number} {unit}"

"""A published listing as schema.org's JobPosting, for job boards and search engines. Pure.

The description is HTML, as its readers take it: text alone, escaped, a line for each duty; the other members are plain
text. The employer stays veiled: its organization is `confidential`, as these readers expect it. The insider, the
help and its prices are no part of a job and stand in the listing alone.
"""

import html
from typing import Any

from marshmallow import fields

from services.listing.acts import EXPIRY
from shared import codes
from shared.aggregate import Document
from shared.fields import Body, Date, Instant, Integer, Part, Several, Text
from shared.money import MINOR_DIGITS

CONTEXT = "https://schema.org"
MEDIA = "application/ld+json"
CONFIDENTIAL = "confidential"
_UNITS = {"hour": "HOUR", "day": "DAY", "week": "WEEK", "month": "MONTH", "year": "YEAR"}


class Typed(Body):
    type = Text(data_key="@type")


class PropertyValue(Typed):
    name = Text()
    value = Text()


class CategoryCode(Typed):
    name = Text(optional=True)
    code = Text(data_key="codeValue")
    scheme = Text(data_key="inCodeSet")


class PostalAddress(Typed):
    country = Text(data_key="addressCountry")
    region = Text(data_key="addressRegion", optional=True)


class Place(Typed):
    address = Part(PostalAddress)


class QuantitativeValue(Typed):
    """In major units of the currency, as schema.org has it."""

    least = fields.Raw(data_key="minValue", metadata={"type": "number"})
    most = fields.Raw(data_key="maxValue", metadata={"type": "number"})
    unit = Text(data_key="unitText")


class MonetaryAmount(Typed):
    currency = Text()
    value = Part(QuantitativeValue)


class Organization(Typed):
    name = Text()


class JobPosting(Typed):
    context = Text(data_key="@context")
    identifier = Part(PropertyValue)
    title = Text()
    description = Text(lines=True)
    responsibilities = Several(Text())
    skills = Several(Text())
    occupation = Part(CategoryCode, data_key="occupationalCategory")
    industry = Part(CategoryCode)
    place = Part(Place, data_key="jobLocation")
    organization = Part(Organization, data_key="hiringOrganization")
    pay = Part(MonetaryAmount, data_key="baseSalary")
    posted = Date(data_key="datePosted")
    until = Instant(data_key="validThrough")
    openings = Integer(data_key="totalJobOpenings")


def job_posting(doc: Document) -> dict[str, Any]:
    """The posting of a published listing."""
    pay, address = doc["pay"], {"type": "PostalAddress", "country": doc["country"]}
    if doc.get("region"):
        address["region"] = doc["region"]
    amounts = {"least": _major(pay["min"], pay["currency"]), "most": _major(pay["max"], pay["currency"])}
    return {
        "context": CONTEXT,
        "type": "JobPosting",
        "identifier": {"type": "PropertyValue", "name": "Good Golem", "value": doc["_id"]},
        "title": doc["title"],
        "description": "\n".join(html.escape(duty, quote=False) for duty in doc["duties"]),
        "responsibilities": doc["duties"],
        "skills": doc.get("skills", []),
        "occupation": _category(doc["occupation"]),
        "industry": _category(doc["industry"]),
        "place": {"type": "Place", "address": address},
        "organization": {"type": "Organization", "name": CONFIDENTIAL},
        "pay": {
            "type": "MonetaryAmount",
            "currency": pay["currency"],
            "value": {"type": "QuantitativeValue", **amounts, "unit": _UNITS[pay["per"]]},
        },
        "posted": doc["published_at"].date().isoformat(),
        "until": doc["timers"][EXPIRY],
        "openings": doc["seats"] - doc["hired"],
    }


def _category(code: dict[str, str]) -> dict[str, str]:
    """With its English name, where its list is known."""
    entry = codes.find(code["scheme"], code["code"])
    named = {"name": entry.label("en")[0]} if entry else {}
    return {"type": "CategoryCode", "code": code["code"], "scheme": code["scheme"]} | named


def _major(minor_units: int, currency: str) -> int | float:
    """A number for a reader; nothing is reckoned with it."""
    unit: int = 10 ** MINOR_DIGITS[currency]
    return minor_units / unit if minor_units % unit else minor_units // unit

"""A published listing as schema.org's JobPosting: all of the job, nothing of its employer or its insider."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.service.test_listing_http import anna, app, bo, mo, published, store, worker, written
from tests.support.web import Caller, Ticking, problem

__all__ = ["anna", "app", "bo", "mo", "store", "worker"]


def test_the_posting(anna: Caller, bo: Caller, worker: Ticking) -> None:
    full = {"duties": ["Run the payment services", "Lead « l'équipe »"], "skills": ["Python"], "seats": 3}
    path = f"/v1/listings/{published(anna, worker, **full)}"

    response = bo.get(f"{path}/jobposting")

    assert (response.status_code, response.content_type) == (200, "application/ld+json")
    assert response.headers["ETag"] == bo.get(path).headers["ETag"]
    assert response.get_json(force=True) == {
        "@context": "https://schema.org",
        "@type": "JobPosting",
        "identifier": {"@type": "PropertyValue", "name": "Good Golem", "value": path.rsplit("/", 1)[1]},
        "title": "Backend engineer",
        "description": "Run the payment services\nLead « l'équipe »",
        "responsibilities": full["duties"],
        "skills": ["Python"],
        "occupationalCategory": {
            "@type": "CategoryCode",
            "name": "Software Developers",
            "codeValue": "2512",
            "inCodeSet": "ISCO-08",
        },
        "industry": {
            "@type": "CategoryCode",
            "name": "Computer programming, consultancy and related activities",
            "codeValue": "J62",
            "inCodeSet": "NACE-2",
        },
        "jobLocation": {
            "@type": "Place",
            "address": {"@type": "PostalAddress", "addressCountry": "NL", "addressRegion": "Utrecht"},
        },
        "hiringOrganization": {"@type": "Organization", "name": "confidential"},
        "baseSalary": {
            "@type": "MonetaryAmount",
            "currency": "EUR",
            "value": {"@type": "QuantitativeValue", "minValue": 55000, "maxValue": 70000, "unitText": "YEAR"},
        },
        "datePosted": "2027-01-01",
        "validThrough": bo.get(path).get_json()["expires_at"],
        "totalJobOpenings": 3,
    }


def test_nobody_learns_the_employer_from_it(anna: Caller, bo: Caller, mo: Caller, worker: Ticking) -> None:
    """Not even who may know: what they are shown here is meant for others' eyes."""
    path = f"/v1/listings/{published(anna, worker)}/jobposting"

    for caller in (anna, bo, mo):
        said = caller.get(path).get_data(as_text=True)
        assert "Acme" not in said and anna.id not in said and "coaching" not in said


def test_only_while_it_is_published(anna: Caller, bo: Caller, worker: Ticking) -> None:
    draft = written(anna)
    for caller in (anna, bo):
        problem(caller.get(f"/v1/listings/{draft}/jobposting"), 404, "not-found")
    problem(bo.get("/v1/listings/0197f0c5-0000-7000-8000-000000000001/jobposting"), 404, "not-found")
    problem(bo.get(f"/v1/listings/{draft}/jobposting", Authorization=""), 401, "unauthenticated")
    path = f"/v1/listings/{published(anna, worker)}"

    assert anna.post(f"{path}/pause").status_code == 200
    problem(bo.get(f"{path}/jobposting"), 404, "not-found")
    assert anna.post(f"{path}/resume").status_code == 200
    assert bo.get(f"{path}/jobposting").status_code == 200
    worker.tick(timedelta(days=90))
    problem(bo.get(f"{path}/jobposting"), 404, "not-found")


@pytest.mark.parametrize(
    ("pay", "least", "most"),
    [
        ({"min": 2_050, "max": 3_099, "currency": "CAD", "per": "hour"}, 20.5, 30.99),
        ({"min": 300_000, "max": 300_000, "currency": "JPY", "per": "month"}, 300_000, 300_000),
        ({"min": 1_234, "max": 10**9, "currency": "KWD", "per": "day"}, 1.234, 10**6),
    ],
)
def test_pay_in_major_units(anna: Caller, pay: dict[str, Any], least: float, most: float, worker: Ticking) -> None:
    free = [{"kind": "coaching", "price": {"amount": 0, "currency": pay["currency"]}}]
    doc = anna.get(f"/v1/listings/{published(anna, worker, pay=pay, help=free, region=None)}").get_json()

    said = json.loads(anna.get(f"/v1/listings/{doc['id']}/jobposting").data)

    value = said["baseSalary"]["value"]
    assert (value["minValue"], value["maxValue"], value["unitText"]) == (least, most, pay["per"].upper())
    assert said["jobLocation"]["address"] == {"@type": "PostalAddress", "addressCountry": "NL"}


def test_its_description(anna: Caller) -> None:
    described = anna.get("/v1/openapi/listing.json").get_json()
    answer = described["paths"]["/v1/listings/{id}/jobposting"]["get"]["responses"]["200"]

    assert list(answer["content"]) == ["application/ld+json"]
    assert "hiringOrganization" in described["components"]["schemas"]["JobPosting"]["properties"]


@pytest.mark.parametrize(
    ("duty", "described"),
    [
        ("Bring latency < 5 ms & keep it", "Bring latency &lt; 5 ms &amp; keep it"),
        ("</script><script>alert(1)</script>", "&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("<!-- <b>bold</b> &lt;", "&lt;!-- &lt;b&gt;bold&lt;/b&gt; &amp;lt;"),
        ("Teach List<T> and Map<K, V>", "Teach List&lt;T&gt; and Map&lt;K, V&gt;"),
    ],
)
def test_a_page_can_hold_the_posting(anna: Caller, worker: Ticking, duty: str, described: str) -> None:
    """The description is HTML that says what was written; nothing in the answer ends the script element around it."""
    path = f"/v1/listings/{published(anna, worker, duties=[duty, 'Lead'], skills=['C<T>'], title='x <y>')}"

    response = anna.get(f"{path}/jobposting")

    posting = json.loads(response.data)
    assert b"<" not in response.data and b"<" not in anna.get(path).data
    assert posting["description"] == f"{described}\nLead"
    assert (posting["responsibilities"], posting["skills"], posting["title"]) == ([duty, "Lead"], ["C<T>"], "x <y>")

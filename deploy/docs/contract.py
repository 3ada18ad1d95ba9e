"""What the documents of the contract say beside their operations and events: who, where, under which licence, how."""

from typing import Any

LICENCE = {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"}
CONTACT = {"name": "The operator of this market", "url": "https://goodgolem.example/", "email": "api@goodgolem.example"}
SUMMARY = "Inside help for a job, paid for only when the seeker is hired."

HTTP = """\
An insider lists the role they leave, and what a good word, a reference or coaching costs; a seeker makes an offer;
the fee waits in escrow until the seeker is hired.

## Tokens
A JWT as bearer. What needs none is read without: at the pace of the caller's address.

## Ask again
Services learn from each other by events. Where one has not heard yet of what another has just done, it answers **404
or 409 with `Retry-After`: ask again after so many seconds**, with the same `Idempotency-Key` and `If-Match`. A 404 or
409 without that header is final. The same holds for 429 and 503. A response of this document that may be so has
`x-ask-again`.

## Repeats
With an `Idempotency-Key` a POST that is sent twice happens once: the answer to a repeat is the same, with
`Idempotency-Replayed: true`. Without a key a POST that was not answered is not sent again.

## Changes
An `ETag` is the document's version; `If-Match` refuses to change another one (412).

## What may change within version 1
Answers may gain members, operations and optional parameters may be added: **a client lets unknown members pass**.
Where a list of words may grow it is an `x-extensible-enum`: a client lets an unknown word pass. A body is closed:
what it does not name is refused. What changed is told in `docs/contract-changelog.md`.

## Refusals
RFC 9457 problem details, `application/problem+json`: `type` says what kind, `errors` names each field and the rule it
breaks.
"""
EVENTS = """\
What happens on the market, on Kafka: a topic for each type of event, CloudEvents 1.0 in binary mode, JSON.
`docs/events.md` says how to subscribe.

- **At least once**: an event may come again; drop what you have taken by `ce_id`.
- **Order**: within one topic and subject by `ce_sequence`; between topics there is none. Keep the highest number of
  each (`ce_source`, `ce_subject`).
- **Kept for ever**: a new reader has all of them.
- **Within a version only optional fields are added**: let unknown fields, and unknown words, pass. Another version is
  another `ce_dataschema`.
- **Promised** (`x-promised`) are those whose required fields stay; the others follow the same rule, and may go when
  the lifecycle behind them changes.
- **No personal data**: people appear as pseudonyms. On `person.erased` delete what you keep of that person.
"""
TAGS = {
    "listing": "Roles that are left, what inside help they come with, the employers' consent, codes and policies.",
    "matching": "Offers from the first word to the hire, matches, profiles, reviews, employers and their systems.",
    "escrow": "The money of an offer: funding, payouts, refunds, disputes, and the journal that proves them.",
    "notify": "Addresses, what is told to people and systems, and the contacts of two who deal with each other.",
    "events": "What is sent to a webhook.",
}


def info(title: str, version: str, description: str) -> dict[str, Any]:
    return {
        "title": title,
        "version": version,
        "description": description,
        "license": LICENCE,
        "contact": CONTACT,
    }

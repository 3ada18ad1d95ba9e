"""Events: the topics are the documents (I5), each has its effect once (I6), numbers run without gaps (I7)."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from deploy import SERVICES
from deploy.verify.around import trigger_of
from deploy.verify.snapshot import Emitted, Seen, Snapshot, everything, routes
from deploy.verify.tally import Tally
from services.matching.handlers import ESCROW_TYPES
from services.matching.offer.listings import KIND as LISTING_COPY
from services.notify.addresses import CONTACT_CODE
from services.notify.log.records import KIND as LOGGED
from shared.aggregate import Document, Kind
from shared.events import Event, source_of


def same(seen: Snapshot, tally: Tally) -> None:
    """Each event on a topic is in its document, word for word, and each published event of a document is on its topic.
    Repeats of a ce_id are exact. A record that no reader can decode is no event.
    """
    for event_id, records in seen.seen.items():
        event = records[0].event
        assert event is not None
        subject = f"{event.type} {event_id} of {event.subject}"
        emitted = seen.emitted.get(event_id)
        if emitted is None and seen.recent(max(event.time, records[0].at)):
            tally.leave()
            continue
        tally.check(emitted is not None, subject, "is on its topic and in no document")
        exact = all(other.event == event and other.topic == event.type for other in records)
        tally.check(exact, subject, "is repeated with other content")
        if emitted is not None:
            with tally.reading(subject):
                tally.check(_is(emitted, event), subject, "says something else on its topic than in its document")
    for event_id, emitted in seen.emitted.items():
        with tally.reading(str(emitted)):
            if emitted.published:
                tally.check(event_id in seen.seen, str(emitted), "is published and on no topic")
            else:
                tally.leave()


def _is(emitted: Emitted, event: Event) -> bool:
    stored = emitted.event
    written = (
        stored["type"],
        stored["version"],
        stored["seq"],
        emitted.doc["_id"],
        source_of(emitted.service),
    )
    read = (event.type, event.version, event.sequence, event.subject, event.source)
    return written == read and _plain(stored["data"]) == event.data


def _plain(value: Any) -> Any:
    """As JSON would have it: the driver may give its own kinds of whole numbers and maps."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def one_effect(seen: Snapshot, tally: Tally) -> None:
    """No document has taken an id twice. Each event that a service has read is known to every document it touches there
    (taken, ignored, parked; of a copy the number), or is a dead letter; each notification tells one of an event's two
    people of an event that was; a listing's seats are the hires that it has taken.
    """
    for service, doc in everything(seen.documents):
        subject = f"{service} {doc.get('_id')}"
        with tally.reading(subject):
            taken = Counter([*doc.get("applied", ()), *(each["id"] for each in doc.get("parked", ()))])
            twice = [each for each, count in taken.items() if count > 1]
            tally.check(not twice, subject, f"has taken more than once: {', '.join(twice)}")
            if doc.get("kind") == "notification":
                _emitted_once(seen, tally, doc, subject)
    _seats(seen, tally)
    for service in SERVICES:
        for event_type, route in routes(service).items():
            for emitted in _of_type(seen, event_type):
                with tally.reading(str(emitted)):
                    _effect(seen, tally, service, emitted, route.touches(trigger_of(emitted)))


def _emitted_once(seen: Snapshot, tally: Tally, doc: Document, subject: str) -> None:
    event_id, _, person = str(doc["_id"]).rpartition(":")
    if event_id.startswith("consent_mail:"):
        return  # it tells of a mail that did not go out: no event says that
    cause = seen.causes.get(event_id)
    tally.check(cause is not None, subject, "tells of an event that was never emitted")
    if cause is not None:
        data = cause.event["data"]
        people = {data.get(name) for name in ("insider", "seeker", "person_id")} - {None}
        fits = person in people and doc.get("person", person) == person
        tally.check(fits, subject, f"tells somebody else than the people of {cause}")


def _of_type(seen: Snapshot, event_type: str) -> list[Emitted]:
    return [each for each in seen.emitted.values() if each.event.get("type") == event_type]


def _seats(seen: Snapshot, tally: Tally) -> None:
    hires = {each.event["id"] for each in seen.causes.values() if each.event.get("type") == "hire.confirmed"}
    for listing_id, doc in seen.listings.items():
        taken = len(hires.intersection(doc.get("applied", ())))
        if not seen.young(doc):
            message = f"counts {doc.get('hired')} hires and has taken {taken}"
            tally.check(doc.get("hired") == taken, f"listing {listing_id}", message)


def _effect(seen: Snapshot, tally: Tally, service: str, emitted: Emitted, touched: Mapping[str, Kind]) -> None:
    event = emitted.event
    if not any(seen.consumed(service, record) for record in seen.seen.get(event["id"], ())):
        tally.leave()
        return
    if event["id"] in seen.dead.get(service, frozenset()):
        return
    for document_id, kind in touched.items():
        if _only_read(service, kind, event["type"]):
            continue
        doc = seen.by_id[service].get(document_id)
        if service == "notify" and doc is None and _is_forgotten(seen, kind, event):
            continue
        message = f"{service} has read it, and its {document_id} does not know it (see `golem backfill`)"
        tally.check(doc is not None and _knows(doc, event), str(emitted), message)


def _is_forgotten(seen: Snapshot, kind: Kind, event: Mapping[str, Any]) -> bool:
    """What is older than the log keeps is in it no more, and nobody is notified any more of what is older than that."""
    terms = seen.terms
    after = terms.keep_events if kind == LOGGED else terms.keep_notifications
    return bool(seen.at - event["time"] >= after)


def _only_read(service: str, kind: Kind, event_type: str) -> bool:
    """A contact's code for its language, a listing's copy for the employer's no."""
    if service == "matching":
        return kind == LISTING_COPY and event_type in ESCROW_TYPES
    return service == "notify" and kind is CONTACT_CODE


def _knows(doc: Document, event: Mapping[str, Any]) -> bool:
    if doc["kind"] in ("notification", "unveiled", LOGGED):  # named by the event
        return True
    if event["id"] in doc.get("applied", ()) or any(each["id"] == event["id"] for each in doc.get("parked", ())):
        return True
    return bool(max(doc.get("number", 0), doc.get("escrow_number", 0)) >= event["seq"])


def numbered(seen: Snapshot, tally: Tally) -> None:
    """Over all topics of an aggregate its events are numbered exactly 1..n, one event a number; each topic has them in
    order at first appearance, in one partition.
    """
    aggregates: dict[tuple[str, str], dict[str, Seen]] = {}
    for event_id, records in seen.seen.items():
        event = records[0].event
        assert event is not None
        aggregates.setdefault((event.source, event.subject), {})[event_id] = records[0]
    for (source, subject), firsts in aggregates.items():
        numbers = sorted(_number(record) for record in firsts.values())
        whole = numbers == list(range(1, len(numbers) + 1))
        if not whole and _is_moving(seen, source, subject):
            tally.leave()
            continue
        name = f"{source.rpartition(':')[2]} {subject}"
        tally.check(whole, name, f"its events on the topics are numbered {_ranges(numbers)}")
        _in_order(tally, name, list(firsts.values()))


def _in_order(tally: Tally, name: str, firsts: list[Seen]) -> None:
    topics: dict[str, list[Seen]] = {}
    for record in firsts:
        topics.setdefault(record.topic, []).append(record)
    for topic, records in topics.items():
        records.sort(key=lambda record: (record.partition, record.offset))
        numbers = [_number(record) for record in records]
        tally.check(numbers == sorted(numbers), name, f"{topic} has its events in the order {_ranges(numbers)}")
        partitions = {record.partition for record in records}
        tally.check(len(partitions) == 1, name, f"{topic} has its events in partitions {_ranges(sorted(partitions))}")


def _number(record: Seen) -> int:
    assert record.event is not None
    return record.event.sequence


def _is_moving(seen: Snapshot, source: str, subject: str) -> bool:
    doc = seen.by_id.get(source.rpartition(":")[2], {}).get(subject)
    return doc is not None and (seen.young(doc) or doc.get("published", 0) < doc.get("seq", 0))


def _ranges(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))

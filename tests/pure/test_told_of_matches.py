"""A seeker who asked for it is told of new matches: through the services in memory, to the mail that goes out."""

from collections.abc import Mapping
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from services.matching.matches import alerts
from services.notify.mail import Postman
from services.notify.mails import Mails
from shared.aggregate import Trigger
from shared.aggregate.replay import replay
from shared.settings import Terms
from tests.support.hires import listing
from tests.support.web import Caller
from tests.support.whole import KEY, Whole

DEVELOPER = {"scheme": "ISCO-08", "code": "2512"}
PROFILE = {"occupations": [DEVELOPER], "skills": ["kafka"]}
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
URL = "http://golem.example"


@pytest.fixture
def whole(tmp_path: Path) -> Whole:
    made = Whole(tmp_path)
    made.verified("bo", "bo@example.org")
    put(made, "/v1/me/profile", PROFILE)
    return made


def put(whole: Whole, path: str, body: Any, sub: str = "bo") -> None:
    service = "matching" if path.endswith("profile") else "notify"
    answer = Caller(whole.apps[service], sub).ask("PUT", path, body)
    assert answer.status_code == 200, answer.get_json()
    whole.settle()
    whole.settle(SECOND)  # what comes now came later


def wants(whole: Whole, cadence: str, sub: str = "bo", **more: Any) -> None:
    put(whole, "/v1/me/preferences", {"language": "en", "mail": {}, "matches": cadence, **more}, sub)


def publish(whole: Whole, count: int = 1, **changed: Any) -> list[str]:
    """Listings of so many insiders."""
    return [published(whole, f"insider{number}", **changed) for number in range(count)]


def published(whole: Whole, sub: str, **changed: Any) -> str:
    body = listing(**changed) | {"leaving_on": "2027-06-01"}
    anna = Caller(whole.apps["listing"], sub)
    made = anna.post("/v1/listings", body)
    assert anna.post(f"{made.headers['Location']}/submit").status_code == 200, made.get_json()
    whole.settle()
    return str(made.get_json()["id"])


def told(whole: Whole, sub: str = "bo") -> list[dict[str, Any]]:
    """Their notifications of matches, the oldest first."""
    items = Caller(whole.apps["notify"], sub).get("/v1/notifications?limit=100").get_json()["items"]
    return [each for each in reversed(items) if each["kind"] == "matches.found"]


def tellings(whole: Whole) -> list[Mapping[str, Any]]:
    """What was said of whom, the oldest first."""
    found = whole.stores["matching"].collection.find({"kind": alerts.TELLING})
    return [event["data"] for doc in sorted(found, key=lambda doc: doc["until"]) for event in doc["events"]]


def ids(whole: Whole) -> list[list[str]]:
    return [[each["listing_id"] for each in data["items"]] for data in tellings(whole)]


def mailed(whole: Whole, notification_id: str) -> EmailMessage:
    """A notification's mail, sent once more."""
    sent: list[EmailMessage] = []
    store = whole.stores["notify"]
    postman = Postman(whole.clock, "golem@golem.example", lambda mail, address: sent.append(mail))
    document = store.get(notification_id) or {}
    Mails(store, postman, KEY, URL, Terms()).carry_out(document | {"instruction": {"id": "again"}})
    (mail,) = sent
    return mail


def test_nobody_is_told_who_did_not_ask(whole: Whole) -> None:
    publish(whole)
    whole.settle(8 * DAY)

    assert Caller(whole.apps["notify"], "bo").get("/v1/me/preferences").get_json()["matches"] == "off"
    assert (tellings(whole), told(whole)) == ([], [])


def test_at_once(whole: Whole) -> None:
    """Within two minutes, with the reasons; a second one an hour after the first at the earliest; each once."""
    wants(whole, "at_once")
    (first,) = publish(whole)
    whole.settle(2 * MINUTE)

    (notification,) = told(whole)
    assert notification["status"] == "sent"
    assert f"{URL}/listings/{first}" in notification["text"] and "the occupation is one" in notification["text"]
    second = published(whole, "carla")
    whole.settle(5 * MINUTE)
    assert len(told(whole)) == 1
    whole.settle(HOUR)
    assert ids(whole) == [[first], [second]] and len(told(whole)) == 2
    whole.settle(8 * DAY)
    assert len(told(whole)) == 2


def test_a_day_s_new_ones_in_one_mail(whole: Whole) -> None:
    """Of twelve the ten best, and that there are two more; they are not told on another day."""
    wants(whole, "daily")
    found = publish(whole, 11)
    best = published(whole, "carla", skills=["Kafka"])
    whole.settle(HOUR)
    assert tellings(whole) == []

    whole.settle(DAY)

    (data,) = tellings(whole)
    listings = [each["listing_id"] for each in data["items"]]
    assert (listings[0], len(listings), data["more"]) == (best, 10, 2)
    assert listings[1:] == sorted(found)[:9] and "skills" in data["items"][0]["reasons"]
    (notification,) = told(whole)
    assert "2 more are among your matches." in notification["text"]
    whole.settle(8 * DAY)
    assert len(tellings(whole)) == 1


def test_nothing_new_is_no_mail(whole: Whole) -> None:
    """What was there before they asked is not new; nor is a change of it, nor what does not fit."""
    publish(whole)
    wants(whole, "daily")
    published(whole, "carla", occupation={"scheme": "ISCO-08", "code": "2221"}, skills=[])
    whole.settle(15 * DAY)

    assert (tellings(whole), told(whole)) == ([], [])


def test_once_a_week(whole: Whole) -> None:
    wants(whole, "weekly")
    (first,) = publish(whole)
    whole.settle(6 * DAY)
    assert tellings(whole) == []
    whole.settle(DAY + HOUR)

    assert ids(whole) == [[first]]


def test_their_own_and_those_with_an_offer_are_left_out(whole: Whole) -> None:
    """As in their matches; also what is over by then."""
    wants(whole, "daily")
    published(whole, "bo")
    asked, over, left = publish(whole, 3)
    whole.call("matching", "bo", "/v1/offers", {"listing_id": asked, "help": ["coaching"]})
    whole.call("listing", "insider1", f"/v1/listings/{over}/withdraw")
    whole.settle(DAY + HOUR)

    assert ids(whole) == [[left]]


def test_one_click_stops_it(whole: Whole) -> None:
    """The mail's link turns the preference off; the button of mail programs does as well; nothing comes any more."""
    wants(whole, "at_once")
    publish(whole)
    whole.settle(2 * MINUTE)
    mail = mailed(whole, told(whole)[0]["id"])
    path = mail["List-Unsubscribe"].strip("<>").removeprefix(URL)
    notify = whole.apps["notify"].test_client()
    assert notify.get(path).get_json() == {"group": "matches", "mailed": True}

    answer = notify.post(path, data={"List-Unsubscribe": "One-Click"})
    whole.settle()

    assert (answer.status_code, answer.get_json()) == (200, {"group": "matches", "mailed": False})
    shown = Caller(whole.apps["notify"], "bo").get("/v1/me/preferences").get_json()
    assert (shown["matches"], shown["mail"]) == ("off", dict.fromkeys(("listings", "offers", "hires", "money"), True))
    published(whole, "carla")
    whole.settle(8 * DAY)
    assert len(told(whole)) == 1


def test_the_mail_links_to_each_listing_and_names_no_employer(whole: Whole) -> None:
    wants(whole, "daily", language="fr")
    (listing_id,) = publish(whole)
    whole.settle(DAY + HOUR)
    notification = told(whole)[0]
    page = f"/listings/{listing_id}"

    mail = mailed(whole, notification["id"])

    plain, html = (str(part.get_content()) for part in mail.iter_parts())  # type: ignore[attr-defined]
    assert mail["Subject"] == "De nouvelles annonces pour votre profil"
    assert f"{URL}{page}" in plain and f'<a href="{URL}{page}">' in html
    assert "Acme" not in plain + html and "le métier est de ceux que vous cherchez" in plain


def test_it_follows_the_profile(whole: Whole) -> None:
    """Who is waiting for one thing and then for another is woken by the other; without a profile by nothing."""
    nurse = {"scheme": "ISCO-08", "code": "2221"}
    wants(whole, "at_once")
    put(whole, "/v1/me/profile", {"occupations": [nurse]})
    publish(whole)
    whole.settle(2 * MINUTE)
    assert tellings(whole) == []
    one = published(whole, "carla", occupation=nurse)
    whole.settle(2 * MINUTE)
    assert ids(whole) == [[one]]

    assert Caller(whole.apps["matching"], "bo").ask("DELETE", "/v1/me/profile").status_code == 204
    published(whole, "dan", occupation=nurse)
    whole.settle(8 * DAY)
    assert ids(whole) == [[one]]


def test_a_hundred_and_fifty_are_woken_in_passes(whole: Whole) -> None:
    """A listing wakes a hundred at once, the others by and by, each once."""
    store = whole.stores["matching"]
    for number in range(150):
        person, now = f"p_{number:032x}", whole.clock.now()
        whole.stores["matching"].collection.insert_one(
            {"_id": f"profile:{person}", "kind": "profile", "version": 1, "state": "new",
             **dict.fromkeys(("occupations", "industries", "countries", "regions", "skills", "help"), []),
             "occupations": [DEVELOPER]}
        )  # fmt: skip
        wanted = {"person_id": person, "cadence": "at_once"}
        event = Trigger("matches.wanted", f"w{number}", "event", now, wanted, sequence=1)

        def decide(changes: Any, event: Any = event, person: str = person) -> None:
            changes[f"alert:{person}"].set(number=1, **alerts.copied_fields(event))
            alerts.begin(changes[f"alert:{person}"], event)

        store.run({f"alert:{person}": alerts.KIND}, decide)
    whole.settle(HOUR)
    publish(whole)

    whole.settle(MINUTE)
    assert len(tellings(whole)) == 100
    whole.settle(MINUTE)
    assert len({data["person_id"] for data in tellings(whole)}) == len(tellings(whole)) == 150


def test_a_look_that_is_repeated_tells_nothing_twice(whole: Whole) -> None:
    """It died after it told, before it moved on; and a replay of all events changes nothing either."""
    wants(whole, "daily")
    (first,) = publish(whole)
    alert_id = f"alert:{Caller(whole.apps['matching'], 'bo').id}"
    before = whole.stores["matching"].get(alert_id) or {}
    whole.settle(DAY + HOUR)
    put_back = {name: before[name] for name in ("since", "timers", "due_at")}
    whole.stores["matching"].collection.update_one({"_id": alert_id}, {"$set": put_back})
    second = published(whole, "carla")
    whole.settle()
    assert ids(whole) == [[first]]

    for store in whole.stores.values():
        replay(store.collection)
    whole.settle(DAY + HOUR)

    assert ids(whole) == [[first], [second]] and len(told(whole)) == 2


def test_a_person_who_leaves_is_told_no_more(whole: Whole) -> None:
    """Neither service remembers what they asked for; an export shows it before."""
    wants(whole, "at_once")
    bo = {name: Caller(whole.apps[name], "bo") for name in ("matching", "notify")}
    assert bo["matching"].get("/v1/me/export/matching").get_json()["new_matches"] == "at_once"
    assert bo["notify"].get("/v1/me/export/notify").get_json()["contact"]["matches"] == "at_once"

    assert bo["matching"].ask("DELETE", "/v1/me").status_code < 300
    whole.settle(HOUR)
    publish(whole)
    whole.settle(8 * DAY)

    alert = whole.stores["matching"].get(f"alert:{bo['matching'].id}") or {}
    contact = whole.stores["notify"].get(f"contact:{bo['notify'].id}") or {}
    assert not {"cadence", "since", "wants", "told_at", "due_at"} & alert.keys() and "matches" not in contact
    assert tellings(whole) == []


def test_it_may_be_changed_only_so_often_and_always_stopped(whole: Whole) -> None:
    person = Caller(whole.apps["notify"], "bo")
    contact = {"_id": f"contact:{person.id}"}
    wants(whole, "daily")
    whole.stores["notify"].collection.update_one(contact, {"$set": {"matches_changes": 200}})
    body = {"language": "en", "mail": {}, "matches": "weekly"}

    refused = person.ask("PUT", "/v1/me/preferences", body)

    assert refused.status_code == 422 and refused.get_json()["errors"][0]["rule"] == "matches-changes"
    wants(whole, "off")

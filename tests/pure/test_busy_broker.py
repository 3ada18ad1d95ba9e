"""What makes a broker ready asks again where it was slow, and gives up at once where asking again is in vain."""

from typing import Any

import pytest
from kafka.admin import NewTopic
from kafka.errors import (
    ClusterAuthorizationFailedError,
    InvalidReplicationFactorError,
    KafkaError,
    NotControllerError,
    RequestTimedOutError,
    TopicAlreadyExistsError,
)

from deploy.kafka.access import set_acls, set_users
from deploy.kafka.principals import acls
from deploy.kafka.topics import make, patiently, topics

PRINCIPALS = ("listing", "matching", "escrow", "notify", "operator")
Fault = type[KafkaError] | RuntimeError | None


def _at_once(seconds: float) -> None:
    """Nobody waits here."""


class Broker:
    """An administrator's client of a broker that answers its first requests with these faults, then does what it is
    asked.
    """

    def __init__(self, *faults: Fault) -> None:
        self.faults = list(faults)
        self.asked = 0
        self.topics: list[str] = []
        self.acls: list[Any] = []

    def _fault(self) -> Fault:
        self.asked += 1
        return self.faults.pop(0) if self.faults else None

    def list_topics(self) -> list[str]:
        return self.topics

    def create_topics(self, missing: list[NewTopic], **_: Any) -> dict[str, Any]:
        fault = self._fault()
        if isinstance(fault, RuntimeError):
            raise fault
        if fault is None:
            self.topics += [topic.name for topic in missing]
        return {"topics": [{"name": each.name, "error_code": fault.errno if fault else 0} for each in missing]}

    def describe_acls(self, everything: Any) -> tuple[list[Any], Any]:
        return self.acls, None

    def create_acls(self, missing: list[Any]) -> dict[str, list[Any]]:
        fault = self._fault()
        self.acls += [] if fault else missing
        return {"failed": [fault] if fault else []}

    def delete_acls(self, surplus: list[Any]) -> list[Any]:
        fault = self._fault()
        if fault is None:
            self.acls.clear()
        return [(each, [], fault) for each in surplus]

    def describe_user_scram_credentials(self) -> list[str]:
        return []

    def alter_user_scram_credentials(self, made: list[Any]) -> dict[str, str | None]:
        self.asked += 1
        return {each.user: "The request timed out." for each in made}


@pytest.mark.parametrize("fault", [RequestTimedOutError, NotControllerError, RuntimeError("no active controller")])
def test_topics_of_a_slow_broker_are_asked_for_again(fault: Any) -> None:
    broker: Any = Broker(fault)

    assert patiently(lambda: make(broker), 30, _at_once) == broker.topics == [topic.name for topic in topics()]
    assert broker.asked == 2
    assert patiently(lambda: make(broker), 0) == []


def test_topics_that_another_has_made_meanwhile_are_there() -> None:
    broker: Any = Broker(TopicAlreadyExistsError)

    assert len(patiently(lambda: make(broker), 0)) == len(topics())


def test_rights_of_a_slow_broker_are_asked_for_again() -> None:
    broker: Any = Broker(RequestTimedOutError)

    assert patiently(lambda: set_acls(broker, acls(), PRINCIPALS), 30, _at_once) == (len(set(acls())), 0)
    broker.faults = [RequestTimedOutError]
    assert patiently(lambda: set_acls(broker, [], PRINCIPALS), 30, _at_once) == (0, len(set(acls())))
    assert broker.asked == 4 and broker.acls == []


@pytest.mark.parametrize("fault", [InvalidReplicationFactorError, ClusterAuthorizationFailedError])
def test_what_is_refused_for_good_is_asked_for_once(fault: type[KafkaError]) -> None:
    for_topics, for_rights = Broker(fault), Broker(fault)
    for ask in (lambda: make(for_topics), lambda: set_acls(for_rights, acls(), PRINCIPALS)):  # type: ignore[arg-type]
        with pytest.raises(fault):
            patiently(ask, 30)

    assert (for_topics.asked, for_rights.asked) == (1, 1)


def test_a_user_that_was_not_made_is_tried_again() -> None:
    broker: Any = Broker()
    with pytest.raises(KafkaError, match="user listing: The request timed out") as caught:
        set_users(broker, {"listing": "a password"}, {})

    assert caught.value.retriable

"""With which statuses an operation may be refused: by itself, by what every request passes, and by the servers before
it.
"""

from typing import Any

from shared.http.declare.operations import Operation
from shared.http.problems import CATALOGUE

BY_SERVERS = frozenset({400, 413, 414, 417, 431, 500, 501, 503})
"""What the gateway and the WSGI server answer by themselves, whatever was asked for."""


def statuses_of(operation: Operation[Any]) -> list[int]:
    """All of them, in order, without those that are answers."""
    changes = operation.method != "GET"
    statuses = {*BY_SERVERS, *(CATALOGUE[slug][0] for slug in operation.refuses)}
    statuses |= set() if operation.page and (operation.any_body or not changes) else {422}
    statuses |= {401} if operation.who and (operation.who.token or operation.who.open) else set()
    statuses |= {429} if operation.who and (operation.who.token or operation.pace) else set()
    statuses |= {404} if operation.variables or changes else set()
    statuses |= {403} if (operation.who and operation.who.roles) or changes else set()
    statuses |= {409} if changes else set()
    statuses |= {415} if changes and not operation.any_body else set()
    statuses |= {412} if operation.match else set()
    return sorted(statuses - set(operation.answers))

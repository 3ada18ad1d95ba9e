"""What gunicorn refuses before Flask sees it (a bad request line, headers too long), as problem documents."""

import json
import socket
from typing import Any

from gunicorn.util import write_nonblock  # type: ignore[import-untyped]

from shared.http.problems import CONTENT_TYPE, Problem, Slug

_KINDS: dict[int, tuple[Slug, str]] = {
    400: ("bad-request", "The request line, a header or a chunk is malformed."),
    403: ("forbidden", "This connection is not served."),
    414: ("uri-too-long", "The request line is longer than this server takes."),
    417: ("bad-request", "Expect is not understood."),
    431: ("headers-too-large", "A header is longer, or there are more of them, than this server takes."),
    500: ("internal", "Nothing is known to have been done."),
    501: ("not-implemented", "That transfer coding is not known."),
}


def write_problem(client: socket.socket, status: int, reason: str, _message: Any) -> None:
    """In place of `gunicorn.util.write_error`. gunicorn's own message may quote the request, so it is left out."""
    slug, detail = _KINDS.get(status, ("bad-request" if status < 500 else "internal", f"{reason}."))
    body = json.dumps(Problem(slug, detail, status=status).as_json())
    lines = (
        f"HTTP/1.1 {status} {reason}",
        "Connection: close",
        f"Content-Type: {CONTENT_TYPE}",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
    )
    write_nonblock(client, "\r\n".join((*lines, "", body)).encode("latin1"))

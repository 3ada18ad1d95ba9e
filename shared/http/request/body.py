"""A request's body: strict JSON (RFC 8259 and I-JSON), an object, and nothing in it that would hurt later."""

import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header

from shared.http.declare.operations import FORM, MULTIPART
from shared.http.problems import Fault, Problem, invalid, pointer

MOST_DEPTH = 16
_MOST_FIELDS = 50
_ANY_TEXT = ("", "text/plain", "application/octet-stream")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LONGEST_NUMBER = 19 + 1
_INT64 = range(-(2**63), 2**63)


class _Twice(dict[str, Any]):
    """An object in which a key was there twice."""

    key = ""


class _NotANumber:
    """NaN, Infinity, or a number that has no value here."""


def read_object(request: Request, required: bool, form: bool = False) -> dict[str, Any]:
    """The body as a JSON object; an empty body is {} where none is `required`. `form`: an HTML form's fields will do,
    and then what is sent as plain text, or as nothing by name, is read as the one of the two that it looks like.

    Raises Problem 400 malformed-json, 415 or 422, or RequestEntityTooLarge (413).
    """
    raw = read_bytes(request)
    if not raw and not required:
        return {}
    if form and request.mimetype == MULTIPART:
        return _form_of(list(request.form.items(multi=True)))
    if form and request.mimetype in (FORM, *_ANY_TEXT):
        return parse_object(raw) if raw.lstrip()[:1] == b"{" else parse_form(raw)
    if raw or request.content_type:
        _check_media_type(request)
    if not raw:
        raise _malformed("required", "a JSON object is needed")
    return parse_object(raw)


def read_bytes(request: Request) -> bytes:
    """The body as it came. Raises RequestEntityTooLarge.

    werkzeug cuts a chunked body off at its `max_content_length` without a word, so that is one more than is allowed; a
    body of that size is too large.
    """
    raw = request.get_data(cache=True)
    if request.max_content_length is not None and len(raw) >= request.max_content_length:
        raise RequestEntityTooLarge
    return raw


def parse_form(raw: bytes) -> dict[str, Any]:
    """The fields of a form, each once, as texts; those left empty are not there. Raises Problem 400 or 422."""
    try:
        pairs = parse_qsl(raw.decode("ascii"), errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Problem("bad-request", f"The form is not UTF-8, or has over {_MOST_FIELDS} fields.") from None
    return _form_of(pairs)


def _form_of(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise invalid([Fault("", "twice", "expected each field once")])
    if faults := list(_faults(fields)):
        raise invalid(faults)
    return fields


def parse_object(raw: bytes) -> dict[str, Any]:
    """`raw` as a JSON object, or a Problem whose errors point at the place."""
    try:
        value = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_pairs, parse_constant=lambda _: _NotANumber(), parse_int=_whole
        )
    except UnicodeDecodeError:
        raise _malformed("utf-8", "expected UTF-8") from None
    except RecursionError:
        raise _too_deep("") from None
    except json.JSONDecodeError as error:
        raise _malformed("json", f"not JSON from line {error.lineno}, column {error.colno}") from None
    if not isinstance(value, dict):
        raise invalid([Fault("", "type", "expected an object")])
    faults = list(_faults(value))
    if faults:
        raise invalid(faults)
    return value


def _check_media_type(request: Request) -> None:
    media_type, options = parse_options_header(request.content_type)
    if media_type.lower() != "application/json" or options.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        fault = Fault.of_header("Content-Type", "media-type", "expected application/json in UTF-8")
        raise Problem("unsupported-media-type", "Send the body as application/json.", errors=[fault])
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        fault = Fault.of_header("Content-Encoding", "content-coding", "expected a body that is not compressed")
        headers = {"Accept-Encoding": "identity"}  # RFC 9110, 15.5.16
        raise Problem("unsupported-media-type", "Send the body as it is.", errors=[fault], headers=headers)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    known = dict(pairs)
    if len(known) == len(pairs):
        return known
    seen: set[str] = set()
    twice = _Twice(known)
    twice.key = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    return twice


def _whole(digits: str) -> Any:
    return int(digits) if len(digits) <= _LONGEST_NUMBER else _NotANumber()


def _faults(body: dict[str, Any]) -> Iterator[Fault]:
    """What is wrong with a parsed body; the first two kinds make it no JSON at all, and raise."""
    waiting: list[tuple[Any, tuple[object, ...]]] = [(body, ())]
    while waiting:
        value, path = waiting.pop()
        kind = type(value)
        if kind is str:
            if not _is_plain(value):
                yield from _text_faults(value, path)
        elif kind is dict or kind is list:
            if len(path) >= MOST_DEPTH:
                raise _too_deep(pointer(*path))
            members: Iterable[tuple[Any, Any]] = value.items() if kind is dict else enumerate(value)
            for key, member in members:
                if kind is dict and not _is_plain(key):
                    yield from _text_faults(key, (*path, key))
                waiting.append((member, (*path, key)))
        elif kind is int:
            if value not in _INT64:
                yield Fault(pointer(*path), "number", "expected a number that fits 64 bits")
        elif kind is float:
            if not math.isfinite(value):
                yield Fault(pointer(*path), "number", "expected a finite number")
        elif kind is _Twice:
            raise _malformed("duplicate-key", "this key is there twice", pointer(*path, value.key))
        elif kind is _NotANumber:
            raise _malformed("number", "expected a finite number that fits 64 bits", pointer(*path))


def _is_plain(text: str) -> bool:
    return text.isascii() and "\0" not in text


def _text_faults(text: str, path: tuple[object, ...]) -> Iterator[Fault]:
    if "\0" in text:
        yield Fault(pointer(*path), "nul", "expected text without NUL")
    elif _SURROGATE.search(text):
        yield Fault(pointer(*path), "surrogate", "expected text without lone surrogates")


def _malformed(rule: str, message: str, at: str = "") -> Problem:
    return Problem("malformed-json", f"The body cannot be read: {message}.", errors=[Fault(at, rule, message)])


def _too_deep(at: str) -> Problem:
    return invalid([Fault(at, "depth", f"expected at most {MOST_DEPTH} levels")])

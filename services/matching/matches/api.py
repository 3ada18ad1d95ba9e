"""A seeker's matches over HTTP: the open listings that fit their profile, each with its score and why."""

from services.matching.matches.finding import find
from services.matching.matches.parts import Parts
from services.matching.matches.schemas import MatchSchema
from services.matching.matches.scoring import Match
from services.matching.matches.views import match_view
from shared.http.answer.pages import PageQuery, page_of, page_response
from shared.http.declare.operations import ANYONE, Answer, Call, Operations
from shared.http.problems import Fault, Problem, invalid

operations: Operations[Parts] = Operations("matching", "Matches")


@operations.get(
    "/v1/matches", "listMatches", "List open listings that match your profile, best match first", who=ANYONE,
    query=PageQuery, answers={200: page_of(MatchSchema)}, refuses=("conflict",),
)  # fmt: skip
def list_matches(call: Call[Parts]) -> Answer:
    parts, after = call.parts, _after(call)
    all_ = find(parts.store, parts.accounts, parts.records, call.person)
    if all_ is None:
        raise Problem("conflict", "Matches are made from your profile: write one first, at /v1/me/profile.")
    rest = [each for each in all_ if after is None or _sort_key(each) > after]
    shown = rest[: call.page.limit]
    end = shown[-1] if len(rest) > len(shown) else None
    last = [end.score, end.listing["listing_id"], end.round] if end else None
    return page_response(call, [match_view(each, parts.terms.fee_bps) for each in shown], last)


def _sort_key(match: Match) -> tuple[int, int, str]:
    return match.round, -match.score, match.listing["listing_id"]


def _after(call: Call[Parts]) -> tuple[int, int, str] | None:
    """Where the last page ended. Raises Problem 422 for the cursor of another list."""
    match call.page.after:
        case None:
            return None
        case [int(score), str(listing_id)]:  # of an older version
            return 0, -score, listing_id
        case [int(score), str(listing_id), int(turn)]:
            return turn, -score, listing_id
        case _:
            raise invalid([Fault.of_query("cursor", "cursor", "expected the `next` of a page of the same list")])

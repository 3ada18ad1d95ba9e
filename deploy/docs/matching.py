"""The page of the matches: how the score is made, from the table of weights that the service counts by."""

from services.matching.matches.alerts import A_PASS, PASS_EVERY
from services.matching.matches.finding import MOST_LISTINGS
from services.matching.matches.known import FRESH, MOST_HIRES
from services.matching.matches.records import LASTING_DAYS
from services.matching.matches.scoring import IN_COMMON, WEIGHTS
from shared.events.schemas_matches import MOST_MATCHES

_HEAD = """\
# Matches

Generated from the code by `python -m deploy.docs`; a test fails when this page is stale. `GET /v1/matches` ranks the
open listings that fit the caller's profile (`PUT /v1/me/profile`), each with its score and with the reasons for it in
words. The score is the sum of the reasons' points and nothing else. It is made by one function,
`services/matching/matches/scoring.py`, out of the listing, the profile and the record of the listing's insider.

| reason | points | at most | when |
|---|---|---|---|
"""

_FOOT = """
- **Something in common.** Without {common} in common there is no match, whatever else fits. A code counts for all that
  belongs to it in its classification (`ISCO-08 25` for 2512), never for another scheme. Names of skills and regions are
  the same when they are without case and accents.
- **Place.** A profile that names countries has no match elsewhere.
- **It cannot be bought.** Nothing that is paid is worth a point. A price above 0 only costs the points of help for
  nothing; a higher one neither raises nor lowers the score. There are no promoted listings.
- **Free help, and help that lasts, count for more.** Of an insider's hires those count in which a different
  person kept the job for {days} days or more, or got it free of charge; the same person counts once, and only who has
  verified an address: all accounts of one mailbox are one person. Reviews are shown
  with the record (`GET /v1/insiders/{{person}}`) and are not part of the score.
- **The same on every run.** Of two listings with one score the one with the smaller id comes first; chance and the
  caller's clicks are no part of it.
- **Left out.** Your own listings, and those on which you have an open offer. A listing that is paused or over is not
  open.
- **How far it looks.** The newest {listings} open listings with an occupation of the profile, as many with an industry,
  and as many with a skill; and {hires} hires of their insiders, as they were {fresh} seconds ago at most. The pages are
  cut from that one ranking.
- **From what.** From matching's own copies of listings, offers, profile and account. A copy that was made by a version
  which lacks these is no match until its listing changes, or until `golem backfill` has sent its last event again.

## Told of new ones

Who sets `matches` in `PUT /v1/me/preferences` is told of matches that are new: `at_once` (within minutes, {pause} at
most), `daily` or `weekly`; nobody is who did not ask. It is one notification, and one mail where an address is
verified: {told} matches at most, the best first, each with its reasons, and how many more there are. Where none is new
nothing is sent.

- **New** is a listing that was published since the last time. Each is told once at most; a change of it, or a pause
  that ends, makes it no newer. What is left out of the list is left out here, too.
- **One click stops it**: the link in each such mail, and what mail programs make of `List-Unsubscribe`, set `matches`
  to `off`.
- **The work is bounded.** A day's or a week's is one timer a person, which ranks as `GET /v1/matches` does. A listing
  that comes wakes those who want one like it at once, found by an index, {a_pass} every {seconds} seconds: with 100,000
  of them the last one is told after {minutes} minutes, and nothing else waits for it. Who is woken twice looks once.
"""


def page() -> str:
    """The whole page, in Markdown."""
    rows = [f"| `{code}` | {each.points} | {each.most} | {each.description} |\n" for code, each in WEIGHTS.items()]
    common = " or ".join(f"`{code}`" for code in IN_COMMON)
    told = {"told": MOST_MATCHES, "pause": "once an hour", "a_pass": A_PASS, "seconds": PASS_EVERY.seconds}
    told["fresh"] = int(FRESH)
    told["minutes"] = 100_000 // A_PASS * PASS_EVERY.seconds // 60
    foot = _FOOT.format(common=common, days=LASTING_DAYS, listings=MOST_LISTINGS, hires=f"{MOST_HIRES:,}", **told)
    return _HEAD + "".join(rows) + foot

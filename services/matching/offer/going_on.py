"""Who goes on with an offer takes back what they asked before: to call it off. They may ask again. Pure."""

from datetime import datetime

from shared.aggregate import Change


def goes_on(change: Change, party: str, at: datetime) -> None:
    """This party went on with it at that time: their own request of before then is agreed to no more."""
    asked = change.get("cancel_asked")
    if asked and asked["by"] == party and asked["at"] <= at:
        change.set(cancel_asked=None)


def goes_on_helping(change: Change, on: str) -> None:
    """Help that the insider gave on a later day than they asked; what was before is for the record only."""
    asked = change.get("cancel_asked")
    if asked and on > asked["at"].date().isoformat():
        goes_on(change, "insider", change.now)

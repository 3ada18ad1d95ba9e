"""Public classifications of industries, occupations and skills, as lists: which codes there are, what they
are called, which groups they belong to, and how one is found by words. `sources` says where each list comes from.

The lists are read once a process, when the first of them is asked for. Nothing here knows a service or HTTP.
"""

from shared.codes.lists import Entry, ancestors, coded, find, group, near, schemes
from shared.codes.search import search
from shared.codes.sources import SOURCES, Kind

__all__ = [
    "SOURCES", "Entry", "Kind", "ancestors", "coded", "find", "group", "near", "schemes", "search",
]  # fmt: skip

"""The log of public events: each once, numbered without a gap, read by cursor.

`records` takes events into it, `numbering` numbers and forgets them, `reading` reads it. Whoever passes events on
(pages, streams, webhooks) reads it by `reading` alone.
"""

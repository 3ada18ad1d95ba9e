"""Webhooks: other systems are sent the events that their owner may read, signed, until they say that they have them.

Two aggregates: a webhook (`lifecycle.WEBHOOK`) and a delivery, one event to one webhook (`lifecycle.DELIVERY`).
`fan_out` makes deliveries of notify's log of events, `deliverer` sends them; `signing` is Standard Webhooks,
`destinations` and `posting` are the one way out to a URL of a user. Not here: the log, and who may read what of it.
"""

"""Everything between the WSGI server and a service's views; no rule of the domain lives here.

Three rooms, and arrows in one direction: `app` > `request` > `answer` > `declare` > `problems`.

- `declare`: how a service says what it answers, and to whom; OpenAPI is written from that.
- `answer`: what a view answers with: commands on an aggregate, documents, pages of a list, pages of HTML.
- `request`: what happens before a view sees a request: `edge` (ids, logs, metrics, headers), then `dispatch`.
- `app` makes the Flask app out of declared operations; `problems` is what a client gets when something is refused.

What schemas are made of stands in `shared.fields`; what runs a process (gunicorn's settings, a worker's health)
in `shared.process`. Modules are imported one by one: gunicorn's settings must come before the metrics (see
`shared.telemetry.metrics`).
"""

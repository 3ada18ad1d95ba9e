"""Everything between the WSGI server and a service's views; no rule of the domain lives here.

In the order of a request: `gunicorn_config` (the server), `edge` (ids, logs, metrics, headers), `app` (the factory),
`dispatch` (one request of one operation, with `tokens`, `limits`, `body`, `query`, `idempotency`), the service's own
view, and `problems` for whatever goes wrong. `operations` is how a service declares what it answers, `fields` and
`pages` are what its schemas are made of, `openapi` writes it all down. `health` is a worker's small server.

Modules are imported one by one: `gunicorn_config` must come before the metrics (see `shared.telemetry.metrics`).
"""

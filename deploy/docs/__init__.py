"""What the documentation takes from the code: `python -m deploy.docs [--check]` writes it (or says what is stale).

`docs/lifecycles.md` from the lifecycles' tables, `docs/openapi.json` from the services' operations, and pages of the
codes, the invariants and the matches' points. `docs/events.md` is made by `shared.events.generate`; `make generate`
runs both, and `deploy.kubernetes`.
"""

"""What the documentation takes from the code: `python -m deploy.docs [--check]` writes it (or says what is stale).

`docs/lifecycles.md` from the lifecycles' tables, `docs/openapi.json` from the services' operations. `docs/events.md`
is made by `shared.events.generate`.
"""

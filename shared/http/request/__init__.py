"""What happens to a request before a view sees it: who calls, how fast, key, If-Match, query, body.

`edge` stands around the whole app. `dispatch` takes one request of one operation through `tokens` (with the keys of
`jwks`), `limits`, `idempotency`, `query` and `body`, calls the view and writes its answer down. What a view answers
with is made in `answer`.
"""

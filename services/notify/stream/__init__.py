"""The log as server-sent events: `GET /v1/stream`.

`tail` follows the log once for all streams of a process, `streams` makes what one client is sent of it, `api` declares
the operation. Only a process with STREAMS serves any: the threads of a web process are for requests that end.
"""

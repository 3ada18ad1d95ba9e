"""The gateway: one Caddyfile for every way to run the system, its environment names where the services are."""

from pathlib import Path

CADDYFILE = Path(__file__).with_name("Caddyfile")
SITE = Path(__file__).with_name("site")
"""What it serves itself: /v1/openapi.json, /v1/asyncapi.json, and both for people at /docs/.

`vendored.json` says where the viewer comes from. Nothing in it is changed.
"""

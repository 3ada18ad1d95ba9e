"""The gateway: one Caddyfile for the embedded stack, compose and Kubernetes, told by environment where the services are."""

from pathlib import Path

CADDYFILE = Path(__file__).with_name("Caddyfile")

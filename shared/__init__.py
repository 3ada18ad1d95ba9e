"""What all services are built on: the aggregate document, messaging, the event catalogue, HTTP, telemetry.

It knows no service: arrows point from the services to here, never back.
"""

VERSION = "0.1.0"
"""Of the whole system, as pyproject.toml has it; images hold no package that could be asked."""

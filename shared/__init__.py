"""What all services are built on: the aggregate document, messaging, the event catalogue, HTTP, telemetry.

It knows no service: arrows point from the services to here, never back.
"""

"""What a process says about itself: `logs` (JSON lines), `metrics` (Prometheus), `traces` (W3C trace context).

Nothing here decides anything, and nothing personal passes through it.
"""

"""What runs a process: the worker's loops, health, and gunicorn's settings. No domain lives here."""

"""Notify with a real database and a real mail server: events and requests in, notifications and mails out."""

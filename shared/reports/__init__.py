"""Reports: what anyone may say of a listing or an insider, and what a moderator decides on it.

Here live the record (one document about each listing or person), the desk that takes reports and shows the queue, and
the bodies of its API. What follows for what was reported is the service's that brings it.
"""

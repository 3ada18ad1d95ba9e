"""What happens to a request before a view sees it: who calls, how fast, key, If-Match, query, body."""

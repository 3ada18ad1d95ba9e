"""The four services: listing, matching, escrow and notify. None imports another."""

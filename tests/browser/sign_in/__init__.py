"""Signing in at a real OpenID provider: `provider.mjs` runs it, and `package-lock.json` has its exact versions."""

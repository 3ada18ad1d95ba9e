"""How a service declares what it answers, and how that becomes OpenAPI."""

"""The floors: the same durable work as the services' without a rule. And the peers: how others would write it."""

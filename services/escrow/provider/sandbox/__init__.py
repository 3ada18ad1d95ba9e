"""The sandbox provider: a party of its own with its own database. It knows neither the escrow nor its journal."""

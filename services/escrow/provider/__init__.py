"""The payment provider: `port` is what escrow knows of it, `factory` opens the adapter that the settings name.

Each folder beside the port is one adapter, a party of its own. Nothing in here knows the escrow's lifecycle or its
journal, and nothing but the factory imports an adapter.
"""

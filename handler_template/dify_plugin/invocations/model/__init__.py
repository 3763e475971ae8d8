"""The calls of `session.model`."""

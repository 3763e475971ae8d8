"""Deferred routes: requests that are acknowledged at once and worked off a queue."""

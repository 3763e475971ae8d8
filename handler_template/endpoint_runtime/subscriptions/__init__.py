"""Subscriptions to a trigger provider: made, ended and renewed at the service by the plugin."""

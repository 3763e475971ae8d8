"""Subscriptions to trigger providers: kept as endpoints are, made at the service by the plugin."""

"""`packager subscriptions`: subscriptions to trigger providers."""

"""Pages of subscriptions to trigger providers."""

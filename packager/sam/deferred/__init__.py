"""Deferred routes in a template: queues, what stands beside them, and the worker."""

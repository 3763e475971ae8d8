"""A trigger provider: webhooks that are dispatched to events, which start workflows."""

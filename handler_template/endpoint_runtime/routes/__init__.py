"""Finds the route of a request: plain rules, all rules, and werkzeug's own way."""

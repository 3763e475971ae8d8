"""The endpoint group: routes, endpoints, the way from a request to its reply."""

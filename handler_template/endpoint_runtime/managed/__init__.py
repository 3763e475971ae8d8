"""Endpoints that are made, configured and switched off while the function serves."""

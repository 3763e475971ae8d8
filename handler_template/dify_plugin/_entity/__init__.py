"""Data classes without pydantic, and what reads, validates and dumps them."""

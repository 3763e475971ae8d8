"""OpenAPI documents: what they are read from, and what is read of them."""

"""Scripts that uv's builds go through: standard library only, never imported here."""

"""Scripts that run in the target's interpreter: standard library only, never imported here."""

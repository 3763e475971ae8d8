"""Trigger providers: what a plugin declares of them, read and checked."""

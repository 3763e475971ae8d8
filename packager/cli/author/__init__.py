"""Commands for who writes a plugin."""

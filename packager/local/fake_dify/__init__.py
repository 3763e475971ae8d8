"""Dify's stand-in: its API for apps, answered on this machine."""

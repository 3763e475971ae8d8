"""Plugins' functions served on this machine as Lambda would, for as long as their author works."""

"""Configuration names of the SDK."""

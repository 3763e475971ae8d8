"""Exceptions of the SDK that plugins name."""

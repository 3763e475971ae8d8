"""Looks at functions as they are deployed, and changes nothing: docs/operations.md."""

"""Measures a function's cold start and says where its time goes: docs/profile.md."""

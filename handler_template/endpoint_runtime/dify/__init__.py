"""Dify's public Service API: what answers `session.app` and `session.file` outside Dify."""

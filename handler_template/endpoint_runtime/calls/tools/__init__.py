"""What answers `session.tool`: MCP servers, HTTP APIs, Lambda functions, plugins' own tools."""

"""What answers `session.model`, `session.tool` and `session.workflow_node` outside Dify."""

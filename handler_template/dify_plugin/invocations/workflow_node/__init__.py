"""The calls of `session.workflow_node`."""

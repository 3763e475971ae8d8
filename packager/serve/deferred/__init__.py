"""Deferred routes on this machine: queues in memory, and who works them off."""

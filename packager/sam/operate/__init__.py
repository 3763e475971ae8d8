"""Writes what tells of a function once it runs: alarms, a dashboard, traces, logs as JSON."""

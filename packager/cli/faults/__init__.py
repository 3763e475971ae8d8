"""How faults are shown besides their message."""

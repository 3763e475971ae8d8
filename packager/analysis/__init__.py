"""What a plugin's Python says, found without running it."""

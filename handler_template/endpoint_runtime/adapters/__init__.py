"""The bundle behind a library that users know: its own handler for each."""

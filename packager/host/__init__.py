"""What this machine has: interpreters, uv, the cache, room for work in progress."""

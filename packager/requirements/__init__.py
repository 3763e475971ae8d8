"""What a plugin requires, as it states it: lines, files, locks, hashes and sources of packages."""

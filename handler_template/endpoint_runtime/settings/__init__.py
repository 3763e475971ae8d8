"""What the endpoint group is configured with: read, checked and kept."""

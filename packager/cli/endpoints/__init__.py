"""`packager endpoints`: a file for what makes, shows, switches and exchanges managed endpoints."""

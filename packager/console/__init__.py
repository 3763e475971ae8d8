"""The pages in the browser of what `packager serve` runs, and of a deployed stack's endpoints."""

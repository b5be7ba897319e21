"""Orders from a file, played against the running services."""

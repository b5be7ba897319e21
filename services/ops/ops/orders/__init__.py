"""Orders from a file, sent to the running services."""

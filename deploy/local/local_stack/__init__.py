"""Local stack: PostgreSQL, Kafka and every service as child processes on one machine, without containers."""

"""The whole system on one machine: PostgreSQL, Kafka and every service as child processes, without containers."""

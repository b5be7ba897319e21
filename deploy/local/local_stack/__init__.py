"""Local stack: PostgreSQL, Kafka and every service as child processes on one machine; the first two in containers where
that is set.
"""

"""Readings: what the events of each category mean, written down a second time."""

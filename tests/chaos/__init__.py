"""Faults on real processes: what makewhole promises is kept while they are killed, stopped and cut off."""

"""Audit: every promise of the system, compared with what is there; `run.full_audit` does it all."""

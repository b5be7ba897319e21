"""The audit: what the system promises, compared with what is there; `whole.audit` does it all."""

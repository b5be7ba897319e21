"""Dry runs: what a command would lead to, and how the OpenAPI document says so."""

"""Event store: appends to and loads from the log of a service. It knows no service."""

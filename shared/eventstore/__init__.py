"""The machine: the event store, the way into it and the ways out of it. It knows no service."""

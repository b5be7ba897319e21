"""The books: double entry per currency, derived from the events of every service's log."""

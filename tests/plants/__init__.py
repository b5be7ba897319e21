"""Plants: bugs put in on purpose, one at a time in a copy, each to be caught."""

"""Rule book: every rule of this project in plain words, with source, parameters and the version that built it."""

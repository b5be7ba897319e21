"""Commands of `makewhole`: one file for each, by its name."""

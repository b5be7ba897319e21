"""The commands of `makewhole`, by what they are about."""

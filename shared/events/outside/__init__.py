"""What comes from outside into commands and events: ids, and words that tell nothing of a person."""

"""What the HTTP API takes: the shapes of request bodies."""

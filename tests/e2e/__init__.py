"""What the whole system does, over real HTTP."""

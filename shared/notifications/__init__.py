"""Notifications: who is told of which event, asked for once, and the texts that tell it."""

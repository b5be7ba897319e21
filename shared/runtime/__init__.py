"""The process: settings, the HTTP edge, authentication, the clock and the worker. It knows the machine and the language, and no service."""

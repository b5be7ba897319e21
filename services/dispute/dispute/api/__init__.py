"""The routes: a command in and its outcome out, or a query out."""

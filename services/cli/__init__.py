"""`muster`: one module a command; the composition root, the only place where everything meets."""

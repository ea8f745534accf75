"""The way in and out: REST, server-sent events, tokens and roles, and the console's files."""

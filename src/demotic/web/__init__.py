"""The HTTP kit under every dialect: bodies, streams, errors, host checks. It knows no dialect."""

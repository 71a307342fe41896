"""The ACP dialect: the HTTP API of AGNTCY's Agent Connect Protocol, which the ACP SDK speaks."""

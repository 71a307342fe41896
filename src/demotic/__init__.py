"""Demotic: one agent server, every agent protocol."""

__version__ = "0.1.0"

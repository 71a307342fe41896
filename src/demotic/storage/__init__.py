"""Adapters for the storage, checkpoint and signal ports."""

"""The project that a measured server serves: graphs that do almost nothing."""

from pathlib import Path

CONFIG = Path(__file__).parent / "langgraph.json"
"""What a server must serve to be measured."""

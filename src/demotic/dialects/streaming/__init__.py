"""The agent streaming protocol (v2) in its own words: events of a whole thread, and commands."""

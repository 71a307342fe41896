"""Prompts."""

SYSTEM_PROMPT = "You are a helpful assistant. The time is {system_time}."

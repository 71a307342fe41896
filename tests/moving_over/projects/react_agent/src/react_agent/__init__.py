"""A ReAct agent: a model that calls tools until it can answer."""

from react_agent.graph import graph

__all__ = ["graph"]

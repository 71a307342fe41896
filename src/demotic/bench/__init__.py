"""The benchmark: measures a server over HTTP, and the same graphs in bare LangGraph.

It knows a server by its API alone, so that any server with that API can be measured.
"""

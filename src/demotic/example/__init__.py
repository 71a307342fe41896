"""The agent that `demotic dev` serves where no `langgraph.json` is found.

It answers questions about Demotic and saves notes after asking, without a key and without a
network. The directory is a project of its own: copy it to start one.
"""

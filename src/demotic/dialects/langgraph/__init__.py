"""The LangGraph dialect: the HTTP API that the LangGraph SDKs, Studio and RemoteGraph speak."""

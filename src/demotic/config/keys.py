"""The keys of `langgraph.json`, and the variables that stand for them."""

BUILD_ONLY = frozenset(
    "$schema _INTERNAL_docker_tag api_version base_image dockerfile_lines image_distro"
    " keep_pkg_tools node_version pip_config_file pip_installer python_version source".split()
)
"""Keys that only matter for building an image."""

HONOURED = frozenset(["graphs", "dependencies", "env", "checkpointer", "http", "store", "webhooks"])

NOT_YET = {
    "auth": "every request is accepted",
    "checkpointer.backend": "state is kept in the data directory",
    "checkpointer.path": "state is kept in the data directory",
    "checkpointer.uri": "state is kept in the data directory",
    "disable_persistence": "state is kept in the data directory",
    "encryption": "data is stored unencrypted",
    "node_loader": "only Python graphs are hosted",
    "priority": "runs are started in the order of their arrival",
    "ui": "its components are not served",
    "ui_config": "its components are not served",
}
"""Keys that are understood and not honoured yet, and what happens instead."""

FILE_FORMS = {
    "LANGSERVE_GRAPHS": "graphs",
    "LANGGRAPH_AUTH": "auth",
    "LANGGRAPH_CHECKPOINTER": "checkpointer",
    "LANGGRAPH_ENCRYPTION": "encryption",
    "LANGGRAPH_HTTP": "http",
    "LANGGRAPH_STORE": "store",
    "LANGGRAPH_UI": "ui",
    "LANGGRAPH_UI_CONFIG": "ui_config",
    "LANGGRAPH_WEBHOOKS": "webhooks",
}
"""Variables that hold a key's value as JSON, as images of the LangGraph CLI set them. They win
over the file, which may be missing if there are graphs among them."""

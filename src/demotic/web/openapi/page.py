"""The document as a page: plain HTML with a style sheet of its own; it loads nothing."""

import re
from collections.abc import Mapping
from html import escape
from typing import Any

STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
code { font: .9em ui-monospace, monospace }
summary { cursor: pointer; padding: .3rem 0 }
details { border-top: 1px solid #ddd }
details > :not(summary) { margin-left: 1.5rem }
table { border-collapse: collapse; margin: .5rem 0 1rem 1.5rem }
td, th { border-bottom: 1px solid #eee; padding: .2rem .8rem .2rem 0; text-align: left;
  vertical-align: top }
.method { display: inline-block; font-weight: bold; width: 4.5rem }
.planned { color: #767676 }
@media (prefers-color-scheme: dark) { body { background: #111; color: #ddd } }
"""

_CODE = re.compile(r"`([^`]+)`")


def page(document: Mapping[str, Any]) -> str:
    """The whole page."""
    info = document["info"]
    parts = [
        "<!doctype html>",
        '<html lang="en">',
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(info['title'])}</title>",
        f"<style>{STYLE}</style>",
        f"<h1>{escape(info['title'])} <small>{escape(info['version'])}</small></h1>",
        f'<p>{_text(info["description"])} <a href="openapi.json">openapi.json</a></p>',
    ]
    for tag in document["tags"]:
        parts += _section(document, tag)
    parts.append("<h2>Shapes</h2>")
    parts += [_shape(name, each) for name, each in document["components"]["schemas"].items()]
    return "\n".join([*parts, "</html>"])


def _section(document: Mapping[str, Any], tag: Mapping[str, str]) -> list[str]:
    rows = [
        _operation(document, method.upper(), path, row)
        for path, methods in document["paths"].items()
        for method, row in methods.items()
        if tag["name"] in row["tags"]
    ]
    head = f"<h2>{escape(tag['name'])}</h2><p>{_text(tag['description'])}</p>"
    return [head, *rows] if rows else []


def _operation(document: Mapping[str, Any], method: str, path: str, row: Mapping[str, Any]) -> str:
    style = ' class="planned"' if "Planned" in row["tags"] else ""
    head = (
        f'<span class="method">{method}</span> <code>{escape(path)}</code> {_text(row["summary"])}'
    )
    parts = [f"<details{style}><summary>{head}</summary>"]
    if "description" in row:
        parts.append(f"<p>{_text(row['description'])}</p>")
    parts.append(_table("Parameter", [_parameter(each) for each in row.get("parameters", ())]))
    if "requestBody" in row:
        parts.append(f"<p>Body: {_kinds(row['requestBody'])}</p>")
    answers = [_answer(document, status, each) for status, each in row["responses"].items()]
    parts.append(_table("Status", answers))
    return "".join([*parts, "</details>"])


def _parameter(row: Mapping[str, Any]) -> tuple[str, str, str]:
    needed = ", required" if row.get("required") else ""
    return (
        f"<code>{row['name']}</code> ({row['in']}{needed})",
        _kind(row["schema"]),
        row_text(row),
    )


def row_text(row: Mapping[str, Any]) -> str:
    """A row's description as HTML."""
    return _text(row.get("description", ""))


def _answer(
    document: Mapping[str, Any], status: str, row: Mapping[str, Any]
) -> tuple[str, str, str]:
    if "$ref" in row:
        row = document["components"]["responses"][row["$ref"].rpartition("/")[2]]
    return (status, _kinds(row) if "content" in row else "no body", row_text(row))


def _kinds(row: Mapping[str, Any]) -> str:
    """What a body is, in each of its media types."""
    return " or ".join(_kind(each.get("schema", {})) for each in row["content"].values())


def _shape(name: str, schema: Mapping[str, Any]) -> str:
    required = schema.get("required", ())
    rows = [
        (f"<code>{field}</code>{' *' if field in required else ''}", _kind(each), row_text(each))
        for field, each in schema.get("properties", {}).items()
    ]
    head = f'<details id="{name}"><summary><code>{name}</code></summary>'
    return f"{head}<p>{row_text(schema)}</p>{_table('Field', rows)}</details>"


def _kind(schema: Mapping[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#{name}">{name}</a>'
    for word, key in (("or", "anyOf"), ("or", "oneOf"), ("and", "allOf")):
        if key in schema:
            return f" {word} ".join(_kind(each) for each in schema[key])
    if "enum" in schema:
        return ", ".join(f"<code>{escape(str(each))}</code>" for each in schema["enum"] if each)
    if "const" in schema:
        return escape(str(schema["const"]).lower())
    kinds = schema.get("type", "any")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    words = [schema.get("format", kind) if kind == "string" else kind for kind in kinds]
    text = " or ".join(words)
    return f"{text} of {_kind(schema['items'])}" if "items" in schema else text


def _table(head: str, rows: list[tuple[str, str, str]]) -> str:
    if not rows:
        return ""
    cells = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr><th>{head}<th>Kind<th>Meaning</tr>{cells}</table>"


def _text(text: str) -> str:
    """Plain words as HTML, with code between backquotes."""
    return _CODE.sub(r"<code>\1</code>", escape(text))

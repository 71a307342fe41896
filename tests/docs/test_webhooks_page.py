"""The page about webhooks: its receiver, its configuration and its client work together."""

import json
import subprocess
import sys
from pathlib import Path

from docs.pages import DOCS, blocks, read
from process.serving import Server
from receiving import unused_port

PAGE = read(DOCS / "howto" / "webhooks.md")

AGENT = """
from langgraph.graph import START, MessagesState, StateGraph


def answer(state: MessagesState) -> dict:
    return {"messages": [("ai", "Hi")]}


graph = StateGraph(MessagesState).add_node(answer).add_edge(START, "answer").compile()
"""


def block(language: str, part: str) -> str:
    """The one code block of a language that holds a text."""
    [found] = [text for kind, text in blocks(PAGE) if kind == language and part in text]
    return found


def test_the_receiver_of_the_page_prints_what_it_says(tmp_path: Path) -> None:
    port = str(unused_port())
    [secret] = subprocess.run(
        ["sh", "-c", f"{block('sh', 'whsec_').splitlines()[0]}; echo $DEMOTIC_WEBHOOK_SECRET"],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    ).stdout.split()
    (tmp_path / "agent.py").write_text(AGENT)
    (tmp_path / "langgraph.json").write_text(json.dumps(json.loads(block("json", "webhooks"))))
    receiver = subprocess.Popen(
        [sys.executable, "-c", block("python", "class Receiver").replace("8000", port)],
        env={"DEMOTIC_WEBHOOK_SECRET": secret},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    env = {"DEMOTIC_WEBHOOK_SECRET": secret}
    client = block("python", "webhook=").replace("8000", port)
    with receiver, Server(tmp_path / "data", graphs=tmp_path, env=env) as server:
        try:
            script = client.replace("http://127.0.0.1:2024", server.base_url)
            subprocess.run([sys.executable, "-c", script], check=True, timeout=40)
            assert receiver.stdout is not None
            assert receiver.stdout.readline() == block("text", "success")
        finally:
            receiver.kill()

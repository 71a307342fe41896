"""A turn of a very long conversation: the server's CPU against bare LangGraph's in this process.

`python bench/long.py [--messages 10000] [--turns 20]` prints both and their ratio. Each turn adds
a question and an answer of 200 tokens to a thread of the given length.
"""

import argparse
import asyncio
import json
import time
import urllib.request
import uuid
from typing import Any

import graphs
from langgraph.checkpoint.memory import InMemorySaver
from processes import Server, Tree

TARGET = 1.3  # times the floor


def messages(count: int) -> list[dict[str, str]]:
    """A conversation so far."""
    roles = ("user", "assistant")
    return [{"role": roles[n % 2], "content": f"message {n} " * 10} for n in range(count)]


def question(n: int) -> dict[str, Any]:
    """What a turn adds."""
    return {"messages": [{"role": "user", "content": f"question {n}"}]}


def ask(base: str, path: str, body: object) -> Any:
    """One request."""
    sent = json.dumps(body).encode()
    request = urllib.request.Request(base + path, sent, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=300) as answer:
        return json.loads(answer.read())


def served(count: int, turns: int) -> float:
    """CPU milliseconds of the server per turn."""
    server = Server()
    try:
        thread = ask(server.base, "/threads", {"metadata": {"graph_id": "chat10"}})["thread_id"]
        update = {"values": {"messages": messages(count)}, "as_node": "chat"}
        ask(server.base, f"/threads/{thread}/state", update)
        tree, spent = Tree(server.pid), 0.0
        for n in range(turns + 2):
            if n == 2:  # the first two warm up
                spent = tree.cpu_s()
            body = {"assistant_id": "chat10", "input": question(n)}
            ask(server.base, f"/threads/{thread}/runs/wait", body)
        return (tree.cpu_s() - spent) / turns * 1000
    finally:
        server.stop()


async def bare(count: int, turns: int) -> float:
    """CPU milliseconds of bare LangGraph with InMemorySaver per turn."""
    graph = graphs.BUILDERS["chat10"].compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": str(uuid.uuid4())}}
    await graph.aupdate_state(config, {"messages": messages(count)}, "chat")
    spent = 0.0
    for n in range(turns + 2):
        if n == 2:
            spent = time.process_time()
        await graph.ainvoke(question(n), config)
    return (time.process_time() - spent) / turns * 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--turns", type=int, default=20)
    given = parser.parse_args()
    ours = served(given.messages, given.turns)
    floor = asyncio.run(bare(given.messages, given.turns))
    met = "met" if ours <= TARGET * floor else "NOT MET"
    print(f"a turn at {given.messages:,} messages: server {ours:.0f} ms CPU, bare LangGraph with")
    print(f"InMemorySaver {floor:.0f} ms: ratio {ours / floor:.2f}, target {TARGET}: {met}")


if __name__ == "__main__":
    main()

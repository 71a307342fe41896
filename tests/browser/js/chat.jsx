// A chat page as a user of the JavaScript SDK writes it: the React hook, messages, a question.
import { useStream } from "@langchain/langgraph-sdk/react";
import { useState } from "react";
import { createRoot } from "react-dom/client";

const apiUrl = new URLSearchParams(location.search).get("server");

function Chat() {
  const [threadId, setThreadId] = useState(
    new URLSearchParams(location.search).get("thread"),
  );
  const thread = useStream({
    apiUrl,
    assistantId: "agent",
    messagesKey: "messages",
    threadId,
    onThreadId: setThreadId,
    reconnectOnMount: true,
  });
  const [text, setText] = useState("");
  const send = (event) => {
    event.preventDefault();
    thread.submit({ messages: [{ type: "human", content: text }] });
    setText("");
  };
  return (
    <main data-thread={threadId ?? ""} data-loading={String(thread.isLoading)}>
      {thread.messages.map((message) => (
        <p key={message.id} className={message.type}>
          {String(message.content)}
          {(message.tool_calls ?? []).map((call) => (
            <code key={call.id}>{`${call.name}(${JSON.stringify(call.args)})`}</code>
          ))}
        </p>
      ))}
      {thread.interrupt && (
        <section id="question">
          {thread.interrupt.value.question}
          <button
            id="yes"
            onClick={() => thread.submit(undefined, { command: { resume: "yes" } })}
          >
            Yes
          </button>
        </section>
      )}
      {thread.error && <pre id="error">{String(thread.error)}</pre>}
      <form onSubmit={send}>
        <input id="text" value={text} onChange={(event) => setText(event.target.value)} />
        <button id="send">Send</button>
      </form>
    </main>
  );
}

createRoot(document.getElementById("root")).render(<Chat />);

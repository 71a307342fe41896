// A conversation over thread streams of the JavaScript SDK; prints what it got as JSON.
//
//     node threads.mjs PACKAGE URL TRANSPORT FLAKY_URL
//
// TRANSPORT is "sse" or "websocket"; FLAKY_URL reaches the same server over connections that break.

const [name, apiUrl, transport, flakyUrl] = process.argv.slice(2);
const { Client } = await import(name);
const client = new Client({ apiUrl, apiKey: null, callerOptions: { maxRetries: 0 } });
const flaky = new Client({ apiUrl: flakyUrl, apiKey: null, callerOptions: { maxRetries: 0 } });
const HI = { messages: [{ role: "user", content: "Hi" }] };

const open = (assistantId, options = {}) =>
  (options.client ?? client).threads.stream(options.threadId ?? crypto.randomUUID(), {
    assistantId,
    transport,
    reconnectDelayMs: () => 20,
  });

const until = async (is) => {
  for (let i = 0; i < 1000 && !is(); i++) await new Promise((done) => setTimeout(done, 10));
  if (!is()) throw new Error(`${is} did not come true`);
};

const listen = (thread) => {
  const seen = [];
  thread.onEvent((event) => seen.push(event));
  return seen;
};

const rootEnds = (seen) =>
  seen.filter(
    (e) =>
      e.method === "lifecycle" &&
      e.params.namespace.length === 0 &&
      ["completed", "failed", "interrupted"].includes(e.params.data.event),
  ).length;

const everything = [
  "values", "updates", "messages", "tools", "lifecycle", "input", "checkpoints", "tasks", "custom",
];

const walks = {
  async conversation() {
    const thread = open("crew");
    const seen = listen(thread);
    const run = await thread.run.start({ input: HI });
    const all = await thread.subscribe({ channels: everything });
    await until(() => thread.interrupted && thread.interrupts.length === 2);
    const asked = thread.interrupts.map((each) => each);
    const tree = await thread.agent.getTree();
    const state = await thread.state.get({ namespace: [] });
    await thread.input.respond({
      responses: asked.map(({ interruptId, namespace }) => ({
        interrupt_id: interruptId,
        namespace,
        response: "agreed",
      })),
    });
    await until(() => rootEnds(seen) === 2);
    const again = await thread.input
      .respond({ interrupt_id: asked[0].interruptId, namespace: [], response: 1 })
      .then(() => null, (error) => ({ code: error.code, message: error.message }));
    const late = open("crew", { threadId: thread.threadId });
    const lateSeen = [];
    const replay = await late.subscribe({ channels: ["messages", "lifecycle"] });
    for await (const event of replay) {
      lateSeen.push(event);
      if (rootEnds(lateSeen) === 2) break;
    }
    const { checkpoints } = await thread.state.listCheckpoints({ limit: 3 });
    const final = await client.threads.getState(thread.threadId);
    await late.close();
    await thread.close();
    return {
      run, asked, again, tree, seen, lateSeen, checkpoints,
      state: state.values.messages.length,
      final: final.values.messages.at(-1).content,
    };
  },

  async projections() {
    const thread = open("crew");
    const messages = (async () => {
      const got = [];
      for await (const message of thread.messages) got.push(await message.text);
      return got;
    })();
    const calls = (async () => {
      const got = [];
      for await (const call of thread.toolCalls) got.push([call.name, call.callId]);
      return got;
    })();
    const inside = (async () => {
      const got = [];
      for await (const sub of thread.subgraphs) got.push([sub.name, sub.graphName]);
      return got;
    })();
    await thread.run.start({ input: HI });
    await until(() => thread.interrupts.length === 2);
    const result = await Promise.race([
      Promise.all([messages, calls, inside]),
      new Promise((_, fail) => setTimeout(() => fail(new Error("projections do not end")), 5000)),
    ]);
    await thread.close();
    return { messages: result[0], calls: result[1], inside: result[2] };
  },

  async cancelled() {
    const thread = open("slow");
    const seen = listen(thread);
    const { run_id: run } = await thread.run.start({ input: { n: 200 } });
    const custom = await thread.subscribe({ channels: ["custom"] });
    for await (const event of custom) if (event.params.data.payload.tick === 1) break;
    await client.runs.cancel(thread.threadId, run);
    await until(() => rootEnds(seen) === 1);
    const { status } = await client.runs.get(thread.threadId, run);
    await thread.close();
    return { status, ends: seen.filter((e) => e.method === "lifecycle").map((e) => e.params.data) };
  },

  async broken() {
    const thread = open("slow", { client: flaky });
    const seen = listen(thread);
    await client.threads.create({ threadId: thread.threadId });
    const custom = await thread.subscribe({ channels: ["custom", "lifecycle"] });
    const ticks = [];
    await client.runs.create(thread.threadId, "slow", {
      input: { n: 12 }, streamMode: ["custom", "values"],
    });
    for await (const event of custom) {
      if (event.method === "custom") ticks.push(event.params.data.payload.tick);
      if (ticks.at(-1) === "done") break;
    }
    await thread.close();
    return { ticks };
  },

  async extensions() {
    const thread = open("named");
    const progress = thread.extensions.progress;
    await thread.run.start({ input: { items: ["in"] } });
    const value = await progress;
    await thread.close();
    return { value };
  },
};

const report = {};
for (const [walk, go] of Object.entries(walks)) {
  try {
    report[walk] = await go();
  } catch (error) {
    report[walk] = { failed: String(error.stack ?? error) };
  }
}
process.stdout.write(JSON.stringify(report), () => process.exit(0));

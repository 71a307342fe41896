// What a client of the JavaScript SDK does, once around; prints what it got as JSON.
//
//     node walk.mjs PACKAGE URL FLAKY_URL
//
// PACKAGE is one of package.json's names for a version of the SDK; FLAKY_URL reaches the same
// server over connections that break once.

const [name, apiUrl, flakyUrl] = process.argv.slice(2);
const { Client } = await import(name);
const client = new Client({ apiUrl, apiKey: null, callerOptions: { maxRetries: 0 } });
const IN = { items: ["in"] };
const HI = { messages: [{ role: "user", content: "Hi" }] };
const NO_UUID = "00000000-0000-7000-8000-000000000000";

const collect = async (stream) => {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return parts;
};

const failure = async (promise) => {
  try {
    await promise;
    return null;
  } catch (error) {
    return { status: error.status ?? null, message: String(error.message ?? error) };
  }
};

const newThread = async (metadata) => (await client.threads.create({ metadata })).thread_id;

const walks = {
  async assistants() {
    const [echo] = await client.assistants.search({ graphId: "echo" });
    return { echo, read: await client.assistants.get(echo.assistant_id) };
  },

  async threads() {
    const tag = { tag: crypto.randomUUID() };
    const id = await newThread(tag);
    const values = await client.runs.wait(id, "echo", { input: IN });
    const found = await client.threads.search({ metadata: tag, status: "idle" });
    const state = await client.threads.getState(id);
    const history = await client.threads.getHistory(id, { limit: 10 });
    const [{ checkpoint }] = history.slice(1);
    const earlier = await client.threads.getState(id, checkpoint);
    const before = await client.threads.getHistory(id, { limit: 10, before: checkpoint });
    const config = { configurable: checkpoint };
    const beforeConfig = await client.threads.getHistory(id, { limit: 10, before: config });
    await client.threads.delete(id);
    const gone = await failure(client.threads.get(id));
    return { id, values, found, state, history, earlier, before, beforeConfig, gone };
  },

  async modes() {
    const id = await newThread();
    const created = [];
    const parts = await collect(
      client.runs.stream(id, "echo", {
        input: IN,
        streamMode: ["values", "updates"],
        onRunCreated: (run) => created.push(run),
      }),
    );
    return { id, created, parts, runs: await client.runs.list(id) };
  },

  async tokens() {
    const id = await newThread();
    const options = { input: HI, streamMode: ["messages-tuple", "messages"] };
    const parts = await collect(client.runs.stream(id, "chat", options));
    return { parts, state: await client.threads.getState(id) };
  },

  async subgraphs() {
    const options = { input: IN, streamMode: ["updates", "custom"], streamSubgraphs: true };
    return await collect(client.runs.stream(null, "sub", options));
  },

  async interrupt() {
    const id = await newThread();
    const asked = await collect(client.runs.stream(id, "hitl", { input: IN }));
    const interrupted = await client.threads.get(id);
    const state = await client.threads.getState(id);
    const answered = await collect(
      client.runs.stream(id, "hitl", { command: { resume: "yes" } }),
    );
    return { asked, interrupted, state, answered, done: await client.threads.get(id) };
  },

  async breakpoint() {
    const id = await newThread();
    const stopped = await client.runs.wait(id, "echo", { input: IN, interruptBefore: ["b"] });
    const state = await client.threads.getState(id);
    const continued = await client.runs.wait(id, "echo", { input: null });
    return { stopped, state, continued };
  },

  async join() {
    const id = await newThread();
    const input = { n: 4 };
    const options = { input, streamMode: ["custom", "updates"], streamResumable: true };
    const run = await client.runs.create(id, "slow", options);
    const follow = (more) => collect(client.runs.joinStream(id, run.run_id, more));
    const live = await follow({ lastEventId: "-1" });
    const whole = await follow({ lastEventId: "-1" });
    const rest = await follow({ lastEventId: whole[2].id });
    const custom = await follow({ lastEventId: "-1", streamMode: "custom" });
    const joined = await client.runs.join(id, run.run_id);
    return { live, whole, rest, custom, joined, run: await client.runs.get(id, run.run_id) };
  },

  async reconnect() {
    const flaky = new Client({ apiUrl: flakyUrl, apiKey: null });
    const id = await newThread();
    const created = [];
    const parts = await collect(
      flaky.runs.stream(id, "slow", {
        input: { n: 5 },
        streamMode: "custom",
        streamResumable: true,
        onRunCreated: (run) => created.push(run),
      }),
    );
    return { parts, created };
  },

  async cancel() {
    const id = await newThread();
    const stream = client.runs.stream(id, "slow", { input: { n: 1000 }, streamMode: "custom" });
    const first = (await stream.next()).value;
    const { run_id } = first.data;
    const options = { input: IN, multitaskStrategy: "reject" };
    const refused = await failure(client.runs.create(id, "echo", options));
    await client.runs.cancel(id, run_id, true);
    const rest = await collect(stream);
    const run = await client.runs.get(id, run_id);
    await client.runs.delete(id, run_id);
    return { refused, rest, run, gone: await failure(client.runs.get(id, run_id)) };
  },

  async stateless() {
    const created = [];
    const onRunCreated = (run) => created.push(run);
    const waited = await client.runs.wait(null, "echo", { input: IN, onRunCreated });
    const streamed = await collect(client.runs.stream(null, "echo", { input: IN, onRunCreated }));
    return { waited, streamed, created };
  },

  async crons() {
    const id = await newThread();
    const tag = { tag: crypto.randomUUID() };
    const everySecond = { schedule: "* * * * * *", input: IN, metadata: tag };
    const made = await client.crons.createForThread(id, "echo", everySecond);
    let runs = [];
    const until = Date.now() + 10_000;
    while (runs.length < 2 && Date.now() < until) runs = await client.runs.list(id);
    const paused = await client.crons.update(made.cron_id, { enabled: false });
    const daily = { schedule: "0 9 * * *", onRunCompleted: "keep", metadata: tag };
    const alone = await client.crons.create("echo", daily);
    const found = await client.crons.search({ threadId: id, enabled: false });
    const sorted = await client.crons.search({ sortBy: "created_at", sortOrder: "asc" });
    const count = await client.crons.count({ threadId: id });
    await client.crons.delete(made.cron_id);
    await client.crons.delete(alone.cron_id);
    const gone = await failure(client.crons.delete(made.cron_id));
    return { made, runs, paused, alone, found, sorted, count, gone };
  },

  async batch() {
    const one = { assistantId: "echo", input: IN, on_completion: "keep" };
    const runs = await client.runs.createBatch([one, one]);
    const values = [];
    for (const run of runs) values.push(await client.runs.join(run.thread_id, run.run_id));
    const id = await newThread();
    const slow = await client.runs.create(id, "slow", { input: { n: 1000 } });
    const many = { threadId: id, runIds: [slow.run_id], action: "interrupt" };
    if (client.runs.cancelMany === undefined) await client.runs.cancel(id, slow.run_id, true);
    else await client.runs.cancelMany(many);
    await client.runs.join(id, slow.run_id);
    return { values, cancelled: await client.runs.get(id, slow.run_id) };
  },

  async errors() {
    const id = await newThread();
    const streamed = await collect(client.runs.stream(id, "err", { input: IN }));
    const waited = await failure(client.runs.wait(id, "err", { input: IN }));
    const asked = { input: IN, raiseError: false };
    const returned = await client.runs.wait(id, "err", asked);
    const missing = [
      await failure(client.threads.get(NO_UUID)),
      await failure(client.runs.get(id, NO_UUID)),
      await failure(collect(client.runs.joinStream(id, NO_UUID))),
      await failure(client.runs.create(NO_UUID, "echo", { input: IN })),
    ];
    return { streamed, waited, returned, missing, thread: await client.threads.get(id) };
  },
};

const report = {};
for (const [step, walk] of Object.entries(walks)) {
  try {
    report[step] = await walk();
  } catch (error) {
    report[step] = { failed: String(error.stack ?? error) };
  }
}
console.log(JSON.stringify(report));

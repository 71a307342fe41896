// Calls every public method of every client of the JavaScript SDK; ends at the first wrong answer.
//
//     node whole.mjs PACKAGE URL
//
// PACKAGE is one of package.json's names for a version of the SDK. Prints as JSON which methods
// there are, and which were called. A method that a later SDK adds is missing until it is called.

import assert from "node:assert/strict";

const [name, apiUrl] = process.argv.slice(2);
const sdk = await import(name);
const client = new sdk.Client({ apiUrl, apiKey: null, callerOptions: { maxRetries: 0 } });
const IN = { items: ["in"] };
const OUT = { items: ["in", "a", "b"] };
const HI = { messages: [{ role: "user", content: "Hi" }] };
const YEARLY = "0 0 1 1 *";
const TOOL_CALLS = ["weather-Rome", "weather-Oslo"];
const newer = sdk.ThreadStream !== undefined;

const known = new Set();
const called = new Set();

// Notes the calls of a class's methods, and the uses of its properties.
const note = (owner) => {
  for (const [key, told] of Object.entries(Object.getOwnPropertyDescriptors(owner.prototype))) {
    if (key === "constructor") continue;
    const kind = told.get ? "get" : "value";
    const [full, work] = [`${owner.name}.${key}`, told[kind]];
    known.add(full);
    const noting = function (...given) {
      called.add(full);
      return work.apply(this, given);
    };
    Object.defineProperty(owner.prototype, key, { ...told, [kind]: noting });
  }
};

// "~ui" is internal to the SDK, which says so.
const parts = Object.entries(client).filter(([key, part]) => key[0] !== "~" && part?.constructor);
for (const [, part] of parts) if (part.constructor.name.endsWith("Client")) note(part.constructor);
if (newer) note(sdk.ThreadStream);

const collect = async (stream, enough = () => false) => {
  const got = [];
  for await (const part of stream) {
    got.push(part);
    if (enough(part)) break;
  }
  return got;
};

const gone = (promise) => assert.rejects(promise, { status: 404 });
const newThread = async (body) => (await client.threads.create(body)).thread_id;

const tours = {
  async assistants() {
    const its = client.assistants;
    const metadata = { tag: crypto.randomUUID() };
    const made = await its.create({ graphId: "nested", metadata, name: "one" });
    const id = made.assistant_id;
    assert.deepEqual(await its.get(id), made);
    assert.equal((await its.update(id, { name: "two" })).version, 2);
    assert.deepEqual((await its.getVersions(id)).map((each) => each.version), [2, 1]);
    assert.equal((await its.setLatest(id, 1)).name, "one");
    assert.deepEqual((await its.search({ metadata })).map((each) => each.assistant_id), [id]);
    assert.equal(await its.count({ metadata }), 1);
    assert.deepEqual(Object.keys(await its.getGraph(id, { xray: true })).sort(), ["edges", "nodes"]);
    assert.equal((await its.getSchemas(id)).graph_id, "nested");
    assert.deepEqual(Object.keys(await its.getSubgraphs(id, { recurse: true })), ["outer"]);
    await its.delete(id);
    await gone(its.get(id));
  },

  async threads() {
    const its = client.threads;
    const metadata = { tag: crypto.randomUUID() };
    const update = (values, asNode) => ({ updates: [{ values, asNode }] });
    const supersteps = [update(IN, "__start__"), update({ items: ["u"] }, "a")];
    const id = await newThread({ graphId: "echo", metadata, supersteps, ttl: 5 });
    const read = await its.get(id, { include: ["ttl"] });
    assert.deepEqual([read.thread_id, read.ttl?.ttl_minutes], [id, newer ? 5 : undefined]);
    const state = await its.getState(id);
    assert.deepEqual([state.values, state.next], [{ items: ["in", "u"] }, ["b"]]);
    const written = await its.updateState(id, { values: { items: ["b"] }, asNode: "b" });
    await its.patchState(id, { mark: 1 });
    const history = await its.getHistory(id);
    const [{ checkpoint_id: newest }, { mark }] = [history[0].checkpoint, history[0].metadata];
    assert.deepEqual([newest, mark], [written.configurable.checkpoint_id, 1]);
    await its.update(id, { metadata: { more: 1 } });
    const copy = (await its.copy(id)).thread_id;
    const found = await its.search({ metadata, sortBy: "created_at", sortOrder: "asc" });
    assert.deepEqual(found.map((each) => each.thread_id), [id, copy]);
    assert.deepEqual(found[1].values, { items: ["in", "u", "b"] });
    assert.equal(await its.count({ metadata: { ...metadata, more: 1 } }), 2);
    await its.delete(copy);
    await gone(its.get(copy));
    if (!newer) return;
    const pruned = await its.prune([id], { strategy: "keep_latest" });
    assert.deepEqual([pruned.pruned_count, (await its.getHistory(id)).length], [1, 1]);
    assert.deepEqual(await its.prune([id]), { pruned_count: 1 });
  },

  async runs() {
    const its = client.runs;
    const id = await newThread();
    const streamed = await collect(its.stream(id, "echo", { input: IN, streamResumable: true }));
    const { run_id: run } = streamed[0].data;
    assert.deepEqual(streamed.at(-1).data, OUT);
    const whole = { lastEventId: "-1" };
    assert.deepEqual(await collect(its.joinStream(id, run, whole)), streamed);
    const ofThread = client.threads.joinStream(id, whole);
    const followed = await collect(ofThread, (part) => part.data.status);
    assert.deepEqual(followed.at(-1).data, { status: "run_done", run_id: run });
    assert.deepEqual(await its.join(id, run), OUT);
    assert.deepEqual(await its.list(id), [await its.get(id, run)]);
    await its.delete(id, run);
    assert.deepEqual(await its.list(id), []);
    assert.deepEqual(await its.wait(null, "echo", { input: IN }), OUT);
    const one = { assistantId: "echo", input: IN, on_completion: "keep" };
    for (const each of await its.createBatch([one, one]))
      assert.deepEqual(await its.join(each.thread_id, each.run_id), OUT);
  },

  async cancels() {
    const its = client.runs;
    const threadId = await newThread();
    const slow = await its.create(threadId, "slow", { input: { n: 9000 } });
    const queued = await its.create(threadId, "echo", { input: IN, multitaskStrategy: "enqueue" });
    if (newer) await its.cancelMany({ threadId, runIds: [queued.run_id] });
    else await its.cancel(threadId, queued.run_id, true);
    await its.cancel(threadId, slow.run_id, true);
    const ended = (await its.list(threadId)).map((each) => each.status);
    assert.deepEqual(ended, ["interrupted", "interrupted"]);
  },

  async crons() {
    const its = client.crons;
    const threadId = await newThread();
    const bound = await its.createForThread(threadId, "echo", { schedule: YEARLY, input: IN });
    const free = await its.create("echo", { schedule: YEARLY });
    assert.equal((await its.update(bound.cron_id, { enabled: false })).enabled, false);
    const found = await its.search({ threadId });
    assert.deepEqual(found.map((each) => each.cron_id), [bound.cron_id]);
    assert.equal(await its.count({ threadId }), 1);
    for (const each of [bound, free]) await its.delete(each.cron_id);
    assert.equal(await its.count({ threadId }), 0);
  },

  async items() {
    const its = client.store;
    const place = ["whole", crypto.randomUUID()];
    await its.putItem(place, "k", { colour: "blue" });
    assert.deepEqual((await its.getItem(place, "k")).value, { colour: "blue" });
    const { items } = await its.searchItems(place, { filter: { colour: "blue" } });
    assert.deepEqual(items.map((each) => each.key), ["k"]);
    assert.deepEqual(await its.listNamespaces({ prefix: place }), { namespaces: [place] });
    await its.deleteItem(place, "k");
    assert.deepEqual(await its.listNamespaces({ prefix: place }), { namespaces: [] });
  },

  async stream() {
    const thread = open("scout", crypto.randomUUID());
    const errors = [];
    thread.onError((error) => errors.push(error));
    const shown = ["messages", "values", "toolCalls", "subgraphs", "subagents"].map((what) =>
      collect(thread[what]),
    );
    const media = ["audio", "images", "video", "files"].map((what) => collect(thread[what]));
    assert.equal(typeof thread.extensions, "object");
    await thread.run.start({ input: HI });
    const { messages } = await thread.output;
    assert.equal(messages.at(-1).content, "Rome is warm, Oslo is cold.");
    const [said, values, calls, subgraphs, subagents] = await Promise.all(shown);
    assert.deepEqual(new Set(calls.map((each) => each.callId)), new Set(TOOL_CALLS));
    assert.deepEqual([said.length, subgraphs, subagents], [2, [], []]);
    assert.deepEqual(values.at(-1), { messages });
    assert.deepEqual(await Promise.all(media), [[], [], [], []]);
    await thread.close();
    assert.deepEqual(errors, []);
  },

  async question() {
    const thread = open("hitl", await newThread());
    const told = (is) => new Promise((tell) => thread.onEvent((event) => is(event) && tell(event)));
    const asked = told((event) => event.method === "input.requested");
    const done = told((event) => event.params.data?.event === "completed");
    thread.startLifecycleWatcher();
    const values = await thread.subscribe("values");
    await thread.submitRun({ input: IN });
    const { namespace, data } = (await asked).params;
    assert.deepEqual(data.value ?? data.payload, { question: "Go on?" });
    const answer = { interrupt_id: data.interrupt_id, namespace, response: "yes" };
    await thread.respondInput(answer);
    await done;
    const all = await collect(values, (each) => each.params.data.items?.length === 3);
    assert.equal(all.at(-1).params.data.items.at(-1), "answer yes");
    await thread.close();
  },
};

const open = (assistantId, id) => client.threads.stream(id, { assistantId, transport: "sse" });

for (const [tour, go] of Object.entries(tours))
  if (newer || !["stream", "question"].includes(tour)) await go();
const report = { known: [...known].sort(), called: [...called].sort() };
process.stdout.write(JSON.stringify(report), () => process.exit(0));

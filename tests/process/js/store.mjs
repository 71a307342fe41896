// What a client of the JavaScript SDK does with the store; prints what it got as JSON.
//
//     node store.mjs PACKAGE URL
//
// PACKAGE is one of package.json's names for a version of the SDK.

const [name, apiUrl] = process.argv.slice(2);
const { Client } = await import(name);
const client = new Client({ apiUrl, apiKey: null, callerOptions: { maxRetries: 0 } });
const { store } = client;
const root = crypto.randomUUID();

const failure = async (promise) => {
  try {
    await promise;
    return null;
  } catch (error) {
    return String(error.message ?? error);
  }
};

await store.putItem([root, "ada"], "likes", { text: "pear", n: 1 });
await store.putItem([root, "ada"], "other", { text: "car", n: 2 }, { index: false, ttl: 5 });
await store.putItem([root, "bob"], "likes", { title: "apple" }, { index: ["title"] });
const item = await store.getItem([root, "ada"], "likes");
const missing = await store.getItem([root, "ada"], "none", { refreshTtl: false });
const filtered = await store.searchItems([root], { filter: { n: { $gt: 1 } }, refreshTtl: true });
const near = await store.searchItems([root], { query: "a pear", limit: 2, offset: 0 });
const namespaces = await store.listNamespaces({ prefix: [root], maxDepth: 2 });
const suffix = await store.listNamespaces({ prefix: [root], suffix: ["bob"], limit: 1, offset: 0 });
await store.deleteItem([root, "bob"], "likes");
const emptied = await store.listNamespaces({ prefix: [root] });
const recalled = await client.runs.wait(null, "recall", { input: { user: "js", text: "wheel" } });
await store.putItem(["users", "js"], "stored", { text: "wheel" });
const found = await client.runs.wait(null, "recall", { input: { user: "js", text: "wheel" } });
await client.runs.wait(null, "remember", { input: { user: "js", text: "apple" } });
const remembered = await store.getItem(["users", "js"], "apple");
await store.deleteItem(["users", "js"], "stored");
await store.deleteItem(["users", "js"], "apple");
const dotted = await failure(store.putItem(["a.b"], "k", {}));

console.log(
  JSON.stringify({
    root,
    item,
    missing,
    filtered,
    near,
    namespaces,
    suffix,
    emptied,
    recalled,
    found,
    remembered,
    dotted,
  }),
);

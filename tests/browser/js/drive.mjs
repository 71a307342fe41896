// Opens the page in a headless browser, holds the conversation, and reports what it saw.
// Arguments: the browser's program, the page's address, a file for the last screenshot.
import { launch } from "puppeteer-core";

const [program, page, picture] = process.argv.slice(2);
const browser = await launch({
  executablePath: program,
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
});
const report = { console: [], failed: [] };
try {
  const tab = await browser.newPage();
  tab.setDefaultTimeout(20_000);
  tab.on("console", (message) => report.console.push(message.text()));
  tab.on("requestfailed", (request) => {
    const why = request.failure()?.errorText;
    if (why !== "net::ERR_ABORTED") report.failed.push(`${request.url()}: ${why}`); // not the hook's
  });
  const texts = (selector) =>
    tab.$$eval(selector, (found) => found.map((each) => each.textContent));
  const idle = () => tab.waitForSelector('main[data-loading="false"]');

  await tab.goto(page);
  await tab.type("#text", "Remember the demo");
  await tab.click("#send");
  await tab.waitForSelector("#yes");
  report.question = await texts("#question");
  report.calls = await texts("p.ai code");
  await idle();
  report.thread = await tab.$eval("main", (main) => main.dataset.thread);

  // Whoever comes back finds the question, and answers it then.
  await tab.goto(`${page}&thread=${report.thread}`);
  await tab.waitForSelector("#yes");
  report.questionAgain = await texts("#question");
  const grown = new Set();
  await tab.exposeFunction("seen", (text) => grown.add(text));
  await tab.evaluate(() => {
    const watch = () => {
      const all = document.querySelectorAll("p.ai");
      if (all.length > 1) window.seen(all[all.length - 1].textContent);
    };
    new MutationObserver(watch).observe(document.body, {
      subtree: true,
      childList: true,
      characterData: true,
    });
  });
  await tab.click("#yes");
  await tab.waitForFunction(() => {
    const all = [...document.querySelectorAll("p.ai")];
    return all.length > 1 && all[all.length - 1].textContent.endsWith("done.");
  });
  await idle();
  report.messages = await texts("p");
  report.tools = await texts("p.tool");
  report.grown = [...grown];
  report.errors = await texts("#error");
  await tab.screenshot({ path: picture });
} catch (error) {
  const [tab] = (await browser.pages()).slice(-1);
  console.error(JSON.stringify(report), await tab.content());
  throw error;
} finally {
  await browser.close();
}
console.log(JSON.stringify(report));

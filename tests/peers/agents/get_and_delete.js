// An agent that uses Node: one GET and one DELETE with `fetch` over HTTP/1.1, and with `node:http2`.
//
// Usage: get_and_delete.js URL CA CERT KEY. Prints one line of JSON for each answer. `fetch` has no
// setting for a client certificate; undici's dispatcher, which is what `fetch` runs on, has one.

const fs = require("node:fs");
const http2 = require("node:http2");
const { Agent } = require("undici");

const [url, ...files] = process.argv.slice(2);
const [ca, cert, key] = files.map((file) => fs.readFileSync(file));

function print(method, version, status, headers, body) {
  const type = headers["content-type"];
  const retry = headers["x-should-retry"];
  console.log(JSON.stringify({ method, version, status, type, retry, body: JSON.parse(body) }));
}

async function overFetch(method) {
  const dispatcher = new Agent({ connect: { ca, cert, key } });
  const answer = await fetch(url, { method, dispatcher });
  print(method, "HTTP/1.1", answer.status, Object.fromEntries(answer.headers), await answer.text());
  await dispatcher.close();
}

function overHttp2(method) {
  return new Promise((resolve, reject) => {
    const session = http2.connect(url, { ca, cert, key });
    session.on("error", reject);
    const { pathname } = new URL(url);
    const request = session.request({ ":method": method, ":path": pathname });
    let headers;
    let body = "";
    request.setEncoding("utf8");
    request.on("error", reject);
    request.on("response", (received) => (headers = received));
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      print(method, "HTTP/2", headers[":status"], headers, body);
      session.close(resolve);
    });
    request.end();
  });
}

(async () => {
  for (const method of ["GET", "DELETE"]) await overFetch(method);
  for (const method of ["GET", "DELETE"]) await overHttp2(method);
})();

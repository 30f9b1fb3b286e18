// The TypeScript SDK's client, as an agent's maker would use it: lists the tools, calls one with
// each of the given arguments, and prints what it was given, one JSON document a line. Its
// certificate comes with `certificate.js`.

const { createRequire } = require("node:module");
const path = require("node:path");

// The package says in `exports` where its parts are, and NODE_PATH knows nothing of that.
const found = createRequire(path.join(process.env.NODE_PATH, "x.js"));
const { Client } = found("@modelcontextprotocol/sdk/client/index.js");
const { StreamableHTTPClientTransport } = found("@modelcontextprotocol/sdk/client/streamableHttp.js");

async function main([url, tool, ...all]) {
  const client = new Client({ name: "peer", version: "1" });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  const { tools } = await client.listTools();
  console.log(JSON.stringify(tools.map(({ name }) => name)));
  for (const one of all) {
    const result = await client.callTool({ name: tool, arguments: JSON.parse(one) });
    console.log(JSON.stringify(result));
  }
  await client.close();
}

main(process.argv.slice(2)).catch((why) => {
  console.error(why);
  process.exit(1);
});

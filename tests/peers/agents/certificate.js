// Gives a Node program that cannot be told a client certificate one: loaded with `--require`.
//
// `fetch` asks undici's global dispatcher for its connections. AGENT_CA, AGENT_CERT and AGENT_KEY
// name the files.

const fs = require("node:fs");
const { Agent, setGlobalDispatcher } = require(process.env.UNDICI);

const [ca, cert, key] = ["AGENT_CA", "AGENT_CERT", "AGENT_KEY"].map((name) =>
  fs.readFileSync(process.env[name]),
);
setGlobalDispatcher(new Agent({ connect: { ca, cert, key } }));

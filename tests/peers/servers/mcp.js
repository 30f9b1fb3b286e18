// An MCP server with what the protocol's own conformance suite asks for, in the modern revision and
// in those with sessions. It prints the port that it chose.
//
// It is written by hand, without a library, so that one endpoint speaks every revision and each
// answer is as plain as the protocol allows.

const http = require("node:http");
const { createHmac, randomBytes, randomUUID } = require("node:crypto");

const MODERN = "2026-07-28";
const LEGACY = ["2025-11-25", "2025-06-18"];
const META = "io.modelcontextprotocol/";
const PIXEL =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
const SILENCE = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";

const text = (words) => ({ type: "text", text: words });
const image = { type: "image", data: PIXEL, mimeType: "image/png" };
const inside = (uri, mimeType, words) => ({ type: "resource", resource: { uri, mimeType, text: words } });
const content = (...items) => ({ content: items });
const fail = (code, message, data) => Object.assign(new Error(message), { code, data });

// What the server asks its client for.
const form = (message, properties) => ({
  method: "elicitation/create",
  params: {
    mode: "form",
    message,
    requestedSchema: { type: "object", properties, required: Object.keys(properties) },
  },
});
const NAME = form("What is your name?", { name: { type: "string" } });
const QUESTION = (words, maxTokens) => ({
  method: "sampling/createMessage",
  params: { messages: [{ role: "user", content: text(words) }], maxTokens },
});
const ROOTS = { method: "roots/list", params: {} };

// State that only this server can have written.
const KEY = randomBytes(16);
const sign = (state) => `${state}.${createHmac("sha256", KEY).update(state).digest("hex")}`;
const verify = (signed) => {
  const state = String(signed).split(".")[0];
  if (signed !== sign(state)) throw fail(-32602, "the state was changed");
  return state;
};

// A tool that needs answers before it has any: asks until `needed` is all there.
const asks = (needed, state, done) => (params) => {
  const answers = params.inputResponses ?? {};
  if (params.requestState !== undefined) verify(params.requestState);
  const wrong = (key) => answers[key] === null || typeof answers[key] !== "object";
  const missing = Object.keys(needed).filter(wrong);
  if (missing.length === 0) return done(answers);
  const inputRequests = Object.fromEntries(missing.map((key) => [key, needed[key]]));
  const asked = { resultType: "input_required", inputRequests };
  return state ? { ...asked, requestState: sign(state) } : asked;
};
const hello = (answers) => content(text(`Hello, ${answers.user_name.content?.name}!`));

const TOOLS = {
  test_simple_text: () => content(text("This is a simple text response for testing.")),
  test_image_content: () => content(image),
  test_audio_content: () => content({ type: "audio", data: SILENCE, mimeType: "audio/wav" }),
  test_embedded_resource: () =>
    content(inside("test://embedded-resource", "text/plain", "This is an embedded resource content.")),
  test_multiple_content_types: () =>
    content(
      text("Multiple content types test:"),
      image,
      inside("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
    ),
  test_error_handling: () => ({
    isError: true,
    ...content(text("This tool intentionally returns an error for testing")),
  }),
  test_tool_with_logging: async (params, client) => {
    for (const data of ["Tool execution started", "Tool processing data", "Tool execution completed"]) {
      client.notify("notifications/message", { level: "info", data });
    }
    return content(text("Logged three messages."));
  },
  test_tool_with_progress: async (params, client) => {
    const progressToken = params._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      client.notify("notifications/progress", { progressToken, progress, total: 100 });
    }
    return content(text("Reported progress."));
  },
  test_sampling: async (params, client) => {
    const asked = QUESTION(params.arguments?.prompt ?? "Hello", 100);
    const answer = await client.ask(asked.method, asked.params);
    return content(text(`LLM response: ${answer.content?.text}`));
  },
  test_elicitation: async (params, client) => {
    const properties = { username: { type: "string" }, email: { type: "string" } };
    const asked = form(params.arguments?.message ?? "Who are you?", properties);
    delete asked.params.mode;
    const answer = await client.ask(asked.method, asked.params);
    return content(text(`User response: ${JSON.stringify(answer)}`));
  },
  test_input_required_result_elicitation: asks({ user_name: NAME }, null, hello),
  test_input_required_result_sampling: asks(
    { capital_question: QUESTION("What is the capital of France?", 100) },
    null,
    (answers) => content(text(`The model says: ${answers.capital_question.content?.text}`)),
  ),
  test_input_required_result_list_roots: asks({ client_roots: ROOTS }, null, (answers) =>
    content(text(`Roots: ${JSON.stringify(answers.client_roots.roots)}`)),
  ),
  test_input_required_result_request_state: asks(
    { confirm: form("Please confirm", { ok: { type: "boolean" } }) },
    "asked",
    () => content(text("state-ok")),
  ),
  test_input_required_result_tampered_state: asks(
    { confirm: form("Please confirm", { ok: { type: "boolean" } }) },
    "asked",
    () => content(text("state-ok")),
  ),
  test_input_required_result_multiple_inputs: asks(
    { user_name: NAME, greeting: QUESTION("Generate a greeting", 50), client_roots: ROOTS },
    "asked",
    hello,
  ),
  test_input_required_result_multi_round: (params) => {
    const state = params.requestState === undefined ? "none" : verify(params.requestState);
    const answers = params.inputResponses ?? {};
    if (state === "two" && answers.step2) return content(text("Both steps are done."));
    const second = state === "one" && answers.step1;
    const [key, next] = second ? ["step2", "two"] : ["step1", "one"];
    const asked = form(`${key}: what is it?`, { [second ? "color" : "name"]: { type: "string" } });
    return { resultType: "input_required", inputRequests: { [key]: asked }, requestState: sign(next) };
  },
};

const PROMPTS = {
  test_simple_prompt: () => [text("This is a simple prompt for testing.")],
  test_prompt_with_arguments: ({ arg1, arg2 }) => [
    text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`),
  ],
  test_prompt_with_embedded_resource: ({ resourceUri }) => [
    inside(resourceUri, "text/plain", "Embedded resource content for testing."),
    text("Please process the embedded resource above."),
  ],
  test_prompt_with_image: () => [image, text("Please analyze the image above.")],
};

const described = (name) => ({ name, description: `The suite's ${name}.` });
const named = { arg1: 1, arg2: 1 };
const PROMPT_LIST = Object.keys(PROMPTS).map((name) => {
  const wanted = name === "test_prompt_with_arguments" ? named : name.endsWith("embedded_resource") ? { resourceUri: 1 } : {};
  const list = Object.keys(wanted).map((one) => ({ name: one, description: one, required: true }));
  return { ...described(name), arguments: list };
});
const ASKING = asks({ user_context: form("What context?", { context: { type: "string" } }) }, null, (answers) => ({
  messages: [{ role: "user", content: text(`In the context of ${answers.user_context.content?.context}`) }],
}));

const READ = {
  "test://static-text": { mimeType: "text/plain", text: "This is the content of the static text resource." },
  "test://static-binary": { mimeType: "image/png", blob: PIXEL },
  "test://watched-resource": { mimeType: "text/plain", text: "watched" },
};

function read({ uri }) {
  const template = /^test:\/\/template\/([^/]+)\/data$/.exec(uri);
  const found = template
    ? { mimeType: "application/json", text: JSON.stringify({ id: template[1], templateTest: true, data: `Data for ID: ${template[1]}` }) }
    : READ[uri];
  if (!found) throw fail(-32602, "Resource not found", { uri });
  return { contents: [{ uri, ...found }] };
}

const LISTS = {
  "tools/list": () => ({ tools: Object.keys(TOOLS).map((name) => ({ ...described(name), inputSchema: { type: "object", properties: {} } })) }),
  "prompts/list": () => ({ prompts: [...PROMPT_LIST, described("test_input_required_result_prompt")] }),
  "resources/list": () => ({ resources: Object.keys(READ).map((uri) => ({ uri, ...described(uri), mimeType: READ[uri].mimeType })) }),
  "resources/templates/list": () => ({
    resourceTemplates: [{ uriTemplate: "test://template/{id}/data", ...described("template"), mimeType: "application/json" }],
  }),
  "resources/read": read,
};
const CAPABILITIES = { tools: {}, prompts: {}, resources: { subscribe: true }, completions: {}, logging: {} };
const SERVER = { name: "conformance", version: "1.0.0" };
const SHARED = {
  "tools/call": (params, client) => {
    const tool = TOOLS[params.name];
    if (!tool) throw fail(-32602, `Unknown tool: ${params.name}`);
    return tool(params, client);
  },
  "prompts/get": (params) => {
    if (params.name === "test_input_required_result_prompt") return ASKING(params);
    const prompt = PROMPTS[params.name];
    if (!prompt) throw fail(-32602, `Unknown prompt: ${params.name}`);
    return { messages: prompt(params.arguments ?? {}).map((item) => ({ role: "user", content: item })) };
  },
  "completion/complete": () => ({ completion: { values: ["paris", "park"], total: 2, hasMore: false } }),
};
const METHODS = {
  modern: { ...SHARED, "server/discover": () => ({ supportedVersions: [MODERN, ...LEGACY], capabilities: CAPABILITIES }) },
  legacy: {
    ...SHARED,
    initialize: ({ protocolVersion }) => ({
      protocolVersion: LEGACY.includes(protocolVersion) ? protocolVersion : LEGACY[0],
      capabilities: CAPABILITIES,
      serverInfo: SERVER,
    }),
    ping: () => ({}),
    "logging/setLevel": () => ({}),
    "resources/subscribe": () => ({}),
    "resources/unsubscribe": () => ({}),
  },
};

// One request's answer, as a document or, once something is said before it, as a stream.
class Client {
  static waiting = new Map();
  constructor(response) {
    this.response = response;
  }
  event(message) {
    if (!this.response.headersSent) this.response.writeHead(200, { "Content-Type": "text/event-stream" });
    this.response.write(`event: message\ndata: ${JSON.stringify({ jsonrpc: "2.0", ...message })}\n\n`);
  }
  notify(method, params) {
    this.event({ method, params });
  }
  ask(method, params) {
    const id = randomUUID();
    this.event({ id, method, params });
    return new Promise((resolve) => Client.waiting.set(id, resolve));
  }
  answer(status, message, headers = {}) {
    if (this.response.headersSent) {
      this.event(message);
      return this.response.end();
    }
    this.response.writeHead(status, { "Content-Type": "application/json", ...headers });
    this.response.end(JSON.stringify({ jsonrpc: "2.0", ...message }));
  }
}

async function serve(request, response, message) {
  const { id, method, params = {} } = message;
  if (method === undefined) Client.waiting.get(id)?.(message.result ?? {});
  if (id === undefined || method === undefined) return response.writeHead(202).end();
  const client = new Client(response);
  const said = params._meta?.[`${META}protocolVersion`];
  const header = request.headers["mcp-protocol-version"];
  const modern = said !== undefined || header === MODERN;
  const refuse = (status, code, words, data) =>
    client.answer(status, { id, error: { code, message: words, ...(data && { data }) } });
  if (modern && said === undefined) return refuse(400, -32602, "no protocol version in _meta");
  if (modern && said !== header) return refuse(400, -32020, "the headers do not match");
  if (modern && said !== MODERN) {
    return refuse(400, -32022, "Unsupported protocol version", { supported: [MODERN, ...LEGACY], requested: said });
  }
  if (modern && params._meta[`${META}clientCapabilities`] === undefined) {
    return refuse(400, -32602, "no client capabilities in _meta");
  }
  const known = { ...LISTS, ...METHODS[modern ? "modern" : "legacy"] }[method];
  if (!known) return refuse(modern ? 404 : 200, -32601, "Method not found");
  try {
    const result = await known(params, client);
    const cached = modern && (LISTS[method] || method === "server/discover");
    const meta = { _meta: { [`${META}serverInfo`]: SERVER } };
    const whole = { ...(modern && { resultType: "complete", ...meta }), ...(cached && { ttlMs: 1000, cacheScope: "private" }), ...result };
    client.answer(200, { id, result: whole });
  } catch (why) {
    refuse(200, why.code ?? -32603, why.message, why.data);
  }
}

const server = http.createServer((request, response) => {
  // A page of another site could call a server on this machine by a name that leads here.
  const host = (request.headers.host ?? "").replace(/:\d+$/, "");
  if (!["localhost", "127.0.0.1"].includes(host)) return response.writeHead(403).end();
  if (request.method !== "POST") return response.writeHead(405, { Allow: "POST" }).end();
  let body = "";
  request.on("data", (chunk) => (body += chunk));
  request.on("end", () => serve(request, response, JSON.parse(body)));
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));

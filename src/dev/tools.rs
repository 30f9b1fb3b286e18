//! The sample MCP server: three tools of the sample API, in every revision that Countersign reads.
//!
//! It keeps no session and believes whatever reaches it: what a call may do is for Countersign to
//! decide.

use serde_json::{Value, json};

/// What the server says to one message; `None` where it wants no answer.
pub(super) fn answer(message: &Value) -> Option<Value> {
    let id = message.get("id")?;
    let said = match message["method"].as_str()? {
        "initialize" => json!({
            "protocolVersion": agreed(&message["params"]["protocolVersion"]),
            "capabilities": { "tools": {} },
            "serverInfo": { "name": "sample", "version": env!("CARGO_PKG_VERSION") },
        }),
        "ping" => json!({}),
        "server/discover" => json!({
            "supportedVersions": ["2026-07-28", "2025-11-25", "2025-06-18"],
            "capabilities": { "tools": {} },
            "ttlMs": 0,
            "cacheScope": "public",
        }),
        "tools/list" => json!({ "tools": tools(), "ttlMs": 0, "cacheScope": "public" }),
        "tools/call" => call(&message["params"]),
        _ => {
            let error = json!({ "code": -32601, "message": "Method not found" });
            return Some(json!({ "jsonrpc": "2.0", "id": id, "error": error }));
        }
    };
    let mut result = said;
    result["resultType"] = json!("complete");
    Some(json!({ "jsonrpc": "2.0", "id": id, "result": result }))
}

fn agreed(asked: &Value) -> &str {
    match asked.as_str() {
        Some(known @ ("2025-06-18" | "2025-11-25")) => known,
        _ => "2025-11-25",
    }
}

fn tools() -> Value {
    let tool = |name: &str, description: &str, properties: Value| {
        json!({
            "name": name,
            "description": description,
            "inputSchema": { "type": "object", "properties": properties },
        })
    };
    let (number, text) = (json!({ "type": "number" }), json!({ "type": "string" }));
    json!([
        tool("get_balance", "The balance of the account.", json!({})),
        tool(
            "refund",
            "Pays an amount in EUR back.",
            json!({ "customer": text, "amount": number })
        ),
        tool("delete_customer", "Deletes a customer.", json!({ "customer": text })),
    ])
}

fn call(params: &Value) -> Value {
    let arguments = &params["arguments"];
    let text = match params["name"].as_str() {
        Some("get_balance") => "The balance is 120000 EUR.".to_owned(),
        Some("refund") => {
            format!("Refunded {} EUR to {}.", arguments["amount"], arguments["customer"])
        }
        Some("delete_customer") => format!("Deleted {}.", arguments["customer"]),
        _ => return json!({ "isError": true, "content": content("There is no such tool.") }),
    };
    json!({ "content": content(&text) })
}

fn content(text: &str) -> Value {
    json!([{ "type": "text", "text": text }])
}

#[cfg(test)]
mod tests {
    use super::answer;
    use serde_json::json;

    #[test]
    fn a_request_is_answered_and_a_notification_is_not() {
        let ask = |method: &str, params| {
            answer(&json!({ "jsonrpc": "2.0", "id": "a", "method": method, "params": params }))
        };
        let begun = ask("initialize", json!({ "protocolVersion": "2025-06-18" })).unwrap();
        assert_eq!(begun["result"]["protocolVersion"], "2025-06-18");
        let listed = ask("tools/list", json!({})).unwrap();
        assert_eq!(listed["result"]["tools"].as_array().map(Vec::len), Some(3));
        let arguments = json!({ "customer": "42", "amount": 5 });
        let paid = ask("tools/call", json!({ "name": "refund", "arguments": arguments })).unwrap();
        assert_eq!(paid["result"]["content"][0]["text"], "Refunded 5 EUR to \"42\".");
        assert_eq!(ask("resources/list", json!({})).unwrap()["error"]["code"], -32601);
        assert_eq!(answer(&json!({ "method": "notifications/initialized" })), None);
    }
}

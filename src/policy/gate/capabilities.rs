//! The list of builtins, as stock OPA reads it.
//!
//! `opa check --capabilities rules/capabilities.json` then refuses what the gate refuses, without
//! Countersign. Operators (`==`, `+`, `:=`) are builtins there too, under other names.

use serde_json::{Value, json};

use crate::policy::gate::builtins::{ALLOWED, Kind};

/// Every builtin that rules may call, and the operators.
pub(in crate::policy) fn capabilities() -> Value {
    let mut builtins: Vec<Value> = OPERATORS.iter().map(operator).collect();
    for builtin in ALLOWED {
        let args: Vec<Value> = builtin.takes.iter().copied().map(kind).collect();
        let mut entry = declared(builtin.name, args, kind(builtin.gives));
        if builtin.name == "walk" {
            entry["relation"] = json!(true);
        }
        builtins.push(entry);
    }
    builtins.sort_by(|a, b| a["name"].as_str().cmp(&b["name"].as_str()));
    json!({ "builtins": builtins, "features": ["rego_v1"], "allow_net": [] })
}

fn operator((name, infix, arity): &(&str, &str, usize)) -> Value {
    let mut entry = declared(name, vec![kind(Kind::Any); *arity], kind(Kind::Any));
    if !infix.is_empty() {
        entry["infix"] = json!(infix);
    }
    entry
}

fn declared(name: &str, args: Vec<Value>, result: Value) -> Value {
    json!({ "name": name, "decl": { "type": "function", "args": args, "result": result } })
}

fn kind(kind: Kind) -> Value {
    match kind {
        Kind::Any | Kind::Collection | Kind::Never => json!({ "type": "any" }),
        Kind::Array => json!({ "type": "array", "dynamic": { "type": "any" } }),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Number => json!({ "type": "number" }),
        Kind::Object => json!({
            "type": "object",
            "dynamic": { "key": { "type": "any" }, "value": { "type": "any" } },
        }),
        Kind::Set => json!({ "type": "set", "of": { "type": "any" } }),
        Kind::Text => json!({ "type": "string" }),
        Kind::Texts => json!({ "type": "array", "dynamic": { "type": "string" } }),
    }
}

/// What OPA's compiler turns operators into: the name, how it is written, and the operands.
const OPERATORS: [(&str, &str, usize); 18] = [
    ("and", "&", 2),
    ("assign", ":=", 2),
    ("div", "/", 2),
    ("eq", "=", 2),
    ("equal", "==", 2),
    ("gt", ">", 2),
    ("gte", ">=", 2),
    ("internal.member_2", "in", 2),
    ("internal.member_3", "in", 3),
    ("internal.print", "", 1),
    ("lt", "<", 2),
    ("lte", "<=", 2),
    ("minus", "-", 2),
    ("mul", "*", 2),
    ("neq", "!=", 2),
    ("or", "|", 2),
    ("plus", "+", 2),
    ("rem", "%", 2),
];

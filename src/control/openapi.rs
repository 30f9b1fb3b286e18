//! What is here, as OpenAPI 3.1: made from the table that requests are answered by, so that one
//! cannot say what the other does not.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::control::endpoints::{ENDPOINTS, Endpoint, Who};
use crate::control::request::LARGEST;
use crate::signal::MEDIA_TYPE;

/// A problem in the sense of RFC 9457: every answer that is no success.
#[derive(JsonSchema, Serialize)]
struct Problem {
    /// `urn:countersign:problem:CODE`
    r#type: String,
    /// What kind of problem it is.
    title: String,
    /// The status of the answer.
    status: u16,
    /// What happened, and what to do.
    detail: String,
    /// A stable word.
    code: String,
}

/// The document as text, the same for the same version.
pub fn openapi() -> String {
    // A tree of texts and numbers always serialises.
    let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text.push('\n');
    text
}

/// The whole document.
pub(super) fn document() -> Value {
    let settings = SchemaSettings::draft2020_12();
    let settings = settings.with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let problem = generator.subschema_for::<Problem>();
    let mut paths = Map::new();
    for endpoint in &ENDPOINTS {
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        path[endpoint.method.to_ascii_lowercase()] = operation(endpoint, &problem, &mut generator);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Countersign's control API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": format!(
                "For operators and approvers. A body has at most {LARGEST} bytes; every answer that \
                 is no success is a problem (RFC 9457). Strings may hold what an agent wrote: show \
                 them as text."
            ),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "security": [{ "certificate": [] }, { "token": [] }],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": {
                "certificate": {
                    "type": "mutualTLS",
                    "description": "An X.509-SVID of one of `control.trust`.",
                },
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A token of `control.oidc.issuer`.",
                },
            },
        },
    })
}

fn operation(endpoint: &Endpoint, problem: &Schema, generator: &mut SchemaGenerator) -> Value {
    let who = match endpoint.who {
        Who::Everybody => "Operators, and those of `approvals.people` whom it concerns.",
        Who::Operators => "Operators.",
        Who::Transmitters => {
            "Whoever of `signals.receive` signed the event; nobody is let in first."
        }
    };
    let mut operation = json!({
        "summary": endpoint.summary,
        "description": who,
        "operationId": id(endpoint),
        "parameters": parameters(endpoint),
        "responses": responses(endpoint, problem, generator),
    });
    if let Some(shape) = endpoint.body {
        let schema = shape(generator);
        operation["requestBody"] =
            json!({ "content": { "application/json": { "schema": schema } } });
    }
    if endpoint.who == Who::Transmitters {
        signed(&mut operation);
    }
    operation
}

/// What is other where the body says who brings it.
fn signed(operation: &mut Value) {
    operation["security"] = json!([]);
    operation["requestBody"] =
        json!({ "content": { MEDIA_TYPE: { "schema": { "type": "string" } } } });
    let word = json!({ "type": "string" });
    operation["responses"]["400"] = json!({
        "description": "It is not taken, and never will be (RFC 8935 §2.3).",
        "content": { "application/json": { "schema": {
            "type": "object",
            "properties": { "err": word, "description": word },
            "required": ["err", "description"],
        } } },
    });
}

/// `get_proposals_id_statement`
fn id(endpoint: &Endpoint) -> String {
    let path = endpoint.path.trim_start_matches("/v1");
    let words = path.replace(['/', '.'], "_").replace(['{', '}'], "");
    format!("{}{words}", endpoint.method.to_ascii_lowercase())
}

fn parameters(endpoint: &Endpoint) -> Vec<Value> {
    let parameter = |name: &str, place: &str, required: bool, description: &str| {
        json!({
            "name": name,
            "in": place,
            "required": required,
            "description": description,
            "schema": { "type": "string" },
        })
    };
    let open = endpoint.path.split('/').filter_map(|segment| segment.strip_prefix('{'));
    let open = open.map(|name| parameter(name.trim_end_matches('}'), "path", true, "Which one."));
    let query = endpoint.query.iter().map(|(name, what)| parameter(name, "query", false, what));
    let condition = endpoint.is_conditional.then(|| {
        let what = "The entity tag of the proposal that the caller has looked at: its digest.";
        parameter("If-Match", "header", true, what)
    });
    open.chain(query).chain(condition).collect()
}

fn responses(endpoint: &Endpoint, problem: &Schema, generator: &mut SchemaGenerator) -> Value {
    let answers = &endpoint.answers;
    let mut content = Map::new();
    for kind in answers.kinds {
        let schema = match (answers.shape, *kind) {
            (Some(shape), "application/json") => shape(generator).to_value(),
            (_, "application/json") => json!({ "type": "object" }),
            _ => json!({ "type": "string" }),
        };
        content.insert((*kind).to_owned(), json!({ "schema": schema }));
    }
    let status = answers.status.to_string();
    json!({
        status: { "description": "Done.", "content": content },
        "default": {
            "description": "A problem.",
            "content": { "application/problem+json": { "schema": problem } },
        },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use serde_json::Value;

    use super::{ENDPOINTS, document, openapi};

    #[test]
    fn the_committed_document_is_the_one_of_the_table() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, openapi()).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        let how = "UPDATE=1 cargo test --lib control::openapi";
        assert!(committed == openapi(), "docs/openapi.json is not up to date: {how}");
    }

    #[test]
    fn every_path_and_method_is_in_the_document_and_no_other() {
        let table: BTreeSet<_> = ENDPOINTS
            .iter()
            .map(|one| (one.path.to_owned(), one.method.to_ascii_lowercase()))
            .collect();
        let document = document();
        let paths = document["paths"].as_object().unwrap();
        let written: BTreeSet<_> = paths
            .iter()
            .flat_map(|(path, methods)| {
                methods.as_object().unwrap().keys().map(|method| (path.clone(), method.clone()))
            })
            .collect();
        assert_eq!(table.len(), ENDPOINTS.len(), "an endpoint stands there twice");
        assert_eq!(table, written);
    }

    #[test]
    fn every_shape_that_is_referred_to_is_there() {
        let document = document();
        let text = document.to_string();
        let names = text.split("#/components/schemas/").skip(1);
        let names: BTreeSet<_> = names.filter_map(|rest| rest.split('"').next()).collect();
        assert!(names.len() > 10, "{names:?}");
        for name in names {
            assert!(document["components"]["schemas"][name] != Value::Null, "{name}");
        }
    }
}

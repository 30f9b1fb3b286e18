//! The JSON Schema of the configuration, for editors and other programs.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use serde_json::{Value, json};

use crate::config::file::File;

/// The schema as text, the same for the same version.
///
/// It is generated from the types, so it says what the parser says, as far as a schema can: checks
/// across sections are not in it.
pub fn schema() -> String {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<File>();
    RecursiveTransform(without_null).transform(&mut schema);
    // A map of texts to values always serialises.
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

/// A key may be left out, but it may not be there with nothing.
fn without_null(schema: &mut Schema) {
    let Some(entries) = schema.as_object_mut() else { return };
    if entries.get("default") == Some(&Value::Null) {
        entries.remove("default");
    }
    for key in ["anyOf", "type", "enum"] {
        let Some(Value::Array(choices)) = entries.get_mut(key) else { continue };
        choices.retain(|one| {
            *one != json!({ "type": "null" }) && *one != json!("null") && !one.is_null()
        });
        let only = if choices.len() == 1 { choices.pop() } else { None };
        match (key, only) {
            ("anyOf", Some(Value::Object(only))) => {
                entries.remove(key);
                entries.extend(only);
            }
            (_, Some(only)) if key == "type" => drop(entries.insert(key.to_owned(), only)),
            (_, Some(only)) => drop(entries.insert(key.to_owned(), json!([only]))),
            (_, None) => {}
        }
    }
}

//! The JSON Schema of the configuration, for editors and other programs.

use schemars::generate::SchemaSettings;

use crate::config::file::File;

/// The schema as text, the same for the same version.
///
/// It is generated from the types, so it says what the parser says, as far as a schema can: checks
/// across sections are not in it.
pub fn schema() -> String {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<File>();
    // A map of texts to values always serialises.
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

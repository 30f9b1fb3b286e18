//! What a bundle says of itself: its `.manifest`, as OPA writes it.
//!
//! The roots are a promise: what a bundle holds lies below them. A bundle that breaks it is refused,
//! because somebody else may own the place that it writes to.
//! <https://www.openpolicyagent.org/docs/management-bundles#bundle-file-format>

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::policy::problem::{Place, Problem};
use crate::route::json;

/// A bundle's manifest; a bundle without one owns everything.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Manifest {
    /// What its authors call this state of it.
    #[serde(default)]
    pub(super) revision: String,
    #[serde(default = "everything")]
    roots: Vec<String>,
    #[serde(default = "one")]
    rego_version: u8,
    #[serde(default)]
    file_rego_versions: Map<String, Value>,
    #[serde(default)]
    wasm: Vec<Value>,
}

impl Default for Manifest {
    fn default() -> Self {
        Self {
            revision: String::new(),
            roots: everything(),
            rego_version: one(),
            file_rego_versions: Map::new(),
            wasm: Vec::new(),
        }
    }
}

impl Manifest {
    /// Reads `.manifest`. The error says what is wrong with it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        json::check(bytes).map_err(|rule| rule.detail().to_owned())?;
        let object: Map<String, Value> =
            serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let manifest: Self =
            serde_json::from_value(object.into()).map_err(|error| error.to_string())?;
        if manifest.rego_version != 1 || manifest.file_rego_versions.values().any(|v| *v != 1) {
            return Err("only rules in Rego version 1 are read".to_owned());
        }
        if !manifest.wasm.is_empty() {
            return Err("rules compiled to WebAssembly are not run".to_owned());
        }
        for (index, root) in manifest.roots.iter().enumerate() {
            let others = manifest.roots.iter().enumerate().filter(|(other, _)| *other != index);
            let (path, mut others) = (names(root), others.map(|(_, other)| names(other)));
            if others.any(|other| path.starts_with(&other)) {
                return Err(format!("the root `{root}` lies in another one"));
            }
        }
        Ok(manifest)
    }

    /// Whether `path` (without `data`) lies below a root.
    pub(super) fn covers(&self, path: &[&str]) -> bool {
        self.roots.iter().any(|root| path.starts_with(&names(root)))
    }

    /// The data outside of the roots.
    pub(super) fn strays(&self, bundle: &Path, data: &Map<String, Value>) -> Vec<Problem> {
        let mut found = Vec::new();
        self.walk(data, &mut Vec::new(), &mut found);
        found.into_iter().map(|path| stray(bundle, &format!("the data at `{path}`"))).collect()
    }

    fn walk<'a>(
        &self,
        data: &'a Map<String, Value>,
        path: &mut Vec<&'a str>,
        found: &mut Vec<String>,
    ) {
        for (key, value) in data {
            path.push(key);
            let above = self.roots.iter().any(|root| names(root).starts_with(path));
            match value {
                _ if self.covers(path) => {}
                Value::Object(inner) if above => self.walk(inner, path, found),
                _ => found.push(path.join("/")),
            }
            path.pop();
        }
    }
}

/// `what` lies outside of the roots of the manifest of `bundle`.
pub(super) fn stray(bundle: &Path, what: &str) -> Problem {
    let message = format!("{what} lies outside of the manifest's roots");
    Problem::new(Place::file(bundle), message, "move it, or name its place in `roots`")
}

fn names(root: &str) -> Vec<&str> {
    root.split('/').filter(|name| !name.is_empty()).collect()
}

fn everything() -> Vec<String> {
    vec![String::new()]
}

fn one() -> u8 {
    1
}

#[cfg(test)]
mod tests {
    use super::Manifest;
    use std::path::Path;

    fn parse(text: &str) -> Result<Manifest, String> {
        Manifest::parse(text.as_bytes())
    }

    #[test]
    fn a_bundle_owns_what_lies_below_its_roots() {
        let manifest =
            parse(r#"{"revision":"r1","roots":["countersign/authz","limits"]}"#).unwrap();
        assert!(manifest.covers(&["countersign", "authz", "lib"]) && manifest.covers(&["limits"]));
        assert!(!manifest.covers(&["countersign"]) && !manifest.covers(&["limitsx"]));
        assert!(Manifest::default().covers(&["anything"]));
        let data = serde_json::json!({
            "limits": 1, "countersign": { "authz": {}, "other": 2 }, "else": { "x": {} }
        });
        let strays = manifest.strays(Path::new("b"), data.as_object().unwrap());
        let places: Vec<_> = strays.iter().map(|problem| problem.message.clone()).collect();
        assert_eq!(places.len(), 2, "{places:?}");
        assert!(places[0].contains("`countersign/other`") && places[1].contains("`else`"));
    }

    #[test]
    fn a_manifest_that_cannot_be_kept_is_refused() {
        for (text, why) in [
            ("[]", "invalid type"),
            (r#"{"roots":["a","a/b"]}"#, "lies in another"),
            (r#"{"roots":["a","a"]}"#, "lies in another"),
            (r#"{"rego_version":0}"#, "version 1"),
            (r#"{"file_rego_versions":{"/a.rego":0}}"#, "version 1"),
            (r#"{"wasm":[{}]}"#, "WebAssembly"),
            (r#"{"roots":["a"],"roots":["b"]}"#, "keys"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}

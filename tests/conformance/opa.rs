//! OPA's own cases: rules, data, an input and a query, and what it must give.
//!
//! Each is tried as Countersign would serve it: the gate may refuse it, the interpreter must give
//! OPA's result, and so must the fast engine wherever the gate lets it serve such rules. Where OPA
//! has an error, the interpreter must have one; the fast engine may have no result instead, which
//! Countersign treats as the same denial.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use countersign::policy::Failure;
use countersign::policy::specimen::{Input, Specimen};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::listed::Listed;

/// A file of cases.
#[derive(Deserialize)]
struct Group {
    cases: Vec<Case>,
}

/// One case, as far as it is about evaluation.
#[derive(Deserialize)]
struct Case {
    note: String,
    query: String,
    #[serde(default)]
    modules: Option<Vec<String>>,
    #[serde(default)]
    data: Option<Map<String, Value>>,
    input: Option<Value>,
    input_term: Option<String>,
    /// The lists that the variables can be are sets.
    #[serde(default)]
    sort_bindings: bool,
    #[serde(default, deserialize_with = "present")]
    want_result: Option<Vec<Map<String, Value>>>,
}

/// Tells a result that is `null`, which is none, from one that is not there.
fn present<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<Map<String, Value>>>, D::Error> {
    Ok(Some(Option::deserialize(deserializer)?.unwrap_or_default()))
}

/// Runs every case under `folder`.
pub(crate) fn run(folder: &Path) -> Result<String, String> {
    let listed = Listed::parse(include_str!("opa.txt"))?;
    let mut ended = BTreeMap::new();
    let mut fast = 0;
    for case in cases(folder)? {
        let outcome = case.outcome();
        fast += usize::from(outcome.as_ref().is_ok_and(|engines| *engines == Engines::Both));
        let mut name = case.note.clone();
        for number in 2.. {
            if !ended.contains_key(&name) {
                break;
            }
            name = format!("{} ({number})", case.note);
        }
        ended.insert(name, outcome.err());
    }
    if ended.is_empty() {
        return Err(format!("there are no cases under {}", folder.display()));
    }
    listed.compare(&ended)?;
    let right = ended.values().filter(|why| why.is_none()).count();
    let mut summary =
        format!("OPA's cases: {right} of {} as in OPA, {fast} on both engines", ended.len());
    for (reason, count) in listed.groups() {
        summary += &format!("\n  {count:4} {reason}");
    }
    Ok(summary)
}

/// Every case, in the order of the files.
fn cases(folder: &Path) -> Result<Vec<Case>, String> {
    let said = |path: &Path, why: String| format!("{}: {why}", path.display());
    let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|why| said(&folder, why.to_string()))?;
        for entry in entries {
            let path: PathBuf = entry.map_err(|why| said(&folder, why.to_string()))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name != "index.json") {
                files.push(path);
            }
        }
    }
    files.sort();
    let mut cases = Vec::new();
    for path in files.iter().filter(|path| path.extension().is_some_and(|end| end == "json")) {
        let text = std::fs::read_to_string(path).map_err(|why| said(path, why.to_string()))?;
        let group: Group =
            serde_json::from_str(&text).map_err(|why| said(path, why.to_string()))?;
        cases.extend(group.cases);
    }
    Ok(cases)
}

/// The engines that gave OPA's result.
#[derive(Eq, PartialEq)]
enum Engines {
    Both,
    Interpreter,
}

impl Case {
    /// The engines that did as OPA does, or what was different.
    fn outcome(&self) -> Result<Engines, String> {
        let tried = self.specimen().run().map_err(|why| format!("refused: {why}"))?;
        self.hold("interpreter", &tried.interpreter)?;
        let Some(said) = &tried.machine else { return Ok(Engines::Interpreter) };
        match (said, &self.want_result) {
            // No result is a denial as well.
            (Ok(text), None) if text == "[]" => {}
            _ => self.hold("fast engine", said)?,
        }
        Ok(Engines::Both)
    }

    /// The query as a rule that collects what its variables can be, as rules that are served do.
    fn specimen(&self) -> Specimen {
        let empty = Map::new();
        let names = match self.want_result.as_deref() {
            Some([first, ..]) => first,
            _ => &empty,
        };
        let pairs: Vec<String> = names.keys().map(|name| format!("\"{name}\": {name}")).collect();
        let probe = format!(
            "package conformance\n\nresult contains {{{}}} if {{\n\t{}\n}}\n",
            pairs.join(", "),
            self.written()
        );
        let modules = self.modules.iter().flatten().enumerate();
        let mut modules: Vec<_> =
            modules.map(|(n, text)| (format!("module-{n}.rego"), text.clone())).collect();
        modules.push(("query.rego".to_owned(), probe));
        let input = match (&self.input_term, &self.input) {
            (Some(term), _) => Input::Term(term.clone()),
            (None, Some(json)) => Input::Json(json.to_string()),
            (None, None) => Input::Missing,
        };
        let data = Value::Object(self.data.clone().unwrap_or_default()).to_string();
        Specimen { modules, data, input, rule: "data.conformance.result".to_owned() }
    }

    /// The query; most are `RULE = x`, which unifies, and say the same as an assignment, which the
    /// fast engine knows.
    fn written(&self) -> String {
        let is_reference = |text: &str| {
            text.starts_with("data.")
                && text.chars().all(|c| c.is_alphanumeric() || "._".contains(c))
        };
        match self.query.split_once(" = ") {
            Some((rule, name @ ("x" | "b"))) if is_reference(rule) => format!("{name} := {rule}"),
            _ => self.query.clone(),
        }
    }

    fn hold(&self, engine: &str, said: &Result<String, Failure>) -> Result<(), String> {
        let differs = |said: &dyn std::fmt::Display| format!("{engine}: {said}");
        match (said, &self.want_result) {
            (Err(_), None) => Ok(()),
            (Err(failure), Some(_)) => Err(differs(failure)),
            (Ok(text), None) => Err(differs(&format!("no error, but {text}"))),
            (Ok(text), Some(want)) => {
                let found: Value = serde_json::from_str(text).map_err(|why| differs(&why))?;
                let want = Value::Array(want.iter().cloned().map(Value::Object).collect());
                if same(&self.unordered(&found), &self.unordered(&want)) {
                    return Ok(());
                }
                Err(differs(&format!("{found}, not {want}")))
            }
        }
    }

    /// The bindings of a query come in no order.
    fn unordered(&self, bindings: &Value) -> Value {
        let mut bindings = sorted(bindings);
        let values = bindings.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut);
        if self.sort_bindings {
            values.flat_map(Map::values_mut).for_each(|value| *value = sorted(value));
        }
        bindings
    }
}

/// A list in some order that depends on nothing but its elements; anything else as it is.
fn sorted(value: &Value) -> Value {
    let mut value = value.clone();
    if let Value::Array(list) = &mut value {
        list.sort_by_key(Value::to_string);
    }
    value
}

/// Whether two values are one; `1` and `1.0` are.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || one.as_f64() == other.as_f64()
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let held = |(key, value)| other.get(key).is_some_and(|other| same(value, other));
            one.len() == other.len() && one.iter().all(held)
        }
        _ => one == other,
    }
}

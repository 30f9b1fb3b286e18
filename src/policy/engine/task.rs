//! What a rule says of the task that a request is a part of: what the request costs, and what is to
//! become of the task.

use regorus::Value;
use regorus::value::Object;

use crate::id::RouteName;
use crate::policy::engine::answer::{members, text, texts, unknown_key};
use crate::policy::failure::{Cause, Failure};
use crate::policy::obligation::Duty;
use crate::route::path::Path;
use crate::task::{Amount, Change, Prefix, Quantity, Scope, Unit};

/// `amount`: a unit, and how much of it. A number stands for what it is printed as.
pub(super) fn amount(value: &Value) -> Result<Amount, Failure> {
    let (mut unit, mut quantity) = (None, None);
    for (key, value) in members("`amount`", value)? {
        match text("a key of `amount`", key)? {
            "unit" => unit = Unit::parse(text("`unit`", value)?),
            "value" => quantity = self::quantity(value),
            unknown => return Err(unknown_key("`amount`", unknown)),
        }
    }
    let (Some(unit), Some(value)) = (unit, quantity) else {
        let message = "`amount` needs a `unit` of 1 to 16 letters, digits, `_` and `-`, and a `value`: a \
             decimal from zero on, with at most 18 digits before the point and 9 behind it";
        return Err(Failure::new(Cause::Answer, message));
    };
    Ok(Amount { unit, value })
}

fn quantity(value: &Value) -> Option<Quantity> {
    match value {
        Value::Number(_) => Quantity::parse(&value.to_string()),
        Value::String(text) => Quantity::parse(text),
        _ => None,
    }
}

/// What an obligation of type `task` may say beside its type.
pub(super) const KEYS: &[&str] = &["do", "methods", "paths", "routes", "tools"];

/// An obligation of type `task`.
pub(super) fn duty(said: &Object) -> Result<Duty, Failure> {
    let at = |key: &str| said.get(&Value::from(key));
    let Some(what) = at("do") else {
        return Err(refused("an obligation of type `task` needs `do`"));
    };
    let bounds = ["methods", "paths", "routes", "tools"];
    let is_bounded = bounds.into_iter().any(|key| at(key).is_some());
    let change = match (text("`do`", what)?, is_bounded) {
        ("end", false) => Change::End,
        ("pause", false) => Change::Pause,
        ("narrow", true) => Change::Narrow(Box::new(scope(said)?)),
        ("narrow", false) => {
            return Err(refused("`narrow` needs `methods`, `paths`, `routes` or `tools`"));
        }
        ("end" | "pause", true) => return Err(refused("only `narrow` says what is left")),
        (other, _) => {
            let message = format!("`do` can be \"end\", \"narrow\" or \"pause\", not \"{other}\"");
            return Err(refused(&message));
        }
    };
    Ok(Duty::Task(change))
}

fn scope(said: &Object) -> Result<Scope, Failure> {
    let list = |key: &str| said.get(&Value::from(key)).map(|all| texts(key, all)).transpose();
    let prefix = |path: String| {
        let path = Path::parse(&path).map_err(|_| refused("a path of `paths` is none"))?;
        Ok(Prefix::new(path.as_str()))
    };
    let routes = list("routes")?;
    Ok(Scope {
        routes: routes.map(|all| all.iter().map(|name| RouteName::from(name.as_str())).collect()),
        methods: list("methods")?.map(|all| all.into_iter().collect()),
        paths: list("paths")?.map(|all| all.into_iter().map(prefix).collect()).transpose()?,
        tools: list("tools")?.map(|all| all.into_iter().collect()),
        ..Scope::default()
    })
}

fn refused(message: &str) -> Failure {
    Failure::new(Cause::Obligation, message)
}

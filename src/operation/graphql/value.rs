//! Values in a document, with the variables' in their place.

use std::collections::{HashMap, HashSet};

use apollo_parser::cst::{self, CstNode};
use serde_json::{Map, Value};

use crate::operation::unreadable::Unreadable;
use crate::route::{Ambiguity, json};

/// The variables that one operation declares, by name; `None` where there is neither a value nor a
/// default.
#[derive(Debug, Default)]
pub(super) struct Variables(HashMap<String, Option<Value>>);

impl Variables {
    /// Those that the operation declares, with the values that the request gives.
    pub(super) fn declared(
        operation: &cst::OperationDefinition,
        given: &Map<String, Value>,
    ) -> Result<Self, Unreadable> {
        let mut variables = HashMap::new();
        let list = operation.variable_definitions().into_iter();
        for definition in list.flat_map(|list| list.variable_definitions()) {
            let name = definition.variable().and_then(|variable| variable.name());
            let name = name.ok_or(Unreadable::GraphQlDocument)?.text().to_string();
            let default = match definition.default_value() {
                Some(default) => Self::default().value(default.value())?,
                None => None,
            };
            let value = given.get(&name).cloned().or(default);
            if variables.insert(name, value).is_some() {
                return Err(Unreadable::GraphQlVariable);
            }
        }
        Ok(Self(variables))
    }

    /// The arguments of a field or of a directive; those whose variable is not set are left out.
    pub(super) fn arguments(
        &self,
        arguments: Option<cst::Arguments>,
    ) -> Result<Map<String, Value>, Unreadable> {
        let list = arguments.into_iter().flat_map(|list| list.arguments());
        self.members(list.map(|argument| (argument.name(), argument.value())))
    }

    fn members(
        &self,
        list: impl Iterator<Item = (Option<cst::Name>, Option<cst::Value>)>,
    ) -> Result<Map<String, Value>, Unreadable> {
        let (mut members, mut names) = (Map::new(), HashSet::new());
        for (name, value) in list {
            let name = name.ok_or(Unreadable::GraphQlDocument)?.text().to_string();
            if !names.insert(name.clone()) {
                return Err(Unreadable::GraphQlDocument);
            }
            if let Some(value) = self.value(value)? {
                members.insert(name, value);
            }
        }
        Ok(members)
    }

    /// A value; `None` for a variable that is not set.
    fn value(&self, value: Option<cst::Value>) -> Result<Option<Value>, Unreadable> {
        // The parser lets an argument pass that has no value.
        let value = value.ok_or(Unreadable::GraphQlDocument)?;
        Ok(Some(match value {
            cst::Value::BooleanValue(value) => Value::Bool(value.true_token().is_some()),
            cst::Value::EnumValue(value) => value.text().to_string().into(),
            cst::Value::FloatValue(value) => number(&value)?,
            cst::Value::IntValue(value) => number(&value)?,
            cst::Value::ListValue(list) => {
                list.r_brack_token().ok_or(Unreadable::GraphQlDocument)?;
                let items = list.values().map(|item| self.value(Some(item)));
                let items: Result<Vec<_>, _> = items.collect();
                items?.into_iter().map(Option::unwrap_or_default).collect()
            }
            cst::Value::NullValue(_) => Value::Null,
            cst::Value::ObjectValue(object) => {
                let fields = object.object_fields().map(|field| (field.name(), field.value()));
                Value::Object(self.members(fields)?)
            }
            cst::Value::StringValue(value) => String::from(value).into(),
            cst::Value::Variable(variable) => {
                let name = variable.name().ok_or(Unreadable::GraphQlDocument)?.text();
                return self.0.get(name.as_str()).cloned().ok_or(Unreadable::GraphQlVariable);
            }
        }))
    }
}

/// A number that can be held exactly; GraphQL writes numbers as JSON does.
fn number(value: &impl CstNode) -> Result<Value, Unreadable> {
    let token = value.syntax().first_token().ok_or(Unreadable::GraphQlDocument)?;
    json::check(token.text().as_bytes()).map_err(|_| Ambiguity::JsonNumber)?;
    serde_json::from_str(token.text()).map_err(|_| Unreadable::GraphQlDocument)
}

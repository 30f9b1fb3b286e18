//! Lists of tools, prompts and resources, without what the agent could not use.
//!
//! An item is shown exactly when a call of it would be allowed, its arguments not known. The
//! answer is written out from what was read, so that nothing is shown that was not asked about.

use serde_json::{Map, Value, json};

use crate::operation::mcp::method::Subject;

/// A kind of list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum List {
    /// `prompts/list`
    Prompts,
    /// `resources/list`
    Resources,
    /// `resources/templates/list`
    Templates,
    /// `tools/list`
    Tools,
}

/// A list that cannot be read, and so cannot be filtered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Unreadable;

impl List {
    /// The list that `method` asks for.
    pub fn of(method: &str) -> Option<Self> {
        Some(match method {
            "prompts/list" => Self::Prompts,
            "resources/list" => Self::Resources,
            "resources/templates/list" => Self::Templates,
            "tools/list" => Self::Tools,
            _ => return None,
        })
    }

    /// What its items are.
    pub const fn subject(self) -> Subject {
        match self {
            Self::Prompts => Subject::Prompt,
            Self::Resources | Self::Templates => Subject::Resource,
            Self::Tools => Subject::Tool,
        }
    }

    /// The member of the result that holds the items, and the member of each that names it. A
    /// template's name is the template itself: nobody knows yet which resource will be asked for.
    const fn members(self) -> (&'static str, &'static str) {
        match self {
            Self::Prompts => ("prompts", "name"),
            Self::Resources => ("resources", "uri"),
            Self::Templates => ("resourceTemplates", "uriTemplate"),
            Self::Tools => ("tools", "name"),
        }
    }
}

/// Takes out of every list in `message` what `shows` does not want shown: `asked` is the list that
/// was asked for, if any. Whatever is no list passes as it is.
///
/// # Errors
/// [`Unreadable`], if a list is not what the protocol says.
pub fn filter(
    message: &mut Value,
    asked: Option<List>,
    mut shows: impl FnMut(List, &str, &Value) -> bool,
) -> Result<(), Unreadable> {
    match message {
        // A server of an old revision may answer several requests at once.
        Value::Array(messages) => {
            messages.iter_mut().try_for_each(|message| answer(message, None, &mut shows))
        }
        message => answer(message, asked, &mut shows),
    }
}

fn answer(
    message: &mut Value,
    asked: Option<List>,
    shows: &mut impl FnMut(List, &str, &Value) -> bool,
) -> Result<(), Unreadable> {
    let message = message.as_object_mut().ok_or(Unreadable)?;
    let Some(result) = message.get_mut("result") else { return Ok(()) };
    let Some(result) = result.as_object_mut() else {
        return if asked.is_some() { Err(Unreadable) } else { Ok(()) };
    };
    for list in [List::Prompts, List::Resources, List::Templates, List::Tools] {
        let found = one(result, list, shows)?;
        if asked == Some(list) && !found {
            return Err(Unreadable);
        }
    }
    Ok(())
}

/// Filters one list, and says whether it is there.
fn one(
    result: &mut Map<String, Value>,
    list: List,
    shows: &mut impl FnMut(List, &str, &Value) -> bool,
) -> Result<bool, Unreadable> {
    let (member, key) = list.members();
    let Some(items) = result.get_mut(member) else { return Ok(false) };
    let items = items.as_array_mut().ok_or(Unreadable)?;
    if items.len() > MOST || !items.iter().all(|item| item.get(key).is_some_and(Value::is_string)) {
        return Err(Unreadable);
    }
    items.retain(|item| {
        let name = item.get(key).and_then(Value::as_str).unwrap_or_default();
        shows(list, name, item)
    });
    keep_private(result);
    Ok(true)
}

/// What one agent is shown is nobody else's to keep, and not for long: rules change.
fn keep_private(result: &mut Map<String, Value>) {
    if result.contains_key("cacheScope") {
        result.insert("cacheScope".to_owned(), json!("private"));
    }
    if let Some(ttl) = result.get_mut("ttlMs")
        && ttl.as_f64().is_none_or(|millis| millis > LONGEST_MILLIS)
    {
        *ttl = json!(60_000);
    }
}

/// The most items of one page.
const MOST: usize = 1024;

/// The longest an agent may keep a list.
const LONGEST_MILLIS: f64 = 60_000.0;

#[cfg(test)]
mod tests {
    use super::{List, Unreadable, filter};
    use serde_json::{Value, json};

    fn without_b(mut message: Value, asked: Option<List>) -> Result<Value, Unreadable> {
        filter(&mut message, asked, |_, name, _| name != "b").map(|()| message)
    }

    #[test]
    fn what_is_not_shown_is_gone_and_the_rest_keeps_its_order() {
        let list = json!({ "id": 1, "result": {
            "tools": [{ "name": "c" }, { "name": "b" }, { "name": "a", "title": "b" }],
            "nextCursor": "n", "cacheScope": "public", "ttlMs": 3_600_000,
        }});
        let shown = without_b(list, Some(List::Tools)).unwrap();
        assert_eq!(
            shown["result"]["tools"],
            json!([{ "name": "c" }, { "name": "a", "title": "b" }])
        );
        assert_eq!(shown["result"]["nextCursor"], "n");
        assert_eq!(shown["result"]["cacheScope"], "private");
        assert_eq!(shown["result"]["ttlMs"], 60_000);
    }

    #[test]
    fn each_kind_of_list_names_its_items_in_its_own_way() {
        for (list, member, key) in [
            (List::Prompts, "prompts", "name"),
            (List::Resources, "resources", "uri"),
            (List::Templates, "resourceTemplates", "uriTemplate"),
        ] {
            let message = json!({ "result": { member: [{ key: "a" }, { key: "b" }] } });
            let shown = without_b(message, Some(list)).unwrap();
            assert_eq!(shown["result"][member], json!([{ key: "a" }]));
        }
    }

    #[test]
    fn a_list_in_the_answer_to_something_else_is_filtered_too() {
        let message = json!({ "result": { "tools": [{ "name": "b" }] } });
        assert_eq!(without_b(message.clone(), None).unwrap()["result"]["tools"], json!([]));
        let several = without_b(json!([message]), Some(List::Tools)).unwrap();
        assert_eq!(several[0]["result"]["tools"], json!([]));
    }

    #[test]
    fn what_cannot_be_read_is_not_shown() {
        for message in [
            json!([1]),
            json!("tools"),
            json!({ "result": 1 }),
            json!({ "result": {} }),
            json!({ "result": { "tools": {} } }),
            json!({ "result": { "tools": [{ "title": "b" }] } }),
            json!({ "result": { "tools": [{ "name": ["b"] }] } }),
            json!({ "result": { "tools": vec![json!({ "name": "a" }); 1025] } }),
        ] {
            assert_eq!(without_b(message, Some(List::Tools)), Err(Unreadable));
        }
    }

    #[test]
    fn an_error_or_a_notification_passes() {
        for message in [json!({ "error": { "code": 1 } }), json!({ "method": "notifications/x" })] {
            assert_eq!(without_b(message.clone(), Some(List::Tools)).unwrap(), message);
        }
    }
}

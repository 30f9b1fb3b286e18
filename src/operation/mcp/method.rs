//! The methods a client may ask for, by the time of their revision.

use crate::operation::mcp::revision::Revision;

/// What a method acts on, and where its message names that.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Subject {
    /// A tool, by `params.name`.
    Tool,
    /// A prompt, by `params.name`.
    Prompt,
    /// A resource, by `params.uri`.
    Resource,
    /// A task, by `params.taskId`.
    Task,
    /// Nothing with a name.
    Nothing,
}

impl Subject {
    /// What `method` acts on.
    pub fn of(method: &str) -> Self {
        match method {
            "tools/call" => Self::Tool,
            "prompts/get" => Self::Prompt,
            "resources/read" | "resources/subscribe" | "resources/unsubscribe" => Self::Resource,
            "tasks/cancel" | "tasks/get" | "tasks/result" | "tasks/update" => Self::Task,
            _ => Self::Nothing,
        }
    }

    /// The member of `params` that names it.
    pub const fn member(self) -> Option<&'static str> {
        match self {
            Self::Tool | Self::Prompt => Some("name"),
            Self::Resource => Some("uri"),
            Self::Task => Some("taskId"),
            Self::Nothing => None,
        }
    }
}

/// Whether a request for `method` exists in `revision`.
pub fn is_request(method: &str, revision: Revision) -> bool {
    let both = [
        "completion/complete",
        "prompts/get",
        "prompts/list",
        "resources/list",
        "resources/read",
        "resources/templates/list",
        "tasks/cancel",
        "tasks/get",
        "tools/call",
        "tools/list",
    ];
    let modern = ["server/discover", "subscriptions/listen", "tasks/update"];
    let legacy = [
        "initialize",
        "logging/setLevel",
        "ping",
        "resources/subscribe",
        "resources/unsubscribe",
        "tasks/list",
        "tasks/result",
    ];
    both.contains(&method)
        || if revision.is_modern() { modern.contains(&method) } else { legacy.contains(&method) }
}

/// Whether `method` is a notification, which asks for nothing and gets no answer.
pub fn is_notification(method: &str) -> bool {
    method.strip_prefix("notifications/").is_some_and(|rest| !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{is_notification, is_request};
    use crate::operation::mcp::revision::Revision;

    #[test]
    fn a_method_is_known_by_its_exact_name_in_its_time() {
        assert!(is_request("tools/call", Revision::July2026));
        assert!(is_request("tools/call", Revision::June2025));
        assert!(!is_request("initialize", Revision::July2026));
        assert!(!is_request("server/discover", Revision::November2025));
        for unknown in ["Tools/call", "tools/call ", "tools/delete", "", "notifications/x"] {
            assert!(!is_request(unknown, Revision::July2026), "{unknown}");
        }
        assert!(is_notification("notifications/initialized"));
        assert!(!is_notification("notifications/"));
    }
}

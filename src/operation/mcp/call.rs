//! What a message asks for, as rules read it in `input.countersign.mcp`.

use serde_json::{Value, json};

use crate::operation::kind::Kind as Effect;
use crate::operation::mcp::definition::Definition;
use crate::operation::mcp::list::List;
use crate::operation::mcp::method::Subject;
use crate::operation::mcp::revision::Revision;
use crate::operation::operation::{Arguments, Operation};

/// One message, as policy judges it.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// What kind of message it is.
    pub kind: Kind,
    /// Its method; none for a response, a stream or the end of a session.
    pub method: Option<String>,
    /// What it acts on.
    pub subject: Subject,
    /// Its name: the tool's, the prompt's, the resource's URI, the task's id.
    pub name: Option<String>,
    /// The arguments of a tool or a prompt, always an object; `None` where they are not known or
    /// there cannot be any.
    pub arguments: Option<Value>,
    /// The revision, once it is agreed.
    pub revision: Option<Revision>,
    /// The session that it belongs to.
    pub session: Option<String>,
    /// Whether it is asked for, or only considered.
    pub purpose: Purpose,
    /// How the server describes the tool, where it has listed it through us.
    pub definition: Option<Definition>,
}

/// The kinds of messages a client sends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// `DELETE`: it ends its session.
    End,
    /// It asks for nothing.
    Notification,
    /// It wants an answer.
    Request,
    /// It answers what the server asked.
    Response,
    /// `GET`: it listens to what the server has to say.
    Stream,
}

/// Whether a call is asked for, or only considered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// An agent asks for it now.
    Calling,
    /// A list is about to show its subject. Nobody knows its arguments yet.
    Listing,
}

impl Call {
    /// The call that `name` in a list of `subject`s offers; its arguments are not known.
    pub fn offered(&self, subject: Subject, name: &str, definition: Option<Definition>) -> Self {
        let method = match subject {
            Subject::Prompt => "prompts/get",
            Subject::Resource => "resources/read",
            _ => "tools/call",
        };
        Self {
            kind: Kind::Request,
            method: Some(method.to_owned()),
            subject,
            name: Some(name.to_owned()),
            arguments: None,
            revision: self.revision,
            session: self.session.clone(),
            purpose: Purpose::Listing,
            definition,
        }
    }

    /// The list that it asks for.
    pub fn list(&self) -> Option<List> {
        self.method.as_deref().and_then(List::of)
    }

    /// The one operation that it is.
    pub(in crate::operation) fn operation(&self) -> Operation {
        Operation {
            protocol: "mcp",
            kind: self.effect(),
            verb: self.method.as_deref().unwrap_or(self.kind.word()).into(),
            name: self.name.as_deref().unwrap_or_default().into(),
            arguments: self.arguments.clone().map_or(Arguments::None, Arguments::Of),
            fields: Vec::new(),
        }
    }

    /// A tool may do anything, whatever its server says of it.
    fn effect(&self) -> Effect {
        let reads = match (self.kind, self.method.as_deref()) {
            (Kind::Stream, _) => true,
            (Kind::Request, Some(method)) => is_read(method),
            _ => false,
        };
        if reads { Effect::Read } else { Effect::Write }
    }

    /// The message that such a call would be, for rules that read the body itself.
    pub fn body(&self) -> Value {
        let member = self.subject.member().unwrap_or("name");
        json!({
            "jsonrpc": "2.0",
            "id": 0,
            "method": self.method,
            "params": { member: self.name },
        })
    }

    /// What rules read.
    pub fn document(&self) -> Value {
        let named = |subject| if self.subject == subject { self.name.as_deref() } else { None };
        json!({
            "kind": self.kind.word(),
            "method": self.method,
            "tool": named(Subject::Tool),
            "prompt": named(Subject::Prompt),
            "resource": named(Subject::Resource),
            "task": named(Subject::Task),
            "arguments": self.arguments,
            "revision": self.revision.map(Revision::date),
            "session": self.session,
            "listing": self.purpose == Purpose::Listing,
            "definition": self.definition.as_ref().map(Definition::document),
        })
    }
}

fn is_read(method: &str) -> bool {
    let others = [
        "completion/complete",
        "initialize",
        "ping",
        "prompts/get",
        "resources/read",
        "resources/subscribe",
        "resources/unsubscribe",
        "server/discover",
        "subscriptions/listen",
        "tasks/get",
        "tasks/list",
        "tasks/result",
    ];
    List::of(method).is_some() || others.contains(&method)
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::End => "end",
            Self::Notification => "notification",
            Self::Request => "request",
            Self::Response => "response",
            Self::Stream => "stream",
        }
    }
}

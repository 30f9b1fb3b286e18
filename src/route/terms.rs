//! What a route says about the exchanges it carries.

/// When an exchange's intent counts as recorded.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Durability {
    /// The disk has it: power may fail.
    Disk,
    /// The kernel has it: Countersign may be killed.
    #[default]
    Kernel,
}

impl Durability {
    /// The word for it in the configuration and on the record.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Kernel => "kernel",
        }
    }
}

/// The shape of Countersign's own answers, so that an agent's library shows their sentence.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Dialect {
    /// Anthropic's API: `{"type":"error","error":{…}}`.
    Anthropic,
    /// AWS' APIs: an XML `ErrorResponse`.
    Aws,
    /// RFC 9457 with the members that most libraries look for.
    #[default]
    Generic,
    /// git over HTTP: text that git prints behind `remote:`.
    Git,
    /// GitHub's API: a `message` at the top.
    GitHub,
    /// GraphQL: `{"errors":[…]}`.
    GraphQl,
    /// JSON-RPC 2.0: an `error` for each `id`.
    JsonRpc,
    /// MCP: a tool result with `isError`.
    Mcp,
    /// OpenAI's API: `{"error":{…}}`.
    OpenAi,
}

/// What policy may see of a request's body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Inspect {
    /// How it is read.
    pub encoding: Encoding,
    /// The largest body, in bytes; a larger one is refused whole.
    pub limit: usize,
}

/// How an inspected body is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Encoding {
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `application/grpc`: messages by their descriptors.
    Grpc,
    /// `application/json`, strictly.
    Json,
    /// `multipart/form-data`: what its parts are, not what they hold.
    Multipart,
}

/// What happens to a response that cannot be searched for an injected secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unscannable {
    /// The agent may have it.
    Pass,
    /// The agent gets a 502 instead.
    Refuse,
}

/// Whether a request may be sent a second time.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Retry {
    /// Where its method is idempotent and no byte of an answer came.
    Idempotent,
    /// Only where it is certain that nothing of it was sent.
    #[default]
    Never,
}

/// What a route does with `%2F` in a path.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum EncodedSlash {
    /// It is part of a segment; policy sees the raw segments.
    Keep,
    /// The request is refused.
    #[default]
    Refuse,
}

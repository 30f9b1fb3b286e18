//! The rules that a request breaks inside its protocol.
//!
//! They are to a protocol's messages what [`Ambiguity`] is to HTTP's: the agent is told which rule,
//! in a 400 of the protocol's own shape.

use std::fmt;

use http::StatusCode;

use crate::route::Ambiguity;

/// A rule that a request broke, so that its operations could not be told apart. Nothing of it
/// reaches policy or an upstream.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Unreadable {
    /// It could be read in two ways already.
    Ambiguous(Ambiguity),
    /// There are more operations, fields of a form or parts in it than one request may have.
    Count,
    /// A form is malformed, or names of it differ only in case or blanks.
    Form,
    /// A GraphQL document nests deeper than the route takes.
    GraphQlDepth,
    /// A GraphQL document is malformed, or holds more than operations and fragments.
    GraphQlDocument,
    /// GraphQL documents of one request touch more fields than the route takes.
    GraphQlFields,
    /// A fragment is missing, stands twice, or spreads itself.
    GraphQlFragment,
    /// The operations of a document are not told apart by their names.
    GraphQlName,
    /// A persisted query that the route does not list, or whose digest is another one.
    GraphQlPersisted,
    /// A GraphQL request is not one POST with JSON or one GET with a query.
    GraphQlRequest,
    /// A variable is used that no operation declares, or is declared twice.
    GraphQlVariable,
    /// A gRPC call is not a POST of `application/grpc` to `/package.Service/Method`.
    GrpcCall,
    /// A message of gRPC is compressed.
    GrpcCompressed,
    /// A body of gRPC is not whole messages of the method's type, or not as many as it takes.
    GrpcMessage,
    /// A method that the route's descriptors do not have.
    GrpcMethod,
    /// Messages of gRPC hold more values than policy is shown.
    GrpcSize,
    /// A message of gRPC holds what the route's descriptors do not know.
    GrpcUnknown,
    /// Two calls of a JSON-RPC batch have one id, or an id is neither text nor an integer.
    JsonRpcId,
    /// A JSON-RPC message or batch is malformed, or is not a POST.
    JsonRpcRequest,
    /// A JSON-RPC response, which answers nothing here.
    JsonRpcResponse,
    /// A multipart body is malformed, or could be split in another way.
    Multipart,
}

impl Unreadable {
    /// The rule's stable name: the problem's `code`, the metric's label, the record's word.
    pub const fn rule(self) -> &'static str {
        self.texts().0
    }

    /// One sentence for the agent: what is wrong and what to send instead.
    pub const fn detail(self) -> &'static str {
        self.texts().1
    }

    /// The status that the refusal carries.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Ambiguous(rule) => rule.status(),
            // As gRPC tells it: the method is not implemented, the resource is exhausted.
            Self::GrpcMethod => StatusCode::NOT_FOUND,
            Self::GrpcSize => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Ambiguous(rule) => (rule.rule(), rule.detail()),
            Self::Count => (
                "operation_count",
                "Send fewer at once: at most 64 operations or parts, or 256 fields of a form.",
            ),
            Self::Form => (
                "form_syntax",
                "A form is `name=value` pairs joined by `&`, escaped, in UTF-8; names that differ \
                 only in case or blanks may not stand together.",
            ),
            Self::GraphQlDepth => ("graphql_depth", "Nest the document's fields less deeply."),
            Self::GraphQlDocument => (
                "graphql_document",
                "The document must be valid GraphQL: operations and fragments, nothing else, and \
                 no argument or member twice.",
            ),
            Self::GraphQlFields => (
                "graphql_fields",
                "Ask for fewer fields at once; fragments count where they stand.",
            ),
            Self::GraphQlFragment => (
                "graphql_fragment",
                "Every fragment must be there once, and none may spread itself.",
            ),
            Self::GraphQlName => (
                "graphql_name",
                "Several operations need different names, and operationName must say which.",
            ),
            Self::GraphQlPersisted => (
                "graphql_persisted",
                "This persisted query may not be asked for by its id; send the document.",
            ),
            Self::GraphQlRequest => (
                "graphql_request",
                "Send a POST whose JSON has query, operationName, variables and extensions, or a \
                 GET with them in the query; not both, and nothing else.",
            ),
            Self::GraphQlVariable => {
                ("graphql_variable", "Declare every variable that the document uses, once.")
            }
            Self::GrpcCall => {
                ("grpc_call", "A call is a POST of application/grpc to /package.Service/Method.")
            }
            Self::GrpcCompressed => {
                ("grpc_compressed", "This route reads messages: send them without compression.")
            }
            Self::GrpcMessage => (
                "grpc_message",
                "Send whole messages of the method's own type, one unless it takes a stream, with \
                 finite numbers only.",
            ),
            Self::GrpcMethod => ("grpc_method", "This route does not know this method."),
            Self::GrpcSize => ("grpc_size", "Send messages with fewer values in them."),
            Self::GrpcUnknown => (
                "grpc_unknown",
                "Send only fields and enumeration values that this route's descriptors have.",
            ),
            Self::JsonRpcId => {
                ("jsonrpc_id", "An id is a text or an integer, and is used once in a batch.")
            }
            Self::JsonRpcRequest => (
                "jsonrpc_request",
                "POST one message, or a batch that is not empty: jsonrpc \"2.0\", a method, and \
                 where there are any params and an id; nothing else.",
            ),
            Self::JsonRpcResponse => {
                ("jsonrpc_response", "Only calls and notifications can be sent here.")
            }
            Self::Multipart => (
                "multipart_syntax",
                "Send form-data whose parts have a quoted name, at most a filename and a \
                 Content-Type, and do not hold the boundary.",
            ),
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rule())
    }
}

impl std::error::Error for Unreadable {}

impl From<Ambiguity> for Unreadable {
    fn from(rule: Ambiguity) -> Self {
        Self::Ambiguous(rule)
    }
}

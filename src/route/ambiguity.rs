//! The rules a request breaks by being readable in two ways, or by being too large to be read.
//!
//! Each is a trick, or the accident that looks like one, that made some proxy and the server behind
//! it disagree about a request. The agent gets a 400 that names the rule, so that an honest one can
//! be mended.

use std::fmt;

use http::StatusCode;

/// A rule that a request broke. Nothing of such a request reaches policy or an upstream.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Ambiguity {
    /// `:authority`, `Host` and an absolute target do not say the same.
    AuthorityMismatch,
    /// The authority is missing, or is not a host with an optional port.
    AuthorityMalformed,
    /// An inspected body has a content coding.
    BodyCoding,
    /// An inspected body is not declared as the one type that the route inspects.
    BodyType,
    /// An obsolete or malformed chunk header, chunk extension or chunk ending.
    ChunkSyntax,
    /// `Content-Length` is repeated or is not a plain number.
    ContentLength,
    /// Both `Content-Length` and `Transfer-Encoding` are present.
    ContentLengthWithTransferEncoding,
    /// `Expect` says anything but `100-continue`.
    Expectation,
    /// The request line and the headers together are larger than the listener takes.
    HeadTooLarge,
    /// There are more headers than the listener takes.
    HeaderCount,
    /// The same single-valued header stands there twice.
    HeaderRepeated,
    /// A header line is malformed: no colon, blanks before it, an empty name, a continuation.
    HeaderSyntax,
    /// A header's name has an underscore, which many servers read as a hyphen.
    HeaderUnderscore,
    /// A header's value holds a control character or is not UTF-8.
    HeaderValue,
    /// A JSON body has the same key twice, or two keys that differ only in case or blanks.
    JsonDuplicateKey,
    /// A JSON body holds a number that cannot be held exactly.
    JsonNumber,
    /// A body is not one strict JSON text, or is nested too deeply.
    JsonSyntax,
    /// A line ends in a bare line feed, or a carriage return stands alone.
    LineEnding,
    /// The request asks to be taken for one with another method.
    MethodOverride,
    /// A path holds a backslash, raw or encoded.
    PathBackslash,
    /// A path holds a control character or a byte that is not UTF-8, raw or encoded.
    PathControl,
    /// A path has a `.` or `..` segment, in any spelling.
    PathDotSegment,
    /// A path is encoded twice: `%252e`, `%252f` or `%255c`.
    PathDoubleEncoding,
    /// A path has an empty segment (`//`).
    PathEmptySegment,
    /// A path has an encoded slash and its route does not keep them.
    PathEncodedSlash,
    /// A `%` is not followed by two hexadecimal digits, or a character needed escaping.
    PathEscape,
    /// The target holds a fragment.
    PathFragment,
    /// A query has a malformed escape, a control character, or a byte that is not UTF-8.
    QueryEscape,
    /// `Countersign-Proposal` stands twice, or is no id of a proposal.
    ProposalMalformed,
    /// A query holds a raw `;`, which some servers take for `&`.
    QuerySemicolon,
    /// The request line is not `METHOD SP target SP HTTP/1.1`.
    RequestLine,
    /// The target is not in origin form.
    TargetForm,
    /// The target is longer than the listener takes.
    TargetTooLong,
    /// `Countersign-Task` stands twice, or is no id of a task.
    TaskMalformed,
    /// `Transfer-Encoding` is anything but one `chunked`, or is used in HTTP/1.0.
    TransferEncoding,
    /// An upgrade on a request with a body, or to a protocol that is half asked for.
    Upgrade,
}

impl Ambiguity {
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
            Self::BodyCoding | Self::BodyType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Expectation => StatusCode::EXPECTATION_FAILED,
            Self::HeadTooLarge | Self::HeaderCount => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::TargetTooLong => StatusCode::URI_TOO_LONG,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::AuthorityMismatch => (
                "authority_mismatch",
                "The Host header, the :authority and the target must name the same host.",
            ),
            Self::AuthorityMalformed => (
                "authority_malformed",
                "Send exactly one Host (or :authority): a host name or address, with an optional \
                 port, and nothing else.",
            ),
            Self::BodyCoding => {
                ("body_coding", "This route inspects the body: send it without a Content-Encoding.")
            }
            Self::BodyType => (
                "body_type",
                "This route inspects the body: send exactly one Content-Type, the one that it \
                 expects, with no charset but utf-8.",
            ),
            Self::ChunkSyntax => (
                "chunk_syntax",
                "A chunk must be a hexadecimal size without extensions, its data, and CRLFs.",
            ),
            Self::ContentLength => {
                ("content_length", "Content-Length must stand once and be a plain decimal number.")
            }
            Self::ContentLengthWithTransferEncoding => (
                "content_length_with_transfer_encoding",
                "Send either Content-Length or Transfer-Encoding, not both.",
            ),
            Self::Expectation => ("expectation", "Expect may only be 100-continue."),
            Self::HeadTooLarge => ("head_too_large", "Send fewer or shorter headers."),
            Self::HeaderCount => ("header_count", "Send fewer headers."),
            Self::HeaderRepeated => {
                ("header_repeated", "A header that has one value must stand once.")
            }
            Self::HeaderSyntax => (
                "header_syntax",
                "Each header is `name: value` on one line, with no blank before the colon.",
            ),
            Self::HeaderUnderscore => {
                ("header_underscore", "Header names may not have underscores; use hyphens.")
            }
            Self::HeaderValue => {
                ("header_value", "Header values must be UTF-8 without control characters.")
            }
            Self::JsonDuplicateKey => (
                "json_duplicate_key",
                "No two keys of a JSON object may be the same, or differ only in case or blanks.",
            ),
            Self::JsonNumber => {
                ("json_number", "A number in the body cannot be held exactly; send it as a string.")
            }
            Self::JsonSyntax => (
                "json_syntax",
                "The body must be one JSON text: UTF-8, no byte order mark, nested at most 64 deep.",
            ),
            Self::LineEnding => ("line_ending", "Every line must end in CR LF."),
            Self::MethodOverride => (
                "method_override",
                "Use the method that you mean; no header and no `_method` may name another one.",
            ),
            Self::PathBackslash => ("path_backslash", "A path may not hold a backslash."),
            Self::PathControl => {
                ("path_control", "A path must be UTF-8 without control characters.")
            }
            Self::PathDotSegment => {
                ("path_dot_segment", "Resolve `.` and `..` before sending the path.")
            }
            Self::PathDoubleEncoding => {
                ("path_double_encoding", "Encode the path once: this one is encoded twice.")
            }
            Self::PathEmptySegment => {
                ("path_empty_segment", "A path may not have an empty segment (`//`).")
            }
            Self::PathEncodedSlash => {
                ("path_encoded_slash", "This route does not accept an encoded slash in the path.")
            }
            Self::PathEscape => (
                "path_escape",
                "Every `%` in a path needs two hexadecimal digits, and reserved characters need \
                 escaping.",
            ),
            Self::PathFragment => ("path_fragment", "A fragment (`#`) is never sent to a server."),
            Self::QueryEscape => (
                "query_escape",
                "The query must be UTF-8, escaped correctly, without control characters.",
            ),
            Self::ProposalMalformed => (
                "proposal_malformed",
                "Countersign-Proposal must stand once and be the id of a proposal.",
            ),
            Self::QuerySemicolon => {
                ("query_semicolon", "Separate query parameters with `&`; escape `;` as %3B.")
            }
            Self::RequestLine => {
                ("request_line", "The request line must be `METHOD target HTTP/1.1`.")
            }
            Self::TargetForm => {
                ("target_form", "Send the path alone as the target, beginning with `/`.")
            }
            Self::TargetTooLong => ("target_too_long", "Send a shorter path and query."),
            Self::TaskMalformed => {
                ("task_malformed", "Countersign-Task must stand once and be the id of a task.")
            }
            Self::TransferEncoding => {
                ("transfer_encoding", "Transfer-Encoding may only be `chunked`, in HTTP/1.1.")
            }
            Self::Upgrade => {
                ("upgrade", "An upgrade is a GET without a body, to `websocket` alone.")
            }
        }
    }
}

impl fmt::Display for Ambiguity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.rule())
    }
}

impl std::error::Error for Ambiguity {}

//! How a route's requests are taken apart into operations, the defaults included.

use std::fs;

use crate::config::code::Code;
use crate::config::keypath::KeyPath;
use crate::config::problem::Problem;
use crate::config::protocol::{GraphQl, Protocol};
use crate::config::report::Report;
use crate::config::routes::{Body, Dialect, Route};
use crate::config::size::Size;
use crate::route::protobuf::Descriptors;
use crate::route::protocol::{self, Reads};
use crate::route::terms::{self, Encoding};

impl Route {
    /// How its requests are taken apart.
    pub(super) fn protocol(&self, descriptors: Option<Descriptors>) -> protocol::Protocol {
        let reads = Reads(self.reads.iter().map(|name| name.as_str().into()).collect());
        match self.protocol {
            Protocol::Graphql => {
                let written = self.graphql.clone().unwrap_or_default();
                protocol::Protocol::GraphQl(protocol::GraphQl {
                    depth: written.depth,
                    fields: written.fields,
                    persisted: written.persisted.iter().map(|id| id.as_str().into()).collect(),
                    reads,
                })
            }
            Protocol::Grpc => protocol::Protocol::Grpc(protocol::Grpc { reads, descriptors }),
            Protocol::Http => protocol::Protocol::Http,
            Protocol::Jsonrpc => protocol::Protocol::JsonRpc(reads),
            Protocol::Mcp => protocol::Protocol::Mcp,
        }
    }

    /// What its messages are, where gRPC is inspected; the error says what is wrong with the file.
    pub(super) fn descriptors(&self) -> Result<Option<Descriptors>, String> {
        let Some(path) = self.inspect.as_ref().and_then(|inspect| inspect.descriptors.as_ref())
        else {
            return Ok(None);
        };
        let unusable = |why: String| format!("{}: {why}", path.display());
        let size = fs::metadata(path).map_err(|why| unusable(why.to_string()))?.len();
        if size > MAX_DESCRIPTORS {
            return Err(unusable("it is larger than 16 MiB".to_owned()));
        }
        let set = fs::read(path).map_err(|why| unusable(why.to_string()))?;
        Descriptors::read(&set).map(Some).map_err(unusable)
    }

    /// The shape of our own answers, the protocol's default included.
    pub(super) fn dialect(&self) -> terms::Dialect {
        let usual = match self.protocol {
            Protocol::Graphql => Dialect::Graphql,
            // A gRPC call is answered as one in every dialect.
            Protocol::Grpc | Protocol::Http => Dialect::Generic,
            Protocol::Jsonrpc => Dialect::Jsonrpc,
            Protocol::Mcp => Dialect::Mcp,
        };
        self.dialect.unwrap_or(usual).into()
    }

    /// What policy sees of bodies, where it sees any: as said, or as the protocol needs it.
    pub(super) fn inspected(&self) -> Option<terms::Inspect> {
        let usual = self.protocol.is_json().then_some((Body::Json, Size::kib(64)));
        let said = self.inspect.as_ref().map(|inspect| (inspect.body, inspect.limit.0));
        let (body, limit) = said.or(usual)?;
        let encoding = match body {
            Body::Form => Encoding::Form,
            Body::Grpc => Encoding::Grpc,
            Body::Json => Encoding::Json,
            Body::Multipart => Encoding::Multipart,
            Body::None => return None,
        };
        Some(terms::Inspect { encoding, limit: limit.in_memory() })
    }

    pub(super) fn check_protocol(&self, at: &KeyPath, report: &mut Report) {
        let body = self.inspect.as_ref().map(|inspect| inspect.body);
        if self.protocol.is_json() && body.is_some_and(|body| body != Body::Json) {
            let message = "the operations of this protocol are in its JSON bodies";
            report.check(
                Problem::value(Code::Value, at.key("inspect").key("body"), message)
                    .help("write `json`, or remove `inspect`"),
            );
        }
        self.check_messages(&at.key("inspect"), report);
        if self.protocol != Protocol::Http && !self.upgrade.is_empty() {
            let message = "what a tunnel carries cannot be taken apart into operations";
            report.check(Problem::key(Code::Value, at.key("upgrade"), message));
        }
        if !self.reads.is_empty() && matches!(self.protocol, Protocol::Http | Protocol::Mcp) {
            let message = "this protocol says itself what only reads";
            report.check(Problem::key(Code::Value, at.key("reads"), message));
        }
        self.check_graphql(&at.key("graphql"), report);
    }

    /// Messages of gRPC are read with descriptors, and nothing else is.
    fn check_messages(&self, at: &KeyPath, report: &mut Report) {
        let Some(inspect) = &self.inspect else { return };
        let grpc = self.protocol == Protocol::Grpc;
        if grpc != (inspect.body == Body::Grpc) && (!grpc || inspect.body != Body::None) {
            let message = "`grpc` is how bodies of `protocol: grpc` are read, and no others";
            report.check(Problem::value(Code::Value, at.key("body"), message));
        }
        match (inspect.body == Body::Grpc, &inspect.descriptors) {
            (true, None) => {
                let message = "messages of gRPC cannot be read without descriptors";
                report.check(Problem::value(Code::Missing, at.key("body"), message).help(
                    "add `descriptors`, the file that `protoc --include_imports \
                         --descriptor_set_out=FILE` writes",
                ));
            }
            (false, Some(_)) => {
                let message = "only `body: grpc` is read with descriptors";
                report.check(Problem::key(Code::Pair, at.key("descriptors"), message));
            }
            _ => {}
        }
        if inspect.body == Body::Grpc {
            report.within(at.key("limit"), &inspect.limit, Size::bytes(1)..=Size::mib(4));
        }
    }

    fn check_graphql(&self, at: &KeyPath, report: &mut Report) {
        let usual = GraphQl::default();
        let graphql = self.graphql.as_ref().unwrap_or(&usual);
        if self.graphql.is_some() && self.protocol != Protocol::Graphql {
            let message = "only `protocol: graphql` knows this";
            report.check(Problem::key(Code::Value, at.clone(), message));
        }
        let unknown = self.reads.iter().find(|id| !graphql.persisted.contains(id));
        if let Some(id) = unknown.filter(|_| self.protocol == Protocol::Graphql) {
            let message = format!("`{id}` is not among the persisted queries");
            report.check(
                Problem::value(Code::Value, at.key("persisted"), message)
                    .help("a document says itself what only reads; `reads` is for ids alone"),
            );
        }
        if !(1..=64).contains(&graphql.depth) {
            let message = "a depth is 1 to 64";
            report.check(Problem::value(Code::Value, at.key("depth"), message));
        }
        if !(1..=1000).contains(&graphql.fields) {
            let message = "the number of fields is 1 to 1000";
            report.check(Problem::value(Code::Value, at.key("fields"), message));
        }
    }
}

/// The largest file of descriptors, in bytes.
const MAX_DESCRIPTORS: u64 = 16 * 1024 * 1024;

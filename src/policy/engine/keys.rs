//! The names in an input, made once a worker.
//!
//! A key is a reference-counted string; making sixty of them for every request would cost more than
//! the rest of the input. They belong to one worker and are never shared.

use regorus::Value;

/// Declares the keys: a field each, and its text where the field's name cannot be it.
macro_rules! keys {
    ($($field:ident $(= $text:literal)?,)*) => {
        /// Every name in an input.
        #[derive(Debug)]
        pub(super) struct Keys {
            $(pub(super) $field: Value,)*
        }

        impl Keys {
            /// Fresh ones, for one worker.
            pub(super) fn new() -> Self {
                Self { $($field: Value::from(keys!(@text $field $($text)?)),)* }
            }
        }
    };
    (@text $field:ident) => { stringify!($field) };
    (@text $field:ident $text:literal) => { $text };
}

keys! {
    address,
    age_seconds,
    amounts_left,
    arguments,
    approval,
    approver,
    approvers,
    attributes,
    body,
    break_glass,
    bytes_left,
    calls,
    cert,
    chain,
    content_digest,
    countersign,
    day,
    deadline,
    decided_at,
    depth,
    digest,
    destination,
    encoding,
    ext_authz,
    fields,
    headers,
    host,
    hour,
    http,
    id,
    kind,
    labels,
    left,
    listener,
    mcp,
    method,
    minute,
    month,
    name,
    not_after,
    operations,

    parsed_body,
    parsed_path,
    parsed_query,
    path,
    path_segments,
    port,
    port_value = "portValue",
    principal,
    proposal,
    protocol,
    purpose,
    pseudo_authority = ":authority",
    pseudo_method = ":method",
    pseudo_path = ":path",
    pseudo_scheme = ":scheme",
    raw_path,
    raw_segments,
    read,
    reason,
    request,
    route,
    scheme,
    segments,
    size,
    socket_address = "socketAddress",
    source,
    source_principal,
    spiffe_id,
    standing,
    task,
    time,
    truncated_body,
    trust_domain,
    unix,
    verb,
    version,
    weekday,
    write,
    x5t_s256,
    year,
}

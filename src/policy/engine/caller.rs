//! A caller as rules read it. Agents keep their connections, so what was built for one is kept.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use regorus::Value;

use crate::identity::Certificate;
use crate::policy::engine::input::{array, object};
use crate::policy::engine::keys::Keys;

/// The callers that were seen lately, by the thumbprint of their certificate.
#[derive(Debug, Default)]
pub(super) struct Callers(HashMap<[u8; 32], Caller>);

/// One caller's values.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// Its SPIFFE ID.
    pub(super) id: Value,
    /// `countersign.principal`.
    pub(super) principal: Value,
}

impl Callers {
    /// The values of the caller with this certificate.
    pub(super) fn of(&mut self, certificate: &Certificate, keys: &Keys) -> Caller {
        if let Some(caller) = self.0.get(&certificate.thumbprint) {
            return caller.clone();
        }
        if self.0.len() == MAX_CALLERS {
            self.0.clear();
        }
        let caller = Caller::new(certificate, keys);
        self.0.insert(certificate.thumbprint, caller.clone());
        caller
    }
}

impl Caller {
    fn new(certificate: &Certificate, keys: &Keys) -> Self {
        let id = Value::from(certificate.spiffe_id.as_str());
        let thumbprint = URL_SAFE_NO_PAD.encode(certificate.thumbprint);
        let cert = object([
            (&keys.not_after, Value::from(certificate.not_after.secs())),
            (&keys.x5t_s256, Value::from(thumbprint)),
        ]);
        let principal = object([
            (&keys.cert, cert),
            (&keys.path_segments, array(certificate.spiffe_id.segments())),
            (&keys.spiffe_id, id.clone()),
            (&keys.trust_domain, Value::from(certificate.spiffe_id.trust_domain())),
        ]);
        Self { id, principal }
    }
}

/// More callers than this on one worker are rare; then all are built anew.
const MAX_CALLERS: usize = 1024;

//! `identity:` who Countersign is, and which agents' certificates it trusts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::code::Code;
use crate::config::keypath::KeyPath;
use crate::config::problem::Problem;
use crate::config::report::{Report, rebase};
use crate::config::text::Text;
use crate::identity::spiffe_id::TrustDomain;

/// Who Countersign is, and whom it trusts.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Countersign's own certificate, which agents see.
    pub svid: Svid,
    /// The trust domains whose agents may connect, each with its own authorities.
    pub trust: BTreeMap<Text<TrustDomain>, Trust>,
}

/// A certificate and its key.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Svid {
    /// A PEM file: the certificate, then any intermediates.
    pub cert: PathBuf,
    /// A PEM file: the certificate's private key.
    pub key: PathBuf,
}

/// What is trusted in one trust domain.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// A PEM file: the authorities that sign this trust domain's agents, and no others.
    pub bundle: PathBuf,
    /// A PEM file: revocation lists. Where one is named, an agent whose status is unknown is
    /// refused.
    pub crl: Option<PathBuf>,
}

impl Identity {
    pub(super) fn rebase(&mut self, folder: &Path) {
        rebase(folder, &mut self.svid.cert);
        rebase(folder, &mut self.svid.key);
        for trust in self.trust.values_mut() {
            rebase(folder, &mut trust.bundle);
            trust.crl.iter_mut().for_each(|path| rebase(folder, path));
        }
    }

    pub(super) fn check(&self, report: &mut Report) {
        if self.trust.is_empty() {
            let path = KeyPath::top("identity").key("trust");
            report.check(
                Problem::key(Code::NoTrust, path, "no trust domain is trusted")
                    .help("add one: `example.org: { bundle: pki/agents-ca.pem }`"),
            );
        }
    }
}

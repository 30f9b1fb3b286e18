//! The development certificates: made where they are missing, made anew before they end.

use std::fs;
use std::path::Path;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

use crate::clock::Timestamp;
use crate::dev::authority::{Authority, Issued, LIFE, Subject};
use crate::dev::error::Error;
use crate::dev::layout::{AGENT, Layout, hex, write};
use crate::identity::files;

/// The authority that is in force.
#[derive(Clone, Debug)]
pub(super) struct Pki {
    /// Whether it was made just now.
    pub(super) origin: Origin,
    /// SHA-256 of its certificate, in hexadecimal digits.
    pub(super) fingerprint: String,
    /// When it ends, and all that it signed.
    pub(super) ends: Timestamp,
}

/// Where an authority came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Origin {
    /// It was made just now.
    Created,
    /// It was there.
    Kept,
}

impl Pki {
    /// Sees to it that the authority, Countersign and the demo agent have certificates that last.
    ///
    /// # Errors
    /// [`Error::Certificate`], if the authority that is there cannot be used, and [`Error::Io`].
    pub(super) fn prepare(layout: &Layout, now: Timestamp) -> Result<Self, Error> {
        let (certificate, key) = (layout.pki("ca.pem"), layout.pki("ca-key.pem"));
        let (origin, authority) = match lasting(&certificate, &key, now) {
            Some(ends) => (Origin::Kept, Authority::load(&load(&certificate, &key)?, ends)?),
            None => {
                let (authority, issued) = Authority::make(now)?;
                store(&issued, &certificate, &key)?;
                (Origin::Created, authority)
            }
        };
        let agent = layout.agent();
        let ours = (layout.pki("countersign.pem"), layout.pki("countersign-key.pem"));
        let theirs = (agent.join("cert.pem"), agent.join("key.pem"));
        for (subject, (certificate, key)) in [(COUNTERSIGN, ours), (DEMO_AGENT, theirs)] {
            if origin == Origin::Created || lasting(&certificate, &key, now).is_none() {
                store(&authority.issue(subject, now)?, &certificate, &key)?;
            }
        }
        let copy = agent.join("ca.pem");
        if origin == Origin::Created || !copy.exists() {
            write(&copy, &fs::read(&certificate).map_err(Error::io(&certificate))?)?;
        }
        let seen = seen(&certificate).unwrap_or_default();
        Ok(Self { origin, fingerprint: seen.0, ends: seen.1 })
    }

    /// How many days it has left at `now`.
    pub(super) fn days(&self, now: Timestamp) -> u64 {
        self.ends.since(now).as_secs().div_ceil(24 * 3600)
    }
}

fn store(issued: &Issued, certificate: &Path, key: &Path) -> Result<(), Error> {
    // The key first: a certificate without its key would look finished.
    write(key, issued.key.as_bytes())?;
    write(certificate, issued.certificate.as_bytes())
}

fn load(certificate: &Path, key: &Path) -> Result<Issued, Error> {
    let read = |path: &Path| fs::read_to_string(path).map_err(Error::io(path));
    Ok(Issued { certificate: read(certificate)?, key: Zeroizing::new(read(key)?) })
}

/// When a certificate ends, if it is there with its key and lasts for a while yet.
fn lasting(certificate: &Path, key: &Path, now: Timestamp) -> Option<Timestamp> {
    let (_, ends) = seen(certificate)?;
    (key.exists() && ends > now.plus(MARGIN)).then_some(ends)
}

/// A certificate's fingerprint and its end.
fn seen(path: &Path) -> Option<(String, Timestamp)> {
    let chain = files::certificates(path).ok()?;
    let der = chain.first()?;
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let ends = Timestamp::from_secs(certificate.validity().not_after.timestamp());
    Some((hex(digest(&SHA256, der).as_ref()), ends))
}

/// What is left of a certificate when it is made anew.
const MARGIN: Duration = Duration::from_secs(24 * 3600);

const _: () = assert!(MARGIN.as_secs() < LIFE.as_secs());

/// Names below `localhost` lead to this machine without any configuration, and so the examples use
/// them.
const COUNTERSIGN: Subject<'_> = Subject {
    name: "countersign",
    path: "/countersign",
    hosts: &[
        "localhost",
        "127.0.0.1",
        "::1",
        "api.localhost",
        "git.localhost",
        "llm.localhost",
        "mcp.localhost",
        "payments.localhost",
    ],
};

const DEMO_AGENT: Subject<'_> = Subject { name: AGENT, path: "/agent/demo-agent", hosts: &[] };

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::{MARGIN, Origin, Pki};
    use crate::clock::Timestamp;
    use crate::dev::authority::LIFE;
    use crate::dev::layout::Layout;
    use crate::identity::{Certificate, files};

    const NOW: Timestamp = Timestamp::from_micros(1_795_461_720_000_000);

    fn all(layout: &Layout) -> Vec<Vec<u8>> {
        let pki = ["ca.pem", "ca-key.pem", "countersign.pem", "countersign-key.pem"];
        let agent = ["cert.pem", "key.pem", "ca.pem"];
        let paths = pki.iter().map(|name| layout.pki(name));
        let paths: Vec<PathBuf> =
            paths.chain(agent.iter().map(|name| layout.agent().join(name))).collect();
        paths.iter().map(|path| fs::read(path).unwrap()).collect()
    }

    #[test]
    fn certificates_stay_until_they_are_about_to_end() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::under(folder.path());
        layout.prepare().unwrap();
        assert_eq!(Pki::prepare(&layout, NOW).unwrap().origin, Origin::Created);
        let first = all(&layout);

        let later = NOW.plus(LIFE - MARGIN * 2);
        let pki = Pki::prepare(&layout, later).unwrap();
        assert_eq!((pki.origin, pki.days(later)), (Origin::Kept, 2));
        assert_eq!(all(&layout), first);

        let pki = Pki::prepare(&layout, NOW.plus(LIFE)).unwrap();
        assert_eq!((pki.origin, pki.days(NOW.plus(LIFE))), (Origin::Created, 30));
        assert!(all(&layout).iter().zip(&first).all(|(new, old)| new != old));
    }

    #[test]
    fn a_lost_leaf_is_made_anew_by_the_same_authority() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::under(folder.path());
        layout.prepare().unwrap();
        let made = Pki::prepare(&layout, NOW).unwrap();
        let key = layout.agent().join("key.pem");
        fs::remove_file(&key).unwrap();
        let again = Pki::prepare(&layout, NOW).unwrap();
        assert_eq!((again.origin, again.fingerprint), (Origin::Kept, made.fingerprint));
        let cert = layout.agent().join("cert.pem");
        files::certified_key(&cert, &key).unwrap();
        let leaf = Certificate::read(&files::certificates(&cert).unwrap()[0]).unwrap();
        assert_eq!(leaf.spiffe_id.as_str(), "spiffe://dev.local/agent/demo-agent");
    }
}

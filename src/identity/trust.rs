//! Which authorities vouch for which agents, and the check that makes a [`Principal`].
//!
//! One bundle a trust domain, **never merged**: the leaf's own SPIFFE ID chooses the only bundle its
//! chain may lead to, so that one trust domain's authority cannot vouch for another's agents.
//!
//! TLS remembers sessions and keeps connections for longer than a certificate may live. So the same
//! check runs again on every resumed session and, through [`Trust::still_holds`], before every
//! request: two comparisons, unless something it rests on has ended or changed.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, HandshakeKind, RootCertStore,
    ServerConnection, SignatureScheme,
};
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use crate::clock::{Clock, Timestamp};
use crate::identity::certificate::{Certificate, not_after};
use crate::identity::files::{self, FileError};
use crate::identity::principal::Principal;
use crate::identity::rejection::Rejection;
use crate::identity::spiffe_id::TrustDomain;

/// Where one trust domain's authorities and revocation lists are.
#[derive(Clone, Debug)]
pub struct TrustConfig {
    /// The trust domain.
    pub domain: TrustDomain,
    /// A PEM file with its authorities' certificates.
    pub bundle: PathBuf,
    /// A PEM file with revocation lists. Where one is configured, a certificate without a valid,
    /// unexpired list that covers it is refused.
    pub crl: Option<PathBuf>,
}

/// All trust bundles at one time. A reload makes a new one; this one never changes.
pub struct Trust {
    /// Differs between any two `Trust`s of a process.
    generation: u64,
    domains: HashMap<TrustDomain, Domain>,
    /// Whether nobody is let in without a certificate.
    required: bool,
    hints: Vec<DistinguishedName>,
    algorithms: WebPkiSupportedAlgorithms,
    clock: Clock,
}

/// One trust domain's bundle, compiled.
struct Domain {
    verifier: Arc<dyn ClientCertVerifier>,
    /// The earliest `nextUpdate` of its revocation lists.
    lists_end: Option<Timestamp>,
}

impl Trust {
    /// Reads every bundle and revocation list.
    ///
    /// # Errors
    /// Every file that could not be used.
    pub fn load(configs: &[TrustConfig], clock: Clock) -> Result<Self, Vec<FileError>> {
        let mut domains = HashMap::new();
        let mut problems = Vec::new();
        for config in configs {
            match Domain::load(config) {
                Ok(domain) => {
                    domains.insert(config.domain.clone(), domain);
                }
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let hints = domains.values().flat_map(|d| d.verifier.root_hint_subjects().to_vec());
        Ok(Self {
            generation: GENERATION.fetch_add(1, Ordering::Relaxed),
            hints: hints.collect(),
            required: true,
            algorithms: default_provider().signature_verification_algorithms,
            domains,
            clock,
        })
    }

    /// The same, where a certificate is one of several ways to say who calls: whoever has none is let
    /// in without. One that is shown must hold all the same.
    pub fn or_none(self) -> Self {
        Self { required: false, ..self }
    }

    /// Who is at the other end of a finished handshake.
    ///
    /// A full handshake was verified by this very value, as rustls' verifier. A resumed one was
    /// verified in the past, so its stored chain is verified again, now.
    ///
    /// # Errors
    /// [`Rejection`], if there is no certificate or it no longer holds.
    pub fn authenticate(&self, connection: &ServerConnection) -> Result<Principal, Rejection> {
        let chain = connection.peer_certificates().ok_or(Rejection::NoCertificate)?;
        match connection.handshake_kind() {
            Some(HandshakeKind::Full | HandshakeKind::FullWithHelloRetryRequest) => {
                self.principal(chain)
            }
            _ => self.verify(chain),
        }
    }

    /// Whether a principal that was verified earlier is still one; `chain` is what it presented.
    /// Returns a fresh proof where the old one had to be made anew.
    ///
    /// # Errors
    /// [`Rejection`], if its certificate expired, was revoked or lost its bundle.
    pub fn still_holds(
        &self,
        principal: &Principal,
        chain: &[CertificateDer<'_>],
    ) -> Result<Option<Principal>, Rejection> {
        let ended = self.clock.now() >= principal.valid_until();
        if !ended && principal.trusted_by() == self.generation {
            return Ok(None);
        }
        self.verify(chain).map(Some)
    }

    /// Who presented `chain`, each in DER, at the time `then`, when it put something forward: an agent may be gone
    /// when that is carried out. The authorities and revocation lists are those of now.
    ///
    /// # Errors
    /// [`Rejection`], if it was no principal then, has been revoked or has lost its bundle.
    pub fn recall(&self, chain: &[Vec<u8>], then: Timestamp) -> Result<Principal, Rejection> {
        let chain: Vec<_> = chain.iter().map(|der| CertificateDer::from(&der[..])).collect();
        self.verify_at(&chain, then)
    }

    fn verify(&self, chain: &[CertificateDer<'_>]) -> Result<Principal, Rejection> {
        self.verify_at(chain, self.clock.now())
    }

    /// Every rule of an SVID, and the path to the bundle of its own trust domain.
    fn verify_at(
        &self,
        chain: &[CertificateDer<'_>],
        at: Timestamp,
    ) -> Result<Principal, Rejection> {
        let [leaf, intermediates @ ..] = chain else {
            return Err(Rejection::NoCertificate);
        };
        let certificate = Certificate::read(leaf)?;
        let now = UnixTime::since_unix_epoch(Duration::from_secs(at.secs()));
        self.domain(&certificate)?
            .verifier
            .verify_client_cert(leaf, intermediates, now)
            .map_err(|e| Rejection::Path(e.to_string()))?;
        self.principal(chain)
    }

    /// The principal of a chain that is known to verify.
    fn principal(&self, chain: &[CertificateDer<'_>]) -> Result<Principal, Rejection> {
        let [leaf, intermediates @ ..] = chain else {
            return Err(Rejection::NoCertificate);
        };
        let certificate = Certificate::read(leaf)?;
        let ends = intermediates.iter().map(|der| not_after(der)).map(Option::unwrap_or_default);
        let ends = ends.chain(self.domain(&certificate)?.lists_end);
        let valid_until = ends.fold(certificate.not_after, Timestamp::min);
        Ok(Principal::new(certificate, valid_until, self.generation))
    }

    fn domain(&self, certificate: &Certificate) -> Result<&Domain, Rejection> {
        let name = certificate.spiffe_id.trust_domain();
        self.domains.get(name).ok_or_else(|| Rejection::UnknownTrustDomain(name.to_owned()))
    }
}

impl Domain {
    fn load(config: &TrustConfig) -> Result<Self, FileError> {
        let unusable = |problem: String| FileError { path: config.bundle.clone(), problem };
        let mut roots = RootCertStore::empty();
        for authority in files::certificates(&config.bundle)? {
            roots.add(authority).map_err(|e| unusable(format!("not an authority: {e}")))?;
        }
        let lists = match &config.crl {
            Some(path) => files::revocation_lists(path)?,
            None => Vec::new(),
        };
        let lists_end = lists.iter().map(next_update).min();
        let provider = Arc::new(default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .with_crls(lists)
            .enforce_revocation_expiration()
            .build()
            .map_err(|e| unusable(format!("cannot be used: {e}")))?;
        Ok(Self { verifier, lists_end })
    }
}

/// When a revocation list asks to be replaced. One that does not say, or cannot be read, has ended:
/// every request will verify the chain again.
fn next_update(list: &CertificateRevocationListDer<'_>) -> Timestamp {
    let parsed = CertificateRevocationList::from_der(list);
    let next = parsed.ok().and_then(|(_, list)| list.next_update());
    next.map_or(Timestamp::default(), |time| Timestamp::from_secs(time.timestamp()))
}

/// rustls asks this value during a handshake. Its answer is the same check as everywhere else.
impl ClientCertVerifier for Trust {
    fn offer_client_auth(&self) -> bool {
        self.required || !self.domains.is_empty()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let chain: Vec<_> = std::iter::once(leaf).chain(intermediates).cloned().collect();
        match self.verify(&chain) {
            Ok(_) => Ok(ClientCertVerified::assertion()),
            Err(why) => {
                let why = rustls::OtherError(Arc::new(why));
                Err(rustls::Error::InvalidCertificate(CertificateError::Other(why)))
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, leaf, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, leaf, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.domains.keys()).finish()
    }
}

static GENERATION: AtomicU64 = AtomicU64::new(1);

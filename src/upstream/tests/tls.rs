//! Who is believed, and who is shown our certificate.

use std::path::PathBuf;
use std::sync::Arc;

use http_body_util::BodyExt;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::peer::OK;
use super::{client, config, get, http2, run, text};
use crate::upstream::config::{ClientIdentity, Config, Roots};
use crate::upstream::{Sent, Upstreams};

struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A certificate for `name`, as `leaf.pem` and `key.pem`.
    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        std::fs::write(self.path("leaf.pem"), leaf.pem()).unwrap();
        std::fs::write(self.path("key.pem"), key.serialize_pem()).unwrap();
        (leaf, key)
    }

    /// A server that speaks `alpn`; if `agents` is given it wants a certificate from there.
    async fn serve(&self, name: &str, alpn: &[&str], agents: Option<&Self>) -> u16 {
        let (leaf, key) = self.issue(name);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match agents {
            None => builder.with_no_client_auth(),
            Some(agents) => {
                let mut roots = RootCertStore::empty();
                roots.add(agents.issuer.der().clone()).unwrap();
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let mut server = builder.with_single_cert(vec![leaf.der().clone()], key).unwrap();
        server.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = TlsAcceptor::from(Arc::new(server));
        tokio::task::spawn_local(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                    tokio::task::spawn_local(http2::serve(stream, 100));
                    continue;
                }
                let mut scrap = [0; 4096];
                if stream.read(&mut scrap).await.is_ok_and(|read| read > 0) {
                    stream.write_all(OK.as_bytes()).await.unwrap();
                    stream.shutdown().await.unwrap();
                }
            }
        });
        port
    }

    /// An upstream at `port` that must be signed by this authority.
    fn upstream(&self, port: u16) -> Config {
        let mut config = config(&[format!("https://127.0.0.1:{port}")]);
        config.tls.roots = Roots::File(self.path("ca.pem"));
        config
    }
}

async fn reason(config: Config) -> (&'static str, Sent) {
    let error = get(&client(config)).await.unwrap_err();
    (error.reason(), error.sent())
}

#[test]
fn an_upstream_is_believed_under_its_name_and_the_pinned_authority_only() {
    run(async {
        let (ours, other) = (Authority::new(), Authority::new());
        let port = ours.serve("127.0.0.1", &[], None).await;
        assert_eq!(text(get(&client(ours.upstream(port))).await.unwrap()).await, "ok");
        assert_eq!(reason(other.upstream(port)).await, ("tls", Sent::Nothing));
        let mut system = ours.upstream(port);
        system.tls.roots = Roots::System;
        if Upstreams::load(vec![system.clone()]).is_ok() {
            assert_eq!(reason(system).await, ("tls", Sent::Nothing));
        }
        let port = ours.serve("orders.internal", &[], None).await;
        assert_eq!(reason(ours.upstream(port)).await, ("tls", Sent::Nothing));
        let mut named = ours.upstream(port);
        named.tls.server_name = Some("orders.internal".to_owned());
        assert_eq!(text(get(&client(named)).await.unwrap()).await, "ok");
    });
}

#[test]
fn our_certificate_is_shown_where_one_is_wanted() {
    run(async {
        let (upstreams, agents) = (Authority::new(), Authority::new());
        let port = upstreams.serve("127.0.0.1", &[], Some(&agents)).await;
        let mut config = upstreams.upstream(port);
        assert!(get(&client(config.clone())).await.is_err());
        agents.issue("countersign");
        let (cert, key) = (agents.path("leaf.pem"), agents.path("key.pem"));
        config.tls.client = Some(ClientIdentity { cert, key });
        assert_eq!(text(get(&client(config)).await.unwrap()).await, "ok");
    });
}

#[test]
fn what_tls_negotiates_is_spoken() {
    run(async {
        let ours = Authority::new();
        let port = ours.serve("127.0.0.1", &["h2", "http/1.1"], None).await;
        let answer = get(&client(ours.upstream(port))).await.unwrap().into_body();
        let answer = answer.collect().await.unwrap();
        assert_eq!(answer.trailers().unwrap()["grpc-status"], "0");
        let expected = format!("https://127.0.0.1:{port}/v1/orders?limit=1");
        assert_eq!(answer.to_bytes(), expected);
    });
}

#[test]
fn changed_files_make_another_upstream() {
    let ours = Authority::new();
    let load = || Upstreams::load(vec![ours.upstream(1)]).unwrap();
    let (first, same) = (load(), load());
    assert!(first.iter().zip(same.iter()).all(|(a, b)| a.is_same(b)));
    std::fs::write(ours.path("ca.pem"), Authority::new().issuer.pem()).unwrap();
    assert!(first.iter().zip(load().iter()).all(|(a, b)| !a.is_same(b)));
}

#[test]
fn a_broken_file_is_named() {
    let ours = Authority::new();
    std::fs::write(ours.path("ca.pem"), "not PEM").unwrap();
    let error = Upstreams::load(vec![ours.upstream(1)]).unwrap_err().to_string();
    assert!(error.starts_with("upstream orders: ") && error.contains("ca.pem"), "{error}");
}

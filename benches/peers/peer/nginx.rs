//! nginx from Debian: one process, kept connections on both sides, no access log.
//!
//! Limits that would end kept connections in the middle of a measurement are lifted; all else is
//! as nginx has it by default.

use std::ffi::OsString;
use std::fs;
use std::io;

use super::{Peer, Place, install};
use crate::pki::HOST;
use crate::scene::{SECRET, Scene};

/// Its row in the table.
pub const NAME: &str = "nginx";

/// Finds or installs it.
///
/// # Errors
///
/// It cannot be had.
pub fn peer(_: &Scene) -> io::Result<Peer> {
    let program = install::from_debian("nginx")?;
    Ok(Peer { name: NAME, program, configure, helpers: Vec::new() })
}

fn configure(scene: &Scene, place: &Place) -> io::Result<Vec<OsString>> {
    let file = place.folder.join("nginx.conf");
    fs::write(&file, text(scene, place))?;
    let folder = place.folder.clone().into_os_string();
    Ok(vec!["-p".into(), folder, "-e".into(), "stderr".into(), "-c".into(), file.into()])
}

fn text(scene: &Scene, place: &Place) -> String {
    let (address, backend) = (place.address, scene.backend.address);
    let (ca, cert) = (scene.pki.ca(), scene.pki.proxy_cert());
    let (ca, cert, key) = (ca.display(), cert.display(), scene.pki.proxy_key());
    let key = key.display();
    format!(
        r#"daemon off;
master_process off;
worker_processes 1;
pid nginx.pid;
error_log stderr crit;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    keepalive_timeout 300s;
    keepalive_requests 1000000000;
    upstream backend {{
        server {backend};
        keepalive 256;
        keepalive_timeout 300s;
        keepalive_requests 1000000000;
    }}
    server {{
        listen {address} ssl http2 backlog=4096;
        server_name {HOST};
        ssl_certificate {cert};
        ssl_certificate_key {key};
        ssl_client_certificate {ca};
        ssl_verify_client on;
        ssl_protocols TLSv1.2 TLSv1.3;
        location / {{
            proxy_pass http://backend;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header Authorization "Bearer {SECRET}";
        }}
    }}
}}
"#
    )
}

//! Countersign itself, with everything on: identity, policy, injection, audit trail, response scan.
//!
//! Two rows: a policy of one line shows what the machinery costs, and the default pack under
//! `rules/` what it costs with a policy as people would write it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

use super::{Peer, Place};
use crate::pki::{AGENT_ID, HOST, TRUST_DOMAIN, write_secret};
use crate::scene::{SECRET, Scene, free_address, repository};

/// The row with a policy of one line.
pub const ONE_LINE: &str = "Countersign, one-line policy";
/// The row with the rules that come with it.
pub const PACK: &str = "Countersign, default pack";

/// The release binary with a policy of one line.
///
/// # Errors
///
/// None; a binary that cannot serve is found out when it is started.
pub fn one_line(_: &Scene) -> io::Result<Peer> {
    Ok(Peer { name: ONE_LINE, program: program(), configure: with_one_line, helpers: Vec::new() })
}

/// The release binary with the default pack.
///
/// # Errors
///
/// The repository has no pack.
pub fn pack(_: &Scene) -> io::Result<Peer> {
    if !repository().join("rules").is_dir() {
        return Err(io::Error::other("there is no rules/ in the repository"));
    }
    Ok(Peer { name: PACK, program: program(), configure: with_pack, helpers: Vec::new() })
}

fn program() -> std::path::PathBuf {
    env!("CARGO_BIN_EXE_countersign").into()
}

fn with_one_line(scene: &Scene, place: &Place) -> io::Result<Vec<OsString>> {
    let rules = place.folder.join("rules");
    fs::create_dir(&rules)?;
    let text = format!(
        "package countersign.authz\n\nimport rego.v1\n\ndefault decision := false\n\n\
         decision if input.countersign.principal.spiffe_id == \"{AGENT_ID}\"\n"
    );
    fs::write(rules.join("authz.rego"), text)?;
    configure(scene, place, &rules)
}

fn with_pack(scene: &Scene, place: &Place) -> io::Result<Vec<OsString>> {
    let rules = place.folder.join("rules");
    copy(&repository().join("rules"), &rules)?;
    let access = format!(
        r#"{{"countersign":{{"access":{{"bench":{{"agents":["{AGENT_ID}"],"routes":["orders"],"methods":["GET"]}}}}}}}}"#
    );
    fs::write(rules.join("data.json"), access)?;
    configure(scene, place, &rules)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let (entry, target) = (entry?.path(), to.to_owned());
        let Some(name) = entry.file_name() else { continue };
        match entry.is_dir() {
            true => copy(&entry, &target.join(name))?,
            false => fs::copy(&entry, target.join(name)).map(drop)?,
        }
    }
    Ok(())
}

fn configure(scene: &Scene, place: &Place, rules: &Path) -> io::Result<Vec<OsString>> {
    fs::create_dir(place.folder.join("audit"))?;
    write_secret(&place.folder.join("secret"), SECRET)?;
    let file = place.folder.join("countersign.yaml");
    fs::write(&file, text(scene, place, rules)?)?;
    Ok(vec!["serve".into(), "-c".into(), file.into()])
}

fn text(scene: &Scene, place: &Place, rules: &Path) -> io::Result<String> {
    let (address, admin, backend) = (place.address, free_address()?, scene.backend.address);
    let (folder, rules, pki) = (place.folder.display(), rules.display(), &scene.pki);
    let (ca, cert, key) = (pki.ca(), pki.proxy_cert(), pki.proxy_key());
    let (ca, cert, key, audit) = (ca.display(), cert.display(), key.display(), pki.audit_key());
    let audit = audit.display();
    Ok(format!(
        "version: 1
workers: 1
identity:
  svid: {{ cert: {cert}, key: {key} }}
  trust:
    {TRUST_DOMAIN}: {{ bundle: {ca} }}
listeners:
  agents: {{ address: \"{address}\", door: reverse, limits: {{ connections_per_principal: 2000 }} }}
  admin: {{ address: \"{admin}\" }}
policy:
  path: {rules}
  query: data.countersign.authz.decision
upstreams:
  orders: {{ url: \"http://{backend}\" }}
credentials:
  orders-api: {{ scheme: bearer, secret: {{ file: {folder}/secret }}, upstreams: [orders] }}
routes:
  orders:
    hosts: [{HOST}]
    path: /api/
    upstream: orders
    credential: orders-api
audit:
  path: {folder}/audit
  sync: 20ms
  checkpoint: {{ every: 1m, key: {{ file: {audit} }} }}
"
    ))
}

//! What a configuration says of the control door becomes its gate.

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::code::Code;
use crate::config::keypath::KeyPath;
use crate::config::{File, Problem};
use crate::control::{Config, Gate, GateError};
use crate::identity::{Trust, files};
use crate::listener::serve::Security;
use crate::listener::tls::server_config;

/// The gate, if there is a control door. Blocks on the disk.
///
/// # Errors
/// Everything that is wrong with what it names.
pub(super) fn gate(file: &File, clock: &Clock) -> Result<Option<Gate>, Vec<Problem>> {
    let Some(config) = file.control().map_err(|problem| vec![problem])? else { return Ok(None) };
    let security = security(file, &config, clock)?;
    let gate = Gate::load(config, security);
    gate.map(Some).map_err(|why| {
        let at = match &why {
            GateError::Issuer(_) => KeyPath::top("control").key("oidc"),
            GateError::Transmitter(name, _) => KeyPath::top("signals").key("receive").key(name),
        };
        vec![unusable(at.key("keys"), &why)]
    })
}

/// What handshakes need. Where tokens are believed as well, or security events heard, whoever has no
/// certificate is let in to show one.
fn security(file: &File, config: &Config, clock: &Clock) -> Result<Security, Vec<Problem>> {
    let at = || KeyPath::top("control").key("trust");
    let trust = Trust::load(&config.trust, clock.clone());
    let trust =
        trust.map_err(|all| all.iter().map(|why| unusable(at(), why)).collect::<Vec<_>>())?;
    let trust = match config.oidc.is_some() || !config.transmitters.is_empty() {
        true => trust.or_none(),
        false => trust,
    };
    let own = || KeyPath::top("identity").key("svid");
    let (cert, key) = file.svid();
    let certified = files::certified_key(cert, key).map_err(|why| vec![unusable(own(), &why)])?;
    let trust = Arc::new(trust);
    let tls = server_config(Arc::clone(&trust), certified);
    let tls = tls.map_err(|why| vec![unusable(own(), &why)])?;
    Ok(Security { tls, trust })
}

fn unusable(at: KeyPath, why: &impl std::fmt::Display) -> Problem {
    Problem::value(Code::Unusable, at, why.to_string())
}

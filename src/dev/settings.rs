//! The development configuration: written from a template, or kept where a person changed it.
//!
//! Ports are what may differ between two starts. So a file that is the template with some ports is
//! ours, and its ports are chosen anew; any other file is a person's, and stays as it is.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;

use crate::config::{self, File};
use crate::dev::error::Error;
use crate::dev::layout::{Layout, write};

/// The configuration that is to be used.
#[derive(Debug)]
pub(super) enum Settings {
    /// A person's file, as it stands.
    Kept {
        /// Where it says that the sample API is.
        sample: SocketAddr,
    },
    /// The template, once the ports are known.
    Template {
        /// Where agents are to connect.
        agents: SocketAddr,
        /// Where health and metrics are to be.
        admin: SocketAddr,
    },
}

/// Which ports a fresh configuration asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ports {
    /// Any that are free.
    Any,
    /// The usual ones, where they are free.
    Usual,
}

impl Settings {
    /// Looks at what is there.
    ///
    /// # Errors
    /// [`Error::Configuration`], if a person's file is wrong, and [`Error::Io`].
    pub(super) fn find(layout: &Layout, ports: Ports) -> Result<Self, Error> {
        let path = layout.configuration();
        if path.exists() {
            let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
            let file = parse(&path, &text)?;
            if ours(&file, &approver(layout)?).is_none_or(|ours| ours != text) {
                let sample = origin(&file).unwrap_or(loopback(0));
                return Ok(Self::Kept { sample });
            }
        }
        Ok(Self::Template { agents: ports.choose(AGENTS), admin: ports.choose(ADMIN) })
    }

    /// Where the sample API must listen; port 0 where it may choose.
    pub(super) fn sample(&self) -> SocketAddr {
        match self {
            Self::Kept { sample } => *sample,
            Self::Template { .. } => loopback(0),
        }
    }

    /// Puts the configuration in place, now that the sample API listens on `sample`.
    ///
    /// # Errors
    /// [`Error::Configuration`], and [`Error::Io`].
    pub(super) fn settle(&self, layout: &Layout, sample: SocketAddr) -> Result<File, Error> {
        let path = layout.configuration();
        if let Self::Template { agents, admin } = self {
            let text = render(*agents, *admin, sample, &approver(layout)?);
            write(&path, text.as_bytes())?;
        }
        let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
        parse(&path, &text)
    }
}

impl Ports {
    fn choose(self, usual: u16) -> SocketAddr {
        let wanted = loopback(usual);
        let is_free = self == Self::Usual && TcpListener::bind(wanted).is_ok();
        if is_free { wanted } else { loopback(0) }
    }
}

fn parse(path: &Path, text: &str) -> Result<File, Error> {
    let parsed = config::parse(&path.to_string_lossy(), text);
    parsed.map(|(file, _)| file).map_err(Error::Configuration)
}

/// The public key of the person who may agree.
fn approver(layout: &Layout) -> Result<String, Error> {
    Ok(layout.approver_keys()?.public()?.to_string())
}

fn render(agents: SocketAddr, admin: SocketAddr, sample: SocketAddr, approver: &str) -> String {
    TEMPLATE
        .replace("@AGENTS@", &agents.to_string())
        .replace("@ADMIN@", &admin.to_string())
        .replace("@SAMPLE@", &sample.to_string())
        .replace("@APPROVER@", approver)
}

/// What the template would be with this file's addresses; `None` if it lacks one.
fn ours(file: &File, approver: &str) -> Option<String> {
    let agents = file.listeners.get("agents")?.address.0;
    let admin = file.listeners.get("admin")?.address.0;
    Some(render(agents, admin, origin(file)?, approver))
}

/// Where the sample API is, if that is an address of this machine.
fn origin(file: &File) -> Option<SocketAddr> {
    let origin = file.upstreams.get("payments")?.origins().next()?;
    let address = SocketAddr::new(origin.host.parse().ok()?, origin.port);
    address.ip().is_loopback().then_some(address)
}

fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

const TEMPLATE: &str = include_str!("template/countersign.yaml");
const AGENTS: u16 = 8443;
const ADMIN: u16 = 9464;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::net::SocketAddr;

    use super::{Ports, Settings};
    use crate::dev::layout::Layout;

    fn settled(layout: &Layout, sample: &str) -> String {
        let settings = Settings::find(layout, Ports::Any).unwrap();
        assert_eq!(settings.sample().port(), 0);
        settings.settle(layout, sample.parse().unwrap()).unwrap();
        fs::read_to_string(layout.configuration()).unwrap()
    }

    #[test]
    fn an_unchanged_file_gets_the_ports_of_the_day() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::under(folder.path());
        layout.prepare().unwrap();
        assert!(settled(&layout, "127.0.0.1:1001").contains("http://127.0.0.1:1001"));
        assert!(settled(&layout, "127.0.0.1:1002").contains("http://127.0.0.1:1002"));
    }

    #[test]
    fn a_changed_file_is_kept_and_decides_where_the_sample_api_is() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::under(folder.path());
        layout.prepare().unwrap();
        let text = settled(&layout, "127.0.0.1:1001") + "workers: 1\n";
        fs::write(layout.configuration(), &text).unwrap();
        let settings = Settings::find(&layout, Ports::Any).unwrap();
        let sample: SocketAddr = "127.0.0.1:1001".parse().unwrap();
        assert_eq!(settings.sample(), sample);
        settings.settle(&layout, sample).unwrap();
        assert_eq!(fs::read_to_string(layout.configuration()).unwrap(), text);
    }

    #[test]
    fn a_broken_file_is_reported_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::under(folder.path());
        layout.prepare().unwrap();
        fs::write(layout.configuration(), "version: 2\n").unwrap();
        assert!(Settings::find(&layout, Ports::Any).is_err());
        assert_eq!(fs::read_to_string(layout.configuration()).unwrap(), "version: 2\n");
    }
}

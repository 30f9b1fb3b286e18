//! A site as an unmodified program sees it: a URL, and certificates in files.

use std::path::PathBuf;

use super::program::Server;
use crate::harness::{Setup, Site, Upstream, reply};

/// A site for `localhost`, in front of somebody else's server.
pub struct Stand {
    /// Dropping it stops it.
    site: Site,
    /// What an agent calls it.
    pub url: String,
    /// The certificate authority, the agent's certificate and its key.
    pub files: [String; 3],
}

impl Stand {
    /// In front of `server`, with the keys of its route and the rules that a test needs.
    pub fn new(server: &Server, route: &str, change: impl FnOnce(Setup) -> Setup) -> Self {
        Self::at(&server.url(), route, change)
    }

    /// The same for any upstream's URL.
    pub fn at(upstream: &str, route: &str, change: impl FnOnce(Setup) -> Setup) -> Self {
        let site = change(setup(upstream, route)).start();
        let agent = site.authority.agent("peer");
        let files = [
            ("pki/agents.pem", None),
            ("pki/peer.pem", Some(agent.cert_pem)),
            ("pki/peer-key.pem", Some(agent.key_pem)),
        ]
        .map(|(name, text)| {
            let path = site.path(name);
            if let Some(text) = text {
                std::fs::write(&path, text).unwrap();
            }
            in_words(path)
        });
        let url = format!("https://localhost:{}", site.address.port());
        Self { site, url, files }
    }

    /// Where its configuration is.
    pub fn folder(&self) -> PathBuf {
        self.site.path("")
    }

    /// Its port with the three files: what `plain_door.js` takes.
    pub fn door_arguments(&self) -> Vec<String> {
        let port = self.url.rsplit(':').next().unwrap_or_default().to_owned();
        [port].into_iter().chain(self.files.clone()).collect()
    }

    /// A URL on it with the three files: what the scripts of `agents/` take.
    pub fn arguments(&self, path: &str) -> Vec<String> {
        let url = format!("{}{path}", self.url);
        [url].into_iter().chain(self.files.clone()).collect()
    }
}

/// A site for `localhost` that is not started yet.
pub fn setup(upstream: &str, route: &str) -> Setup {
    let nobody = Upstream::answering(|_| reply("nobody calls this one"));
    let line = format!(
        "peers: {{ hosts: [localhost], upstream: api, credential: api{} {route} }}",
        if route.is_empty() { "" } else { "," },
    );
    Setup::new(&nobody).url(upstream).another_route(&line)
}

/// Rules that allow what `condition` says, and say `message` to everything else.
pub fn rules(condition: &str, message: &str) -> String {
    format!(
        "package countersign.authz\n\n\
         default decision := {{\n\t\"allowed\": false,\n\t\"reasons\": \
         [{{\"code\": \"not_for_agents\", \"message\": \"{message}\"}}],\n}}\n\n\
         decision := {{\"allowed\": true}} if {{\n\t{condition}\n}}\n"
    )
}

fn in_words(path: PathBuf) -> String {
    path.into_os_string().into_string().unwrap()
}

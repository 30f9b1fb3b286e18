//! From a head to the route that carries it.
//!
//! Lookups, not scans: a table of ten thousand routes answers as fast as one of five. The route that
//! is found here is the very object that policy judges and the upstream is chosen by; nothing looks
//! it up a second time.

use std::collections::HashMap;
use std::sync::Arc;

use http::Method;

use crate::clock::Timestamp;
use crate::id::{CredentialName, RouteName, RuleName, UpstreamName};
use crate::route::ambiguity::Ambiguity;
use crate::route::head::{Head, Upgrade};
use crate::route::pattern::{HostPattern, PathPrefix};
use crate::route::protocol::Protocol;
use crate::route::terms::{Dialect, Durability, EncodedSlash, Inspect, Retry, Unscannable};
use crate::task::Label;

/// One way through Countersign, as the operator configured it.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its key in the configuration.
    pub name: RouteName,
    /// The hosts it serves; at least one.
    pub hosts: Vec<HostPattern>,
    /// The paths it serves.
    pub path: PathPrefix,
    /// The methods it serves; `None` for the usual ones.
    pub methods: Option<Vec<Method>>,
    /// Where its requests go.
    pub upstream: UpstreamName,
    /// What its requests speak inside HTTP.
    pub protocol: Protocol,
    /// What is put on them.
    pub credential: Option<CredentialName>,
    /// The rule that judges them; unless said, the one for all routes.
    pub policy: Option<RuleName>,
    /// What policy may see of their bodies.
    pub inspect: Option<Inspect>,
    /// When their intent counts as recorded.
    pub durability: Durability,
    /// The shape of our own answers.
    pub dialect: Dialect,
    /// What happens to `%2F`.
    pub encoded_slash: EncodedSlash,
    /// The protocols that a request may change to.
    pub upgrades: Vec<Upgrade>,
    /// What happens to responses that cannot be searched; unless said, they are refused where a
    /// credential was put on.
    pub unscannable: Option<Unscannable>,
    /// Whether a request may be sent twice.
    pub retry: Retry,
    /// Until when what policy denies is let pass, on the record as that.
    pub observe_until: Option<Timestamp>,
    /// What work has touched that used it.
    pub labels: Vec<Label>,
}

/// A request and the route that will carry it: what the agent wants, in the one canonical form.
///
/// Only a [`Table`] makes one:
///
/// ```compile_fail
/// use countersign::route::{Head, Route, Target};
/// fn forge(head: Head, route: std::sync::Arc<Route>) -> Target {
///     Target { head, route }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Target {
    head: Head,
    route: Arc<Route>,
}

/// Every route, found by host and path.
#[derive(Debug, Default)]
pub struct Table {
    exact: HashMap<Box<str>, Paths>,
    below: HashMap<Box<str>, Paths>,
    /// In the order of their names, for those who list them.
    routes: Vec<Arc<Route>>,
}

/// The routes of one host.
#[derive(Debug, Default)]
struct Paths {
    prefixes: HashMap<Box<str>, Vec<Arc<Route>>>,
    deepest: usize,
}

/// Why no route carries a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum NoRoute {
    /// The route does not accept this spelling.
    Ambiguous(Ambiguity),
    /// No route serves this host.
    Host,
    /// The route does not serve this method; it serves these.
    Method(Vec<Method>),
    /// No route of this host serves this path.
    Path,
}

impl Table {
    /// A table of these routes.
    pub fn new(routes: Vec<Route>) -> Self {
        let mut table = Self::default();
        for route in routes.into_iter().map(Arc::new) {
            for host in &route.hosts {
                let paths = match host {
                    HostPattern::Exact(name) => table.exact.entry(name.clone()).or_default(),
                    HostPattern::Below(suffix) => table.below.entry(suffix.clone()).or_default(),
                };
                paths.insert(&route);
            }
            table.routes.push(route);
        }
        table
    }

    /// All routes.
    pub fn routes(&self) -> &[Arc<Route>] {
        &self.routes
    }

    /// The route of a request.
    ///
    /// # Errors
    /// [`NoRoute`], if there is none or it does not serve this method or spelling.
    pub fn resolve(&self, head: Head) -> Result<Target, NoRoute> {
        let paths = self.host(head.authority().host()).ok_or(NoRoute::Host)?;
        let route = paths.find(head.path().as_str()).ok_or(NoRoute::Path)?;
        if !route.serves(head.method()) {
            return Err(NoRoute::Method(route.served_methods().to_vec()));
        }
        if head.path().has_encoded_slash() && route.encoded_slash == EncodedSlash::Refuse {
            return Err(NoRoute::Ambiguous(Ambiguity::PathEncodedSlash));
        }
        Ok(Target { route: Arc::clone(route), head })
    }

    /// The routes of a host: its own, or those of the longest suffix that serves it.
    fn host(&self, host: &str) -> Option<&Paths> {
        if let Some(paths) = self.exact.get(host) {
            return Some(paths);
        }
        if self.below.is_empty() {
            return None;
        }
        host.match_indices('.').find_map(|(dot, _)| self.below.get(&host[dot..]))
    }
}

impl Paths {
    fn insert(&mut self, route: &Arc<Route>) {
        self.deepest = self.deepest.max(route.path.depth());
        self.prefixes.entry(route.path.key().into()).or_default().push(Arc::clone(route));
    }

    /// The route with the longest prefix, in whole segments.
    fn find(&self, path: &str) -> Option<&Arc<Route>> {
        let ends = path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()]);
        // No prefix is deeper than `deepest`, so a path of a thousand segments costs no more.
        let ends: Vec<_> = std::iter::once(0).chain(ends).take(self.deepest + 1).collect();
        ends.into_iter().rev().find_map(|end| {
            let candidates = self.prefixes.get(&path[..end])?;
            candidates.iter().find(|route| route.path.serves(path))
        })
    }
}

impl Route {
    fn serves(&self, method: &Method) -> bool {
        self.served_methods().contains(method)
    }

    /// The methods that it serves.
    pub fn served_methods(&self) -> &[Method] {
        self.methods.as_deref().unwrap_or(&USUAL_METHODS)
    }
}

impl Target {
    /// Whether a no about this request, asked for at `now`, is let pass. A tunnel is not: it would
    /// outlive the time that the operator has set.
    pub fn is_observed(&self, now: Timestamp) -> bool {
        let until = self.route.observe_until;
        until.is_some_and(|until| now < until) && self.upgrade().is_none()
    }

    /// What was asked for.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// What was asked for, to say some of it in other words.
    pub(crate) fn head_mut(&mut self) -> &mut Head {
        &mut self.head
    }

    /// The route that carries it.
    pub fn route(&self) -> &Arc<Route> {
        &self.route
    }

    /// Both, when the target has done its work.
    pub(crate) fn into_parts(self) -> (Head, Arc<Route>) {
        (self.head, self.route)
    }

    /// The upgrade that is asked for, where the route allows it.
    pub fn upgrade(&self) -> Option<Upgrade> {
        self.head.upgrade().filter(|upgrade| self.route.upgrades.contains(upgrade))
    }
}

/// `TRACE`, `TRACK` and `CONNECT` are never among them, nor may a route name them.
const USUAL_METHODS: [Method; 7] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
];

#[cfg(test)]
mod tests {
    use super::{NoRoute, Route, Table};
    use crate::route::ambiguity::Ambiguity;
    use crate::route::head::Head;
    use crate::route::pattern::{HostPattern, PathPrefix};
    use crate::route::protocol::Protocol;
    use crate::route::terms::{Dialect, Durability, EncodedSlash, Retry};
    use http::{Method, Request};

    fn route(name: &str, host: &str, path: &str) -> Route {
        Route {
            name: name.into(),
            hosts: vec![HostPattern::parse(host).unwrap()],
            path: PathPrefix::parse(path).unwrap(),
            methods: None,
            upstream: "u".into(),
            protocol: Protocol::Http,
            credential: None,
            inspect: None,
            durability: Durability::Kernel,
            dialect: Dialect::Generic,
            encoded_slash: EncodedSlash::Refuse,
            upgrades: Vec::new(),
            unscannable: None,
            retry: Retry::Never,
            policy: None,
            observe_until: None,
            labels: Vec::new(),
        }
    }

    fn resolve(table: &Table, method: Method, host: &str, path: &str) -> Result<String, NoRoute> {
        let request = Request::builder().method(method).uri(path).header("host", host).body(());
        let head = Head::parse(request.unwrap().into_parts().0).unwrap();
        table.resolve(head).map(|target| target.route().name.to_string())
    }

    #[test]
    fn the_longest_prefix_in_whole_segments_wins() {
        let table = Table::new(vec![
            route("root", "a.org", "/"),
            route("api", "a.org", "/api"),
            route("deep", "a.org", "/api/v1/"),
            route("wild", "*.b.org", "/"),
            route("own", "x.b.org", "/"),
        ]);
        for (host, path, expected) in [
            ("a.org", "/", "root"),
            ("a.org", "/apis", "root"),
            ("a.org:8443", "/api", "api"),
            ("a.org", "/api/", "api"),
            ("a.org", "/api/v1", "api"),
            ("a.org", "/api/v1/", "deep"),
            ("a.org", "/api/v1/x/y", "deep"),
            ("a.org", "/%61pi/v1/x", "deep"),
            ("q.r.b.org", "/x", "wild"),
            ("x.b.org", "/x", "own"),
        ] {
            let found = resolve(&table, Method::GET, host, path);
            assert_eq!(found.as_deref(), Ok(expected), "{host}{path}");
        }
        assert_eq!(resolve(&table, Method::GET, "b.org", "/"), Err(NoRoute::Host));
        assert_eq!(resolve(&table, Method::GET, "evil-a.org", "/"), Err(NoRoute::Host));
    }

    #[test]
    fn a_host_without_a_route_for_the_path_says_so() {
        let table = Table::new(vec![route("api", "a.org", "/api/")]);
        assert_eq!(resolve(&table, Method::GET, "a.org", "/other"), Err(NoRoute::Path));
        assert_eq!(resolve(&table, Method::GET, "a.org", "/api"), Err(NoRoute::Path));
    }

    #[test]
    fn methods_are_exact_and_listed() {
        let mut only_get = route("r", "a.org", "/");
        only_get.methods = Some(vec![Method::GET]);
        let table = Table::new(vec![only_get]);
        assert!(resolve(&table, Method::GET, "a.org", "/").is_ok());
        let refused = resolve(&table, Method::HEAD, "a.org", "/");
        assert_eq!(refused, Err(NoRoute::Method(vec![Method::GET])));
        let table = Table::new(vec![route("r", "a.org", "/")]);
        assert!(matches!(resolve(&table, Method::TRACE, "a.org", "/"), Err(NoRoute::Method(_))));
        let lower = Method::from_bytes(b"get").unwrap();
        assert!(matches!(resolve(&table, lower, "a.org", "/"), Err(NoRoute::Method(_))));
    }

    #[test]
    fn an_encoded_slash_passes_only_where_the_route_keeps_it() {
        let mut keep = route("keep", "a.org", "/keep/");
        keep.encoded_slash = EncodedSlash::Keep;
        let table = Table::new(vec![keep, route("rest", "a.org", "/")]);
        assert!(resolve(&table, Method::GET, "a.org", "/keep/a%2Fb").is_ok());
        assert_eq!(
            resolve(&table, Method::GET, "a.org", "/rest/a%2Fb"),
            Err(NoRoute::Ambiguous(Ambiguity::PathEncodedSlash))
        );
    }
}

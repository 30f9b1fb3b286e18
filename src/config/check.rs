//! What no section can see alone: names that lead nowhere, and credentials that could be reached
//! in a way nobody meant.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::config::code::Code;
use crate::config::credentials::Credential;
use crate::config::file::{File, Workers};
use crate::config::keypath::KeyPath;
use crate::config::problem::Problem;
use crate::config::report::{Report, list, suggestion};
use crate::config::routes::Route;
use crate::config::upstreams::{Scheme, Upstream};
use crate::config::{control, credentials, listeners, routes, upstreams};

/// The names that the file defines, those of broken definitions included.
pub(super) struct Names {
    credentials: BTreeSet<String>,
    upstreams: BTreeSet<String>,
}

impl Names {
    pub(super) fn of(tree: &Value) -> Self {
        let keys = |section: &str| {
            let entries = tree.get(section).and_then(Value::as_object);
            entries.into_iter().flat_map(|entries| entries.keys().cloned()).collect()
        };
        Self { credentials: keys("credentials"), upstreams: keys("upstreams") }
    }
}

/// Reports everything that is wrong with a file whose every value can be read.
pub(super) fn check(file: &File, names: &Names, report: &mut Report) {
    check_top(file, report);
    file.identity.check(report);
    listeners::check(&file.listeners, report);
    file.control.iter().for_each(|control| control.check(&file.identity.trust, report));
    control::check(file.control.as_ref(), &file.listeners, file.state.is_some(), report);
    file.policy.iter().for_each(|policy| policy.check(report));
    upstreams::check(&file.upstreams, report);
    credentials::check(&file.credentials, report);
    routes::check(&file.routes, report);
    file.audit.check(report);
    let state = file.state.as_ref();
    state.iter().for_each(|state| state.check(report));
    file.callbacks.iter().for_each(|callbacks| callbacks.check(state, report));
    file.signals.iter().for_each(|signals| signals.check(file, report));
    file.approvals.iter().for_each(|approvals| approvals.check(state, report));
    for (name, credential) in &file.credentials {
        check_bound(&KeyPath::top("credentials").key(name.as_str()), credential, names, report);
    }
    for (name, route) in &file.routes {
        check_route(&KeyPath::top("routes").key(name.as_str()), route, file, names, report);
    }
    check_covered(file, names, report);
    check_unused(file, report);
}

fn check_top(file: &File, report: &mut Report) {
    report.count(KeyPath::top("version"), file.version.into(), 1..=1);
    if let Workers::Count(count) = file.workers {
        report.count(KeyPath::top("workers"), count.into(), 1..=256);
    }
    if file.routes.is_empty() {
        let message = "there are no routes, so every request is refused";
        report.check(Problem::key(Code::NoRoutes, KeyPath::top("routes"), message));
    }
}

fn check_bound(at: &KeyPath, credential: &Credential, names: &Names, report: &mut Report) {
    for (index, upstream) in credential.upstreams.iter().enumerate() {
        let at = at.key("upstreams").index(index);
        named(Code::NoUpstream, upstream.as_str(), &names.upstreams, at, report);
    }
}

fn check_route(at: &KeyPath, route: &Route, file: &File, names: &Names, report: &mut Report) {
    let to = route.upstream.as_str();
    if !route.labels.is_empty() && file.state.is_none() && !report.is_cut(&KeyPath::top("state")) {
        let message = "there is no `state` to keep labels in, so every request here is refused";
        report.check(
            Problem::key(Code::Pair, at.key("labels"), message)
                .help("add `state: { url: sqlite:state/countersign.db }`"),
        );
    }
    let leads_somewhere = names.upstreams.contains(to);
    named(Code::NoUpstream, to, &names.upstreams, at.key("upstream"), report);
    let Some(name) = &route.credential else { return };
    let at = at.key("credential");
    named(Code::NoCredential, name.as_str(), &names.credentials, at.clone(), report);
    let Some(credential) = file.credentials.get(name) else { return };
    let bound = KeyPath::top("credentials").key(name.as_str()).key("upstreams");
    let is_bound = credential.upstreams.contains(&route.upstream);
    if leads_somewhere && !is_bound && !report.is_cut(&bound) {
        let message = format!("credential `{name}` may not be sent to upstream `{to}`");
        let bound = list(credential.upstreams.iter().map(|upstream| upstream.as_str()));
        report.check(
            Problem::value(Code::Unbound, at.clone(), message)
                .label(format!("it is bound to: {bound}"))
                .help(format!("add `{to}` to `credentials.{name}.upstreams` if that is right")),
        );
    }
    if file.upstreams.get(&route.upstream).is_some_and(is_exposed) {
        let message = format!("credential `{name}` would cross the network unencrypted");
        report.check(
            Problem::value(Code::Plain, at, message)
                .help(format!("write `https://` in `upstreams.{to}`")),
        );
    }
}

/// Whether what is sent there can be read on the way.
fn is_exposed(upstream: &Upstream) -> bool {
    upstream.origins().any(|origin| origin.scheme == Scheme::Http && !origin.is_loopback())
}

fn named(code: Code, name: &str, known: &BTreeSet<String>, at: KeyPath, report: &mut Report) {
    if known.contains(name) {
        return;
    }
    let kind = if code == Code::NoUpstream { "upstream" } else { "credential" };
    let known = || known.iter().map(String::as_str);
    report.check(
        Problem::value(code, at, format!("{kind} `{name}` does not exist"))
            .label(suggestion(name, known()))
            .help(format!("defined: {}", list(known()))),
    );
}

/// No credential may be reachable without a rule that says yes.
fn check_covered(file: &File, names: &Names, report: &mut Report) {
    if file.policy.is_some() || report.is_refused(&KeyPath::top("policy")) {
        return;
    }
    if names.credentials.is_empty() {
        let message = "there is no policy: nothing could be decided";
        report.check(
            Problem::key(Code::NoPolicy, KeyPath::top("policy"), message)
                .help("add `policy: { path: rules/ }`"),
        );
        return;
    }
    let message = "there are credentials, but no policy covers the routes that use them";
    report.add(
        Problem::key(Code::Uncovered, KeyPath::top("credentials"), message)
            .help("add `policy: { path: rules/ }`"),
    );
}

fn check_unused(file: &File, report: &mut Report) {
    if report.has_errors() {
        // What is wrong may well be why it looks unused.
        return;
    }
    for name in file.credentials.keys() {
        if !file.routes.values().any(|route| route.credential.as_ref() == Some(name)) {
            let path = KeyPath::top("credentials").key(name.as_str());
            let message = format!("no route uses credential `{name}`");
            report.check(Problem::key(Code::Unused, path, message));
        }
    }
    for name in file.upstreams.keys() {
        if !file.routes.values().any(|route| route.upstream == *name) {
            let path = KeyPath::top("upstreams").key(name.as_str());
            let message = format!("no route leads to upstream `{name}`");
            report.check(Problem::key(Code::Unused, path, message));
        }
    }
}

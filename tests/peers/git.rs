//! git over HTTPS, to a real `git http-backend` that wants a password which git never had.

use std::path::Path;
use std::process::Command;

use super::program::{Said, Server, run};
use super::stand::{Stand, rules};
use crate::harness::SECRET;

#[test]
fn git_clones_and_pushes_without_a_password_and_hears_why_a_push_is_denied() {
    let folder = tempfile::tempdir().unwrap();
    make_repositories(folder.path());
    let served = folder.path().join("served").into_os_string().into_string().unwrap();
    let host = Server::python("git_http.py", &[&served, "robot", SECRET]);
    let stand = Stand::new(&host, "dialect: git", |setup| {
        setup.credential("scheme: basic, username: robot").rules(&rules(
            "not denied\n}\n\ndenied if {\n\
             \tstartswith(input.attributes.request.http.path, \"/locked.git/\")\n\
             \tcontains(input.attributes.request.http.path, \"git-receive-pack\")",
            "The repository is frozen until Monday.",
        ))
    });
    let git = |at: &str, arguments: &[&str]| git(Some(&stand), &folder.path().join(at), arguments);

    for name in ["open", "locked"] {
        git(".", &["clone", &format!("{}/{name}.git", stand.url), name]).ok();
        assert_eq!(git(name, &["log", "--format=%s"]).ok(), "First\n");
        git(name, &["commit", "--quiet", "--allow-empty", "-m", "Second"]).ok();
    }
    git("open", &["push", "origin", "main"]).ok();
    let arrived = git("served/open.git", &["log", "--format=%s", "main"]);
    assert_eq!(arrived.ok(), "Second\nFirst\n");

    let denied = git("locked", &["push", "origin", "main"]);
    assert_ne!(denied.code, Some(0));
    let told = denied.err.lines().any(|line| {
        line.starts_with("remote:") && line.contains("The repository is frozen until Monday.")
    });
    assert!(told, "{}", denied.err);
    assert_eq!(git("served/locked.git", &["log", "--format=%s", "main"]).ok(), "First\n");
}

/// Two bare repositories of one commit each.
pub(super) fn make_repositories(folder: &Path) {
    let git = |at: &Path, arguments: &[&str]| {
        git(None, at, arguments).ok();
    };
    for name in ["open", "locked"] {
        let (work, bare) = (format!("{name}.work"), format!("served/{name}.git"));
        git(folder, &["init", "--quiet", "--initial-branch=main", &work]);
        git(&folder.join(&work), &["commit", "--quiet", "--allow-empty", "-m", "First"]);
        git(folder, &["clone", "--quiet", "--bare", &work, &bare]);
        git(&folder.join(&bare), &["config", "http.receivepack", "true"]);
    }
}

/// git, with nothing of what this machine has configured for it.
pub(super) fn git(stand: Option<&Stand>, at: &Path, arguments: &[&str]) -> Said {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=Agent", "-c", "user.email=agent@example.org"]);
    command.args(arguments).current_dir(at);
    let nothing = "/dev/null";
    command.env("GIT_CONFIG_GLOBAL", nothing).env("GIT_CONFIG_SYSTEM", nothing);
    command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_ASKPASS", "false");
    if let Some(Stand { files: [ca, cert, key], .. }) = stand {
        command.env("GIT_SSL_CAINFO", ca).env("GIT_SSL_CERT", cert).env("GIT_SSL_KEY", key);
    }
    run(&command)
}

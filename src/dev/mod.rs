//! `countersign dev`: a whole deployment on this machine, to try and to develop against.
//!
//! Nothing here is a shortcut around the product: the authority signs real SVIDs, the sample API
//! really checks its credential, and what is started is the Countersign that serves in production,
//! from a configuration file that can be read and changed.

mod authority;
mod error;
mod layout;
mod pki;
mod settings;
mod tools;
mod sample;
mod agent;
mod deployment;
mod banner;
mod tour;

pub use deployment::run;
pub use error::Error;
pub use tour::tour;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::layout::Layout;
    use crate::clock::Clock;
    use crate::policy::{Bundle, Config, suite};

    #[test]
    fn the_rules_of_every_example_pass_their_tests_and_run_on_the_fast_engine() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
        for example in ["git-over-https", "llm-api", "mcp-server", "quickstart"] {
            let config = Config::new(folder.join(example).join("rules"));
            let report = suite::run(&config, &Clock::System).unwrap();
            assert!(report.passed(), "{example}:\n{report}");
            let bundle = Bundle::load(&config, &Clock::System).unwrap();
            assert!(!bundle.is_interpreted(), "{example}: {:?}", bundle.differences());
        }
    }
    #[test]
    fn the_rules_that_a_deployment_begins_with_pass_their_tests_and_run_on_the_fast_engine() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::under(folder.path());
        layout.prepare().unwrap();
        let config = Config::new(layout.rules());
        let report = suite::run(&config, &Clock::System).unwrap();
        assert!(report.passed(), "{report}");
        let bundle = Bundle::load(&config, &Clock::System).unwrap();
        assert!(!bundle.is_interpreted(), "{:?}", bundle.differences());
    }
}

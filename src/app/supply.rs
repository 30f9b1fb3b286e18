//! Keeps the policy archive what its server says it is.
//!
//! What is fetched is loaded and tested before it takes the archive's place, and the file is then
//! noticed like any other change. So the file is always the last good bundle: a restart needs no
//! server, and a bad bundle or a server that is gone changes nothing.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use tempfile::Builder;
use tracing::{error, info, warn};

use crate::clock::Clock;
use crate::config::{File, Problem, parse};
use crate::fetch::{self, FetchError, Place};
use crate::metrics::PolicyMetrics;
use crate::policy::{self, Bundle, LoadError};

/// Where a bundle comes from, and where it goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Supply {
    /// The server.
    pub server: fetch::Config,
    /// The archive, and how it is checked.
    pub policy: policy::Config,
}

/// Why a bundle did not become the archive.
#[derive(Debug)]
enum Refused {
    /// It cannot be written.
    Disk(io::Error),
    /// It was not fetched.
    Fetch(FetchError),
    /// It is not fit for service.
    Load(LoadError),
}

/// Fetches the bundle once if there is no archive yet, so that a first start has rules. What goes
/// wrong is logged; loading then says that the archive is missing.
pub fn first(config: &Path, clock: &Clock) {
    let clock = clock.clone();
    let Some(supply) = written(config).filter(|supply| !supply.policy.path.exists()) else {
        return;
    };
    // A thread of its own: whoever starts Countersign may be inside of a runtime already.
    let fetched = std::thread::spawn(move || supply.fetch_once(&clock)).join();
    match fetched {
        Ok(Ok(())) => {}
        Ok(Err(why)) => error!("the policy bundle cannot be had from its server: {why}"),
        Err(_) => error!("fetching the policy bundle panicked"),
    }
}

/// What the file says, if it can be read; loading will say what is wrong with it.
fn written(config: &Path) -> Option<Supply> {
    let text = std::fs::read_to_string(config).ok()?;
    let (file, _) = parse(&config.display().to_string(), &text).ok()?;
    Supply::of(&file).ok()?
}

/// Asks the server for as long as it is polled.
pub async fn run(supply: Arc<Supply>, clock: Clock, metrics: PolicyMetrics) {
    let place = match supply.place() {
        Ok(place) => place,
        Err(why) => return error!("the policy bundle is not fetched: {why}"),
    };
    let (mut tag, mut failures) = (None, 0);
    loop {
        let asked = ask(&supply, &place, &mut tag, &clock).await;
        let result = match &asked {
            Ok(Heard { new: true, .. }) => "new",
            Ok(_) => "same",
            Err(Refused::Fetch(_)) => "failed",
            Err(_) => "refused",
        };
        metrics.bundle_downloads.with_label_values(&[result]).inc();
        let pause = match asked {
            Ok(heard) => {
                failures = 0;
                metrics.bundle_heard.set(i64::try_from(clock.now().secs()).unwrap_or(i64::MAX));
                if heard.waits { SHORTEST } else { supply.server.every }
            }
            Err(why) => {
                warn!(server = %place, "the last good policy bundle stays: {why}");
                failures += 1;
                SHORTEST
                    .saturating_mul(1 << failures.min(10))
                    .min(supply.server.every.max(SHORTEST))
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// What one request came to.
struct Heard {
    new: bool,
    waits: bool,
}

/// Asks once, and keeps what is new.
async fn ask(
    supply: &Arc<Supply>,
    place: &Place,
    tag: &mut Option<HeaderValue>,
    clock: &Clock,
) -> Result<Heard, Refused> {
    let fetched = place.get(tag.as_ref(), supply.server.wait).await.map_err(Refused::Fetch)?;
    let Some(document) = fetched.document else {
        return Ok(Heard { new: false, waits: fetched.waits });
    };
    let keeping = {
        let (supply, clock) = (Arc::clone(supply), clock.clone());
        tokio::task::spawn_blocking(move || supply.keep(&document, &clock))
    };
    let kept = keeping.await.unwrap_or_else(|panic| Err(Refused::Disk(io::Error::other(panic))));
    // A bundle that was refused would be refused again; a full disk may have room next time.
    if !matches!(kept, Err(Refused::Disk(_))) {
        tag.clone_from(&fetched.tag);
    }
    kept.map(|()| Heard { new: true, waits: fetched.waits })
}

impl Supply {
    /// What a configuration says about it.
    ///
    /// # Errors
    /// A problem for an address that is no endpoint.
    pub fn of(file: &File) -> Result<Option<Self>, Problem> {
        let server = file.bundle_server()?;
        Ok(server.zip(file.policy()).map(|(server, policy)| Self { server, policy }))
    }

    fn place(&self) -> Result<Place, Refused> {
        Place::new(self.server.clone()).map_err(|why| Refused::Disk(io::Error::other(why)))
    }

    /// Fetches the bundle and keeps it. Blocks.
    fn fetch_once(&self, clock: &Clock) -> Result<(), Refused> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let place = self.place()?;
        let fetched = runtime.map_err(Refused::Disk)?.block_on(place.get(None, Duration::ZERO));
        let document = fetched.map_err(Refused::Fetch)?.document;
        document.map_or(Ok(()), |new| self.keep(&new, clock))
    }

    /// Puts `document` in the archive's place, if it is a bundle that may serve. Blocks.
    fn keep(&self, document: &Bytes, clock: &Clock) -> Result<(), Refused> {
        let path = &self.policy.path;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let mut file = Builder::new()
            .prefix(".fetched-")
            .suffix(".tar.gz")
            .tempfile_in(folder)
            .map_err(Refused::Disk)?;
        file.write_all(document).map_err(Refused::Disk)?;
        let fetched = policy::Config { path: file.path().to_owned(), ..self.policy.clone() };
        let bundle = Bundle::load(&fetched, clock).map_err(Refused::Load)?;
        file.as_file().sync_all().map_err(Refused::Disk)?;
        file.persist(path).map_err(|why| Refused::Disk(why.error))?;
        info!(revision = %bundle.revision(), "a new policy bundle was fetched");
        Ok(())
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Disk(why) => write!(f, "it cannot be kept: {why}"),
            Self::Fetch(why) => write!(f, "it cannot be fetched: {why}"),
            Self::Load(why) => write!(f, "what was fetched is refused: {why}"),
        }
    }
}

/// The shortest time between two requests.
const SHORTEST: Duration = Duration::from_secs(1);

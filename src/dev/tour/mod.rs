//! `countersign dev --tour`: a scripted agent walks through a deployment, and says what it saw.
//!
//! Every line of the transcript is printed from what happened, and every step holds what happened
//! against what should have. A step is one file with one function; a new one is a file and a line
//! in [`walk`].

mod transcript;
mod visit;
mod whoami;
mod allowed;
mod denied;
mod tool_allowed;
mod tool_denied;
mod ambiguous;
mod approved;
mod labelled;
mod metric;
mod audit;

use std::io::Write;

use tokio::runtime::Builder;

use crate::clock::Clock;
use crate::dev::agent::Agent;
use crate::dev::deployment::Deployment;
use crate::dev::error::Error;
use crate::dev::layout::Layout;
use crate::dev::settings::Ports;
use crate::dev::tour::transcript::{Missed, Transcript};
use crate::dev::tour::visit::Visit;

/// Starts a deployment on free ports in a temporary folder, walks the agent through it, and takes
/// it away again. `out` gets the transcript.
///
/// # Errors
/// [`Error::Tour`], if a step did not go as it should; others, if the deployment did not start.
pub fn tour(clock: &Clock, out: &mut dyn Write) -> Result<(), Error> {
    let began = clock.instant();
    let folder = tempfile::tempdir()?;
    let deployment = Deployment::start(Layout::under(folder.path()), Ports::Any, clock)?;
    let gateway = deployment.running.address("agents").ok_or(Error::Tour { step: "starting" })?;
    let agent = Agent::new(&deployment.layout.agent(), gateway)?;
    let mut transcript = Transcript::new(out);
    transcript.opening(gateway)?;

    let runtime = Builder::new_current_thread().enable_all().build()?;
    let walked = runtime.block_on(walk(Visit { deployment, agent }, &mut transcript));
    if let Err(missed) = walked {
        let step = transcript.missed(&missed)?;
        return Err(Error::Tour { step });
    }
    transcript.closing(began.elapsed())?;
    Ok(())
}

/// The steps, in order. The first that does not go as it should ends the tour.
async fn walk(visit: Visit, transcript: &mut Transcript<'_>) -> Result<(), Missed> {
    whoami::walk(&visit, transcript).await?;
    allowed::walk(&visit, transcript).await?;
    denied::walk(&visit, transcript).await?;
    tool_allowed::walk(&visit, transcript).await?;
    tool_denied::walk(&visit, transcript).await?;
    ambiguous::walk(&visit, transcript).await?;
    approved::walk(&visit, transcript).await?;
    labelled::walk(&visit, transcript).await?;
    metric::walk(&visit, transcript).await?;
    audit::walk(visit, transcript)
}

#[cfg(test)]
mod tests {
    use super::tour;
    use crate::clock::Clock;

    #[test]
    fn the_tour_goes_as_it_should() {
        let mut transcript = Vec::new();
        let walked = tour(&Clock::System, &mut transcript);
        let transcript = String::from_utf8(transcript).unwrap();
        assert!(walked.is_ok(), "{walked:?}\n{transcript}");
    }
}

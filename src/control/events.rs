//! `/v1/events`: what changes, as server-sent events.
//!
//! One look into the store serves everybody who follows. Whoever comes back with the id of the last
//! event that they heard (`Last-Event-ID`) hears what they missed first; some may be told twice, and
//! are known by their ids. Whoever does not keep up, or may not read any more, is cut off.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderName;
use tokio::sync::{OwnedSemaphorePermit, broadcast, mpsc};
use tokio::time::{Instant, sleep_until, timeout};

use crate::control::caller::Caller;
use crate::control::failure::Failure;
use crate::control::gate::Shown;
use crate::control::reply::{Reply, ascii};
use crate::control::service::{Service, Visit};
use crate::event::{Event, Subject};
use crate::id::EventId;
use crate::store::{Error, Follower, MAX_PAGE};

/// Follows what happens from now on, or since the event that the caller heard last.
pub(super) async fn follow(visit: Visit<'_>) -> Result<Reply, Failure> {
    let last = match visit.request.headers().contains_key(LAST_EVENT_ID) {
        true => {
            let last = visit.request.header(&LAST_EVENT_ID).and_then(EventId::parse);
            Some(last.ok_or(Failure::Malformed("`Last-Event-ID` is the id of an event".into()))?)
        }
        false => None,
    };
    let place = Arc::clone(&visit.service.streams).try_acquire_owned();
    let place = place.map_err(|_| Failure::Busy)?;
    let (sender, receiver) = mpsc::channel(WAITING);
    let stream = Stream {
        service: Arc::clone(visit.service),
        shown: Rc::clone(visit.shown),
        caller: visit.caller.clone(),
        patience: visit.shown.guest.limits().idle,
        sender,
        _place: place,
    };
    let live = visit.service.news.subscribe();
    visit.service.listened.notify_one();
    tokio::task::spawn_local(stream.run(last, live));
    Ok(Reply::events(receiver))
}

/// Looks for what is new for as long as it is polled, while anybody follows.
pub(super) async fn look(service: &Service) {
    loop {
        if service.news.receiver_count() == 0 {
            service.listened.notified().await;
        }
        // What other replicas wrote a moment ago may become visible only now.
        let mut follower = Follower::from_now(service.shared.clock.now().minus(RECENTLY));
        while service.news.receiver_count() > 0 {
            match service.desk.look(follower.clone()).await {
                Ok((moved, events)) => {
                    follower = moved;
                    for event in events {
                        // Nobody may be listening any more.
                        let _ = service.news.send(Arc::new(event));
                    }
                }
                Err(why) => tracing::error!("what has changed cannot be looked up: {why}"),
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// One caller's stream.
struct Stream {
    service: Arc<Service>,
    shown: Rc<Shown>,
    caller: Caller,
    /// How long they may leave an event untaken.
    patience: Duration,
    sender: mpsc::Sender<Bytes>,
    _place: OwnedSemaphorePermit,
}

/// Why a stream ends.
enum End {
    /// The caller has gone, does not keep up, or may not read any more.
    Cut,
    /// The store cannot be asked; they may come again.
    Store(Error),
}

impl Stream {
    async fn run(mut self, last: Option<EventId>, live: broadcast::Receiver<Arc<Event>>) {
        let mut shutdown = self.service.shutdown.clone();
        let ended = tokio::select! {
            () = shutdown.wait() => return,
            ended = self.tell(last, live) => ended,
        };
        if let Err(End::Store(why)) = ended {
            tracing::error!("a stream of events ends: {why}");
        }
    }

    async fn tell(
        &mut self,
        last: Option<EventId>,
        mut live: broadcast::Receiver<Arc<Event>>,
    ) -> Result<(), End> {
        self.put(Bytes::from_static(b"retry: 2000\n\n")).await?;
        let told = match last {
            Some(last) => self.catch_up(last).await?,
            None => BTreeSet::new(),
        };
        let mut beat = Instant::now() + BEAT;
        loop {
            tokio::select! {
                () = sleep_until(beat) => {
                    beat = Instant::now() + BEAT;
                    self.admitted()?;
                    self.put(Bytes::from_static(b": still here\n\n")).await?;
                }
                event = live.recv() => {
                    // Whoever lags behind comes again and says where they were.
                    let event = event.map_err(|_| End::Cut)?;
                    if !told.contains(&event.id) {
                        self.admitted()?;
                        self.send(&event).await?;
                    }
                }
            }
        }
    }

    /// Tells what happened since `last`, and what shortly before it may have become visible only
    /// since. Returns what of it may be told again.
    async fn catch_up(&mut self, last: EventId) -> Result<BTreeSet<EventId>, End> {
        let recently = self.service.shared.clock.now().minus(RECENTLY.saturating_mul(4));
        let mut after = EventId::floor(last.made().minus(RECENTLY));
        let mut told = BTreeSet::from([last]);
        loop {
            let page = self.service.desk.events(after).await.map_err(End::Store)?;
            let Some(newest) = page.last() else { return Ok(told) };
            after = newest.id;
            self.admitted()?;
            for event in page.iter().filter(|event| event.id != last) {
                self.send(event).await?;
                if event.id.made() >= recently {
                    told.insert(event.id);
                }
            }
            if i64::try_from(page.len()).is_ok_and(|count| count < MAX_PAGE) {
                return Ok(told);
            }
        }
    }

    /// Whoever was let in must still be: certificates end, tokens expire, people leave.
    fn admitted(&mut self) -> Result<(), End> {
        let (snapshot, now) = (self.service.shared.snapshot(), self.service.shared.clock.now());
        let caller = self.service.gate().admit(&self.shown, &snapshot.people, now);
        self.caller = caller.map_err(|_| End::Cut)?;
        Ok(())
    }

    async fn send(&self, event: &Event) -> Result<(), End> {
        if !self.concerns(event).await? {
            return Ok(());
        }
        let (id, kind) = (event.id, event.kind.as_str());
        let data = ascii(&event.document());
        let head = format!("id: {id}\nevent: {kind}\ndata: ");
        self.put([head.as_bytes(), &data, b"\n\n"].concat().into()).await
    }

    /// Whether the caller may hear of it: operators of everything, others of proposals that ask them.
    async fn concerns(&self, event: &Event) -> Result<bool, End> {
        if self.caller.is_operator() {
            return Ok(true);
        }
        let Subject::Proposal(id) = event.subject else { return Ok(false) };
        let proposal = match self.service.desk.load(id).await {
            Ok(proposal) => proposal,
            Err(Error::Unknown(_)) => return Ok(false),
            Err(why) => return Err(End::Store(why)),
        };
        let people = &self.service.shared.snapshot().people;
        let terms = &proposal.draft().terms;
        Ok(self.caller.person().is_some_and(|person| people.concerns(terms, person)))
    }

    async fn put(&self, bytes: Bytes) -> Result<(), End> {
        match timeout(self.patience, self.sender.send(bytes)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(End::Cut),
        }
    }
}

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// How often the store is asked.
const LOOK: Duration = Duration::from_millis(250);

/// How much later than others an event may become visible.
const RECENTLY: Duration = Duration::from_secs(15);

/// How often a stream on which nothing happens says that it is there.
const BEAT: Duration = Duration::from_secs(10);

/// Events that may wait for one caller to take them.
const WAITING: usize = 64;

//! Callers who may show a certificate, or say who they are in each request.
//!
//! The same handshakes, limits and strict reading of HTTP as for agents; what differs is only that a
//! connection need not have a principal.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use rustls::pki_types::CertificateDer;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tracing::info;

use crate::identity::{Principal, Rejection, SpiffeId, Trust};
use crate::listener::census::Place;
use crate::listener::config::Limits;
use crate::listener::connection::{InProgress, Places, Pulse};
use crate::listener::serve::{Security, Site};
use crate::route::Ambiguity;

/// A connection of somebody who may have shown a certificate.
#[derive(Debug)]
pub struct Guest {
    principal: RefCell<Option<Principal>>,
    chain: Vec<CertificateDer<'static>>,
    limits: Arc<Limits>,
    pulse: Arc<Pulse>,
    closing: Notify,
    /// Held for as long as anything holds the connection.
    _places: Places,
}

impl Guest {
    /// Whose certificate was shown, checked against the trust of this moment. Asked before every
    /// request; `None` if none was shown.
    ///
    /// # Errors
    /// [`Rejection`], when the certificate no longer holds; the connection then closes.
    pub fn spiffe_id(&self, trust: &Trust) -> Result<Option<SpiffeId>, Rejection> {
        let mut principal = self.principal.borrow_mut();
        let Some(shown) = principal.as_mut() else { return Ok(None) };
        match trust.still_holds(shown, &self.chain) {
            Ok(None) => {}
            Ok(Some(renewed)) => *shown = renewed,
            Err(rejection) => {
                self.closing.notify_one();
                return Err(rejection);
            }
        }
        Ok(Some(shown.spiffe_id().clone()))
    }

    /// How much the listener takes.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The rule that this connection's bytes broke; whoever asks answers for it.
    pub fn take_broken_rule(&self) -> Option<Ambiguity> {
        self.pulse.beat().broken.take()
    }

    /// Marks the beginning of an exchange; its end is when the value is dropped.
    pub fn begin(&self) -> InProgress {
        InProgress::of(&self.pulse)
    }
}

impl Site {
    /// Serves one connection to its end. `answer` answers each request.
    pub async fn serve_guest<B, F>(
        &self,
        stream: TcpStream,
        place: Place,
        security: Security,
        answer: impl Fn(Rc<Guest>, Request<Incoming>) -> F + 'static,
    ) where
        B: Body<Data = Bytes> + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
        F: Future<Output = Response<B>> + 'static,
    {
        let Some((stream, peer, _)) = self.shake(stream, &security.tls).await else { return };
        let (_, tls) = stream.get_ref();
        let shown = tls.peer_certificates().map(|_| security.trust.authenticate(tls)).transpose();
        let principal = match shown {
            Ok(principal) => principal,
            Err(why) => return self.failed(peer, why.reason(), &why).unwrap_or_default(),
        };
        self.metrics.handshakes.with_label_values(&["ok", ""]).inc();
        let Some(places) = self.places(place, principal.as_ref()) else { return };
        let chain = tls.peer_certificates().unwrap_or_default();
        let pulse = Arc::new(Pulse::new());
        let guest = Rc::new(Guest {
            principal: RefCell::new(principal),
            chain: chain.iter().map(|der| der.clone().into_owned()).collect(),
            limits: Arc::clone(&self.limits),
            pulse: Arc::clone(&pulse),
            closing: Notify::new(),
            _places: places,
        });
        let answering = Rc::clone(&guest);
        let answer = move |request| answer(Rc::clone(&answering), request);
        self.speak(stream, &pulse, guest.closing.notified(), answer).await;
    }

    /// What the connection takes up; `None` if its principal has too many.
    fn places(&self, place: Place, principal: Option<&Principal>) -> Option<Places> {
        let id = principal.map(Principal::spiffe_id);
        let taken = id.map(|id| self.census.enter_as(id, self.limits.connections_per_principal));
        let Ok(taken) = taken.map(|place| place.ok_or(())).transpose() else {
            info!(listener = %self.name, principal = ?id, "too many connections of one principal");
            self.refused("connections_per_principal");
            return None;
        };
        let open = self.metrics.connections.with_label_values(&[self.name.as_str()]);
        open.inc();
        Some(Places { _listener: place, _principal: taken, open })
    }
}

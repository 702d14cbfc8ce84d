//! The session: one key, one interaction, each request answered once.

use core::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use super::request::DeviceRequest;
use super::v1::{self, Header, Opened, ReplyParts};
use super::view::{DeviceView, Vault};
use crate::error::{DeviceError, Error, KeyError};
use crate::hazmat::hpke::SecretKey;
use crate::sensitive::Sensitive;
use crate::vocabulary::{AgentId, Clock, SystemClock, Timestamp, hex};

/// Most requests that wait for their replies; one more forgets the oldest.
pub const MAX_WAITING: usize = 64;

/// A session on an agent's machine, for one interaction. It opens the views that the back end seals
/// for it ([`crate::Interaction::view_for_device`]) and nothing else; it ends by
/// [`DeviceSession::end`], on drop, and when the interaction's time is over.
///
/// ```
/// use cpni_guard::{DeviceRequest, DeviceSession};
///
/// let device = DeviceSession::start()?;
/// let request = device.request()?;
/// let sent = request.to_text(); // over your own authenticated channel, with the names of the fields
/// assert_eq!(DeviceRequest::from_text(&sent)?, request);
/// // … the back end answers with a reply: device.open(&request, &reply)?
/// device.end();
/// assert!(device.request().is_err());
/// # Ok::<(), cpni_guard::Error>(())
/// ```
pub struct DeviceSession(Arc<Shared>);

impl DeviceSession {
    /// Starts a session with a fresh key.
    ///
    /// # Errors
    /// [`KeyError::Random`] if the operating system gives no random bytes.
    pub fn start() -> Result<Self, Error> {
        Self::start_with_clock(Arc::new(SystemClock))
    }

    /// As [`DeviceSession::start`], with a clock. It should go on while the machine sleeps.
    ///
    /// # Errors
    /// As [`DeviceSession::start`].
    pub fn start_with_clock(clock: Arc<dyn Clock>) -> Result<Self, Error> {
        Ok(Self::with_key(SecretKey::make().map_err(|_| KeyError::Random)?, clock))
    }

    fn with_key(key: SecretKey, clock: Arc<dyn Clock>) -> Self {
        let public = *key.public();
        let state = State {
            key: Some(key),
            over: None,
            last: clock.now(),
            deadline: None,
            bound: None,
            asked: 0,
            waiting: Vec::new(),
            views: Vec::new(),
        };
        Self(Arc::new(Shared { public, clock, state: Mutex::new(state) }))
    }

    #[cfg(test)]
    pub(super) fn with_seed_for_testing(seed: &[u8; 32], clock: Arc<dyn Clock>) -> Self {
        Self::with_key(SecretKey::derive(seed), clock)
    }

    /// The public key of the session.
    #[must_use]
    pub fn public_key(&self) -> &[u8; 32] {
        &self.0.public
    }

    /// The public key as the audit log of the back end names it: 64 lower-case hexadecimal digits. Not
    /// secret. Another one there means that somebody else asked.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex(&self.0.public)
    }

    /// A request for one view. Send it over the host's own authenticated channel.
    ///
    /// # Errors
    /// [`DeviceError::Ended`], [`DeviceError::Expired`].
    pub fn request(&self) -> Result<DeviceRequest, Error> {
        let mut state = self.0.state();
        let now = state.tick(&*self.0.clock)?;
        // A session that asked four billion times is at its end.
        state.asked = state.asked.checked_add(1).ok_or(DeviceError::Ended)?;
        if state.waiting.len() >= MAX_WAITING {
            state.waiting.remove(0);
        }
        let number = state.asked;
        state.waiting.push(Waiting { number, since: now });
        Ok(DeviceRequest { public: self.0.public, number })
    }

    /// Opens the reply to a request. The first binds the session to its interaction.
    ///
    /// # Errors
    /// [`DeviceError`]: the reply is not for this session, not of this interaction, not the answer to
    /// this request, was opened before, came too late, or the session is over. Nothing is shown then,
    /// and a request that waits still waits.
    pub fn open(&self, request: &DeviceRequest, reply: impl AsRef<[u8]>) -> Result<DeviceView, Error> {
        let mut state = self.0.state();
        let now = state.tick(&*self.0.clock)?;
        let format = |why| DeviceError::Format { why };
        let parts = ReplyParts::read(reply.as_ref()).map_err(format)?;
        let waits = state.waiting.iter().position(|waiting| waiting.number == request.number);
        let at = waits.filter(|_| request.public == self.0.public).ok_or(DeviceError::NotWaiting)?;
        let since = state.waiting.get(at).ok_or(DeviceError::NotWaiting)?.since;
        if parts.header.number != request.number {
            return Err(DeviceError::AnotherRequest.into());
        }
        if state.bound.as_ref().is_some_and(|bound| *bound != Bound::of(&parts.header)) {
            return Err(DeviceError::AnotherInteraction.into());
        }
        let plain = state.unseal(&parts)?;
        // Counted from the asking by this clock: never later than the interaction's own end, however
        // the clocks of the two sides differ and however long the reply was held back.
        let lasts = parts.header.expires.since(parts.header.sealed_at).unwrap_or_default();
        let deadline = since.plus(lasts);
        if now >= deadline {
            return Err(DeviceError::TooLate.into());
        }
        // EXPOSE: read into values that wipe themselves.
        let opened = Opened::read(plain.expose()).map_err(format)?;
        state.waiting.remove(at);
        state.bound.get_or_insert_with(|| Bound::of(&parts.header));
        // The interaction's idle time starts anew with each view; replies may come out of order.
        state.deadline = state.deadline.max(Some(deadline));
        let names = opened.values.iter().map(|(name, _)| name.clone()).collect();
        let vault = Arc::new(Vault::new(opened.values, Arc::clone(&self.0)));
        state.views.retain(|view| view.strong_count() > 0);
        state.views.push(Arc::downgrade(&vault));
        Ok(DeviceView { fields: opened.fields, names, vault, audit_index: opened.audit_index })
    }

    /// Whether the session goes on. Wipes everything where its time is over: call it from a timer.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.0.check().is_ok()
    }

    /// How long what it opened may still be seen; `None` before the first view and after the end.
    #[must_use]
    pub fn time_left(&self) -> Option<Duration> {
        let mut state = self.0.state();
        let now = state.tick(&*self.0.clock).ok()?;
        state.deadline?.since(now)
    }

    /// The interaction that the session is bound to; `None` before the first view.
    #[must_use]
    pub fn interaction(&self) -> Option<[u8; 16]> {
        self.0.state().bound.as_ref().map(|bound| bound.interaction)
    }

    /// Ends the session: its key and everything that it opened are wiped. Nothing more is readable.
    pub fn end(&self) {
        self.0.state().finish(DeviceError::Ended);
    }
}

impl Drop for DeviceSession {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for DeviceSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceSession").field("over", &self.0.state().over).finish_non_exhaustive()
    }
}

/// What a session and its views share.
pub(super) struct Shared {
    public: [u8; 32],
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

impl Shared {
    /// Whether the session goes on.
    pub(super) fn check(&self) -> Result<(), DeviceError> {
        self.state().tick(&*self.clock).map(|_| ())
    }

    /// INVARIANT: the state is whole after every statement that can panic.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct State {
    /// `None` once it is over.
    key: Option<SecretKey>,
    /// Why it is over; `None` while it goes on.
    over: Option<DeviceError>,
    /// The latest time that the clock showed.
    last: Timestamp,
    /// When the interaction ends by itself, by this clock. `None`: nothing was opened yet.
    deadline: Option<Timestamp>,
    bound: Option<Bound>,
    /// The number of the last request.
    asked: u32,
    waiting: Vec<Waiting>,
    views: Vec<Weak<Vault>>,
}

struct Waiting {
    number: u32,
    since: Timestamp,
}

impl State {
    /// The time, if the session goes on. A clock that went back says that nobody knows how much time
    /// passed: that ends it too.
    fn tick(&mut self, clock: &dyn Clock) -> Result<Timestamp, DeviceError> {
        let now = clock.now();
        if now < self.last || self.deadline.is_some_and(|deadline| now >= deadline) {
            self.finish(DeviceError::Expired);
        }
        self.last = self.last.max(now);
        self.over.map_or(Ok(now), Err)
    }

    fn unseal(&self, parts: &ReplyParts<'_>) -> Result<Sensitive<Vec<u8>>, DeviceError> {
        let key = self.key.as_ref().ok_or(DeviceError::Ended)?;
        let mut plain = Sensitive::from(parts.ciphertext.to_vec());
        let info = v1::info(parts.header_bytes);
        // EXPOSE: opened in place.
        key.open(parts.enc, info.as_bytes(), plain.expose_mut(), parts.tag)
            .map_err(|_| DeviceError::NotForThisSession)?;
        Ok(plain)
    }

    /// The first reason stays.
    fn finish(&mut self, why: DeviceError) {
        self.over.get_or_insert(why);
        self.key = None;
        self.waiting.clear();
        self.views.drain(..).filter_map(|view| view.upgrade()).for_each(|view| view.wipe());
    }
}

/// What the first reply binds a session to.
#[derive(PartialEq, Eq)]
struct Bound {
    interaction: [u8; 16],
    account_ref: [u8; 32],
    agent: AgentId,
}

impl Bound {
    fn of(header: &Header) -> Self {
        let Header { interaction, account_ref, agent, .. } = header;
        Self { interaction: *interaction, account_ref: *account_ref, agent: agent.clone() }
    }
}

//! The agent's machine: a session that opens views sealed for it, and nothing else.
//!
//! Rules: what a library without the feature `guard` is for. Decisions cross as records; values stay on
//! this side (`values`) and are wiped by the end of the session too, and when its time is over.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use cpni_guard::classify::FieldValue;
use cpni_guard::device::{DeviceDecision, DeviceDisclosed, DeviceReason};
use cpni_guard::error::DeviceError;
use cpni_guard::vocabulary::DataClass;
use cpni_guard::{DeviceField, DeviceRequest};

use crate::answer::{Answer, FieldState, RemedyPath};
use crate::clock::{GuardClock, HostClock};
use crate::error::{CpniError, call};
use crate::exclusive::Inside;
use crate::values::{Held, Shown};

/// A session on an agent's machine, for one interaction. It has a key of its own and no other. It ends by
/// `end`, when the interaction's time is over, and when the object is freed. Threads wait for each other.
#[derive(uniffi::Object)]
pub struct DeviceSession {
    session: RwLock<Option<cpni_guard::DeviceSession>>,
    here: Here,
}

/// What a thread that works in the session, or in one of its views, is inside of. A clock of the host's that
/// calls them back is refused, where it would wait for itself.
#[derive(Clone, Default)]
struct Here(Arc<()>);

impl Here {
    fn call<R>(&self, work: impl FnOnce() -> Result<R, CpniError>) -> Result<R, CpniError> {
        call(|| {
            let _inside = Inside::enter(Arc::as_ptr(&self.0).addr())?;
            work()
        })
    }
}

/// The answer to a view, on an agent's machine.
#[derive(Debug, uniffi::Record)]
pub struct DeviceAnswer {
    /// The values.
    pub view: Arc<DeviceView>,
    /// A decision for each field, in the order in which they were asked for.
    pub fields: Vec<DeviceFieldAnswer>,
    /// The number of the back end's audit event that records this view, from 0.
    pub audit_index: u64,
}

/// A field of a view, with all that travels of its decision.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct DeviceFieldAnswer {
    /// Whether there is a value.
    pub state: FieldState,
    /// Whether the value is a list of calls, rather than a text; false where there is none.
    pub is_calls: bool,
    /// What the field holds.
    pub class: DataClass,
    /// The decision.
    pub answer: Answer,
    /// The rules that decided, the one that forbids first.
    pub reasons: Vec<DeviceRule>,
    /// What would lawfully change the answer, the shortest way first.
    pub remedies: Vec<RemedyPath>,
}

/// A rule that decided.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct DeviceRule {
    /// The rule's id.
    pub rule: String,
    /// What it says, in one line for a supervisor.
    pub title: String,
    /// Its citation.
    pub cite: String,
    /// How sure its reading is, in the word of the packs: `clear`, `interpretation`, ….
    pub certainty: String,
}

#[uniffi::export]
impl DeviceSession {
    /// Starts a session with a fresh key.
    ///
    /// # Errors
    /// 2012 if the operating system gives no random bytes.
    #[uniffi::constructor]
    pub fn start() -> Result<Arc<Self>, CpniError> {
        call(|| Ok(Self::of(cpni_guard::DeviceSession::start()?)))
    }

    /// As `start`, with a clock of the host's. It should go on while the machine sleeps; where it fails or
    /// goes back, the session ends.
    ///
    /// # Errors
    /// As `start`.
    #[uniffi::constructor]
    pub fn start_with_clock(clock: Arc<dyn GuardClock>) -> Result<Arc<Self>, CpniError> {
        call(|| Ok(Self::of(cpni_guard::DeviceSession::start_with_clock(Arc::new(HostClock(clock)))?)))
    }

    /// A request for one view: 40 bytes, not secret. Send it over the host's own authenticated channel, with
    /// the names of the fields.
    ///
    /// # Errors
    /// 8509, 8510; 9304.
    pub fn request(&self) -> Result<Vec<u8>, CpniError> {
        self.with(|session| Ok(session.request()?.to_bytes().to_vec()))
    }

    /// Opens the reply to a request. The first one binds the session to its interaction.
    ///
    /// # Errors
    /// 8501, 8503 to 8510: nothing is shown, and a request that waits still waits; 9304.
    pub fn open(&self, request: &[u8], reply: &[u8]) -> Result<DeviceAnswer, CpniError> {
        self.with(|session| {
            let opened = session.open(&DeviceRequest::from_bytes(request)?, reply)?;
            Ok(self.answer(opened))
        })
    }

    /// Whether the session goes on. Wipes everything where its time is over: call it from a timer.
    ///
    /// # Errors
    /// 9304.
    pub fn is_live(&self) -> Result<bool, CpniError> {
        self.here.call(|| Ok(self.held(|session| Ok(session.is_live())).unwrap_or(false)))
    }

    /// How long what it opened may still be seen, in microseconds; nothing before the first view and after
    /// the end.
    ///
    /// # Errors
    /// 9304.
    pub fn time_left(&self) -> Result<Option<u64>, CpniError> {
        let micros = |left: Duration| u64::try_from(left.as_micros()).unwrap_or(u64::MAX);
        self.here.call(|| Ok(self.held(|session| Ok(session.time_left())).unwrap_or(None).map(micros)))
    }

    /// The session's public key as the back end's audit log names it: 64 hexadecimal digits. Not secret.
    ///
    /// # Errors
    /// 8509 once the session was ended; 9304.
    pub fn fingerprint(&self) -> Result<String, CpniError> {
        self.with(|session| Ok(session.fingerprint()))
    }

    /// Ends the session: its key and everything that it opened are wiped. The second time nothing happens.
    ///
    /// # Errors
    /// 9304.
    pub fn end(&self) -> Result<(), CpniError> {
        self.here.call(|| {
            let session = self.session.write().unwrap_or_else(PoisonError::into_inner).take();
            drop(session);
            Ok(())
        })
    }
}

impl DeviceSession {
    fn of(session: cpni_guard::DeviceSession) -> Arc<Self> {
        Arc::new(Self { session: RwLock::new(Some(session)), here: Here::default() })
    }

    fn with<R>(
        &self,
        work: impl FnOnce(&cpni_guard::DeviceSession) -> Result<R, CpniError>,
    ) -> Result<R, CpniError> {
        self.here.call(|| self.held(work))
    }

    fn held<R>(
        &self,
        work: impl FnOnce(&cpni_guard::DeviceSession) -> Result<R, CpniError>,
    ) -> Result<R, CpniError> {
        let held = self.session.read().unwrap_or_else(PoisonError::into_inner);
        work(held.as_ref().ok_or(DeviceError::Ended)?)
    }

    fn answer(&self, opened: cpni_guard::DeviceView) -> DeviceAnswer {
        DeviceAnswer {
            fields: opened.fields().map(|(name, shown)| field_answer(name.as_str(), &shown)).collect(),
            audit_index: opened.audit_index(),
            view: Arc::new(DeviceView { view: Held::new(opened), here: self.here.clone() }),
        }
    }
}

/// Silent.
impl fmt::Debug for DeviceSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceSession(..)")
    }
}

/// The values of a view on an agent's machine. Fields are named by their place in it, from 0.
#[derive(uniffi::Object)]
pub struct DeviceView {
    view: Held<cpni_guard::DeviceView>,
    here: Here,
}

#[uniffi::export]
impl DeviceView {
    /// How many bytes `reveal` would give.
    ///
    /// # Errors
    /// As [`DeviceView::reveal`].
    pub fn length(&self, at: u32) -> Result<u64, CpniError> {
        self.here.call(|| self.view.length(at))
    }

    /// The value of a field: a text as UTF-8, or calls (`docs/spec/binding-layout-v1.md`).
    ///
    /// # Errors
    /// 8001 once it was wiped or the session is over; 8003 where it is withheld or absent; 9304, 9306.
    pub fn reveal(&self, at: u32) -> Result<Vec<u8>, CpniError> {
        self.here.call(|| self.view.reveal(at))
    }

    /// Every value that is given out, in the layout of a record.
    ///
    /// # Errors
    /// 8001 once it was wiped or the session is over; 9304.
    pub fn reveal_all(&self) -> Result<Vec<u8>, CpniError> {
        self.here.call(|| self.view.reveal_all())
    }

    /// Whether a text is the value, in constant time. To compare without looking.
    ///
    /// # Errors
    /// As [`DeviceView::reveal`]; 8004 for calls; 9303.
    pub fn matches(&self, at: u32, stated: &[u8]) -> Result<bool, CpniError> {
        self.here.call(|| self.view.matches(at, stated))
    }

    /// Wipes the values. The object is of no use afterwards.
    ///
    /// # Errors
    /// 9304.
    pub fn wipe(&self) -> Result<(), CpniError> {
        self.here.call(|| {
            self.view.wipe();
            Ok(())
        })
    }
}

/// Silent.
impl fmt::Debug for DeviceView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceView(..)")
    }
}

impl Shown for cpni_guard::DeviceView {
    type Value<'v> = DeviceDisclosed<'v>;

    fn values(&self) -> impl Iterator<Item = (&str, Result<Self::Value<'_>, CpniError>)> {
        self.fields().map(|(name, shown)| (name.as_str(), shown.disclosed().map_err(CpniError::from)))
    }
}

impl From<&DeviceReason> for DeviceRule {
    fn from(reason: &DeviceReason) -> Self {
        Self {
            rule: reason.rule.to_string(),
            title: reason.title.to_string(),
            cite: reason.cite.to_string(),
            certainty: reason.certainty.to_string(),
        }
    }
}

fn field_answer(field: &str, shown: &DeviceField<'_>) -> DeviceFieldAnswer {
    let decision: &DeviceDecision = shown.decision();
    let (state, is_calls) = match shown {
        DeviceField::Withheld(_) => (FieldState::Withheld, false),
        DeviceField::Absent(_) => (FieldState::Absent, false),
        DeviceField::Disclosed(value) => {
            let is_calls = value.with(|value| matches!(value, FieldValue::Calls(_)));
            (FieldState::Disclosed, is_calls.unwrap_or(false)) // an error: it is over already
        }
    };
    DeviceFieldAnswer {
        state,
        is_calls,
        class: decision.class(),
        answer: Answer {
            field: field.to_owned(),
            outcome: decision.outcome(),
            form: decision.form(),
            scope: decision.scope(),
            because: decision.because(),
            obligations: decision.obligations().iter().collect(),
            for_agent: decision.for_agent().to_owned(),
        },
        reasons: decision.reasons().iter().map(DeviceRule::from).collect(),
        remedies: decision.remedies().iter().map(|path| RemedyPath::from(path.as_slice())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_without_a_guard_asks_refuses_and_ends() {
        let session = DeviceSession::start().unwrap();
        let request = session.request().unwrap();
        assert_eq!((request.len(), session.fingerprint().unwrap().len()), (40, 64));
        assert_eq!((session.is_live(), session.time_left()), (Ok(true), Ok(None)));
        assert_eq!(session.open(&request, b"no reply").unwrap_err().code(), 8501);
        assert_eq!(session.open(&request[1..], b"").unwrap_err().code(), 8501);
        assert_eq!(session.end(), Ok(()));
        assert_eq!(session.end(), Ok(()), "twice is once");
        assert_eq!((session.is_live(), session.time_left()), (Ok(false), Ok(None)));
        assert_eq!(session.request().unwrap_err().code(), 8509);
    }
}

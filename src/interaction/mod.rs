//! A customer contact: who is the agent, is the contact live, what was presented, when does it end.
//!
//! Rules: the host's systems say who the agent is and whether a contact is live; what an agent
//! types proves little. Every piece of evidence remembers who established it. Nothing is visible
//! before the customer is authenticated but what policy gives an unauthenticated caller, and
//! nothing is readable after the end: by `end`, by drop, by idle or absolute time-out, by the
//! contact's own end, or by a clock that went back.
//!
//! Security note: attempts are counted before they are looked at, and the answer is match or no
//! match, never the stored value, and takes as long where the account has no password.

pub mod accounts;
mod contact;
mod evidence;
mod facts;
mod host;
mod ledger;
mod liveness;
mod named_call;
mod password;
mod session;

#[cfg(test)]
mod tests;

pub use contact::Contact;
pub use evidence::{Evidence, PhotoId, PhotoIdKind, Presented, Stated};
pub use facts::{ADDRESS_OF_RECORD_MIN_DAYS, AccountFacts};
pub use host::{
    AccountFactSource, AgentDirectory, AgentProfile, AgentSession, CallBack, ContactSource, ContactState,
    MemoryContacts, MemoryDirectory, NoAccountFacts,
};
pub(crate) use ledger::Ledger;
pub use ledger::{NAMED_CALL_ATTEMPTS, PASSWORD_ATTEMPTS};
pub use liveness::TimeLimits;
pub(crate) use liveness::{EndReason, Liveness};
pub use named_call::{NAMED_CALL_DURATION_TOLERANCE_SECS, NAMED_CALL_START_TOLERANCE, NamedCall};
pub use password::PASSWORD_LEN;
pub(crate) use session::{Hosts, Opening, Session};

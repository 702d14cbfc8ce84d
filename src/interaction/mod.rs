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
mod approval;
mod consent;
mod contact;
mod evidence;
mod facts;
mod history;
mod host;
mod ledger;
mod liveness;
mod lookup;
mod named_call;
pub(crate) mod notice_store;
pub(crate) mod notices;
mod questions;
mod session;
mod targets;
mod verifier;

#[cfg(test)]
mod tests;

pub use approval::Approval;
pub use consent::{
    Consent, ConsentEvent, ConsentKind, ConsentState, MAIL_DELIVERY_DAYS, ONE_TIME_LIFE, OPT_OUT_WAIT_DAYS,
    OPT_OUT_YEARS,
};
pub use contact::Contact;
pub(crate) use evidence::Looked;
pub use evidence::{Attested, Evidence, PhotoId, PhotoIdKind, Presented, Stated};
pub use facts::{
    ADDRESS_OF_RECORD_MIN_DAYS, AGGREGATE_GROUP_MIN, AccountFacts, AddressOnFile, HOTLINE_LIST_MAX_DAYS,
    SIM_CHANGE_RECENT, SimChange,
};
pub use history::CONSENT_HISTORY_MAX;
pub use host::{
    AccountFactSource, AgentDirectory, AgentProfile, AgentSession, CallBack, ContactSource, ContactState,
    HotlineList, MemoryContacts, MemoryDirectory,
};
pub use ledger::{
    CODE_ATTEMPTS, CODE_LIFE, CODES_SENT_ACCOUNT, CODES_SENT_AGENT, CodeTo, NAMED_CALL_ATTEMPTS,
    PASSWORD_ATTEMPTS, PHOTO_ID_ATTEMPTS, PORT_CHECKS_ACCOUNT, PORT_CHECKS_PARTNER, SEARCHES_AGENT,
    SEARCHES_CASE, SEARCHES_CONTACT, SSN_SEARCHES_AGENT, VERIFY_ATTEMPTS_ACCOUNT, VERIFY_ATTEMPTS_AGENT,
};
pub(crate) use ledger::{Ledger, Secret};
pub use liveness::TimeLimits;
pub(crate) use liveness::{EndReason, Liveness};
pub(crate) use lookup::{Lookup, LookupOpening, is_government_id};
pub use named_call::{NAMED_CALL_DURATION_TOLERANCE_SECS, NAMED_CALL_START_TOLERANCE, NamedCall};
pub use notice_store::{MemoryNoticeStore, NoticeId, NoticeStore, StoredNotice};
pub(crate) use notices::Notices;
#[cfg(feature = "testing")]
pub(crate) use notices::recode_for_testing as recode_notice_for_testing;
pub use notices::{
    MAX_QUEUED_NOTICES, NOTICE_BACK_OFF, NOTICE_BACK_OFF_MAX, NOTICE_LEASE, Notice, NoticeAddress,
    QueuedNotice, UnreadableNotice,
};
pub use questions::{BackupQuestion, BackupQuestions, QuestionAbout};
pub(crate) use session::{Hosts, Opening, Session};
pub use targets::{ContactChannel, NoticeAbout, NoticeTarget, TransactionNotice};
pub use verifier::PASSWORD_LEN;

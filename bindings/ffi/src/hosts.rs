//! What the host implements, in Kotlin or Swift, each the trait of the core under the same name.
//!
//! Rules: every method is synchronous and may fail; what it fails with is dropped, because the text of
//! a foreign exception may hold anything; a host that cannot answer opens nothing. Called on the thread
//! of the call that needs it, checkpoints on a thread of the log's own. A method must not call the
//! interaction that is asking it.
#![expect(clippy::missing_errors_doc, reason = "every method fails in one way: the host could not answer")]

use std::sync::Arc;

use cpni_guard::interaction::CodeTo;
use cpni_guard::oversight::DayKind;
use cpni_guard::vocabulary::Action;

use crate::clock::HostFailure;
use crate::day::Day;
use crate::facts::{AccountFacts, AgentProfile, ContactState};
use crate::notices::NoticeFacts;
use crate::oversight::AlarmFacts;
use crate::risk::HostRisk;

/// Keeps the key that wraps the root keys: a KMS, an HSM, a key store. Asked when a guard is built,
/// never while fields are sealed or opened.
#[uniffi::export(foreign)]
pub trait KeyProvider: Send + Sync {
    /// Wraps a key of 1 to 4,096 bytes, with authentication, to at most 8,192 bytes.
    fn wrap_key(&self, key: Vec<u8>) -> Result<Vec<u8>, HostFailure>;

    /// Unwraps what was wrapped; fails if the bytes were changed.
    fn unwrap_key(&self, wrapped: Vec<u8>) -> Result<Vec<u8>, HostFailure>;

    /// The keyring document that was stored last; nothing if none ever was.
    fn load_document(&self) -> Result<Option<Vec<u8>>, HostFailure>;

    /// Replaces the keyring document, atomically, and returns when it is durable.
    fn store_document(&self, document: Vec<u8>) -> Result<(), HostFailure>;

    /// Replaces the keyring document as `store_document` does, if it is still `before`, byte for byte; `false` if it
    /// is another one now. Every change of a keyring goes through here. Where several processes may change the keyring
    /// at once, looking and storing are one step: of two changes, the slower one would else destroy a key that the
    /// faster one has sealed under.
    fn replace_document(&self, before: Vec<u8>, document: Vec<u8>) -> Result<bool, HostFailure>;
}

/// The host's directory of agents. It verifies the session; this library does not.
#[uniffi::export(foreign)]
pub trait AgentDirectory: Send + Sync {
    /// Who holds this session; nothing if nobody does, or no longer.
    fn agent(&self, session: String) -> Result<Option<Arc<AgentProfile>>, HostFailure>;
}

/// The host's telephony or CRM.
#[uniffi::export(foreign)]
pub trait ContactSource: Send + Sync {
    /// The contact with this id; nothing if there is none.
    fn contact(&self, id: String) -> Result<Option<Arc<ContactState>>, HostFailure>;
}

/// What the host knows of accounts.
#[uniffi::export(foreign)]
pub trait AccountFactSource: Send + Sync {
    /// The facts about an account.
    fn account_facts(&self, account: String) -> Result<Arc<AccountFacts>, HostFailure>;
}

/// The list of covered hotlines (47 CFR 64.6408). It is taken over whole when its date changes, so
/// that a call log is filtered without a call back for each row.
#[uniffi::export(foreign)]
pub trait HotlineSource: Send + Sync {
    /// When the list that is held was released, in microseconds since 1970.
    fn released(&self) -> Result<u64, HostFailure>;

    /// The numbers: ten digits where it is a NANP number, else as it is dialled.
    fn numbers(&self) -> Result<Vec<String>, HostFailure>;
}

/// Where values, codes and calls to customers go.
#[uniffi::export(foreign)]
pub trait Delivery: Send + Sync {
    /// Sends values to this address, the customer's address of record. They are in the layout of a
    /// record (`docs/spec/binding-layout-v1.md`).
    fn send(&self, account: String, to: String, values: Vec<u8>) -> Result<(), HostFailure>;

    /// Sends a one-time code to the number of record, or to this address of record.
    fn send_code(
        &self,
        account: String,
        to: CodeTo,
        address: Option<String>,
        code: Vec<u8>,
    ) -> Result<(), HostFailure>;

    /// Has the host's dialler call the telephone number of record.
    fn call_back(&self, account: String) -> Result<(), HostFailure>;
}

/// Takes notices of account changes, in place of the library's own queue.
#[uniffi::export(foreign)]
pub trait Notifier: Send + Sync {
    /// Queues a notice. It is on stable storage when this returns.
    fn queue(&self, account: String, notice: NoticeFacts) -> Result<(), HostFailure>;
}

/// Takes checkpoints of the audit log to where who can write the log cannot write.
#[uniffi::export(foreign)]
pub trait CheckpointSink: Send + Sync {
    /// Publishes a signed note. It should give up after a while: shutting the guard down waits for it.
    fn publish(&self, note: String) -> Result<(), HostFailure>;
}

/// Takes alarms: a queue, a pager, a case system.
#[uniffi::export(foreign)]
pub trait AlarmSink: Send + Sync {
    /// Takes an alarm, in the middle of a contact: it should hand it on and return. The audit log
    /// holds every alarm, also where this fails.
    fn alarm(&self, alarm: AlarmFacts) -> Result<(), HostFailure>;
}

/// Signs checkpoints of the audit log with an Ed25519 key (RFC 8032) that is not on this machine: an HSM, a
/// signing service. Called on a thread of the log's own, and where a checkpoint or a proof is asked for.
#[uniffi::export(foreign)]
pub trait CheckpointSigner: Send + Sync {
    /// The public key: 32 bytes. Asked once, when the builder is given the signer.
    fn public_key(&self) -> Result<Vec<u8>, HostFailure>;

    /// The signature of these bytes: 64 bytes. It is checked. Where it does not come there is no checkpoint
    /// (6009), and every event is recorded all the same.
    fn sign(&self, message: Vec<u8>) -> Result<Vec<u8>, HostFailure>;
}

/// The carrier's own calendar of business days: it knows closures of the FCC that no rule foretells.
#[uniffi::export(foreign)]
pub trait BusinessDays: Send + Sync {
    /// What this day is. Where this fails, the day is in doubt.
    fn kind(&self, day: Day) -> Result<DayKind, HostFailure>;
}

/// The host's fraud and device systems.
#[uniffi::export(foreign)]
pub trait RiskSource: Send + Sync {
    /// What is known of a request on an account. Where this fails, everything is unknown.
    fn risk(&self, account: String, action: Action) -> Result<Arc<HostRisk>, HostFailure>;
}

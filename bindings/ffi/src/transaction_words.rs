//! The words of transactions, as the core has them: see `vocabulary.rs`.

use cpni_guard::guard::Objection;
use cpni_guard::interaction::{ContactChannel, NoticeAbout};
use cpni_guard::transaction::{
    AccountChange, ContactChange, LockKind, RiskFact, TransactionKind, TransactionState,
};

/// Where a transaction is.
#[uniffi::remote(Enum)]
pub enum TransactionState {
    /// Asked for; nothing is decided.
    Requested,
    /// Policy and risk let it go on.
    Decided,
    /// Notices are queued, or suppressed by law: a permit may be asked for.
    Notified,
    /// As notified, and it waits: for a time, for a second person, or for both.
    Waiting,
    /// One permit is out.
    Permitted,
    /// Handed to the host: it may have been done. Only the host can say.
    Executing,
    /// The host did it.
    Confirmed,
    /// Policy, risk, a limit or a missing notice refused it.
    Refused,
    /// The customer, an objection, a report of fraud or the host stopped it.
    Cancelled,
    /// Its time was over before it was handed over.
    Expired,
    /// It had been confirmed, and was taken back.
    Reversed,
}

/// The kinds that rules of risk speak of.
#[uniffi::remote(Enum)]
pub enum TransactionKind {
    /// Another SIM or eSIM profile.
    SimChange,
    /// The number leaves for another carrier.
    PortOut,
    /// A handset is released from its network lock.
    HandsetUnlock,
    /// A password, back-up answer, online account, address or number of record (64.2010(f)).
    AccountChange,
}

/// A lock that the customer sets.
#[uniffi::remote(Enum)]
pub enum LockKind {
    /// On SIM changes (64.2010(h)(4)).
    Sim,
    /// On port-outs (52.37(d)).
    Port,
}

/// A change of an account that sets something only the customer should know, or opens an online account.
#[uniffi::remote(Enum)]
pub enum AccountChange {
    /// A first password.
    CreatePassword,
    /// A forgotten password.
    ResetPassword,
    /// The answer to a back-up question.
    BackupAnswer,
    /// An online account.
    OnlineAccount,
}

/// A change of an account that takes or brings a contact point.
#[uniffi::remote(Enum)]
pub enum ContactChange {
    /// The electronic address of record.
    Email,
    /// The postal address of record.
    Address,
    /// The telephone number of record.
    Number,
}

/// How a contact point is reached.
#[uniffi::remote(Enum)]
pub enum ContactChannel {
    /// The telephone number of record (64.2003(q)): text or voicemail to the service itself.
    NumberOfRecord,
    /// An electronic address.
    Email,
    /// A postal address.
    Post,
    /// The carrier's app. Beside one of the others, never alone.
    App,
    /// The address on file of a host that does not say which of both it is.
    Address,
}

/// What a notice of a transaction or a lock is about.
#[uniffi::remote(Enum)]
pub enum NoticeAbout {
    /// A transaction that was asked for.
    Transaction,
    /// The removal of a lock that was asked for.
    LockRemoval,
}

/// A fact about a request. One that is not known counts as there.
#[uniffi::remote(Enum)]
pub enum RiskFact {
    /// The SIM changed within 7 days.
    SimChangedRecently,
    /// A contact point came or went within 30 days.
    ContactChangedRecently,
    /// The device of the request is new to the account, says the host.
    NewDevice,
    /// Something that was presented in this contact did not match.
    FailedAuthentication,
    /// More requests on this account than its limit.
    AttemptsAccount,
    /// More requests by this agent than the limit.
    AttemptsAgent,
    /// More requests from this site than the limit.
    AttemptsSite,
    /// More requests from this device than the limit.
    AttemptsDevice,
    /// More requests by this employer or partner than the limit.
    AttemptsPartner,
    /// The account is younger than 30 days.
    YoungAccount,
    /// Neither a live contact nor a case of the agent's own.
    OutsideContact,
}

/// What an objection does.
#[uniffi::remote(Enum)]
pub enum Objection {
    /// The transaction is stopped.
    Stopped,
    /// It is on record, and the transaction goes on: a port-out, where the carrier did not switch holds on.
    Noted,
}

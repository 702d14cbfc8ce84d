//! Causes of the transaction room.

use super::ErrorCode;

/// Why a transaction or a lock does not take a step. Some are only the cause of an audit record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionError {
    /// What is kept of the account's transactions does not open: locks are on, nothing goes on. The stored
    /// data's fault.
    #[error("what is kept of the account's transactions is unreadable: everything is locked")]
    Unreadable,
    /// Another transaction of this kind is open for the same line.
    #[error("a transaction of this kind is under way for the same line")]
    AlreadyUnderWay,
    /// The account has no such transaction. The caller's fault.
    #[error("the account has no such transaction")]
    NoSuchTransaction,
    /// The transaction's state does not allow this step.
    #[error("the state of the transaction does not allow this step")]
    WrongState,
    /// The change is not the one that was asked for: another target, line or kind. The caller's fault, or
    /// somebody else's.
    #[error("the change is not the one that was asked for")]
    AnotherTarget,
    /// What it was decided on is no longer so: it must be asked for anew.
    #[error("the facts have changed since it was decided")]
    FactsChanged,
    /// The customer's lock is on.
    #[error("the customer's lock is on")]
    Locked,
    /// Fraud on the account was reported and is not remedied yet.
    #[error("the account is frozen, because fraud was reported")]
    Frozen,
    /// Its wait is not over.
    #[error("the transaction waits")]
    NotYet,
    /// Its time was over before it was carried out.
    #[error("the time of the transaction is over")]
    TimedOut,
    /// The permit's time is over. Ask for another.
    #[error("the permit has expired")]
    PermitExpired,
    /// The permit was used, or another was made after it.
    #[error("the permit is not valid any more")]
    PermitUsed,
    /// A second person has to approve it first.
    #[error("a second person has to approve the transaction")]
    NeedsApproval,
    /// No contact point is as it was before recent changes, so nobody can be told.
    #[error("no contact point is left that no recent change touched")]
    NoUnchangedContact,
    /// The host did not say that the handset may be unlocked. The cause of an audit record, or the host's fault.
    #[error("the handset is not known to be eligible for unlocking")]
    NotEligible,
    /// The clock shows less than when the account was last written. The host's fault.
    #[error("the clock went back")]
    ClockWentBack,
    /// Only the authenticated customer may do this.
    #[error("the customer is not authenticated for this")]
    NotAuthenticated,
    /// Policy does not allow it. The cause of an audit record; and of a permit that is refused.
    #[error("policy does not allow the transaction")]
    RefusedByPolicy,
    /// A rule of risk refuses it. The cause of an audit record.
    #[error("a rule of risk refuses the transaction")]
    RefusedByRisk,
    /// The customer, or somebody for them, cancelled it. The cause of an audit record.
    #[error("the transaction was cancelled")]
    Cancelled,
    /// A contact point that was notified objected. The cause of an audit record.
    #[error("somebody who was notified objected")]
    Objected,
    /// The host did not carry it out. The cause of an audit record.
    #[error("the host did not carry the transaction out")]
    NotDone,
    /// It was asked for in another interaction, and waited for nothing. The caller's fault.
    #[error("the transaction belongs to another interaction")]
    AnotherInteraction,
    /// More transactions, contact points or changes than an account can have. The caller's fault.
    #[error("the account can hold no more")]
    Full,
    /// Nobody who was notified has this contact point. The caller's fault.
    #[error("this contact point was not notified")]
    NotNotifiedThere,
    /// A port-out is not held by objections, unless the carrier switches that on. The cause of an audit record.
    #[error("objections do not hold a port-out here")]
    PortNotHeld,
    /// A rule of risk may not refuse a port-out (47 CFR 52.36). The caller's fault.
    #[error("a rule of risk may not refuse a port-out")]
    PortRule,
    /// The account is not frozen. The caller's fault.
    #[error("no fraud is reported on the account")]
    NotFrozen,
    /// A notice of it could not be queued. The cause of an audit record.
    #[error("a notice of the transaction could not be queued")]
    NotNotified,
}

impl TransactionError {
    pub(super) const fn code(&self) -> ErrorCode {
        ErrorCode(match self {
            Self::Unreadable => 5201,
            Self::AlreadyUnderWay => 5202,
            Self::NoSuchTransaction => 5203,
            Self::WrongState => 5204,
            Self::AnotherTarget => 5205,
            Self::FactsChanged => 5206,
            Self::Locked => 5207,
            Self::Frozen => 5208,
            Self::NotYet => 5209,
            Self::TimedOut => 5210,
            Self::PermitExpired => 5211,
            Self::PermitUsed => 5212,
            Self::NeedsApproval => 5213,
            Self::NoUnchangedContact => 5214,
            Self::NotEligible => 5215,
            Self::ClockWentBack => 5216,
            Self::NotAuthenticated => 5217,
            Self::RefusedByPolicy => 5218,
            Self::RefusedByRisk => 5219,
            Self::Cancelled => 5220,
            Self::Objected => 5221,
            Self::NotDone => 5222,
            Self::AnotherInteraction => 5223,
            Self::Full => 5224,
            Self::NotNotifiedThere => 5225,
            Self::PortNotHeld => 5226,
            Self::PortRule => 5227,
            Self::NotFrozen => 5228,
            Self::NotNotified => 5229,
        })
    }
}

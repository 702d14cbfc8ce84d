//! Proofs that a host may go on: a permit, and what comes of it.
//!
//! Rules: only this room makes one; neither can be copied; each is used up by the step that it is for.

use core::fmt;

use crate::vocabulary::{AccountId, Timestamp};

use super::kind::TransactionId;

/// Leave to carry out one transaction, once, until its end. It is bound to the account, the kind, the
/// target and the facts on which it was decided, all of which are looked at again when it is used.
#[must_use]
pub struct ExecutePermit {
    pub(super) account: AccountId,
    pub(super) id: TransactionId,
    pub(super) nonce: [u8; 16],
    pub(super) ends: Timestamp,
}

/// A transaction that the host carries out now. Say how it went with
/// [`crate::guard::Transactions::confirm`] or [`crate::guard::Transactions::not_done`]; one that is dropped, or dies with its process, stays
/// executing until [`crate::guard::Transactions::settle`].
#[must_use]
pub struct Execution {
    pub(super) account: AccountId,
    pub(super) id: TransactionId,
    pub(super) nonce: [u8; 16],
}

impl ExecutePermit {
    /// The transaction.
    #[must_use]
    pub const fn id(&self) -> TransactionId {
        self.id
    }

    /// From when on it is good for nothing.
    #[must_use]
    pub const fn ends(&self) -> Timestamp {
        self.ends
    }

    pub(crate) const fn account(&self) -> &AccountId {
        &self.account
    }
}

impl Execution {
    /// The transaction: the key by which the host's own systems can tell that they did it already.
    #[must_use]
    pub const fn id(&self) -> TransactionId {
        self.id
    }

    pub(crate) const fn account(&self) -> &AccountId {
        &self.account
    }
}

impl fmt::Debug for ExecutePermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecutePermit")
            .field("id", &self.id)
            .field("ends", &self.ends)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Execution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Execution").field("id", &self.id).finish_non_exhaustive()
    }
}

//! Where a notice of a transaction goes, and what it is about.

use crate::vocabulary::{ContactPointId, Timestamp, codes};

codes! {
    /// How a contact point is reached.
    ContactChannel {
        /// The telephone number of record (64.2003(q)): text or voicemail to the service itself.
        NumberOfRecord = 1, "number_of_record";
        /// An electronic address.
        Email = 2, "email";
        /// A postal address.
        Post = 3, "post";
        /// The carrier's app. Beside one of the others, never alone.
        App = 4, "app";
        /// The address on file of a host that does not say which of both it is.
        Address = 5, "address";
    }
}

codes! {
    /// What a notice of the transaction room is about.
    NoticeAbout {
        /// A transaction that was asked for.
        Transaction = 1, "transaction";
        /// The removal of a lock that was asked for.
        LockRemoval = 2, "lock_removal";
    }
}

impl ContactChannel {
    /// Where a notice of 47 CFR 64.2010(f)(1) may go: the telephone number or an address of record.
    pub(crate) const fn is_of_the_rule(self) -> bool {
        match self {
            Self::NumberOfRecord | Self::Email | Self::Post | Self::Address => true,
            Self::App => false,
        }
    }
}

/// Where a notice goes: the telephone number of record, or a contact point by the host's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeTarget {
    /// How it is reached.
    pub channel: ContactChannel,
    /// The host's id of it; `None`: the telephone number of record.
    pub id: Option<ContactPointId>,
}

impl NoticeTarget {
    /// The telephone number of record.
    #[must_use]
    pub const fn number_of_record() -> Self {
        Self { channel: ContactChannel::NumberOfRecord, id: None }
    }
}

/// What a notice of a transaction says beside its action: the customer who did not ask for it objects with
/// the id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionNotice {
    /// What it is about.
    pub about: NoticeAbout,
    /// The transaction; all zero where it is about a lock.
    pub id: [u8; 16],
    /// It goes there and nowhere else: with [`super::Notice::address`], where that is said, its place.
    pub channel: ContactChannel,
    /// It is not carried out, and a lock not removed, before then.
    pub not_before: Timestamp,
}

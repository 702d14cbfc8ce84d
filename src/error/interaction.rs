//! Causes of the interaction room.

use super::{ErrorCode, FileFault};

/// A system of the host's could not answer. What it would have said counts as unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a system of the host could not answer")]
pub struct HostError;

/// Why an interaction cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InteractionError {
    /// The agent directory does not know this session. The caller's fault.
    #[error("the agent's session is not known")]
    UnknownAgent,
    /// The agent directory could not answer. The host's fault.
    #[error("the agent directory could not answer")]
    DirectoryUnavailable,
    /// The interaction was ended, or its contact ended.
    #[error("the interaction has ended")]
    Ended,
    /// Nothing was done for too long, or the interaction lasted too long.
    #[error("the interaction has expired")]
    Expired,
    /// This evidence cannot be given on this channel. The caller's fault.
    #[error("this evidence cannot be given on this channel")]
    NotOnThisChannel,
    /// Too many wrong attempts: refused without a look. Try later, or another way.
    #[error("too many wrong attempts")]
    LockedOut,
    /// No customer is there to give evidence: the contact is not live, or is a case. The caller's fault.
    #[error("evidence needs a live contact with the customer")]
    NoLiveContact,
    /// There is no number or address of record for this, or the SIM changed recently.
    #[error("this cannot go to a number or address of record")]
    NotOfRecord,
    /// The host's delivery did not take it over. The host's fault.
    #[error("the host's delivery did not take it over")]
    NotDelivered,
    /// The notice of a change could not be queued: the change is refused. The host's fault.
    #[error("the notice of the change could not be queued, so the change is refused")]
    NotNotified,
    /// The approver is the agent, is not known, not let approve or not trained. The caller's fault.
    #[error("this person may not approve this")]
    MayNotApprove,
    /// Evidence does not match. Only the cause of an audit record.
    #[error("the evidence does not match")]
    NoMatch,
    /// An event of a consent history lies in the future: it would close the account until then. The
    /// caller's fault.
    #[error("the event lies in the future")]
    InTheFuture,
    /// The bytes of a queued notice were changed or moved: it does not open. The stored data's fault.
    #[error("the queued notice does not open")]
    NoticeUnreadable,
    /// The consent history is full, and this event would open something. Only what closes is still
    /// added. The caller's fault.
    #[error("the consent history is full")]
    ConsentHistoryFull,
    /// A rule of the watch blocks the agent. The answer does not say which.
    #[error("refused until this has been looked into")]
    HeldBack,
    /// A rule of the watch asks for a second person's approval first. The answer does not say which.
    #[error("refused until a second person approves")]
    NeedsSecondPerson,
    /// What agents do cannot be counted now, and what is allowed without is used up. The host's fault.
    #[error("refused, because what agents do cannot be counted now")]
    NotCounted,
    /// The guard does not name this agent as one who may ask for the names of a breach. The caller's fault.
    #[error("the agent may not ask for the names of a breach")]
    NotEntitled,
    /// The interaction's views go to another device session: the first that asked. The caller's fault,
    /// or somebody else's with the agent's login. Recorded.
    #[error("the interaction belongs to another device session")]
    AnotherDevice,
    /// More candidates than a search looks at: the index hardly filters. The caller's fault.
    #[error("a search looks at no more than {max} candidates")]
    TooManyCandidates {
        /// The most that it looks at.
        max: usize,
    },
    /// More accounts match than are given out: none is. Search by more.
    #[error("more than {max} accounts match, so none is given out")]
    TooManyFound {
        /// The most that are given out.
        max: usize,
    },
    /// A search found nothing. Only the cause of an audit record.
    #[error("nothing matches")]
    NothingFound,
    /// Another number of values than the index has fields, or an empty one. The caller's fault.
    #[error("a search states a value for each of the {fields} fields of the index")]
    StatedValues {
        /// The fields of the index.
        fields: usize,
    },
    /// A catalogue of back-up questions was refused. The fault of whoever wrote it.
    #[error("back-up questions: {0}")]
    Questions(FileFault),
    /// A password is shorter or longer than is allowed. The caller's fault.
    #[error("the password has {len} bytes; allowed are {min} to {max}")]
    PasswordLength {
        /// Its length in bytes.
        len: usize,
        /// The minimum in bytes.
        min: usize,
        /// The maximum in bytes.
        max: usize,
    },
}

impl InteractionError {
    pub(super) const fn code(&self) -> ErrorCode {
        ErrorCode(match self {
            Self::UnknownAgent => 5001,
            Self::DirectoryUnavailable => 5002,
            Self::Ended => 5003,
            Self::Expired => 5004,
            Self::NotOnThisChannel => 5005,
            Self::LockedOut => 5006,
            Self::PasswordLength { .. } => 5007,
            Self::NoLiveContact => 5008,
            Self::NotOfRecord => 5009,
            Self::NotDelivered => 5010,
            Self::NotNotified => 5011,
            Self::NoMatch => 5012,
            Self::Questions(_) => 5013,
            Self::InTheFuture => 5014,
            Self::MayNotApprove => 5015,
            Self::NoticeUnreadable => 5016,
            Self::ConsentHistoryFull => 5017,
            Self::HeldBack => 5020,
            Self::NeedsSecondPerson => 5021,
            Self::NotCounted => 5022,
            Self::NotEntitled => 5030,
            Self::AnotherDevice => 5040,
            Self::TooManyCandidates { .. } => 5050,
            Self::TooManyFound { .. } => 5051,
            Self::NothingFound => 5052,
            Self::StatedValues { .. } => 5053,
        })
    }
}

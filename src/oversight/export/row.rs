//! What both formats say of an event: how it came out, how grave it is, and which ids go into a line.

use core::ops::Range;

use crate::audit::{Actor, AuditEvent, LogId};
use crate::error::{BreakKind, ErrorCode};
use crate::oversight::watch::DECOY;
use crate::vocabulary::{
    DataClass, EventKind, EvidenceKind, Form, Obligation, Obligations, Op, Outcome, Requester, TenantId,
    Timestamp,
};

/// An event, and where it stands.
pub(super) struct Row<'e> {
    pub(super) index: u64,
    pub(super) leaf: [u8; 32],
    pub(super) log: LogId,
    pub(super) tenant: Option<&'e TenantId>,
    pub(super) event: &'e AuditEvent,
}

/// Numbers of the log for which there is no line of their own.
pub(super) struct Gap<'e> {
    pub(super) numbers: Range<u64>,
    pub(super) log: LogId,
    pub(super) tenant: Option<&'e TenantId>,
    /// The event's, or that of the last one before it that was read.
    pub(super) time: Timestamp,
    pub(super) why: NotExported,
    pub(super) leaf: Option<[u8; 32]>,
}

/// Why an event was not exported.
#[derive(Clone, Copy)]
pub(super) enum NotExported {
    Unreadable(BreakKind),
    Missing,
    TooLong,
}

/// How grave, as OCSF counts; its name there, and what CEF has for it (0 to 10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Severity {
    Informational = 1,
    Low = 2,
    Medium = 3,
    High = 4,
    Critical = 5,
}

/// How it came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Unknown,
    Success,
    Failure,
}

impl Severity {
    pub(super) const fn id(self) -> u8 {
        self as u8
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Informational => "Informational",
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
            Self::Critical => "Critical",
        }
    }

    pub(super) const fn cef(self) -> u8 {
        match self {
            Self::Informational => 1,
            Self::Low => 3,
            Self::Medium => 5,
            Self::High => 8,
            Self::Critical => 10,
        }
    }
}

impl Status {
    pub(super) const fn id(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Success => 1,
            Self::Failure => 2,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "Unknown",
            Self::Success => "Success",
            Self::Failure => "Failure",
        }
    }
}

impl<'e> Row<'e> {
    /// The agent's id: not where a customer asked, whose login it may be.
    pub(super) fn agent(&self) -> Option<(&'e Actor, Option<&'e str>)> {
        let actor = self.event.facts.actor.as_ref()?;
        let id = match actor.role.requester() {
            Requester::Carrier | Requester::ThirdParty => Some(actor.agent.as_str()),
            Requester::Customer => None,
        };
        Some((actor, id))
    }

    pub(super) fn pseudonym(&self) -> Option<String> {
        self.event.account.as_ref().map(|mark| super::hex(mark.pseudonym()))
    }

    /// The interaction; `None`: none. A re-anchored log has the id of the earlier log there.
    pub(super) fn interaction(&self) -> Option<String> {
        set(&self.event.facts.interaction)
    }

    pub(super) fn grant(&self) -> Option<String> {
        set(&self.event.facts.grant)
    }

    pub(super) fn policy(&self) -> Option<String> {
        set(&self.event.facts.policy)
    }

    pub(super) fn cause(&self) -> Option<ErrorCode> {
        let cause = self.event.facts.cause;
        (cause != 0).then_some(ErrorCode(cause))
    }

    /// Duties of all decisions.
    pub(super) fn duties(&self) -> Obligations {
        let facts = &self.event.facts;
        let of_fields = facts.fields.iter().map(|field| field.obligations);
        let of_action = facts.action.iter().map(|action| action.obligations);
        of_fields.chain(of_action).fold(Obligations::default(), Obligations::with)
    }

    /// Why something was withheld, each reason once.
    pub(super) fn reasons(&self) -> Vec<&'static str> {
        let facts = &self.event.facts;
        let all = facts.fields.iter().map(|field| field.because);
        let mut reasons: Vec<_> =
            all.chain(facts.action.iter().map(|action| action.because)).flatten().collect();
        reasons.sort_unstable();
        reasons.dedup();
        reasons.into_iter().map(|because| because.name()).collect()
    }

    pub(super) fn status(&self) -> Status {
        use EventKind as K;
        let facts = &self.event.facts;
        let by = |is_good| if is_good { Status::Success } else { Status::Failure };
        match facts.kind {
            K::Viewed | K::Verified | K::Sent | K::Searched => {
                by(facts.fields.iter().any(|field| field.outcome != Outcome::Withhold))
            }
            K::Decided | K::TransactionDecided => {
                by(facts.action.as_ref().is_some_and(|action| action.outcome != Outcome::Withhold))
            }
            K::EvidencePresented => self.evidence_status(),
            K::NotCarriedOut | K::WatchRefused | K::NoticeNotHandedOver => Status::Failure,
            // The cause says why it ended: an end is no failure.
            K::InteractionEnded | K::TransactionEnded => Status::Success,
            K::Genesis
            | K::InteractionOpened
            | K::SecretImported
            | K::CodeSent
            | K::CalledBack
            | K::FactsChanged
            | K::ConsentRecorded
            | K::Approved
            | K::RuleOverridden
            | K::NoticeQueued
            | K::NoticeHandedOver
            | K::NoticeDiscarded
            | K::Reanchored
            | K::WatchTripped
            | K::WatchLifted
            | K::ScopeAsked
            | K::AccountNamed
            | K::AccountFound
            | K::DeviceAsked
            | K::TokenIssued
            | K::TokenPresented
            | K::TokenRevoked
            | K::ColumnsCompared
            | K::KeysChanged
            | K::Resealed
            | K::AccountErased
            | K::ValuesDeleted
            | K::ErasureContinued
            | K::TransactionRequested
            | K::TransactionApproved
            | K::TransactionPermitted
            | K::TransactionExecuting
            | K::TransactionConfirmed
            | K::TransactionObjected
            | K::TransactionReversed
            | K::LockSet
            | K::LockRemovalAsked
            | K::ContactPointsChanged
            | K::FraudReported
            | K::FraudRemedied
            | K::AccountReadmitted => by(facts.cause == 0),
        }
    }

    /// The event holds all evidence of the interaction so far, each kind once: the last one is new unless it
    /// was there already. Where that leaves it open, it is unknown.
    fn evidence_status(&self) -> Status {
        let facts = &self.event.facts;
        let failed = |(kind, _): &(EvidenceKind, _)| {
            matches!(
                kind,
                EvidenceKind::PasswordFailed
                    | EvidenceKind::BackupFailed
                    | EvidenceKind::PhotoIdExpired
                    | EvidenceKind::PhotoIdNameMismatch
                    | EvidenceKind::PortPasscodeFailed
            )
        };
        match facts.evidence.last() {
            _ if facts.cause != 0 => Status::Failure,
            None => Status::Unknown,
            Some(last) if failed(last) => Status::Failure,
            Some(_) if facts.evidence.iter().any(failed) => Status::Unknown,
            Some(_) => Status::Success,
        }
    }

    pub(super) fn severity(&self) -> Severity {
        use EventKind as K;
        let facts = &self.event.facts;
        let failed = self.status() == Status::Failure;
        let unless_failed = |worse| if failed { worse } else { Severity::Informational };
        let by_kind = match facts.kind {
            K::Genesis
            | K::InteractionEnded
            | K::FactsChanged
            | K::ConsentRecorded
            | K::CodeSent
            | K::CalledBack
            | K::NoticeQueued
            | K::NoticeHandedOver
            | K::TokenRevoked
            | K::ErasureContinued
            | K::TransactionRequested
            | K::TransactionPermitted
            | K::TransactionEnded
            | K::ContactPointsChanged
            | K::LockSet => Severity::Informational,
            K::Viewed | K::Verified | K::Sent if self.gives_out_ssn() => Severity::Medium,
            K::Searched | K::AccountFound if self.is_by_ssn() => Severity::Medium,
            K::InteractionOpened
            | K::EvidencePresented
            | K::Viewed
            | K::Verified
            | K::Sent
            | K::Searched
            | K::Decided
            | K::TransactionDecided => unless_failed(Severity::Low),
            // One that found nothing is as likely a typing error as a guess: the watch counts them.
            K::AccountFound => Severity::Informational,
            // Another key in the middle of an interaction: somebody else asks, or a tool was restarted.
            K::DeviceAsked => unless_failed(Severity::High),
            // A token of another account, used up or expired: somebody tries what was found.
            K::TokenPresented => unless_failed(Severity::Medium),
            K::SecretImported | K::NotCarriedOut | K::NoticeNotHandedOver | K::TokenIssued => Severity::Low,
            // An operation on every customer, though no value leaves.
            K::Resealed => unless_failed(Severity::Low),
            K::Approved | K::TransactionApproved | K::LockRemovalAsked => unless_failed(Severity::Medium),
            K::TransactionExecuting | K::TransactionConfirmed => unless_failed(Severity::Medium),
            K::TransactionReversed | K::FraudRemedied => Severity::Medium,
            // Somebody says that they did not ask for this.
            K::TransactionObjected | K::FraudReported => Severity::High,
            K::NoticeDiscarded | K::RuleOverridden | K::WatchRefused | K::ColumnsCompared => Severity::Medium,
            K::ScopeAsked | K::AccountNamed | K::WatchLifted if failed => Severity::High,
            K::ScopeAsked | K::AccountNamed | K::WatchLifted => Severity::Medium,
            K::KeysChanged | K::AccountErased | K::ValuesDeleted | K::AccountReadmitted => {
                if failed {
                    Severity::High
                } else {
                    Severity::Medium
                }
            }
            K::Reanchored => Severity::High,
            K::WatchTripped if facts.basis.as_ref().is_some_and(|rule| rule.as_str() == DECOY) => {
                Severity::Critical
            }
            K::WatchTripped => Severity::High,
        };
        if self.duties().contains(Obligation::Alert) { by_kind.max(Severity::High) } else { by_kind }
    }

    /// Who tries SSNs learns whose they are.
    fn is_by_ssn(&self) -> bool {
        self.event.facts.fields.iter().any(|field| field.class == DataClass::Ssn)
    }

    /// The number itself, in full or sent: not that it was compared.
    fn gives_out_ssn(&self) -> bool {
        self.event.facts.fields.iter().any(|field| {
            let compared = matches!(field.op, Op::Verify | Op::Search) || field.form == Some(Form::Match);
            field.class == DataClass::Ssn && field.outcome != Outcome::Withhold && !compared
        })
    }
}

impl Gap<'_> {
    pub(super) fn severity(&self) -> Severity {
        match self.why {
            NotExported::Unreadable(_) | NotExported::Missing => Severity::Critical,
            NotExported::TooLong => Severity::High,
        }
    }

    pub(super) fn last(&self) -> u64 {
        self.numbers.end.saturating_sub(1)
    }

    /// In words.
    pub(super) fn what(&self) -> &'static str {
        match self.why {
            NotExported::Unreadable(BreakKind::Link) => "the event does not follow the one before it",
            NotExported::Unreadable(_) => "the event was changed",
            NotExported::Missing => "events are missing",
            NotExported::TooLong => "the event is longer than a line may be",
        }
    }

    pub(super) fn reason(&self) -> &'static str {
        match self.why {
            NotExported::Unreadable(_) => "unreadable",
            NotExported::Missing => "missing",
            NotExported::TooLong => "too_long",
        }
    }
}

/// `None` where all bytes are zero.
fn set(bytes: &[u8]) -> Option<String> {
    bytes.iter().any(|byte| *byte != 0).then(|| super::hex(bytes))
}

/// `interaction_opened` is "Interaction opened".
pub(super) fn words(name: &str) -> String {
    let mut text = name.replace('_', " ");
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

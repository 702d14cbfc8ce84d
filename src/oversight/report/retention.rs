//! What must be kept for how long.

use serde::Serialize;

use crate::oversight::cited::Cited;
use crate::oversight::retention::RecordKind;
use crate::policy::{Certainty, ReadFrom};
use crate::vocabulary::{EventKind, Obligation};

use super::tally::Oldest;

/// A record and how long it must be kept. This library deletes no audit event; one that somebody else
/// deleted is a break of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Retained {
    /// Which record.
    pub record: &'static str,
    /// At least so many years; `None`: the rule names no time.
    pub at_least_years: Option<i16>,
    /// The source.
    pub cite: &'static str,
    /// How the source was read: `primary`, `secondary` or `memory`.
    pub source: &'static str,
    /// Whether it must be followed: `required` or `adopted`.
    pub compliance: &'static str,
    /// Whether the log is where it is kept; else it is in the carrier's own records.
    pub in_log: bool,
    /// The oldest such record in the log; `None`: it has none.
    pub oldest: Option<String>,
}

/// Where the log has a kind of record.
enum Held {
    As(EventKind),
    WithDuty(Obligation),
    /// In the carrier's own records.
    Elsewhere,
}

struct Duty {
    record: &'static str,
    asked_by: AskedBy,
    held: Held,
}

/// Which rule has it kept.
enum AskedBy {
    /// The one that this kind of record cites, with its years.
    Kind(RecordKind),
    /// One that names no time.
    Untimed(Cited),
}

const DUTIES: [Duty; 8] = [
    Duty {
        record: "Approvals and objections of customers",
        asked_by: AskedBy::Kind(RecordKind::Approval),
        held: Held::As(EventKind::ConsentRecorded),
    },
    Duty {
        record: "Notices to customers about the use of CPNI",
        asked_by: AskedBy::Kind(RecordKind::Notice),
        held: Held::As(EventKind::ConsentRecorded),
    },
    Duty {
        record: "Campaigns that use CPNI",
        asked_by: AskedBy::Kind(RecordKind::Campaign),
        held: Held::WithDuty(Obligation::RecordCampaign),
    },
    Duty {
        record: "Disclosures of CPNI to third parties",
        asked_by: AskedBy::Kind(RecordKind::ThirdPartyDisclosure),
        held: Held::WithDuty(Obligation::RecordDisclosure),
    },
    Duty {
        record: "Supervisory review of outbound marketing",
        asked_by: AskedBy::Kind(RecordKind::SupervisoryReview),
        held: Held::As(EventKind::Approved),
    },
    Duty {
        record: "Breaches, and who was notified",
        asked_by: AskedBy::Kind(RecordKind::Breach),
        held: Held::Elsewhere,
    },
    Duty {
        record: "SIM change requests",
        asked_by: AskedBy::Kind(RecordKind::SimChange),
        held: Held::WithDuty(Obligation::CountSimChange),
    },
    Duty {
        record: "Notices of account changes",
        asked_by: AskedBy::Untimed(Cited::new("47 CFR 64.2010(f)", Certainty::Clear, ReadFrom::Primary)),
        held: Held::As(EventKind::NoticeQueued),
    },
];

impl AskedBy {
    const fn cited(&self) -> Cited {
        match self {
            Self::Kind(kind) => kind.cited(),
            Self::Untimed(cited) => *cited,
        }
    }

    const fn years(&self) -> Option<i16> {
        match self {
            Self::Kind(kind) => Some(kind.years()),
            Self::Untimed(_) => None,
        }
    }
}

/// The table, with the oldest record of each kind.
pub(super) fn table(oldest: &Oldest) -> Vec<Retained> {
    let row = |duty: &Duty| Retained {
        record: duty.record,
        at_least_years: duty.asked_by.years(),
        cite: duty.asked_by.cited().cite,
        source: duty.asked_by.cited().source.name(),
        compliance: if duty.asked_by.cited().certainty == Certainty::Pending {
            "adopted"
        } else {
            "required"
        },
        in_log: !matches!(duty.held, Held::Elsewhere),
        oldest: match duty.held {
            Held::As(kind) => oldest.of_kind(kind),
            Held::WithDuty(duty) => oldest.with_duty(duty),
            Held::Elsewhere => None,
        }
        .map(|time| time.to_string()),
    };
    DUTIES.iter().map(row).collect()
}

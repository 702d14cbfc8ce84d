//! What must be kept for how long.

use serde::Serialize;

use crate::policy::ReadFrom;
use crate::vocabulary::{EventKind, Obligation};

use super::tally::Oldest;

/// A record and how long it must be kept. This library deletes no audit event; one that somebody else
/// deleted is a break of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Retained {
    /// Which record.
    pub record: &'static str,
    /// At least so many years; `None`: the rule names no time.
    pub at_least_years: Option<u8>,
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
    years: Option<u8>,
    cite: &'static str,
    source: ReadFrom,
    required: bool,
    held: Held,
}

/// 47 CFR 64.2007(a)(3), 64.2008(a)(2), 64.2009(c) and (d): "at least one year", said of each.
const ONE_YEAR: Option<u8> = Some(1);
/// 47 CFR 64.2011(d).
const BREACHES: Option<u8> = Some(2);
/// 47 CFR 64.2010(h)(8): adopted, compliance not yet required.
const SIM_CHANGES: Option<u8> = Some(3);

const DUTIES: [Duty; 8] = [
    Duty {
        record: "Approvals and objections of customers",
        years: ONE_YEAR,
        cite: "47 CFR 64.2007(a)(3)",
        source: ReadFrom::Primary,
        required: true,
        held: Held::As(EventKind::ConsentRecorded),
    },
    Duty {
        record: "Notices to customers about the use of CPNI",
        years: ONE_YEAR,
        cite: "47 CFR 64.2008(a)(2)",
        source: ReadFrom::Primary,
        required: true,
        held: Held::As(EventKind::ConsentRecorded),
    },
    Duty {
        record: "Campaigns that use CPNI",
        years: ONE_YEAR,
        cite: "47 CFR 64.2009(c)",
        source: ReadFrom::Primary,
        required: true,
        held: Held::WithDuty(Obligation::RecordCampaign),
    },
    Duty {
        record: "Disclosures of CPNI to third parties",
        years: ONE_YEAR,
        cite: "47 CFR 64.2009(c)",
        source: ReadFrom::Primary,
        required: true,
        held: Held::WithDuty(Obligation::RecordDisclosure),
    },
    Duty {
        record: "Supervisory review of outbound marketing",
        years: ONE_YEAR,
        cite: "47 CFR 64.2009(d)",
        source: ReadFrom::Primary,
        required: true,
        held: Held::As(EventKind::Approved),
    },
    Duty {
        record: "Breaches, and who was notified",
        years: BREACHES,
        cite: "47 CFR 64.2011(d)",
        source: ReadFrom::Secondary,
        required: true,
        held: Held::Elsewhere,
    },
    Duty {
        record: "SIM change requests",
        years: SIM_CHANGES,
        cite: "47 CFR 64.2010(h)(8)",
        source: ReadFrom::Memory,
        required: false,
        held: Held::WithDuty(Obligation::CountSimChange),
    },
    Duty {
        record: "Notices of account changes",
        years: None,
        cite: "47 CFR 64.2010(f)",
        source: ReadFrom::Primary,
        required: true,
        held: Held::As(EventKind::NoticeQueued),
    },
];

/// The table, with the oldest record of each kind.
pub(super) fn table(oldest: &Oldest) -> Vec<Retained> {
    let row = |duty: &Duty| Retained {
        record: duty.record,
        at_least_years: duty.years,
        cite: duty.cite,
        source: duty.source.name(),
        compliance: if duty.required { "required" } else { "adopted" },
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

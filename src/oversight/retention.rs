//! How long each kind of record is kept at least. Nothing is deleted early, and what is unknown is
//! not deleted.

use crate::policy::{Certainty, ReadFrom};
use crate::vocabulary::{CivilDate, Timestamp, codes};

use super::calendar::has_ended;
use super::cited::Cited;

/// Years for which records of approvals, notices, campaigns, disclosures to third parties and
/// supervisory review are kept: 47 CFR 64.2007(a)(3), 64.2008(a)(2), 64.2009(c) and (d).
pub const APPROVAL_RECORD_YEARS: i16 = 1;
/// Years for which the record of a breach is kept: 64.2011(d), text of 2007 (read in a description).
pub const BREACH_RECORD_YEARS: i16 = 2;
/// Years for which records of SIM changes are kept: 64.2010(h)(8) (read from memory; compliance is not
/// required yet, and the library keeps them all the same).
pub const SIM_CHANGE_RECORD_YEARS: i16 = 3;

codes! {
    /// A kind of record that a rule has kept.
    RecordKind {
        /// A customer's approval or disapproval.
        Approval = 1, "approval";
        /// A notice of the right to restrict the use of CPNI.
        Notice = 2, "notice";
        /// A campaign that used CPNI.
        Campaign = 3, "campaign";
        /// CPNI that third parties were given or could reach.
        ThirdPartyDisclosure = 4, "third_party_disclosure";
        /// Supervisory review of outbound marketing.
        SupervisoryReview = 5, "supervisory_review";
        /// A breach.
        Breach = 6, "breach";
        /// A request for a SIM change and what became of it.
        SimChange = 7, "sim_change";
    }
}

impl RecordKind {
    /// Years for which it is kept at least.
    #[must_use]
    pub const fn years(self) -> i16 {
        match self {
            Self::Approval
            | Self::Notice
            | Self::Campaign
            | Self::ThirdPartyDisclosure
            | Self::SupervisoryReview => APPROVAL_RECORD_YEARS,
            Self::Breach => BREACH_RECORD_YEARS,
            Self::SimChange => SIM_CHANGE_RECORD_YEARS,
        }
    }

    /// Where that comes from.
    #[must_use]
    pub const fn cited(self) -> Cited {
        const fn primary(cite: &'static str) -> Cited {
            Cited::new(cite, Certainty::Clear, ReadFrom::Primary)
        }
        match self {
            Self::Approval => primary("47 CFR 64.2007(a)(3)"),
            Self::Notice => primary("47 CFR 64.2008(a)(2)"),
            Self::Campaign | Self::ThirdPartyDisclosure => primary("47 CFR 64.2009(c)"),
            Self::SupervisoryReview => primary("47 CFR 64.2009(d)"),
            Self::Breach => Cited::new("47 CFR 64.2011(d)", Certainty::Clear, ReadFrom::Secondary),
            Self::SimChange => Cited::new("47 CFR 64.2010(h)(8)", Certainty::Pending, ReadFrom::Memory),
        }
    }
}

/// Whether a record may be deleted now, as far as these rules go. `last_day` is the last day that the
/// record is about: of an approval, the day on which it ended. Its anniversary is kept too
/// (interpretation); `None` (unknown, or the approval still stands) is never deleted.
///
/// What the carrier's own schedule, a court or the audit log asks beyond that, the host knows.
#[must_use]
pub fn may_delete(kind: RecordKind, last_day: Option<CivilDate>, now: Timestamp) -> bool {
    last_day.and_then(|day| day.plus_years(kind.years())).is_some_and(|through| has_ended(through, now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oversight::calendar::earliest_day;

    fn day(year: i16, month: i8, day: i8) -> CivilDate {
        CivilDate::new(year, month, day).unwrap()
    }

    /// The first moment at which it is `day` everywhere.
    fn once_it_is(day: CivilDate) -> Timestamp {
        let days = day.days_since(CivilDate::new(1970, 1, 1).unwrap());
        let at = Timestamp::from_secs(u64::try_from(days).unwrap() * 86_400 + 12 * 3600);
        assert_eq!(earliest_day(at), Some(day));
        at
    }

    #[test]
    fn nothing_is_deleted_early() {
        let made = day(2024, 2, 29);
        for (kind, first) in [
            (RecordKind::Approval, day(2025, 3, 1)),
            (RecordKind::SupervisoryReview, day(2025, 3, 1)),
            (RecordKind::Breach, day(2026, 3, 1)),
            (RecordKind::SimChange, day(2027, 3, 1)),
        ] {
            let early = Timestamp::from_micros(once_it_is(first).as_micros() - 1);
            assert!(!may_delete(kind, Some(made), early), "{kind}");
            assert!(may_delete(kind, Some(made), once_it_is(first)), "{kind}");
        }
    }

    #[test]
    fn what_is_unknown_is_not_deleted() {
        let late = once_it_is(day(2099, 1, 1));
        assert!(!may_delete(RecordKind::Approval, None, late));
        assert!(!may_delete(RecordKind::Approval, Some(day(9999, 6, 1)), late));
        assert!(!may_delete(RecordKind::Approval, Some(day(2020, 1, 1)), Timestamp::from_micros(u64::MAX)));
    }

    #[test]
    fn each_kind_is_cited() {
        for kind in RecordKind::ALL {
            assert!(
                (1..=3).contains(&kind.years()) && kind.cited().cite.starts_with("47 CFR 64.20"),
                "{kind}"
            );
        }
    }
}

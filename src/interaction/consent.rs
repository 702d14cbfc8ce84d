//! A customer's approval of uses of CPNI: a pure function of an append-only history and the clock
//! (47 CFR 64.2007, 64.2008; the states are those of a notice that matures and lapses).
//!
//! Whatever is contradictory (times that go back, events of the future, bytes that do not decode)
//! approves nothing. A one-time oral approval counts in its own interaction only.

use std::time::Duration;

use crate::policy::{AccountFact, Facts};
use crate::vocabulary::{CivilDate, ContactPointId, Timestamp};

/// Days after an opt-out notice before approval may be assumed: 47 CFR 64.2008(d)(1) (read from
/// memory). From the day on which an e-mail was sent; day 30 counts.
pub const OPT_OUT_WAIT_DAYS: i64 = 30;
/// Days until a mailed notice counts as delivered: from the third day after mailing, 64.2008(d)(1)
/// (read from memory).
pub const MAIL_DELIVERY_DAYS: i64 = 3;
/// Years after which an opt-out notice must be renewed: 64.2008(d)(2) (read from memory). An
/// approval lapses on the second anniversary of its notice.
pub const OPT_OUT_YEARS: i16 = 2;
/// How long a one-time oral approval lasts at the most, where no end of the contact was seen.
/// Library default: the longest interaction.
pub const ONE_TIME_LIFE: Duration = Duration::from_secs(4 * 3600);

const FORMAT: u8 = 1;

/// Something that happened to a customer's approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentEvent {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: ConsentKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsentKind {
    /// A notice of the right to opt out was sent by e-mail (64.2008(d)(3)).
    NoticeByEmail,
    /// The same, by mail.
    NoticeByMail,
    /// The latest notice was undeliverable: it must be sent again in another form (64.2008(d)(3)).
    Undeliverable,
    /// The customer objected. Stays until the customer says otherwise (64.2007(a)(2)).
    Objection,
    /// The customer opted in, after notice. The pointer is to the evidence: a form, a recording.
    OptIn {
        /// The host's pointer to the evidence.
        evidence: ContactPointId,
    },
    /// The customer took an approval back.
    Revocation,
    /// The customer approved orally, for the duration of one contact (64.2008(f)). The carrier bears
    /// the burden of proof (64.2007(a)(1)): hence the recording.
    OneTimeOral {
        /// The interaction in which it was given.
        interaction: [u8; 16],
        /// The host's pointer to the recording.
        recording: ContactPointId,
    },
}

/// A customer's approval at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consent {
    /// Where it stands.
    pub state: ConsentState,
    /// A one-time oral approval counts in this interaction.
    pub one_time: bool,
}

/// Where a customer's approval stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsentState {
    /// Nobody asked.
    None,
    /// A notice is out; the customer may still object.
    Noticed {
        /// The day from which approval may be assumed.
        matures: CivilDate,
    },
    /// Approval by not objecting.
    OptedOutApproved {
        /// The day on which it lapses.
        lapses: CivilDate,
    },
    /// The notice is too old.
    Lapsed,
    /// The customer objected.
    Objected,
    /// Express approval.
    OptedIn,
    /// The history contradicts itself.
    Contradictory,
}

impl Consent {
    /// The approval that `history` gives at `now`, in this interaction.
    #[must_use]
    pub fn of(history: &[ConsentEvent], now: Timestamp, interaction: &[u8; 16]) -> Self {
        let contradictory = Self { state: ConsentState::Contradictory, one_time: false };
        let in_order = history.windows(2).all(|pair| matches!(pair, [a, b] if a.at <= b.at));
        let (Some(today), true) = (now.utc_date(), in_order && history.iter().all(|event| event.at <= now))
        else {
            return contradictory;
        };
        let (mut opted_in, mut objected, mut one_time) = (false, false, false);
        // Notices that may have led to approval: since the last objection, and delivered.
        let mut notices: Vec<(CivilDate, i64)> = Vec::new();
        for event in history {
            let Some(day) = event.at.utc_date() else { return contradictory };
            match &event.kind {
                ConsentKind::NoticeByEmail => notices.push((day, OPT_OUT_WAIT_DAYS)),
                ConsentKind::NoticeByMail => {
                    notices.push((day, OPT_OUT_WAIT_DAYS.saturating_add(MAIL_DELIVERY_DAYS)))
                }
                ConsentKind::Undeliverable => {
                    notices.pop();
                }
                ConsentKind::Objection | ConsentKind::Revocation => {
                    (opted_in, objected) = (false, true);
                    notices.clear();
                }
                ConsentKind::OptIn { .. } => (opted_in, objected) = (true, false),
                ConsentKind::OneTimeOral { interaction: given_in, .. } => {
                    one_time |=
                        given_in == interaction && now.since(event.at).is_some_and(|age| age < ONE_TIME_LIFE);
                }
            }
        }
        let state = if opted_in {
            ConsentState::OptedIn
        } else if objected {
            ConsentState::Objected
        } else {
            of_notices(&notices, today)
        };
        Self { state, one_time }
    }

    pub(super) fn write(self, facts: &mut Facts) {
        let is = |state: &[ConsentState]| Some(state.contains(&self.state));
        facts.set_account(AccountFact::OptIn, is(&[ConsentState::OptedIn]));
        facts.set_account(AccountFact::OptedOut, is(&[ConsentState::Objected, ConsentState::Contradictory]));
        let matured = matches!(self.state, ConsentState::OptedOutApproved { .. });
        facts.set_account(AccountFact::OptOutMatured, Some(matured));
        facts.set_account(AccountFact::OneTimeOralApproval, Some(self.one_time));
    }
}

/// The best that a delivered notice gives today.
fn of_notices(notices: &[(CivilDate, i64)], today: CivilDate) -> ConsentState {
    let mut state = ConsentState::None;
    for (sent, wait) in notices {
        let (Some(matures), Some(lapses)) = (sent.plus_days(*wait), sent.plus_years(OPT_OUT_YEARS)) else {
            return ConsentState::Contradictory;
        };
        let this = if today >= lapses {
            ConsentState::Lapsed
        } else if today >= matures {
            ConsentState::OptedOutApproved { lapses }
        } else {
            ConsentState::Noticed { matures }
        };
        // A new notice does not end an approval that an older one gave.
        let approved_before = matches!(state, ConsentState::OptedOutApproved { .. });
        if !approved_before || matches!(this, ConsentState::OptedOutApproved { .. }) {
            state = this;
        }
    }
    state
}

impl ConsentEvent {
    /// The bytes that a store keeps: `docs/spec/consent-v1.md`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (kind, interaction, pointer) = match &self.kind {
            ConsentKind::NoticeByEmail => (1, None, None),
            ConsentKind::NoticeByMail => (2, None, None),
            ConsentKind::Undeliverable => (3, None, None),
            ConsentKind::Objection => (4, None, None),
            ConsentKind::OptIn { evidence } => (5, None, Some(evidence)),
            ConsentKind::Revocation => (6, None, None),
            ConsentKind::OneTimeOral { interaction, recording } => (7, Some(interaction), Some(recording)),
        };
        let mut out = vec![FORMAT, kind];
        out.extend(self.at.as_micros().to_be_bytes());
        out.extend(interaction.into_iter().flatten());
        out.extend(pointer.into_iter().flat_map(|pointer| pointer.as_str().bytes()));
        out
    }

    /// Reads what [`ConsentEvent::encode`] wrote; `None` for anything else.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let ([FORMAT, kind], rest) = bytes.split_first_chunk()? else { return None };
        let (at, rest) = rest.split_first_chunk()?;
        let pointer = |bytes: &[u8]| ContactPointId::new(core::str::from_utf8(bytes).ok()?).ok();
        let kind = match (kind, rest) {
            (1, []) => ConsentKind::NoticeByEmail,
            (2, []) => ConsentKind::NoticeByMail,
            (3, []) => ConsentKind::Undeliverable,
            (4, []) => ConsentKind::Objection,
            (5, evidence) => ConsentKind::OptIn { evidence: pointer(evidence)? },
            (6, []) => ConsentKind::Revocation,
            (7, rest) => {
                let (interaction, recording) = rest.split_first_chunk()?;
                ConsentKind::OneTimeOral { interaction: *interaction, recording: pointer(recording)? }
            }
            _ => return None,
        };
        Some(Self { at: Timestamp::from_micros(u64::from_be_bytes(*at)), kind })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: u64 = 86_400;
    /// 2026-11-23T12:00:00Z.
    const NOW: Timestamp = Timestamp::from_secs(1_795_435_200);
    const HERE: [u8; 16] = [1; 16];

    fn ago(days: u64) -> Timestamp {
        Timestamp::from_secs(NOW.as_secs() - days * DAY)
    }

    fn on(year: i16, month: i8, day: i8) -> Timestamp {
        let days = CivilDate::new(year, month, day).unwrap().days_since(CivilDate::new(1970, 1, 1).unwrap());
        Timestamp::from_secs(u64::try_from(days).unwrap() * DAY)
    }

    fn event(at: Timestamp, kind: ConsentKind) -> ConsentEvent {
        ConsentEvent { at, kind }
    }

    fn opt_in() -> ConsentKind {
        ConsentKind::OptIn { evidence: ContactPointId::new("form-1").unwrap() }
    }

    fn state(history: &[(u64, ConsentKind)]) -> ConsentState {
        let history: Vec<_> = history.iter().map(|(days, kind)| event(ago(*days), kind.clone())).collect();
        Consent::of(&history, NOW, &HERE).state
    }

    fn is_approved(state: ConsentState) -> bool {
        matches!(state, ConsentState::OptedOutApproved { .. })
    }

    #[test]
    fn an_emailed_notice_matures_on_day_30_and_a_mailed_one_on_day_33() {
        use ConsentKind::{NoticeByEmail, NoticeByMail};
        assert!(!is_approved(state(&[(29, NoticeByEmail)])) && is_approved(state(&[(30, NoticeByEmail)])));
        assert!(!is_approved(state(&[(32, NoticeByMail)])) && is_approved(state(&[(33, NoticeByMail)])));
        assert_eq!(state(&[]), ConsentState::None);
    }

    #[test]
    fn an_approval_lapses_on_the_second_anniversary_of_its_notice() {
        let at = |sent, now| Consent::of(&[event(sent, ConsentKind::NoticeByEmail)], now, &HERE).state;
        let before = Timestamp::from_micros(on(2026, 11, 23).as_micros() - 1);
        assert!(is_approved(at(on(2024, 11, 23), before)));
        assert_eq!(at(on(2024, 11, 23), on(2026, 11, 23)), ConsentState::Lapsed);
        // The second anniversary of a leap day is 28 February.
        assert!(is_approved(at(on(2024, 2, 29), on(2026, 2, 27))));
        assert_eq!(at(on(2024, 2, 29), on(2026, 2, 28)), ConsentState::Lapsed);
        // Renewed in time, it goes on without a gap.
        let renewed = [
            event(on(2024, 1, 1), ConsentKind::NoticeByMail),
            event(on(2025, 12, 15), ConsentKind::NoticeByMail),
        ];
        assert!(is_approved(Consent::of(&renewed, on(2025, 12, 31), &HERE).state));
        assert!(!is_approved(Consent::of(&renewed, on(2026, 1, 16), &HERE).state));
        assert!(is_approved(Consent::of(&renewed, on(2026, 1, 17), &HERE).state));
    }

    #[test]
    fn a_notice_that_came_back_must_be_sent_again() {
        use ConsentKind::{NoticeByEmail, NoticeByMail, Undeliverable};
        assert_eq!(state(&[(60, NoticeByEmail), (59, Undeliverable)]), ConsentState::None);
        assert!(!is_approved(state(&[(60, NoticeByEmail), (59, Undeliverable), (32, NoticeByMail)])));
        assert!(is_approved(state(&[(60, NoticeByEmail), (59, Undeliverable), (33, NoticeByMail)])));
    }

    #[test]
    fn objections_and_approvals_stay_until_the_customer_says_otherwise() {
        use ConsentKind::{NoticeByEmail, Objection, Revocation};
        assert_eq!(state(&[(60, NoticeByEmail), (50, Objection)]), ConsentState::Objected);
        assert_eq!(state(&[(60, Objection), (50, NoticeByEmail)]), ConsentState::Objected);
        assert_eq!(state(&[(60, Objection), (50, opt_in())]), ConsentState::OptedIn);
        assert_eq!(state(&[(900, opt_in())]), ConsentState::OptedIn);
        assert_eq!(state(&[(60, opt_in()), (50, Revocation)]), ConsentState::Objected);
        assert_eq!(state(&[(60, opt_in()), (50, Objection)]), ConsentState::Objected);
    }

    #[test]
    fn a_one_time_approval_counts_in_its_own_contact() {
        let given = |at, interaction| {
            let recording = ContactPointId::new("rec-1").unwrap();
            Consent::of(&[event(at, ConsentKind::OneTimeOral { interaction, recording })], NOW, &HERE)
                .one_time
        };
        assert!(given(NOW, HERE));
        assert!(!given(NOW, [2; 16]));
        assert!(given(Timestamp::from_secs(NOW.as_secs() - 4 * 3600 + 1), HERE));
        assert!(!given(Timestamp::from_secs(NOW.as_secs() - 4 * 3600), HERE));
    }

    #[test]
    fn a_history_that_contradicts_itself_approves_nothing() {
        let back = [event(ago(40), opt_in()), event(ago(50), ConsentKind::NoticeByEmail)];
        let future = [event(Timestamp::from_micros(NOW.as_micros() + 1), opt_in())];
        for history in [&back[..], &future[..]] {
            assert_eq!(Consent::of(history, NOW, &HERE).state, ConsentState::Contradictory);
        }
        assert_eq!(
            Consent::of(&[], Timestamp::from_micros(u64::MAX), &HERE).state,
            ConsentState::Contradictory
        );
    }

    fn kinds() -> impl Strategy<Value = ConsentKind> {
        let pointer = || "[!-~]{1,128}".prop_map(|id| ContactPointId::new(id).unwrap());
        prop_oneof![
            Just(ConsentKind::NoticeByEmail),
            Just(ConsentKind::NoticeByMail),
            Just(ConsentKind::Undeliverable),
            Just(ConsentKind::Objection),
            pointer().prop_map(|evidence| ConsentKind::OptIn { evidence }),
            Just(ConsentKind::Revocation),
            (any::<[u8; 16]>(), pointer())
                .prop_map(|(interaction, recording)| ConsentKind::OneTimeOral { interaction, recording }),
        ]
    }

    fn opens(state: ConsentState) -> u8 {
        match state {
            ConsentState::OptedIn => 2,
            ConsentState::OptedOutApproved { .. } => 1,
            ConsentState::None
            | ConsentState::Noticed { .. }
            | ConsentState::Lapsed
            | ConsentState::Objected
            | ConsentState::Contradictory => 0,
        }
    }

    proptest! {
        #[test]
        fn events_come_back(at in any::<u64>(), kind in kinds()) {
            let event = event(Timestamp::from_micros(at), kind);
            let bytes = event.encode();
            prop_assert_eq!(ConsentEvent::decode(&bytes), Some(event));
        }

        #[test]
        fn any_bytes_are_an_event_or_not(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Some(event) = ConsentEvent::decode(&bytes) {
                prop_assert_eq!(event.encode(), bytes);
            }
        }

        /// An objection never opens anything, wherever it comes in the history.
        #[test]
        fn an_objection_never_opens(days in prop::collection::vec(0..900_u64, 0..8), kinds in prop::collection::vec(kinds(), 8), at in 0..9_usize) {
            let mut days = days;
            days.sort_unstable_by(|a, b| b.cmp(a));
            let history: Vec<_> = days.iter().zip(kinds).map(|(days, kind)| event(ago(*days), kind)).collect();
            let before = Consent::of(&history, NOW, &HERE).state;
            let at = at.min(history.len());
            let when = history.get(at).map_or(NOW, |event| event.at);
            let mut objected = history;
            objected.insert(at, event(when, ConsentKind::Objection));
            prop_assert!(opens(Consent::of(&objected, NOW, &HERE).state) <= opens(before));
        }
    }
}

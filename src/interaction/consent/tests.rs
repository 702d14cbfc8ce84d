//! Approvals at their edges: days, years, order, and what must never open anything.

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
fn an_undeliverable_notice_is_none_until_it_is_sent_by_mail() {
    use ConsentKind::{NoticeByEmail, NoticeByMail, Undeliverable};
    // E-mail again is not another form, and one bounce is enough for two e-mails.
    assert_eq!(state(&[(60, NoticeByEmail), (59, Undeliverable), (58, NoticeByEmail)]), ConsentState::None);
    assert_eq!(state(&[(60, NoticeByEmail), (59, NoticeByEmail), (58, Undeliverable)]), ConsentState::None);
    // A bounce does not leave the e-mail and take the letter.
    assert_eq!(state(&[(60, NoticeByEmail), (20, NoticeByMail), (19, Undeliverable)]), ConsentState::None);
    // Of one instant, the bounce is the later one, and e-mail is not after the letter.
    assert_eq!(state(&[(60, Undeliverable), (60, NoticeByEmail)]), ConsentState::None);
    assert_eq!(state(&[(60, Undeliverable), (60, NoticeByMail)]), ConsentState::None);
    assert!(!is_approved(state(&[(60, Undeliverable), (32, NoticeByMail), (32, NoticeByEmail)])));
    // After the letter e-mail counts again.
    assert!(is_approved(state(&[(60, Undeliverable), (31, NoticeByMail), (30, NoticeByEmail)])));
}

#[test]
fn a_second_notice_does_not_begin_the_wait_anew() {
    use ConsentKind::NoticeByEmail;
    let first = NOW.utc_date().unwrap().plus_days(20);
    let found = state(&[(10, NoticeByEmail), (5, NoticeByEmail)]);
    assert_eq!(found, ConsentState::Noticed { matures: first.unwrap() });
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
fn of_one_instant_no_wins() {
    use ConsentKind::{Objection, Revocation};
    for no in [Objection, Revocation] {
        assert_eq!(state(&[(50, no.clone()), (50, opt_in())]), ConsentState::Objected);
        assert_eq!(state(&[(50, opt_in()), (50, no)]), ConsentState::Objected);
    }
}

#[test]
fn a_one_time_approval_holds_after_an_objection_and_not_before_one() {
    use ConsentKind::{Objection, Revocation};
    let oral =
        ConsentKind::OneTimeOral { interaction: HERE, recording: ContactPointId::new("rec-1").unwrap() };
    let of = |history: &[ConsentEvent]| {
        let Consent { state, one_time } = Consent::of(history, NOW, &HERE);
        (state, one_time)
    };
    let before = [event(ago(1), Objection), event(NOW, oral.clone())];
    assert_eq!(of(&before), (ConsentState::Objected, true));
    for no in [Objection, Revocation] {
        let after = [event(NOW, oral.clone()), event(NOW, no)];
        assert_eq!(of(&after), (ConsentState::Objected, false));
    }
}

#[test]
fn a_one_time_approval_counts_in_its_own_contact() {
    let given = |at, interaction| {
        let recording = ContactPointId::new("rec-1").unwrap();
        Consent::of(&[event(at, ConsentKind::OneTimeOral { interaction, recording })], NOW, &HERE).one_time
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
    assert_eq!(Consent::of(&[], Timestamp::from_micros(u64::MAX), &HERE).state, ConsentState::Contradictory);
}

#[test]
fn disorder_ends_with_an_opt_in_after_it() {
    use ConsentKind::{NoticeByEmail, Objection};
    let broken = [(40, NoticeByEmail), (50, Objection)];
    let and = |more: &[(u64, ConsentKind)]| state(&[&broken[..], more].concat());
    assert_eq!(and(&[]), ConsentState::Contradictory);
    // Not with a notice, an objection, or a time that is not after all of it.
    assert_eq!(and(&[(39, NoticeByEmail)]), ConsentState::Contradictory);
    assert_eq!(and(&[(39, Objection)]), ConsentState::Contradictory);
    assert_eq!(and(&[(40, opt_in())]), ConsentState::Contradictory);
    assert_eq!(and(&[(39, opt_in())]), ConsentState::OptedIn);
    assert_eq!(and(&[(39, opt_in()), (38, Objection)]), ConsentState::Objected);
    // Time 0 is what a broken clock says.
    for kind in [opt_in(), NoticeByEmail] {
        let unread = event(Timestamp::default(), kind);
        assert_eq!(Consent::of(&[unread], NOW, &HERE).state, ConsentState::Contradictory);
    }
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

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    /// In its place, at the end, or with any time at all.
    #[test]
    fn what_closes_never_opens(
        history in histories(),
        later in laters(),
        closing in prop::sample::select(vec![
            ConsentKind::Objection, ConsentKind::Revocation, ConsentKind::Undeliverable,
        ]),
        at in days(),
        place in any::<prop::sample::Index>(),
    ) {
        let now = after(&history, later);
        let mut more = history.clone();
        more.insert(place.index(history.len() + 1), event(at, closing));
        let (before, after) = (Consent::of(&history, now, &HERE), Consent::of(&more, now, &HERE));
        prop_assert!(opens_no_more(after, before), "{before:?} {after:?}");
    }

    #[test]
    fn nothing_is_open_after_an_objection(history in histories(), later in laters(), objects in prop::bool::ANY) {
        let now = after(&history, later);
        let mut history = history;
        history.push(event(now, if objects { ConsentKind::Objection } else { ConsentKind::Revocation }));
        let Consent { state, one_time } = Consent::of(&history, now, &HERE);
        prop_assert!(matches!(state, ConsentState::Objected | ConsentState::Contradictory) && !one_time);
    }

    #[test]
    fn events_of_one_instant_have_no_order(
        history in histories(),
        later in laters(),
        swaps in prop::collection::vec(any::<(prop::sample::Index, prop::sample::Index)>(), 1..20),
    ) {
        let now = after(&history, later);
        let before = Consent::of(&history, now, &HERE);
        let mut other = history;
        for (a, b) in swaps {
            if !other.is_empty() {
                let (a, b) = (a.index(other.len()), b.index(other.len()));
                if other[a].at == other[b].at {
                    other.swap(a, b);
                }
            }
        }
        prop_assert_eq!(Consent::of(&other, now, &HERE), before);
    }

    #[test]
    fn an_approval_holds_on_every_day_until_it_lapses(
        history in histories(),
        later in laters(),
        still_later in laters(),
    ) {
        let now = after(&history, later);
        if let ConsentState::OptedOutApproved { lapses } = Consent::of(&history, now, &HERE).state {
            let then = Timestamp::from_secs(now.as_secs() + still_later * DAY);
            if then.utc_date().unwrap() < lapses {
                prop_assert!(is_approved(Consent::of(&history, then, &HERE).state));
            }
        }
    }
}

/// Days from the last event: none, and what makes notices mature and lapse.
fn laters() -> impl Strategy<Value = u64> {
    prop_oneof![2 => Just(0_u64), 2 => 28_u64..36, 1 => 0_u64..800]
}

/// So many days after the last event.
fn after(history: &[ConsentEvent], days: u64) -> Timestamp {
    let last = history.iter().map(|event| event.at).max().unwrap_or_default().max(NOW);
    Timestamp::from_secs(last.as_secs() + days * DAY)
}

/// Some days after [`NOW`].
fn day(days: u64) -> Timestamp {
    Timestamp::from_secs(NOW.as_secs() + days * DAY)
}

/// Days that make things mature, lapse and coincide.
fn days() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        6 => (0_u64..4).prop_map(day),
        6 => (28_u64..36).prop_map(day),
        2 => (729_u64..766).prop_map(day),
        1 => Just(Timestamp::default()),
    ]
}

fn histories() -> impl Strategy<Value = Vec<ConsentEvent>> {
    let pointer = || ContactPointId::new("p-1").unwrap();
    let kinds = vec![
        ConsentKind::NoticeByEmail,
        ConsentKind::NoticeByMail,
        ConsentKind::Undeliverable,
        ConsentKind::Objection,
        ConsentKind::OptIn { evidence: pointer() },
        ConsentKind::Revocation,
        ConsentKind::OneTimeOral { interaction: HERE, recording: pointer() },
    ];
    let event = (days(), prop::sample::select(kinds)).prop_map(|(at, kind)| event(at, kind));
    (prop::collection::vec(event, 0..8), prop::bool::weighted(0.8)).prop_map(|(mut history, sorted)| {
        if sorted {
            history.sort_by_key(|event| event.at);
        }
        history
    })
}

/// Whether nothing is open in `less` that is not open in `more`.
fn opens_no_more(less: Consent, more: Consent) -> bool {
    let objected = |c: Consent| matches!(c.state, ConsentState::Objected | ConsentState::Contradictory);
    opens(less.state) <= opens(more.state)
        && (!less.one_time || more.one_time)
        && (!objected(more) || objected(less))
}

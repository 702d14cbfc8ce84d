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
    opt_in_to(ConsentScope::Cpni)
}

fn opt_in_to(scope: ConsentScope) -> ConsentKind {
    ConsentKind::OptIn { scope, evidence: ContactPointId::new("form-1").unwrap() }
}

fn revoked() -> ConsentKind {
    ConsentKind::Revocation { scope: ConsentScope::Cpni }
}

fn oral(interaction: [u8; 16]) -> ConsentKind {
    let script = ScriptVersion::new("notice-3").unwrap();
    ConsentKind::OneTimeOral { interaction, script, recording: ContactPointId::new("rec-1").unwrap() }
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
    use ConsentKind::{NoticeByEmail, Objection};
    assert_eq!(state(&[(60, NoticeByEmail), (50, Objection)]), ConsentState::Objected);
    assert_eq!(state(&[(60, Objection), (50, NoticeByEmail)]), ConsentState::Objected);
    assert_eq!(state(&[(60, Objection), (50, opt_in())]), ConsentState::OptedIn);
    assert_eq!(state(&[(900, opt_in())]), ConsentState::OptedIn);
    assert_eq!(state(&[(60, opt_in()), (50, revoked())]), ConsentState::Objected);
    assert_eq!(state(&[(60, opt_in()), (50, Objection)]), ConsentState::Objected);
}

#[test]
fn of_one_instant_no_wins() {
    for no in [ConsentKind::Objection, revoked()] {
        assert_eq!(state(&[(50, no.clone()), (50, opt_in())]), ConsentState::Objected);
        assert_eq!(state(&[(50, opt_in()), (50, no)]), ConsentState::Objected);
    }
}

#[test]
fn a_one_time_approval_holds_after_an_objection_and_not_before_one() {
    let of = |history: &[ConsentEvent]| {
        let Consent { state, one_time, .. } = Consent::of(history, NOW, &HERE);
        (state, one_time)
    };
    let before = [event(ago(1), ConsentKind::Objection), event(NOW, oral(HERE))];
    assert_eq!(of(&before), (ConsentState::Objected, true));
    for no in [ConsentKind::Objection, revoked()] {
        let after = [event(NOW, oral(HERE)), event(NOW, no)];
        assert_eq!(of(&after), (ConsentState::Objected, false));
    }
}

#[test]
fn a_one_time_approval_counts_in_its_own_contact() {
    let given = |at, interaction| Consent::of(&[event(at, oral(interaction))], NOW, &HERE).one_time;
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

#[test]
fn location_needs_a_yes_of_its_own() {
    use ConsentKind::{NoticeByEmail, Objection, Revocation};
    use ConsentScope::{Cpni, Location};
    let of = |history: &[(u64, ConsentKind)]| {
        let history: Vec<_> = history.iter().map(|(days, kind)| event(ago(*days), kind.clone())).collect();
        let Consent { state, location, .. } = Consent::of(&history, NOW, &HERE);
        (state, location)
    };
    let yes = || (60, opt_in_to(Location));
    assert_eq!(of(&[(60, opt_in())]), (ConsentState::OptedIn, false));
    assert!(!of(&[(60, NoticeByEmail)]).1 && !of(&[(0, oral(HERE))]).1);
    assert_eq!(of(&[yes()]), (ConsentState::None, true));
    // Each scope is taken back on its own.
    assert_eq!(of(&[yes(), (50, Revocation { scope: Location })]), (ConsentState::None, false));
    assert_eq!(of(&[yes(), (60, Revocation { scope: Location })]), (ConsentState::None, false));
    let both = [(60, opt_in()), yes()];
    let and = |kind| of(&[&both[..], &[(50, kind)]].concat());
    assert_eq!(and(Revocation { scope: Cpni }), (ConsentState::Objected, true));
    assert_eq!(and(Revocation { scope: Location }), (ConsentState::OptedIn, false));
    // An objection is to all of it, until a yes to each.
    assert_eq!(and(Objection), (ConsentState::Objected, false));
    let again = |scope| of(&[yes(), (50, Objection), (40, opt_in_to(scope))]);
    assert_eq!(again(Cpni), (ConsentState::OptedIn, false));
    assert_eq!(again(Location), (ConsentState::Objected, true));
    // So is what contradicts itself.
    let disorder = [yes(), (40, NoticeByEmail), (50, NoticeByEmail)];
    assert_eq!(of(&disorder), (ConsentState::Contradictory, false));
    let after = [&disorder[..], &[(39, opt_in_to(Location))]].concat();
    assert_eq!(of(&after), (ConsentState::Contradictory, true));
}

#[test]
fn each_approval_is_a_fact_of_its_own() {
    use crate::vocabulary::{Channel, Purpose, Role};
    let of = |scope| {
        let mut facts = Facts::new(Channel::Batch, Role::Marketer, Purpose::MarketNewCategory);
        Consent::of(&[event(NOW, opt_in_to(scope))], NOW, &HERE).write(&mut facts);
        [AccountFact::OptIn, AccountFact::LocationOptIn].map(|fact| facts.has_account(fact))
    };
    assert_eq!(of(ConsentScope::Cpni), [true, false]);
    assert_eq!(of(ConsentScope::Location), [false, true]);
}

#[test]
fn what_was_lost_closes_until_a_yes_of_that_time_or_later() {
    let lost = |history: &[ConsentEvent]| {
        let Consent { state, location, one_time } = Consent::after_loss(history, Some(ago(50)), NOW, &HERE);
        (state, location, one_time)
    };
    let closed = (ConsentState::Contradictory, false, false);
    assert_eq!(lost(&[]), closed);
    assert_eq!(lost(&[event(ago(50), ConsentKind::NoticeByEmail), event(NOW, oral(HERE))]), closed);
    // A form that is entered late may be older than an objection that is gone.
    let early = Timestamp::from_micros(ago(50).as_micros() - 1);
    for scope in ConsentScope::ALL {
        assert_eq!(lost(&[event(early, opt_in_to(*scope))]), closed);
    }
    assert_eq!(lost(&[event(ago(50), opt_in())]), (ConsentState::OptedIn, false, false));
    let location = [event(ago(50), opt_in_to(ConsentScope::Location))];
    assert_eq!(lost(&location), (ConsentState::Contradictory, true, false));
}

#[test]
fn an_oral_approval_without_its_script_is_no_event() {
    let bytes = event(NOW, oral(HERE)).encode();
    let script = "notice-3".len();
    let without = [&bytes[..26], &[0], &bytes[27 + script..]].concat();
    assert_eq!(ConsentEvent::decode(&without), None);
    // Nor without its recording, nor with a script that goes on past the end.
    assert_eq!(ConsentEvent::decode(&bytes[..27 + script]), None);
    let past = [&bytes[..26], &[64], &bytes[27..]].concat();
    assert_eq!(ConsentEvent::decode(&past), None);
}

#[test]
fn a_scope_that_is_none_is_no_event() {
    for (kind, scope) in [(opt_in(), 10), (revoked(), 10)] {
        let mut bytes = event(NOW, kind).encode();
        for code in [0, 3] {
            bytes[scope] = code;
            assert_eq!(ConsentEvent::decode(&bytes), None);
        }
    }
}

fn kinds() -> impl Strategy<Value = ConsentKind> {
    let pointer = || "[!-~]{1,128}".prop_map(|id| ContactPointId::new(id).unwrap());
    prop_oneof![
        Just(ConsentKind::NoticeByEmail),
        Just(ConsentKind::NoticeByMail),
        Just(ConsentKind::Undeliverable),
        Just(ConsentKind::Objection),
        (scopes(), pointer()).prop_map(|(scope, evidence)| ConsentKind::OptIn { scope, evidence }),
        scopes().prop_map(|scope| ConsentKind::Revocation { scope }),
        (any::<[u8; 16]>(), "[!-~]{1,64}", pointer()).prop_map(|(interaction, script, recording)| {
            let script = ScriptVersion::new(script).unwrap();
            ConsentKind::OneTimeOral { interaction, script, recording }
        }),
    ]
}

fn scopes() -> impl Strategy<Value = ConsentScope> {
    prop::sample::select(ConsentScope::ALL)
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
            ConsentKind::Objection,
            ConsentKind::Revocation { scope: ConsentScope::Cpni },
            ConsentKind::Revocation { scope: ConsentScope::Location },
            ConsentKind::Undeliverable,
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
    fn nothing_is_open_after_an_objection(history in histories(), later in laters()) {
        let now = after(&history, later);
        let closed = |kind| {
            let history = [&history[..], &[event(now, kind)]].concat();
            let Consent { state, location, one_time } = Consent::of(&history, now, &HERE);
            (matches!(state, ConsentState::Objected | ConsentState::Contradictory) && !one_time, !location)
        };
        let revoked = |scope| closed(ConsentKind::Revocation { scope });
        prop_assert_eq!(closed(ConsentKind::Objection), (true, true));
        prop_assert!(revoked(ConsentScope::Cpni).0 && revoked(ConsentScope::Location).1);
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
    let kinds = vec![
        ConsentKind::NoticeByEmail,
        ConsentKind::NoticeByMail,
        ConsentKind::Undeliverable,
        ConsentKind::Objection,
        opt_in(),
        opt_in_to(ConsentScope::Location),
        revoked(),
        ConsentKind::Revocation { scope: ConsentScope::Location },
        oral(HERE),
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
        && (!less.location || more.location)
        && (!objected(more) || objected(less))
}

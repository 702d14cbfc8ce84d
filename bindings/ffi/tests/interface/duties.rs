//! Duties that follow from facts: a breach, a broken opt-out, records to keep, questions to ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use cpni_guard::interaction::QuestionAbout;
use cpni_guard::oversight::{
    CUSTOMER_HOLD_BUSINESS_DAYS, DayKind, Exposure, Ground, Harm, Hold, Intent, OptOutOutcome, RecordKind,
    Regime, Task, Whom,
};
use cpni_guard::policy::{Certainty, Compliance, ReadFrom};
use cpni_guard::vocabulary::DataClass;
use cpni_guard_ffi::{
    AgencyDelay, BreachReport, BusinessCalendar, BusinessDays, CustomerCount, Day, Deadline, EarlierFinding,
    HostFailure, IncidentFacts, MayNotify, NotBefore, OptOutCheck, OptOutHealth, ReachedClass,
    backup_questions, check_questions, may_ask_about, may_delete, opt_out_health, retention_of,
};

use crate::fixture::{DAY, code};

/// Monday 2 November 2026, 12:00 UTC: in the westernmost zone that day begins.
const MONDAY: u64 = 1_793_620_800_000_000;
const NO_DAY: Day = Day { year: 2026, month: 2, day: 30 };

fn day(month: i8, day: i8) -> Day {
    Day { year: 2026, month, day }
}

fn federal() -> Arc<BusinessCalendar> {
    BusinessCalendar::us_federal(Vec::new()).unwrap()
}

/// Call logs that an agent read on purpose, of 136 customers.
pub(crate) fn incident() -> IncidentFacts {
    IncidentFacts {
        determined: day(11, 2),
        affected: vec![ReachedClass { class: DataClass::CallDetail, exposure: Exposure::Readable }],
        customers: CustomerCount::Exactly { count: 136 },
        intent: Intent::Intentional,
        good_faith_of_employee: false,
        harm: Harm::Undetermined,
        found_before: None,
        agencies_notified: None,
        urgent_after_consultation: false,
        delays: Vec::new(),
        delays_lifted: None,
        other_notice_due: None,
    }
}

fn report(incident: IncidentFacts) -> Arc<BreachReport> {
    BreachReport::of(incident, None, &federal()).unwrap()
}

/// The example of the core's documentation, and what stands around it.
#[test]
fn a_breach_says_whom_to_tell_until_when_and_what_holds_it() {
    let told = report(IncidentFacts { agencies_notified: Some(day(11, 4)), ..incident() });
    let found = told.findings().unwrap();
    assert_eq!((found.governing, found.silent_through), (Some(Regime::Text2007), Some(day(11, 16))));
    assert!(!found.may_cross_threshold && found.readings.len() >= 5);
    let [of_2007, of_2024] = &found.regimes[..] else { panic!("two texts") };
    assert_eq!((of_2007.regime, of_2024.regime), (Regime::Text2007, Regime::Text2024));
    assert_eq!(of_2007.compliance, Some(Compliance::Required));
    assert_eq!(of_2024.compliance, Some(Compliance::Adopted));
    assert!(of_2007.is_breach && of_2024.is_breach);
    assert_eq!((of_2007.ground, of_2024.ground), (Ground::Cpni, Ground::CoveredData));
    let [agencies, customers, record] = &of_2007.duties[..] else { panic!("three duties") };
    assert_eq!(
        (agencies.task, &agencies.to[..]),
        (Task::NotifyAgencies, &[Whom::SecretService, Whom::Fbi][..])
    );
    assert_eq!(
        (agencies.not_before, agencies.deadline),
        (NotBefore::AnyTime, Deadline::By { last: day(11, 12) })
    );
    assert_eq!(agencies.cited.cite, "47 CFR 64.2011(b)");
    assert_eq!((agencies.cited.certainty, agencies.cited.source), (Certainty::Clear, ReadFrom::Primary));
    assert_eq!((customers.task, &customers.to[..]), (Task::NotifyCustomers, &[Whom::Customers][..]));
    assert_eq!(customers.not_before, NotBefore::From { first: day(11, 17) });
    assert_eq!(customers.deadline, Deadline::NoLastDay);
    assert_eq!(record.deadline, Deadline::Through { last: Day { year: 2028, ..day(11, 4) } });

    let MayNotify::No { until, why, cited } = told.may_notify_customer(MONDAY + 8 * DAY).unwrap() else {
        panic!("held")
    };
    assert_eq!((until, why), (Some(day(11, 17)), Hold::FullBusinessDays));
    assert_eq!(cited.cite, "47 CFR 64.2011(b)(1)");
    // 12:00 UTC: the day has begun everywhere.
    assert_ne!(told.may_notify_customer(MONDAY + 15 * DAY - 1).unwrap(), MayNotify::Yes);
    assert_eq!(told.may_notify_customer(MONDAY + 15 * DAY).unwrap(), MayNotify::Yes);
    assert!(
        told.text().unwrap().contains("by 2026-11-12")
            && told.json().unwrap().contains("\"governing\": \"2007\"")
    );

    let nobody = report(incident());
    let MayNotify::No { until: None, why: Hold::LawEnforcementFirst, .. } =
        nobody.may_notify_customer(MONDAY).unwrap()
    else {
        panic!("held")
    };
    assert_eq!(nobody.findings().unwrap().regimes[0].duties[1].not_before, NotBefore::Unknown);
}

#[test]
fn every_fact_of_an_incident_arrives() {
    // The text of 2024 governs: fewer than 500, no harm, until more came out on the ninth.
    let from = Some(day(1, 1));
    let before = EarlierFinding {
        customers: CustomerCount::Exactly { count: 12 },
        harm: Harm::NotLikely,
        fell_on: day(11, 9),
    };
    let more = IncidentFacts {
        customers: CustomerCount::AtLeast { count: 499 },
        found_before: Some(before),
        ..incident()
    };
    let found = BreachReport::of(more.clone(), from, &federal()).unwrap().findings().unwrap();
    assert_eq!((found.governing, found.may_cross_threshold), (Some(Regime::Text2024), true));
    assert_eq!(found.regimes[1].duties[0].deadline, Deadline::By { last: day(11, 19) });
    assert_eq!(found.regimes[1].duties[1].deadline, Deadline::By { last: day(12, 2) });
    let small = IncidentFacts { customers: before.customers, harm: before.harm, ..incident() };
    let small = BreachReport::of(small, from, &federal()).unwrap().findings().unwrap();
    assert_eq!(small.regimes[1].duties[0].task, Task::AnnualSummary);
    let slip = IncidentFacts { intent: Intent::Inadvertent, good_faith_of_employee: true, ..incident() };
    assert_eq!(report(slip).findings().unwrap().regimes[1].ground, Ground::GoodFaith);
    let safe = vec![ReachedClass { class: DataClass::CallDetail, exposure: Exposure::EncryptedKeysSafe }];
    let both = vec![safe[0], incident().affected[0], safe[0]];
    let tasks = |affected| {
        let report = BreachReport::of(IncidentFacts { affected, ..incident() }, from, &federal()).unwrap();
        report.findings().unwrap().regimes[1].duties.iter().map(|duty| duty.task).collect::<Vec<_>>()
    };
    assert!(!tasks(safe).contains(&Task::NotifyCustomers));
    assert!(tasks(both).contains(&Task::NotifyCustomers), "the worse exposure stands");

    let held = |change: fn(&mut IncidentFacts)| {
        let mut facts = IncidentFacts { agencies_notified: Some(day(11, 4)), ..incident() };
        change(&mut facts);
        report(facts).may_notify_customer(MONDAY + 8 * DAY).unwrap()
    };
    assert_eq!(
        held(|facts| facts.urgent_after_consultation = true),
        MayNotify::HeldForHuman { why: Hold::UrgentNeed }
    );
    let due = |facts: &mut IncidentFacts| {
        (facts.agencies_notified, facts.other_notice_due) = (None, Some(day(11, 5)));
    };
    assert_eq!(held(due), MayNotify::HeldForHuman { why: Hold::OtherNoticeDue });
    fn silent(facts: &mut IncidentFacts, in_writing: bool, extends: bool) {
        let delay =
            AgencyDelay { given: day(11, 5), through: Day { month: 12, ..day(12, 24) }, extends, in_writing };
        facts.delays.push(delay);
    }
    let MayNotify::No { until, why: Hold::AgencyDirection, .. } = held(|facts| silent(facts, true, false))
    else {
        panic!("directed")
    };
    assert_eq!(until, Some(day(12, 6)), "thirty days, and no more");
    let MayNotify::No { until, .. } = held(|facts| silent(facts, true, true)) else { panic!("directed") };
    assert_eq!(until, Some(day(12, 25)), "an extension lasts as it says");
    let MayNotify::No { why: Hold::FullBusinessDays, .. } = held(|facts| silent(facts, false, false)) else {
        panic!("a no goes before a doubt")
    };
    let lifted = |facts: &mut IncidentFacts| {
        silent(facts, true, true);
        facts.delays_lifted = Some(day(11, 6));
    };
    let MayNotify::No { why: Hold::FullBusinessDays, .. } = held(lifted) else { panic!("lifted") };
}

#[test]
fn a_day_that_is_none_is_refused_wherever_it_stands() {
    let none = Some(NO_DAY);
    let count = CustomerCount::Exactly { count: 1 };
    let delay = |given, through| vec![AgencyDelay { given, through, extends: false, in_writing: true }];
    let earlier = EarlierFinding { customers: count, harm: Harm::NotLikely, fell_on: NO_DAY };
    for facts in [
        IncidentFacts { determined: NO_DAY, ..incident() },
        IncidentFacts { agencies_notified: none, ..incident() },
        IncidentFacts { delays_lifted: none, ..incident() },
        IncidentFacts { other_notice_due: none, ..incident() },
        IncidentFacts { found_before: Some(earlier), ..incident() },
        IncidentFacts { delays: delay(NO_DAY, day(11, 5)), ..incident() },
        IncidentFacts { delays: delay(day(11, 5), NO_DAY), ..incident() },
    ] {
        assert_eq!(code(BreachReport::of(facts, None, &federal())), 9307);
    }
    assert_eq!(code(BreachReport::of(incident(), none, &federal())), 9307);
    assert_eq!(code(BusinessCalendar::us_federal(vec![NO_DAY])), 9307);
    assert_eq!(code(federal().kind(NO_DAY)), 9307);
    assert_eq!(code(federal().last_day_to_act(NO_DAY, 1)), 9307);
    assert_eq!(code(federal().last_full_day(NO_DAY, 1)), 9307);
    assert_eq!(code(may_delete(RecordKind::Breach, none, MONDAY)), 9307);
}

/// The carrier's own calendar: every day is a business day; or it fails, or panics.
struct Own(AtomicU8);

impl BusinessDays for Own {
    fn kind(&self, _: Day) -> Result<DayKind, HostFailure> {
        match self.0.load(Ordering::SeqCst) {
            1 => Err(HostFailure::Unavailable),
            2 => std::panic::panic_any("987-65-4321"),
            _ => Ok(DayKind::Business),
        }
    }
}

#[test]
fn a_calendar_of_the_host_counts_and_one_that_fails_closes() {
    assert_eq!(federal().kind(day(11, 11)), Ok(DayKind::Closed));
    let closed = BusinessCalendar::us_federal(vec![day(11, 3)]).unwrap();
    assert_eq!(closed.kind(day(11, 3)), Ok(DayKind::Unclear));
    assert_eq!(closed.last_day_to_act(day(11, 2), 1), Ok(Some(day(11, 3))));
    assert_eq!(closed.last_full_day(day(11, 2), 1), Ok(Some(day(11, 4))));

    let own = Arc::new(Own(AtomicU8::new(0)));
    let calendar = BusinessCalendar::of_host(own.clone()).unwrap();
    let days = CUSTOMER_HOLD_BUSINESS_DAYS;
    assert_eq!(calendar.last_full_day(day(11, 4), days), Ok(Some(day(11, 11))));
    own.0.store(1, Ordering::SeqCst);
    assert_eq!(
        calendar.last_day_to_act(day(11, 4), days),
        Ok(Some(day(11, 11))),
        "a deadline counts the doubt"
    );
    assert_eq!(calendar.last_full_day(day(11, 4), days), Ok(None), "a silence does not end by it");
    let told = IncidentFacts { agencies_notified: Some(day(11, 4)), ..incident() };
    let report = BreachReport::of(told.clone(), None, &calendar).unwrap();
    let MayNotify::No { until: None, why: Hold::FullBusinessDays, .. } =
        report.may_notify_customer(MONDAY + 300 * DAY).unwrap()
    else {
        panic!("held")
    };
    own.0.store(2, Ordering::SeqCst);
    assert_eq!(code(BreachReport::of(told, None, &calendar)), 9305, "without the text of the panic");
    assert_eq!(code(calendar.kind(day(11, 4))), 9305);
}

#[test]
fn a_way_to_opt_out_is_watched() {
    let check = |hours: u64, outcome| OptOutCheck { at_micros: MONDAY + hours * DAY / 24, outcome };
    let health = |checks: &[OptOutCheck], hours: u64| {
        opt_out_health(checks.to_vec(), MONDAY, MONDAY + hours * DAY / 24, &federal()).unwrap()
    };
    assert_eq!(health(&[], 25), OptOutHealth::Works);
    let OptOutHealth::NoticeDue { counts_from, by, cited } = health(&[], 26) else {
        panic!("no check for a day")
    };
    assert_eq!((counts_from, by, cited.source), (Some(day(11, 3)), Some(day(11, 10)), ReadFrom::Memory));
    let failed = check(24, OptOutOutcome::Failed);
    let suspected = OptOutHealth::Suspected { on: day(11, 3), by: Some(day(11, 10)) };
    assert_eq!(health(&[failed], 30), suspected);
    let works = check(48, OptOutOutcome::Worked);
    assert_eq!(health(&[works, failed], 49), OptOutHealth::Anomaly { on: day(11, 3) });
    let again = [failed, check(40, OptOutOutcome::Failed), check(44, OptOutOutcome::NoticeFiled)];
    assert_eq!(health(&again, 45), OptOutHealth::NoticeFiled);
    assert!(matches!(health(&again[..2], 45), OptOutHealth::NoticeDue { .. }));
    let gone = opt_out_health(Vec::new(), MONDAY, 0, &federal()).unwrap();
    assert!(
        matches!(gone, OptOutHealth::NoticeDue { counts_from: None, by: None, .. }),
        "a clock that went back"
    );
}

#[test]
fn records_are_kept_as_long_as_the_rules_say() {
    for kind in RecordKind::ALL {
        let kept = retention_of(*kind).unwrap();
        assert_eq!((kept.years, kept.cited.cite.as_str()), (kind.years(), kind.cited().cite));
    }
    let on = Some(Day { year: 2024, ..day(11, 1) });
    assert_eq!(may_delete(RecordKind::Breach, on, MONDAY - DAY), Ok(false), "its anniversary is kept");
    assert_eq!(may_delete(RecordKind::Breach, on, MONDAY), Ok(true));
    assert_eq!(may_delete(RecordKind::SimChange, on, MONDAY), Ok(false));
    assert_eq!(may_delete(RecordKind::Approval, None, MONDAY), Ok(false), "it still stands");
}

#[test]
fn questions_that_may_not_be_asked_are_named() {
    let one = |about: &str, text: &str| {
        format!("[[question]]\nid = \"q-1\"\ntext = \"{text}\"\nabout = \"{about}\"\n")
    };
    let good = one("preference", "Which dish do you like best?");
    assert_eq!(check_questions(good.clone()), Ok(Vec::new()));
    let read = backup_questions(good).unwrap();
    assert_eq!((read[0].id.as_str(), read[0].about), ("q-1", QuestionAbout::Preference));
    assert_eq!(read[0].text, "Which dish do you like best?");
    for bad in [
        one("mothers_maiden_name", "What did she call herself?"),
        one("preference", "Which is your favourite zip code?"),
        "[[question]]\n".to_owned(),
        "no catalogue".to_owned(),
    ] {
        assert_eq!(code(backup_questions(bad.clone())), 5013);
        let faults = check_questions(bad).unwrap();
        assert!(faults.len() == 1 && faults[0].line > 0, "{faults:?}");
    }
    for about in QuestionAbout::ALL {
        assert_eq!(may_ask_about(*about), Ok(about.is_allowed()));
    }
}

//! The cases B1 to B11 of our digest of the rules, under both texts, and the boundaries of each number.

use super::super::calendar::{BusinessDays, DayKind, UsFederalDays};
use super::facts::*;
use super::gate::{Hold, MayNotify};
use super::report::*;
use crate::policy::{Certainty, Compliance, ReadFrom};
use crate::vocabulary::{CivilDate, DataClass, Timestamp};

fn day(year: i16, month: i8, day: i8) -> CivilDate {
    CivilDate::new(year, month, day).unwrap()
}

/// Noon UTC: the first moment at which it is this day everywhere.
fn noon(day: CivilDate) -> Timestamp {
    let days = day.days_since(CivilDate::new(1970, 1, 1).unwrap());
    Timestamp::from_secs(u64::try_from(days).unwrap() * 86_400 + 12 * 3600)
}

/// The moment before it is this day everywhere.
fn before(day: CivilDate) -> Timestamp {
    Timestamp::from_micros(noon(day).as_micros() - 1)
}

/// A Monday, with no holiday until 12 October.
fn monday() -> CivilDate {
    day(2026, 9, 14)
}

/// Determined on a Monday.
fn incident(classes: &[DataClass]) -> Incident {
    classes
        .iter()
        .fold(Incident::determined(monday()), |incident, class| incident.affected(*class, Exposure::Readable))
}

/// An agent read 136 call logs on purpose.
fn call_logs() -> Incident {
    incident(&[DataClass::CallDetail]).intent(Intent::Intentional).customers(Customers::Exactly(136))
}

fn report(incident: Incident) -> BreachReport {
    BreachReport::of(incident, Regimes::as_published(), &UsFederalDays::default())
}

fn report_by_2024(incident: Incident) -> BreachReport {
    BreachReport::of(incident, Regimes::text_2024_from(day(2026, 1, 1)), &UsFederalDays::default())
}

fn tasks(report: &BreachReport, regime: Regime) -> Vec<Task> {
    report.regime(regime).duties.iter().map(|duty| duty.task).collect()
}

fn when(report: &BreachReport, regime: Regime, task: Task) -> When {
    report.regime(regime).duty(task).unwrap().when
}

fn why(answer: MayNotify) -> Hold {
    match answer {
        MayNotify::No { why, .. } | MayNotify::HeldForHuman { why } => why,
        MayNotify::Yes => panic!("yes"),
    }
}

fn no(until: CivilDate, why: Hold, report: &BreachReport, now: Timestamp) {
    let answer = report.may_notify_customer(now);
    let MayNotify::No { until: told, why: ground, .. } = answer else { panic!("{answer:?}") };
    assert_eq!((told, ground), (Some(until), why));
}

fn held(why: Hold) -> MayNotify {
    MayNotify::HeldForHuman { why }
}

use Regime::{Text2007, Text2024};
use Task::{AnnualSummary, KeepRecord, NotifyAgencies, NotifyCustomers};

#[test]
fn b1_agent_reads_a_neighbours_call_log() {
    let one = incident(&[DataClass::CallDetail]).intent(Intent::Intentional).customers(Customers::Exactly(1));
    let told = report(one.clone().agencies_notified(monday()));
    let by_2007 = told.regime(Text2007);
    assert!(by_2007.is_breach && by_2007.cited.certainty == Certainty::Clear);
    assert_eq!(tasks(&told, Text2007), [NotifyAgencies, NotifyCustomers, KeepRecord]);
    let agencies = by_2007.duty(NotifyAgencies).unwrap();
    assert_eq!(agencies.to, [Whom::SecretService, Whom::Fbi]);
    assert_eq!(agencies.when, When::By(day(2026, 9, 23)));
    let customers = by_2007.duty(NotifyCustomers).unwrap();
    assert_eq!((customers.not_before, customers.when), (NotBefore::Day(day(2026, 9, 24)), When::NoLastDay));

    let untold = report(one.clone());
    assert_eq!(untold.regime(Text2007).duty(NotifyCustomers).unwrap().not_before, NotBefore::Unknown);

    let harmless = one.clone().harm(Harm::NotLikely);
    assert_eq!(tasks(&report(one.clone()), Text2024), [NotifyAgencies, NotifyCustomers, KeepRecord]);
    assert_eq!(
        tasks(&report(one.harm(Harm::Likely)), Text2024),
        [NotifyAgencies, NotifyCustomers, KeepRecord]
    );
    assert_eq!(tasks(&report(harmless), Text2024), [AnnualSummary, KeepRecord]);
}

#[test]
fn b2_bill_mailed_to_the_wrong_house() {
    let bill = incident(&[DataClass::Billing, DataClass::CallDetail]).intent(Intent::Inadvertent);
    let report = report(bill);
    let by_2007 = report.regime(Text2007);
    assert_eq!((by_2007.is_breach, by_2007.ground), (false, Ground::NotIntentional));
    assert_eq!(by_2007.cited.certainty, Certainty::Clear);
    assert!(by_2007.duties.is_empty());
    assert!(report.regime(Text2024).is_breach);
    assert_eq!(report.may_notify_customer(noon(monday())), MayNotify::Yes);
}

#[test]
fn b3_name_and_ssn_without_cpni() {
    let report = report(incident(&[DataClass::Identity, DataClass::Ssn]).intent(Intent::Intentional));
    let by_2007 = report.regime(Text2007);
    assert_eq!((by_2007.is_breach, by_2007.ground), (false, Ground::NoCpni));
    assert!(report.regime(Text2024).is_breach);
    assert_eq!(report.may_notify_customer(noon(monday())), MayNotify::Yes, "state law alone");
}

#[test]
fn b4_initial_name_and_driving_licence() {
    let report = report(incident(&[DataClass::Identity, DataClass::OtherGovernmentId]));
    assert!(!report.regime(Text2007).is_breach);
    let by_2024 = report.regime(Text2024);
    assert!(by_2024.is_breach);
    assert_eq!(by_2024.cited.certainty, Certainty::Pending, "clear, and nobody has to follow it");
}

#[test]
fn b5_email_and_password() {
    let classes = [DataClass::AccountInfo, DataClass::AuthSecret];
    let outside = report(incident(&classes));
    assert!(!outside.regime(Text2007).is_breach && outside.regime(Text2024).is_breach);
    let reached = report(incident(&classes).affected(DataClass::ServiceDetails, Exposure::Readable));
    assert!(reached.regime(Text2007).is_breach, "unless CPNI was reached");
}

#[test]
fn b6_employee_opens_the_wrong_account_by_typo() {
    let slip = incident(&[DataClass::ServiceDetails]).good_faith_of_employee();
    let excepted = report(slip.clone().intent(Intent::Inadvertent));
    let by_2007 = excepted.regime(Text2007);
    assert_eq!((by_2007.is_breach, by_2007.ground), (false, Ground::NotIntentional));
    assert_eq!(by_2007.cited.certainty, Certainty::Interpretation);
    let by_2024 = excepted.regime(Text2024);
    assert_eq!((by_2024.is_breach, by_2024.ground), (false, Ground::GoodFaith));
    for intent in [Intent::Intentional, Intent::Unknown] {
        let claimed = report(slip.clone().intent(intent));
        assert!(claimed.regimes.iter().all(|regime| regime.is_breach), "{intent:?}");
    }
}

#[test]
fn b7_encrypted_and_the_keys_safe() {
    let sealed = |count| {
        Incident::determined(monday())
            .affected(DataClass::CallDetail, Exposure::EncryptedKeysSafe)
            .intent(Intent::Intentional)
            .customers(Customers::Exactly(count))
    };
    assert!(report(sealed(500)).regime(Text2007).is_breach);
    assert_eq!(tasks(&report(sealed(500)), Text2024), [NotifyAgencies, KeepRecord]);
    assert_eq!(tasks(&report(sealed(499)), Text2024), [AnnualSummary, KeepRecord]);
    let harm = report(sealed(1).harm(Harm::Likely));
    assert_eq!(tasks(&harm, Text2024), [NotifyAgencies, KeepRecord]);
    let part = report(sealed(1).affected(DataClass::Billing, Exposure::Readable));
    assert_eq!(tasks(&part, Text2024), [NotifyAgencies, NotifyCustomers, KeepRecord], "not solely");
    let twice = sealed(1).affected(DataClass::CallDetail, Exposure::Readable);
    let better = twice.clone().affected(DataClass::CallDetail, Exposure::EncryptedKeysSafe);
    assert_eq!(twice, better, "the worse exposure stands");
}

#[test]
fn b8_customer_mail_three_business_days_after_notice() {
    let told = call_logs().agencies_notified(monday());
    let thursday = noon(day(2026, 9, 17));
    no(day(2026, 9, 24), Hold::FullBusinessDays, &report(told.clone()), thursday);
    assert_eq!(report_by_2024(told).may_notify_customer(thursday), MayNotify::Yes);
}

#[test]
fn b9_agency_directs_thirty_days_in_writing() {
    let delay = AgencyDelay { given: monday(), through: day(2026, 10, 14), extends: false, in_writing: true };
    for evaluate in [report, report_by_2024] {
        let delayed = evaluate(call_logs().agencies_notified(monday()).delayed_by(delay));
        // 29th, 30th and 31st day.
        for blocked in [day(2026, 10, 13), day(2026, 10, 14)] {
            no(day(2026, 10, 15), Hold::AgencyDirection, &delayed, noon(blocked));
        }
        no(day(2026, 10, 15), Hold::AgencyDirection, &delayed, before(day(2026, 10, 15)));
        assert_eq!(delayed.may_notify_customer(noon(day(2026, 10, 15))), MayNotify::Yes);
        let lifted = evaluate(delayed.incident.clone().delays_lifted(day(2026, 10, 1)));
        assert_eq!(why(lifted.may_notify_customer(before(day(2026, 10, 1)))), Hold::AgencyDirection);
        assert_eq!(lifted.may_notify_customer(noon(day(2026, 10, 1))), MayNotify::Yes);
    }
}

#[test]
fn b10_499_customers_and_no_harm() {
    let report = report(call_logs().customers(Customers::Exactly(499)).harm(Harm::NotLikely));
    assert_eq!(when(&report, Text2007, NotifyAgencies), When::By(day(2026, 9, 23)));
    assert_eq!(tasks(&report, Text2024), [AnnualSummary, KeepRecord]);
    assert_eq!(when(&report, Text2024, AnnualSummary), When::By(day(2027, 2, 1)));
    let summary = report.regime(Text2024).duty(AnnualSummary).unwrap();
    assert_eq!((summary.cited.source, summary.cited.certainty), (ReadFrom::Memory, Certainty::Pending));
}

#[test]
fn b11_the_count_later_rises_to_600() {
    let later = day(2026, 10, 5);
    let risen = |found| {
        let incident = call_logs().customers(Customers::Exactly(600)).harm(Harm::NotLikely);
        report(incident.found_before(found, Harm::NotLikely, later))
    };
    let exempt = risen(Customers::Exactly(499));
    assert_eq!(when(&exempt, Text2024, NotifyAgencies), When::By(day(2026, 10, 15)), "Columbus Day among");
    assert_eq!(when(&exempt, Text2007, NotifyAgencies), When::By(day(2026, 9, 23)), "counts from then on");
    // What was no exemption moves nothing.
    for found in [Customers::Exactly(500), Customers::AtLeast(499)] {
        assert_eq!(when(&risen(found), Text2024, NotifyAgencies), When::By(day(2026, 9, 23)), "{found:?}");
    }
    let harm = call_logs().found_before(Customers::Exactly(136), Harm::Undetermined, later);
    assert_eq!(when(&report(harm), Text2024, NotifyAgencies), When::By(day(2026, 9, 23)));
    let earlier = call_logs().found_before(Customers::Exactly(1), Harm::NotLikely, day(2026, 9, 1));
    assert_eq!(when(&report(earlier), Text2024, NotifyAgencies), When::By(day(2026, 9, 23)));

    let bound = report(call_logs().customers(Customers::AtLeast(499)).harm(Harm::NotLikely));
    assert!(bound.may_cross_threshold);
    let agencies = bound.regime(Text2024).duty(NotifyAgencies).unwrap();
    assert_eq!(agencies.cited.certainty, Certainty::Interpretation, "nobody knows that they are fewer");
    for settled in [Customers::AtLeast(500), Customers::Exactly(499)] {
        assert!(!report(call_logs().customers(settled)).may_cross_threshold);
    }
}

#[test]
fn customers_wait_for_seven_full_business_days() {
    let told = report(call_logs().agencies_notified(monday()));
    for blocked in [day(2026, 9, 22), day(2026, 9, 23)] {
        no(day(2026, 9, 24), Hold::FullBusinessDays, &told, noon(blocked)); // day 6, day 7
    }
    no(day(2026, 9, 24), Hold::FullBusinessDays, &told, before(day(2026, 9, 24)));
    assert_eq!(told.may_notify_customer(noon(day(2026, 9, 24))), MayNotify::Yes); // day 8
    // Columbus Day in the window.
    let told = report(call_logs().agencies_notified(day(2026, 10, 5)));
    no(day(2026, 10, 16), Hold::FullBusinessDays, &told, noon(day(2026, 10, 15)));
    assert_eq!(told.may_notify_customer(noon(day(2026, 10, 16))), MayNotify::Yes);
}

/// Whatever the day of the notice: exactly seven business days lie between it and the first yes.
#[test]
fn the_silence_is_never_shorter_or_longer() {
    let calendar = UsFederalDays::default();
    for offset in 0..1_200 {
        let notice = monday().plus_days(offset).unwrap();
        let told = report(call_logs().agencies_notified(notice));
        let until = told.silent_through.unwrap().plus_days(1).unwrap();
        assert_eq!(why(told.may_notify_customer(before(until))), Hold::FullBusinessDays, "{notice}");
        assert_eq!(told.may_notify_customer(noon(until)), MayNotify::Yes, "{notice}");
        let between = (1..until.days_since(notice)).map(|ahead| notice.plus_days(ahead).unwrap());
        let full = between.filter(|day| calendar.kind(*day) == DayKind::Business).count();
        assert_eq!(full, 7, "{notice} to {until}");
    }
}

#[test]
fn without_notice_to_law_enforcement_nobody_is_told() {
    let silent = report(call_logs());
    assert_eq!(
        silent.may_notify_customer(noon(monday())),
        MayNotify::No {
            until: None,
            why: Hold::LawEnforcementFirst,
            cited: super::super::cited::Cited::new("47 CFR 64.2011(a)", Certainty::Clear, ReadFrom::Primary)
        }
    );
    // A notice of a day that has begun nowhere is none.
    let future = report(call_logs().agencies_notified(day(2026, 9, 17)));
    assert_eq!(why(future.may_notify_customer(noon(day(2026, 9, 15)))), Hold::LawEnforcementFirst);
    assert_eq!(why(future.may_notify_customer(noon(day(2026, 9, 16)))), Hold::FullBusinessDays);
    // The text of 2024 has customers told within 30 days: then both pull.
    assert_eq!(why(silent.may_notify_customer(noon(day(2026, 10, 12)))), Hold::LawEnforcementFirst);
    assert_eq!(silent.may_notify_customer(noon(day(2026, 10, 14))), held(Hold::OtherNoticeDue));
    let state = report(call_logs().harm(Harm::NotLikely).other_notice_due(day(2026, 9, 20)));
    assert_eq!(why(state.may_notify_customer(noon(day(2026, 9, 18)))), Hold::LawEnforcementFirst);
    assert_eq!(state.may_notify_customer(noon(day(2026, 9, 20))), held(Hold::OtherNoticeDue));
    // Once law enforcement is told, the text of 2007 forbids in the face of state law.
    let told = report(state.incident.agencies_notified(day(2026, 9, 18)));
    no(day(2026, 9, 30), Hold::FullBusinessDays, &told, noon(day(2026, 9, 21)));
}

#[test]
fn by_the_text_of_2024_agencies_come_first_and_a_human_decides_without() {
    let untold = report_by_2024(call_logs());
    assert_eq!(untold.governing, Some(Text2024));
    assert_eq!(untold.may_notify_customer(noon(monday())), held(Hold::AgenciesFirst));
    let summary = report_by_2024(call_logs().harm(Harm::NotLikely));
    assert_eq!(summary.may_notify_customer(noon(monday())), MayNotify::Yes, "nobody comes first");
}

#[test]
fn an_urgent_need_is_held_for_a_human_and_only_after_notice() {
    let urgent = call_logs().urgent_after_consultation();
    assert_eq!(why(report(urgent.clone()).may_notify_customer(noon(monday()))), Hold::LawEnforcementFirst);
    let told = report(urgent.agencies_notified(monday()));
    assert_eq!(told.may_notify_customer(noon(monday())), held(Hold::UrgentNeed));
}

#[test]
fn a_direction_binds_for_thirty_days_in_writing_and_longer_when_extended() {
    let told = || call_logs().agencies_notified(monday());
    let first = AgencyDelay { given: monday(), through: day(2026, 10, 14), extends: false, in_writing: true };
    let late = noon(day(2026, 10, 15));
    let oral = report(told().delayed_by(AgencyDelay { in_writing: false, ..first }));
    assert_eq!(oral.may_notify_customer(noon(day(2026, 10, 1))), held(Hold::DirectionNotInWriting));
    assert_eq!(oral.may_notify_customer(late), MayNotify::Yes);
    no(day(2026, 9, 24), Hold::FullBusinessDays, &oral, noon(day(2026, 9, 21))); // "no" before "held"

    let long = AgencyDelay { through: day(2026, 12, 1), ..first };
    let past = report(told().delayed_by(long));
    no(day(2026, 10, 15), Hold::AgencyDirection, &past, before(day(2026, 10, 15)));
    assert_eq!(past.may_notify_customer(late), held(Hold::DirectionPastLimit));
    assert_eq!(past.may_notify_customer(noon(day(2026, 12, 2))), MayNotify::Yes);

    let extension = AgencyDelay { given: day(2026, 10, 12), extends: true, ..long };
    let extended = report(told().delayed_by(first).delayed_by(extension));
    no(day(2026, 12, 2), Hold::AgencyDirection, &extended, noon(day(2026, 10, 1))); // the longer one is named
    no(day(2026, 12, 2), Hold::AgencyDirection, &extended, late);
    let given_after = report(extended.incident.delays_lifted(day(2026, 10, 12)));
    no(day(2026, 12, 2), Hold::AgencyDirection, &given_after, late); // given on the day of the letter

    let backwards = AgencyDelay { through: day(2026, 9, 1), ..first };
    assert_eq!(
        report(told().delayed_by(backwards)).may_notify_customer(late),
        held(Hold::DirectionPastLimit)
    );
    // An agency asked: also where the incident is no breach.
    let no_breach = incident(&[DataClass::Ssn]).delayed_by(first);
    assert_eq!(why(report(no_breach).may_notify_customer(noon(monday()))), Hold::AgencyDirection);
}

#[test]
fn a_clock_without_a_day_tells_nobody() {
    for evaluate in [report, report_by_2024] {
        let told = evaluate(call_logs().agencies_notified(monday()));
        for now in [Timestamp::from_micros(u64::MAX), Timestamp::default()] {
            assert_eq!(why(told.may_notify_customer(now)), Hold::NoDay);
        }
    }
}

#[test]
fn a_calendar_that_cannot_tell_closes() {
    struct Never;
    impl BusinessDays for Never {
        fn kind(&self, _: CivilDate) -> DayKind {
            DayKind::Closed
        }
    }
    let told = call_logs().agencies_notified(monday());
    let report = BreachReport::of(told, Regimes::as_published(), &Never);
    assert_eq!(when(&report, Text2007, NotifyAgencies), When::AtOnce);
    assert_eq!(when(&report, Text2024, NotifyAgencies), When::AtOnce);
    let answer = report.may_notify_customer(noon(day(2030, 1, 1)));
    assert!(matches!(answer, MayNotify::No { until: None, why: Hold::FullBusinessDays, .. }), "{answer:?}");
}

#[test]
fn a_text_governs_by_the_day_of_the_determination() {
    let published = Regimes::as_published();
    assert_eq!(published, Regimes::default());
    assert_eq!(published.on(day(2007, 12, 7)), None);
    assert_eq!(published.on(day(2007, 12, 8)), Some(Text2007));
    assert_eq!(published.on(day(2026, 9, 14)), Some(Text2007));
    assert_eq!(published.compliance(Text2024, monday()), Some(Compliance::Adopted));
    assert_eq!(published.compliance(Text2007, day(2007, 12, 7)), None);
    let switched = Regimes::text_2024_from(monday());
    assert_eq!(switched.on(day(2026, 9, 13)), Some(Text2007));
    assert_eq!(switched.on(monday()), Some(Text2024));
    assert_eq!(switched.compliance(Text2007, monday()), None);
    assert_eq!(switched.compliance(Text2024, monday()), Some(Compliance::Required));

    let old = Incident::determined(day(2007, 12, 7)).affected(DataClass::CallDetail, Exposure::Readable);
    assert_eq!(report(old).may_notify_customer(noon(monday())), held(Hold::NoText));
    let required = report_by_2024(call_logs());
    assert_eq!(required.regime(Text2024).cited.certainty, Certainty::Clear, "no longer pending");
}

#[test]
fn five_hundred_is_the_threshold() {
    let of = |count| report(call_logs().customers(Customers::Exactly(count)).harm(Harm::NotLikely));
    assert_eq!(tasks(&of(499), Text2024), [AnnualSummary, KeepRecord]);
    assert_eq!(tasks(&of(500), Text2024), [NotifyAgencies, KeepRecord]);
    let to = of(500).regime(Text2024).duty(NotifyAgencies).unwrap().to;
    assert_eq!(to, [Whom::Fcc, Whom::SecretService, Whom::Fbi]);
}

#[test]
fn the_annual_summary_is_due_on_1_february_of_the_year_after() {
    for (determined, due) in [
        (day(2026, 12, 31), day(2027, 2, 1)),
        (day(2027, 1, 1), day(2028, 2, 1)),
        (day(2027, 2, 1), day(2028, 2, 1)),
        (day(2028, 2, 29), day(2029, 2, 1)),
    ] {
        let one = Incident::determined(determined)
            .affected(DataClass::CallDetail, Exposure::Readable)
            .customers(Customers::Exactly(1))
            .harm(Harm::NotLikely);
        assert_eq!(when(&report(one), Text2024, AnnualSummary), When::By(due), "{determined}");
    }
}

#[test]
fn customers_are_told_within_thirty_days_by_the_text_of_2024() {
    assert_eq!(when(&report(call_logs()), Text2024, NotifyCustomers), When::By(day(2026, 10, 14)));
    let leap = Incident::determined(day(2028, 2, 1)).affected(DataClass::CallDetail, Exposure::Readable);
    assert_eq!(when(&report(leap), Text2024, NotifyCustomers), When::By(day(2028, 3, 2)));
}

#[test]
fn the_record_is_kept_two_years_from_the_last_day_that_it_speaks_of() {
    let told = call_logs().agencies_notified(day(2026, 9, 20));
    assert_eq!(when(&report(told.clone()), Text2007, KeepRecord), When::Through(day(2028, 9, 20)));
    let delay =
        AgencyDelay { given: day(2026, 9, 21), through: day(2026, 10, 21), extends: false, in_writing: true };
    let delayed = report(told.delayed_by(delay));
    assert_eq!(when(&delayed, Text2007, KeepRecord), When::Through(day(2028, 10, 21)));
    assert_eq!(when(&delayed, Text2024, KeepRecord), When::Through(day(2028, 10, 21)));
}

#[test]
fn what_is_not_said_closes() {
    let unknown = report(Incident::determined(monday()));
    for regime in &unknown.regimes {
        assert_eq!((regime.is_breach, regime.ground), (true, Ground::UnknownData));
    }
    assert_eq!(tasks(&unknown, Text2024), [NotifyAgencies, NotifyCustomers, KeepRecord]);
    assert!(unknown.may_cross_threshold);
    assert_eq!(why(unknown.may_notify_customer(noon(monday()))), Hold::LawEnforcementFirst);
}

/// Each class alone, under each text.
#[test]
fn each_class_alone_is_read_the_same_way() {
    use Certainty::{Clear, Interpretation};
    use DataClass as C;
    for class in DataClass::ALL {
        let report = report_by_2024(incident(&[*class]).intent(Intent::Intentional));
        let [by_2007, by_2024] = report.regimes.each_ref().map(|r| r.is_breach.then_some(r.cited.certainty));
        let expected = match class {
            C::Billing | C::ServiceDetails | C::CallDetail | C::Location => (Some(Clear), Some(Clear)),
            C::DeviceId => (Some(Interpretation), Some(Interpretation)),
            C::Identity | C::Address | C::DirectoryListing => (None, None),
            C::Biographical | C::Ssn | C::SsnLast4 | C::OtherGovernmentId | C::AccountInfo => {
                (None, Some(Interpretation))
            }
            C::Payment | C::AuthSecret | C::Survivor => (None, Some(Interpretation)),
        };
        assert_eq!((by_2007, by_2024), expected, "{class}");
    }
    let last4 = report_by_2024(incident(&[C::Identity, C::SsnLast4]));
    assert_eq!(last4.regime(Text2024).cited.certainty, Interpretation, "digest, open question 8");
    let public = report_by_2024(incident(&[C::Identity, C::Address]));
    assert!(!public.regime(Text2024).is_breach);
}

#[test]
fn a_report_is_json_and_a_page_and_claims_nothing() {
    let delay = AgencyDelay { given: monday(), through: day(2026, 10, 14), extends: false, in_writing: true };
    let report = report(call_logs().agencies_notified(monday()).delayed_by(delay));
    let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(json["incident"]["affected"]["call_detail"], "readable");
    assert_eq!(json["incident"]["customers"]["exactly"], 136);
    assert_eq!(json["governing"], "2007");
    assert_eq!(json["silent_through"], "2026-09-23");
    let agencies = &json["regimes"][0]["duties"][0];
    assert_eq!(agencies["task"], "notify_agencies");
    assert_eq!(agencies["to"], serde_json::json!(["usss", "fbi"]));
    assert_eq!(agencies["when"]["by"], "2026-09-23");
    assert_eq!(agencies["cited"]["cite"], "47 CFR 64.2011(b)");
    let answer = serde_json::to_value(report.may_notify_customer(noon(monday()))).unwrap();
    assert_eq!((&answer["answer"], &answer["until"]), (&"no".into(), &"2026-10-15".into()));

    let page = report.to_string();
    for line in [
        "Incident, determined on 2026-09-14: 136 customers",
        "Text of 2007 (required): a breach: cpni; 47 CFR 64.2011(e) (clear, read from secondary)",
        "  notify_agencies (usss, fbi): by 2026-09-23; 47 CFR 64.2011(b) (clear, read from primary)",
        "  notify_customers (customers): not before 2026-09-24: no last day in the text; 47 CFR 64.2011(c) (clear, read from secondary)",
        "Text of 2024 (adopted): a breach: covered_data; 47 CFR 64.2011 (89 FR 9968) (pending, read from secondary)",
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\nin\n{page}");
    }
    for text in [page, report.to_json()] {
        assert!(!text.to_lowercase().contains("compliant"));
    }
}

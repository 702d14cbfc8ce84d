//! What follows from the facts of an incident under both texts of 47 CFR 64.2011.

use core::fmt;

use serde::Serialize;

use crate::policy::{Certainty, Compliance, ReadFrom};
use crate::vocabulary::{CivilDate, DataClass, Label, codes};

use super::super::calendar::{BusinessDays, last_day_to_act, last_full_day};
use super::super::cited::Cited;
use super::super::retention::BREACH_RECORD_YEARS;
use super::facts::{
    AGENCY_NOTICE, AGENCY_NOTICE_BUSINESS_DAYS, ANNUAL_SUMMARY, ANNUAL_SUMMARY_DAY, CUSTOMER_NOTICE,
    CUSTOMER_NOTICE_DAYS, Incident, Intent, LAW_ENFORCEMENT_NOTICE, LAW_ENFORCEMENT_NOTICE_BUSINESS_DAYS,
    Regime, Regimes, THRESHOLD, THRESHOLD_CUSTOMERS,
};
use super::gate::{CUSTOMER_HOLD, CUSTOMER_HOLD_BUSINESS_DAYS};

const BREACH_2007: &str = "47 CFR 64.2011(e)";
const BREACH_2024: &str = "47 CFR 64.2011 (89 FR 9968)";
const CUSTOMERS_AFTER_HOLD: Cited = Cited::new("47 CFR 64.2011(c)", Certainty::Clear, ReadFrom::Secondary);

/// What stands in every report: how it reads what the rule leaves open.
const READINGS: &[&str] = &[
    "business day: no weekend, no federal holiday; a day in doubt counts for a deadline and not for a silence",
    "the day of an event does not count; a full business day begins after it, and ends when it has ended everywhere",
    "the text governs that was in force on the day of the determination",
    "a lower bound under 500 counts as 500 until somebody has counted",
    "state law runs beside 64.2011 and is not evaluated here",
];

/// What follows from an incident, under each text of 47 CFR 64.2011. JSON with `serde`, a page of text
/// with `Display`. It names no customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BreachReport {
    /// The facts, which the record of a breach keeps with the bases of what was found.
    pub incident: Incident,
    /// The text that governs; `None` before 2007-12-08.
    pub governing: Option<Regime>,
    /// Each text, with what it asks. First that of 2007.
    pub regimes: [RegimeReport; 2],
    /// Whether the count is a lower bound below 500 that may rise over it.
    pub may_cross_threshold: bool,
    /// The last of the seven full business days in which customers are not told (text of 2007); `None` where
    /// the agencies' notice is not known, or the calendar cannot tell.
    pub silent_through: Option<CivilDate>,
    /// How the report reads what the rule leaves open: interpretations.
    pub readings: &'static [&'static str],
}

/// What one text asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RegimeReport {
    /// The text.
    pub regime: Regime,
    /// Whether it must be followed for this incident; `None`: it was replaced, or is not there yet.
    pub compliance: Option<Compliance>,
    /// Whether the incident is a breach by this text.
    pub is_breach: bool,
    /// Why it is, or is not.
    pub ground: Ground,
    /// Where that comes from.
    pub cited: Cited,
    /// What must be done, in the order of the text. Empty where the incident is no breach.
    pub duties: Vec<Duty>,
}

impl RegimeReport {
    pub(super) fn duty(&self, task: Task) -> Option<&Duty> {
        self.duties.iter().find(|duty| duty.task == task)
    }
}

codes! {
    /// Why an incident is a breach by a text, or is not.
    Ground {
        /// CPNI was reached on purpose, or nobody knows that it was not.
        Cpni = 1, "cpni";
        /// CPNI, by mistake.
        NotIntentional = 2, "not_intentional";
        /// No class that was reached is CPNI.
        NoCpni = 3, "no_cpni";
        /// Covered data was reached.
        CoveredData = 4, "covered_data";
        /// No class that was reached is covered data.
        NoCoveredData = 5, "no_covered_data";
        /// Good-faith acquisition by an employee or agent.
        GoodFaith = 6, "good_faith";
        /// Nobody knows what was reached.
        UnknownData = 7, "unknown_data";
    }
}

/// Something that must be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Duty {
    /// What.
    pub task: Task,
    /// Who is told.
    pub to: &'static [Whom],
    /// When it may be done at the earliest.
    pub not_before: NotBefore,
    /// The last day, or why there is none.
    pub when: When,
    /// Where that comes from.
    pub cited: Cited,
}

codes! {
    /// What must be done.
    Task {
        /// Tell the agencies, through the central reporting facility.
        NotifyAgencies = 1, "notify_agencies";
        /// Tell the customers.
        NotifyCustomers = 2, "notify_customers";
        /// Name it in the annual summary, which an officer signs.
        AnnualSummary = 3, "annual_summary";
        /// Keep a record of it.
        KeepRecord = 4, "keep_record";
    }
}

codes! {
    /// Who is told.
    Whom {
        /// The United States Secret Service.
        SecretService = 1, "usss";
        /// The Federal Bureau of Investigation.
        Fbi = 2, "fbi";
        /// The Federal Communications Commission.
        Fcc = 3, "fcc";
        /// The customers who are affected.
        Customers = 4, "customers";
    }
}

/// From when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NotBefore {
    /// Any time.
    AnyTime,
    /// This day.
    Day(CivilDate),
    /// Not now: the agencies' notice is not known, or the calendar cannot tell.
    Unknown,
}

/// Until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// As soon as practicable or without unreasonable delay, and on this day at the latest.
    By(CivilDate),
    /// Kept through this day at least.
    Through(CivilDate),
    /// The text sets no last day.
    NoLastDay,
    /// At once: the calendar cannot tell a last day.
    AtOnce,
}

impl When {
    fn by(day: Option<CivilDate>) -> Self {
        day.map_or(Self::AtOnce, Self::By)
    }
}

impl BreachReport {
    /// Evaluates an incident. Pure: the same facts, dates and calendar give the same report.
    #[must_use]
    pub fn of(incident: Incident, regimes: Regimes, calendar: &dyn BusinessDays) -> Self {
        let silent_through = incident
            .agencies_notified
            .and_then(|day| last_full_day(calendar, day, CUSTOMER_HOLD_BUSINESS_DAYS));
        let compliance = |regime| regimes.compliance(regime, incident.determined);
        Self {
            governing: regimes.on(incident.determined),
            regimes: [
                by_2007(&incident, compliance(Regime::Text2007), silent_through, calendar),
                by_2024(&incident, compliance(Regime::Text2024), calendar),
            ],
            may_cross_threshold: incident.customers.may_cross_threshold(),
            silent_through,
            readings: READINGS,
            incident,
        }
    }

    /// What a text asks.
    #[must_use]
    pub const fn regime(&self, regime: Regime) -> &RegimeReport {
        let [text_2007, text_2024] = &self.regimes;
        match regime {
            Regime::Text2007 => text_2007,
            Regime::Text2024 => text_2024,
        }
    }

    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // INVARIANT: codes, numbers and days, under keys that are texts: all of it is JSON.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

fn by_2007(
    incident: &Incident,
    compliance: Option<Compliance>,
    silent_through: Option<CivilDate>,
    calendar: &dyn BusinessDays,
) -> RegimeReport {
    let (is_breach, ground, certainty) = match (reach(incident, cpni_by_2007), incident.intent) {
        (Reach::No, _) => (false, Ground::NoCpni, Certainty::Clear),
        // An employee's slip: that it is not "intentional" access is a reading.
        (_, Intent::Inadvertent) if incident.good_faith => {
            (false, Ground::NotIntentional, Certainty::Interpretation)
        }
        (_, Intent::Inadvertent) => (false, Ground::NotIntentional, Certainty::Clear),
        (Reach::Unknown, _) => (true, Ground::UnknownData, Certainty::Interpretation),
        (Reach::Yes(certainty), Intent::Intentional) => (true, Ground::Cpni, certainty),
        (Reach::Yes(_), Intent::Unknown) => (true, Ground::Cpni, Certainty::Interpretation),
    };
    let duties = || {
        let last = last_day_to_act(calendar, incident.determined, LAW_ENFORCEMENT_NOTICE_BUSINESS_DAYS);
        let mut customers = Duty::of(Task::NotifyCustomers, When::NoLastDay, CUSTOMERS_AFTER_HOLD);
        let first = silent_through.and_then(|day| day.plus_days(1));
        customers.not_before = first.map_or(NotBefore::Unknown, NotBefore::Day);
        let mut agencies = Duty::of(Task::NotifyAgencies, When::by(last), LAW_ENFORCEMENT_NOTICE);
        agencies.to = &[Whom::SecretService, Whom::Fbi];
        vec![agencies, customers, keep_record(incident, "47 CFR 64.2011(d)", ReadFrom::Secondary)]
    };
    RegimeReport {
        regime: Regime::Text2007,
        compliance,
        is_breach,
        ground,
        cited: Cited::new(BREACH_2007, certainty, ReadFrom::Secondary),
        duties: if is_breach { duties() } else { Vec::new() },
    }
}

fn by_2024(incident: &Incident, compliance: Option<Compliance>, calendar: &dyn BusinessDays) -> RegimeReport {
    let is_good_faith = incident.good_faith && incident.intent == Intent::Inadvertent;
    let (is_breach, ground, certainty) = match reach(incident, covered_by_2024) {
        Reach::No => (false, Ground::NoCoveredData, Certainty::Interpretation),
        Reach::Yes(_) | Reach::Unknown if is_good_faith => (false, Ground::GoodFaith, Certainty::Clear),
        Reach::Yes(certainty) => (true, Ground::CoveredData, certainty),
        Reach::Unknown => (true, Ground::UnknownData, Certainty::Interpretation),
    };
    let mut report = RegimeReport {
        regime: Regime::Text2024,
        compliance,
        is_breach,
        ground,
        cited: Cited::new(BREACH_2024, certainty, ReadFrom::Secondary),
        duties: if is_breach { duties_of_2024(incident, calendar) } else { Vec::new() },
    };
    if compliance == Some(Compliance::Adopted) {
        report.cited = report.cited.pending();
        report.duties.iter_mut().for_each(|duty| duty.cited = duty.cited.pending());
    }
    report
}

fn duties_of_2024(incident: &Incident, calendar: &dyn BusinessDays) -> Vec<Duty> {
    let no_harm = incident.is_harm_unlikely();
    let mut duties = Vec::new();
    if no_harm && incident.customers.are_fewer_than_threshold() {
        let (month, day) = ANNUAL_SUMMARY_DAY;
        let due = incident.determined.year().checked_add(1).and_then(|year| CivilDate::new(year, month, day));
        let mut summary = Duty::of(Task::AnnualSummary, When::by(due), ANNUAL_SUMMARY);
        summary.to = &[Whom::Fcc, Whom::SecretService, Whom::Fbi];
        duties.push(summary);
    } else {
        let from = incident.agencies_clock_starts();
        let last = last_day_to_act(calendar, from, AGENCY_NOTICE_BUSINESS_DAYS);
        let mut cited = if from > incident.determined { THRESHOLD } else { AGENCY_NOTICE };
        if no_harm && incident.customers.may_cross_threshold() {
            cited = Cited { certainty: Certainty::Interpretation, ..THRESHOLD };
        }
        let mut agencies = Duty::of(Task::NotifyAgencies, When::by(last), cited);
        agencies.to = &[Whom::Fcc, Whom::SecretService, Whom::Fbi];
        duties.push(agencies);
    }
    if !no_harm && !incident.is_solely_encrypted() {
        let last = incident.determined.plus_days(CUSTOMER_NOTICE_DAYS);
        duties.push(Duty::of(Task::NotifyCustomers, When::by(last), CUSTOMER_NOTICE));
    }
    duties.push(keep_record(incident, "47 CFR 64.2011(c) (89 FR 9968)", ReadFrom::Memory));
    duties
}

fn keep_record(incident: &Incident, cite: &'static str, source: ReadFrom) -> Duty {
    // The rule has no first day of the two years: the last day of the record keeps it longest.
    let through = incident.last_day().plus_years(BREACH_RECORD_YEARS);
    let when = through.map_or(When::NoLastDay, When::Through);
    Duty::of(Task::KeepRecord, when, Cited::new(cite, Certainty::Interpretation, source))
}

impl Duty {
    const fn of(task: Task, when: When, cited: Cited) -> Self {
        let to: &[Whom] = match task {
            Task::NotifyCustomers => &[Whom::Customers],
            Task::NotifyAgencies | Task::AnnualSummary | Task::KeepRecord => &[],
        };
        Self { task, to, not_before: NotBefore::AnyTime, when, cited }
    }
}

/// Whether data that a text speaks of was reached, and how sure that reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Yes(Certainty),
    No,
    Unknown,
}

fn reach(incident: &Incident, by: fn(&[DataClass]) -> Option<Certainty>) -> Reach {
    let classes: Vec<_> = incident.affected.keys().copied().collect();
    if classes.is_empty() { Reach::Unknown } else { by(&classes).map_or(Reach::No, Reach::Yes) }
}

/// CPNI is what 47 USC 222(h)(1) calls so. That identifiers of devices are, is our default.
fn cpni_by_2007(classes: &[DataClass]) -> Option<Certainty> {
    let mut cpni = classes.iter().filter(|class| class.labels().contains(Label::Cpni)).peekable();
    cpni.peek()?;
    let is_default_only = cpni.all(|class| *class == DataClass::DeviceId);
    Some(if is_default_only { Certainty::Interpretation } else { Certainty::Clear })
}

/// Covered data of the text of 2024: CPNI and PII (read in a description). Clear is CPNI, a name with a
/// government's number, and account information with a means of access. Which other element enables
/// identity theft is judged class by class: a name, an address and what a directory publishes do
/// not, all else does.
fn covered_by_2024(classes: &[DataClass]) -> Option<Certainty> {
    use DataClass as C;
    let has = |wanted: &[DataClass]| classes.iter().any(|class| wanted.contains(class));
    let is_named_number = has(&[C::Identity]) && has(&[C::Ssn, C::OtherGovernmentId]);
    let is_access = has(&[C::AccountInfo]) && has(&[C::AuthSecret]);
    let is_public = |class: &DataClass| matches!(class, C::Identity | C::Address | C::DirectoryListing);
    match cpni_by_2007(classes) {
        Some(Certainty::Clear) => Some(Certainty::Clear),
        _ if is_named_number || is_access => Some(Certainty::Clear),
        _ if classes.iter().all(is_public) => None,
        _ => Some(Certainty::Interpretation),
    }
}

/// A page of text.
impl fmt::Display for BreachReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Incident, determined on {}: {}", self.incident.determined, self.incident.customers)?;
        for (class, exposure) in &self.incident.affected {
            writeln!(f, "  reached: {class} ({exposure})")?;
        }
        if self.may_cross_threshold {
            writeln!(f, "  the count is a lower bound: it may rise to {THRESHOLD_CUSTOMERS} and over")?;
        }
        for report in &self.regimes {
            report.fmt(f)?;
        }
        match (self.incident.agencies_notified, self.silent_through) {
            (Some(told), Some(through)) => {
                writeln!(
                    f,
                    "Agencies told on {told}: {CUSTOMER_HOLD_BUSINESS_DAYS} full business days end with {through}; {CUSTOMER_HOLD}"
                )?;
            }
            (Some(told), None) => {
                writeln!(f, "Agencies told on {told}: the calendar cannot tell when the silence ends")?
            }
            (None, _) => writeln!(f, "Agencies: no notice is known")?,
        }
        self.readings.iter().try_for_each(|reading| writeln!(f, "interpretation: {reading}"))
    }
}

impl fmt::Display for RegimeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let compliance = self.compliance.map_or("not in force on that day", Compliance::name);
        let is = if self.is_breach { "a breach" } else { "no breach" };
        writeln!(f, "Text of {} ({compliance}): {is}: {}; {}", self.regime, self.ground, self.cited)?;
        self.duties.iter().try_for_each(|duty| writeln!(f, "  {duty}"))
    }
}

/// `notify_agencies (usss, fbi): by 2026-11-12; 47 CFR 64.2011(b) (clear, read from primary)`.
impl fmt::Display for Duty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.task.name())?;
        let names: Vec<_> = self.to.iter().map(|whom| whom.name()).collect();
        if !names.is_empty() {
            write!(f, " ({})", names.join(", "))?;
        }
        match self.not_before {
            NotBefore::AnyTime => Ok(()),
            NotBefore::Day(day) => write!(f, ": not before {day}"),
            NotBefore::Unknown => f.write_str(": not before the agencies had their full business days"),
        }?;
        match self.when {
            When::By(day) => write!(f, ": by {day}"),
            When::Through(day) => write!(f, ": through {day} at least"),
            When::NoLastDay => f.write_str(": no last day in the text"),
            When::AtOnce => f.write_str(": at once, the calendar tells no last day"),
        }?;
        write!(f, "; {}", self.cited)
    }
}

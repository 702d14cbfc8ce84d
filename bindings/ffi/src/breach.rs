//! The duties of a breach (47 CFR 64.2011): the facts of an incident in; whom to tell, from when and until
//! when, out. Pure: no guard, no key, no log.
//!
//! Rules: what is not said takes the side that closes, as in the core. Nothing here names a customer or an
//! account: how many, and which classes, `BreachScope` says, and names are given there to breach officers only.

use std::fmt;
use std::sync::Arc;

use cpni_guard::oversight::{
    self as core, Customers, Exposure, Ground, Harm, Hold, Incident, Intent, Regime, Regimes, Task, Whom,
};
use cpni_guard::policy::{Certainty, Compliance, ReadFrom};
use cpni_guard::vocabulary::{CivilDate, DataClass, Timestamp};

use crate::calendar::BusinessCalendar;
use crate::day::Day;
use crate::error::{CpniError, call};

/// A text of 47 CFR 64.2011.
#[uniffi::remote(Enum)]
#[uniffi(name = "BreachRegime")]
pub enum Regime {
    /// The text of 2007: CPNI, intentional, customers last.
    Text2007,
    /// The text of 89 FR 9968 (FCC 23-111): covered data, harm, customers within 30 days.
    Text2024,
}

/// Whether what was reached can be read.
#[uniffi::remote(Enum)]
pub enum Exposure {
    /// Encrypted, with definitive evidence that no key for it was accessed.
    EncryptedKeysSafe,
    /// Readable; also where nobody knows.
    Readable,
}

/// Whether it was done on purpose.
#[uniffi::remote(Enum)]
#[uniffi(name = "BreachIntent")]
pub enum Intent {
    /// On purpose.
    Intentional,
    /// By mistake, as the carrier found.
    Inadvertent,
    /// Nobody knows: counts as on purpose.
    Unknown,
}

/// Whether customers are likely to be harmed.
#[uniffi::remote(Enum)]
#[uniffi(name = "BreachHarm")]
pub enum Harm {
    /// Likely.
    Likely,
    /// The carrier reasonably determined that no harm is reasonably likely.
    NotLikely,
    /// Nobody determined it: counts as likely, unless all that was taken is encrypted with its keys safe
    /// (interpretation).
    Undetermined,
}

/// Why an incident is a breach by a text, or is not.
#[uniffi::remote(Enum)]
#[uniffi(name = "BreachGround")]
pub enum Ground {
    /// CPNI was reached on purpose, or nobody knows that it was not.
    Cpni,
    /// CPNI, by mistake.
    NotIntentional,
    /// No class that was reached is CPNI.
    NoCpni,
    /// Covered data was reached.
    CoveredData,
    /// No class that was reached is covered data.
    NoCoveredData,
    /// Good-faith acquisition by an employee or agent.
    GoodFaith,
    /// Nobody knows what was reached.
    UnknownData,
}

/// What must be done.
#[uniffi::remote(Enum)]
#[uniffi(name = "BreachTask")]
pub enum Task {
    /// Tell the agencies, through the central reporting facility.
    NotifyAgencies,
    /// Tell the customers.
    NotifyCustomers,
    /// Name it in the annual summary, which an officer signs.
    AnnualSummary,
    /// Keep a record of it.
    KeepRecord,
}

/// Who is told.
#[uniffi::remote(Enum)]
pub enum Whom {
    /// The United States Secret Service.
    SecretService,
    /// The Federal Bureau of Investigation.
    Fbi,
    /// The Federal Communications Commission.
    Fcc,
    /// The customers who are affected.
    Customers,
}

/// Why customers are not told now.
#[uniffi::remote(Enum)]
#[uniffi(name = "NoticeHold")]
pub enum Hold {
    /// The clock shows no day.
    NoDay,
    /// USSS and FBI were not told, or nobody knows.
    LawEnforcementFirst,
    /// The seven full business days have not passed.
    FullBusinessDays,
    /// An agency directed silence in writing.
    AgencyDirection,
    /// An agency directed silence, and the carrier does not hold it in writing.
    DirectionNotInWriting,
    /// A first direction of more than 30 days, after the thirtieth; or one that ends before it was given.
    DirectionPastLimit,
    /// The seven days have not passed; the carrier sees irreparable harm and has consulted the agency.
    UrgentNeed,
    /// Nobody knows whether law enforcement was told, and other law, or the text of 2024, has customers
    /// told by now.
    OtherNoticeDue,
    /// Text of 2024: the agencies were not told yet, who come first.
    AgenciesFirst,
    /// No text governs a breach determined on that day.
    NoText,
}

/// How many customers are affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum CustomerCount {
    /// Counted.
    Exactly {
        /// So many.
        count: u64,
    },
    /// A lower bound: the log has a gap, or somebody is still counting.
    AtLeast {
        /// So many.
        count: u64,
    },
}

/// A class of data that an incident reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct ReachedClass {
    /// Which.
    pub class: DataClass,
    /// Whether it can be read.
    pub exposure: Exposure,
}

/// A direction of an agency not to tell customers or the public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct AgencyDelay {
    /// The day on which it was given.
    pub given: Day,
    /// The last day of the silence that it directs.
    pub through: Day,
    /// Whether it extends an earlier one. A first direction lasts 30 days at the most.
    pub extends: bool,
    /// Whether the carrier holds it in writing.
    pub in_writing: bool,
}

/// An earlier finding by which the agencies did not have to be told, until more came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct EarlierFinding {
    /// How many customers it counted.
    pub customers: CustomerCount,
    /// What it found about harm.
    pub harm: Harm,
    /// The day on which it fell.
    pub fell_on: Day,
}

/// The facts of an incident. It names no customer.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct IncidentFacts {
    /// The day of the "reasonable determination", by the carrier's own clock.
    pub determined: Day,
    /// What was reached. Nothing: nobody knows. A class that is said twice counts at its worst.
    pub affected: Vec<ReachedClass>,
    /// How many customers.
    pub customers: CustomerCount,
    /// Whether it was done on purpose.
    pub intent: Intent,
    /// An employee or agent came upon it in good faith, and it was neither used improperly nor disclosed
    /// further.
    pub good_faith_of_employee: bool,
    /// What was found about harm.
    pub harm: Harm,
    /// What was found before, and when that fell.
    pub found_before: Option<EarlierFinding>,
    /// The day on which the central reporting facility confirmed the notice. Nothing: nobody was told.
    pub agencies_notified: Option<Day>,
    /// The carrier said in its notice that customers must know sooner, to avoid immediate and irreparable
    /// harm, and has consulted the investigating agency. A human decides.
    pub urgent_after_consultation: bool,
    /// Directions of agencies to be silent.
    pub delays: Vec<AgencyDelay>,
    /// The day on which an agency wrote that notice no longer impedes it.
    pub delays_lifted: Option<Day>,
    /// The earliest day on which other law, a state's mostly, has customers told.
    pub other_notice_due: Option<Day>,
}

/// Where a number or a duty comes from.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Citation {
    /// The paragraph.
    pub cite: String,
    /// How sure the reading is.
    pub certainty: Certainty,
    /// How the text was read. Nothing from memory is quoted.
    pub source: ReadFrom,
}

/// From when something may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum NotBefore {
    /// Any time.
    AnyTime,
    /// This day.
    From {
        /// The first day.
        first: Day,
    },
    /// Not now: the agencies' notice is not known, or the calendar cannot tell.
    Unknown,
}

/// Until when something must be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Deadline {
    /// As soon as practicable or without unreasonable delay, and on this day at the latest.
    By {
        /// The last day.
        last: Day,
    },
    /// Kept through this day at least.
    Through {
        /// The last day.
        last: Day,
    },
    /// The text sets no last day.
    NoLastDay,
    /// At once: the calendar cannot tell a last day.
    AtOnce,
}

/// Something that must be done.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct BreachDuty {
    /// What.
    pub task: Task,
    /// Who is told.
    pub to: Vec<Whom>,
    /// When it may be done at the earliest.
    pub not_before: NotBefore,
    /// The last day, or why there is none.
    pub deadline: Deadline,
    /// Where that comes from.
    pub cited: Citation,
}

/// What one text asks.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RegimeDuties {
    /// The text.
    pub regime: Regime,
    /// Whether it must be followed for this incident; nothing: it was replaced, or is not there yet.
    pub compliance: Option<Compliance>,
    /// Whether the incident is a breach by this text.
    pub is_breach: bool,
    /// Why it is, or is not.
    pub ground: Ground,
    /// Where that comes from.
    pub cited: Citation,
    /// What must be done, in the order of the text. Empty where the incident is no breach.
    pub duties: Vec<BreachDuty>,
}

/// What follows from an incident.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct BreachFindings {
    /// The text that governs; nothing before 2007-12-08.
    pub governing: Option<Regime>,
    /// Each text, with what it asks. First that of 2007.
    pub regimes: Vec<RegimeDuties>,
    /// Whether the count is a lower bound below 500 that may rise over it.
    pub may_cross_threshold: bool,
    /// The last of the seven full business days in which customers are not told (text of 2007); nothing where
    /// the agencies' notice is not known, or the calendar cannot tell.
    pub silent_through: Option<Day>,
    /// How the report reads what the rule leaves open: interpretations.
    pub readings: Vec<String>,
}

/// Whether 64.2011 lets customers be told now. Other law is the host's to ask.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum MayNotify {
    /// Nothing in 64.2011 holds it.
    Yes,
    /// Not now.
    No {
        /// The first day on which this no longer stands against it, once that day has begun everywhere
        /// (12:00 UTC); nothing: no day can be told.
        until: Option<Day>,
        /// Why not.
        why: Hold,
        /// Where that comes from.
        cited: Citation,
    },
    /// Not now, and silence may hurt customers too: a human decides.
    HeldForHuman {
        /// What pulls against what.
        why: Hold,
    },
}

/// What follows from an incident, under each text of 47 CFR 64.2011. It names no customer.
#[derive(uniffi::Object)]
pub struct BreachReport(core::BreachReport);

#[uniffi::export]
impl BreachReport {
    /// Evaluates an incident: the same facts, dates and calendar give the same report. `text_2024_from`: the
    /// first day on which the text of 2024 governs, once the FCC has published it; nothing: it is adopted, and
    /// that of 2007 governs.
    ///
    /// # Errors
    /// 9307.
    #[uniffi::constructor]
    pub fn of(
        incident: IncidentFacts,
        text_2024_from: Option<Day>,
        calendar: &BusinessCalendar,
    ) -> Result<Arc<Self>, CpniError> {
        call(|| {
            let from = text_2024_from.map(Day::date).transpose()?;
            let regimes = from.map_or_else(Regimes::as_published, Regimes::text_2024_from);
            Ok(Arc::new(Self(core::BreachReport::of(incident.core()?, regimes, calendar.core()))))
        })
    }

    /// What follows.
    ///
    /// # Errors
    /// Never.
    pub fn findings(&self) -> Result<BreachFindings, CpniError> {
        call(|| {
            Ok(BreachFindings {
                governing: self.0.governing,
                regimes: self.0.regimes.iter().map(RegimeDuties::from).collect(),
                may_cross_threshold: self.0.may_cross_threshold,
                silent_through: self.0.silent_through.map(Day::from),
                readings: self.0.readings.iter().map(|reading| (*reading).to_owned()).collect(),
            })
        })
    }

    /// Whether customers may be told now. Of several grounds the one that lasts longest is named; a "no"
    /// goes before "held for a human".
    ///
    /// # Errors
    /// Never.
    pub fn may_notify_customer(&self, now_micros: u64) -> Result<MayNotify, CpniError> {
        call(|| Ok(self.0.may_notify_customer(Timestamp::from_micros(now_micros)).into()))
    }

    /// As JSON.
    ///
    /// # Errors
    /// Never.
    pub fn json(&self) -> Result<String, CpniError> {
        call(|| Ok(self.0.to_json()))
    }

    /// As a page of text.
    ///
    /// # Errors
    /// Never.
    pub fn text(&self) -> Result<String, CpniError> {
        call(|| Ok(self.0.to_string()))
    }
}

/// Silent.
impl fmt::Debug for BreachReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BreachReport(..)")
    }
}

impl IncidentFacts {
    fn core(self) -> Result<Incident, CpniError> {
        let mut incident = Incident::determined(self.determined.date()?)
            .customers(self.customers.into())
            .intent(self.intent)
            .harm(self.harm);
        for reached in self.affected {
            incident = incident.affected(reached.class, reached.exposure);
        }
        if self.good_faith_of_employee {
            incident = incident.good_faith_of_employee();
        }
        if let Some(before) = self.found_before {
            incident = incident.found_before(before.customers.into(), before.harm, before.fell_on.date()?);
        }
        if let Some(day) = self.agencies_notified {
            incident = incident.agencies_notified(day.date()?);
        }
        if self.urgent_after_consultation {
            incident = incident.urgent_after_consultation();
        }
        for delay in self.delays {
            incident = incident.delayed_by(core::AgencyDelay {
                given: delay.given.date()?,
                through: delay.through.date()?,
                extends: delay.extends,
                in_writing: delay.in_writing,
            });
        }
        if let Some(day) = self.delays_lifted {
            incident = incident.delays_lifted(day.date()?);
        }
        if let Some(day) = self.other_notice_due {
            incident = incident.other_notice_due(day.date()?);
        }
        Ok(incident)
    }
}

impl From<CustomerCount> for Customers {
    fn from(count: CustomerCount) -> Self {
        match count {
            CustomerCount::Exactly { count } => Self::Exactly(count),
            CustomerCount::AtLeast { count } => Self::AtLeast(count),
        }
    }
}

impl From<Customers> for CustomerCount {
    fn from(customers: Customers) -> Self {
        match customers {
            Customers::Exactly(count) => Self::Exactly { count },
            Customers::AtLeast(count) => Self::AtLeast { count },
        }
    }
}

impl From<core::Cited> for Citation {
    fn from(cited: core::Cited) -> Self {
        Self { cite: cited.cite.to_owned(), certainty: cited.certainty, source: cited.source }
    }
}

impl From<core::MayNotify> for MayNotify {
    fn from(answer: core::MayNotify) -> Self {
        match answer {
            core::MayNotify::Yes => Self::Yes,
            core::MayNotify::No { until, why, cited } => {
                Self::No { until: until.map(Day::from), why, cited: cited.into() }
            }
            core::MayNotify::HeldForHuman { why } => Self::HeldForHuman { why },
        }
    }
}

impl From<&core::RegimeReport> for RegimeDuties {
    fn from(report: &core::RegimeReport) -> Self {
        Self {
            regime: report.regime,
            compliance: report.compliance,
            is_breach: report.is_breach,
            ground: report.ground,
            cited: report.cited.into(),
            duties: report.duties.iter().map(BreachDuty::from).collect(),
        }
    }
}

impl From<&core::Duty> for BreachDuty {
    fn from(duty: &core::Duty) -> Self {
        let last = |day: CivilDate| Day::from(day);
        Self {
            task: duty.task,
            to: duty.to.to_vec(),
            not_before: match duty.not_before {
                core::NotBefore::AnyTime => NotBefore::AnyTime,
                core::NotBefore::Day(first) => NotBefore::From { first: first.into() },
                core::NotBefore::Unknown => NotBefore::Unknown,
            },
            deadline: match duty.when {
                core::When::By(day) => Deadline::By { last: last(day) },
                core::When::Through(day) => Deadline::Through { last: last(day) },
                core::When::NoLastDay => Deadline::NoLastDay,
                core::When::AtOnce => Deadline::AtOnce,
            },
            cited: duty.cited.into(),
        }
    }
}

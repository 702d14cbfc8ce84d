//! The evidence report: what the audit log holds of a period, for the officer who certifies under
//! 47 CFR 64.2009(e) and for assessors.
//!
//! Rules: counts are made of events whose chain was verified in the same reading; where the log is
//! broken, unreadable or does not reach over the period, the report says incomplete and every count is
//! written as a lower bound, never as a zero. It holds no customer value, no account id and no
//! pseudonym. It reports; the officer certifies.
//!
//! Security note: the report names agents. It is for those who may know them.

mod chart;
mod figure;
mod html;
mod inventory;
mod retention;
mod tally;

#[cfg(test)]
mod tests;

use serde::{Serialize, Serializer};

use crate::audit::{AuditLog, Checkpoint, VerifiedLog};
use crate::classify::Schema;
use crate::error::AuditError;
use crate::oversight::watch::WatchRules;
use crate::policy::Policy;
use crate::vocabulary::{CivilDate, TenantId, Timestamp, hex};

pub use figure::{Figure, Outcomes};
pub use inventory::{DataInventory, FieldInventory, SinceStart, Sink, SinkSeen, SinkShare};
pub use retention::Retained;
use tally::Tally;

/// How many agents with most refusals are named where it is not said. Library default.
pub const DEFAULT_MOST_REFUSED: usize = 10;

/// What every report says of itself.
const ABOUT: &str = "This report says what the audit log holds. It does not say that duties are met: \
                     the officer who signs the certificate under 47 CFR 64.2009(e) says that.";

/// A period: from a point in time up to another, which is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    from: Timestamp,
    until: Timestamp,
}

impl Period {
    /// From `from` up to, not including, `until`; `None` if there is nothing between them.
    #[must_use]
    pub fn new(from: Timestamp, until: Timestamp) -> Option<Self> {
        (from < until).then_some(Self { from, until })
    }

    /// A calendar year in UTC, which the certificate of 47 CFR 64.2009(e) is about; `None` before 1970
    /// and past the calendar.
    #[must_use]
    pub fn year(year: i16) -> Option<Self> {
        let first = CivilDate::new(year, 1, 1)?;
        Self::new(first.starts_at()?, first.plus_years(1)?.starts_at()?)
    }

    /// Its beginning.
    #[must_use]
    pub const fn from(&self) -> Timestamp {
        self.from
    }

    /// Its end: the first moment that is not part of it.
    #[must_use]
    pub const fn until(&self) -> Timestamp {
        self.until
    }

    fn contains(&self, time: Timestamp) -> bool {
        self.from <= time && time < self.until
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Written {
            from: String,
            until: String,
        }
        Written { from: self.from.to_string(), until: self.until.to_string() }.serialize(serializer)
    }
}

/// What a report is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceRequest {
    /// Which period.
    pub period: Period,
    /// How many agents with most refusals are named.
    pub most_refused: usize,
    /// What the carrier's own records say, which the log cannot know.
    pub carrier: CarrierRecords,
    /// A checkpoint that was kept outside of this machine: the log must begin with what it was signed of.
    pub checkpoint: Option<Checkpoint>,
}

/// Ten agents, nothing of the carrier's own records, and no checkpoint from outside.
impl From<Period> for EvidenceRequest {
    fn from(period: Period) -> Self {
        Self {
            period,
            most_refused: DEFAULT_MOST_REFUSED,
            carrier: CarrierRecords::default(),
            checkpoint: None,
        }
    }
}

/// Numbers of the period that the carrier's own records hold. `None`: not given, and left for the
/// officer to fill in; it is not taken for zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct CarrierRecords {
    /// Breaches on record (64.2011).
    pub breaches: Option<u64>,
    /// Customers' complaints of improper access by employees (64.2009(e)).
    pub complaints_of_access_by_employees: Option<u64>,
    /// Customers' complaints of disclosure to individuals who are not entitled (64.2009(e)).
    pub complaints_of_disclosure: Option<u64>,
    /// Customers' complaints of improper access to information online (64.2009(e)).
    pub complaints_of_online_access: Option<u64>,
    /// Actions taken against data brokers (64.2009(e)).
    pub actions_against_data_brokers: Option<u64>,
}

/// What the audit log holds of a period. Texts are ids, codes and what policy files say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct EvidenceReport {
    /// What the report is, and what it is not.
    pub about: &'static str,
    /// The version of this library.
    pub library: &'static str,
    /// The tenant.
    pub tenant: String,
    /// When it was made: RFC 3339, UTC.
    pub made_at: String,
    /// The period that it is about.
    pub period: Period,
    /// Whether the whole log verified and reaches over the whole period.
    pub complete: bool,
    /// Why it is not complete.
    pub shortfalls: Vec<Shortfall>,
    /// The log that it was made from.
    pub log: LogSeen,
    /// The policies that decided in the period, in the order in which they first did.
    pub policies: Vec<PolicySeen>,
    /// The packs of the guard that made the report.
    pub packs: Vec<PackSeen>,
    /// What the deployment that made the report lacks, and what follows.
    pub gaps: Vec<&'static str>,
    /// Decisions on fields and actions.
    pub decisions: Decisions,
    /// Each field, what it holds, and where its values went.
    pub inventory: DataInventory,
    /// Decisions that withheld something.
    pub refusals: Refusals,
    /// Refused views that ended lawfully.
    pub redirects: Redirects,
    /// Rules that were switched off.
    pub overrides: Overrides,
    /// Decisions and alarms that ask for somebody's attention.
    pub alerts: Alerts,
    /// Refusals because training was not current (64.2009(b)).
    pub training_gaps: TrainingGaps,
    /// Approvals by a second person.
    pub approvals: Approvals,
    /// Who asked, on the carrier's side.
    pub agents: Agents,
    /// Accounts, counted once each.
    pub accounts: Accounts,
    /// Comparisons of an SSN, or its last four digits, with what a customer stated.
    pub ssn_verifications: SsnVerifications,
    /// Notices, approvals and objections added to customers' histories (64.2007, 64.2008).
    pub consent_records: Figure,
    /// Notices of changes to customers (64.2010(f)).
    pub notices: NoticesSeen,
    /// Duties that came with decisions.
    pub duties: Vec<Counted>,
    /// All events of the period, by kind.
    pub events: Vec<EventsOfKind>,
    /// What the carrier's own records say.
    pub carrier: CarrierRecords,
    /// What must be kept for how long, and since when the log has it.
    pub retention: Vec<Retained>,
}

impl EvidenceReport {
    /// As JSON. A count is a number; one that is only a lower bound is an object with `at_least`.
    #[must_use]
    pub fn to_json(&self) -> String {
        // INVARIANT: texts and numbers only: nothing here can fail to be JSON.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// As one HTML page that needs nothing else: no script, no network. It is well-formed XML, too.
    #[must_use]
    pub fn to_html(&self) -> String {
        html::Page(self).to_string()
    }
}

/// Why a report is not complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shortfall {
    /// The event at which the log ends for this report, if it is one.
    pub at_event: Option<u64>,
    /// What is wrong, in words.
    pub what: String,
}

/// The log that a report was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogSeen {
    /// Its id.
    pub id: String,
    /// When it begins; `None`: its first event could not be verified.
    pub begins: Option<String>,
    /// Events that were verified and read: the tree's size, where the log verified.
    pub events: u64,
    /// Merkle tree hash over them (RFC 6962 §2.1); `None`: the log did not verify.
    pub root: Option<String>,
    /// How many events the outside checkpoint covers that the log was compared with; `None`: not
    /// anchored.
    pub anchored: Option<u64>,
    /// The last checkpoint that is kept with the log, a signed note that agrees with it; `None`: there is
    /// none, or the log did not verify.
    pub checkpoint: Option<String>,
    /// The largest step back from an event's time to the next one's, in whole seconds: events count for
    /// the period that their time lies in. `None`: the log did not verify.
    pub clock_back_secs: Option<u64>,
}

/// A policy that decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicySeen {
    /// SHA-256 over the texts of its packs, as audit records carry it, in hexadecimal.
    pub hash: String,
    /// Its first event of the period.
    pub first: String,
    /// Its last event of the period.
    pub last: String,
    /// Its events of the period.
    pub events: Figure,
}

/// A pack of the guard that made the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PackSeen {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// `required`, `adopted`, `proposed`, `library_default` or `grants`.
    pub compliance: &'static str,
    /// Whether it decides when the report is made.
    pub in_force: bool,
}

/// Decisions: one for each field that was asked for, and one for each action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decisions {
    /// All of them.
    pub total: Outcomes<Figure>,
    /// By what was asked.
    pub by_op: Vec<Decided>,
    /// By class of the field.
    pub by_class: Vec<Decided>,
    /// `day`, `month` or `year`.
    pub step: &'static str,
    /// By day, month or year in UTC, without gaps.
    pub over_time: Vec<Decided>,
    /// By rule: each counts for every rule that decided it.
    pub by_rule: Vec<DecidedByRule>,
    /// What was decided and then failed: nothing was given out.
    pub not_carried_out: Figure,
}

/// Decisions of one sort.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// Which.
    pub of: String,
    /// How they came out.
    pub outcomes: Outcomes<Figure>,
}

/// Decisions that a rule made or took part in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecidedByRule {
    /// The rule.
    pub rule: String,
    /// What the policy says of it today; `None`: it has no such rule any more.
    pub now: Option<RuleNow>,
    /// How they came out.
    pub outcomes: Outcomes<Figure>,
}

/// What the policy says of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleNow {
    /// Its pack.
    pub pack: String,
    /// What it says, in one line.
    pub title: String,
    /// Its citation.
    pub cite: String,
    /// How sure its reading is.
    pub certainty: &'static str,
    /// What it does.
    pub effect: &'static str,
}

/// Decisions that withheld something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusals {
    /// All of them.
    pub total: Figure,
    /// Why: `forbidden`, `not_granted`, `facts_missing`, `held`.
    pub because: Vec<Counted>,
}

/// How often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Counted {
    /// What.
    pub of: &'static str,
    /// How often.
    pub count: Figure,
}

/// Interactions in which a view was refused, and what became of them. Each counts once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Redirects {
    /// Interactions in which something that was to be seen was withheld.
    pub refused: Figure,
    /// Of those: something was then sent to the address of record.
    pub sent: Figure,
    /// Of those: the customer was then called back at the telephone number of record.
    pub called_back: Figure,
}

/// Rules that were switched off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Overrides {
    /// What the events of the period say: each start of a guard with a rule switched off.
    pub recorded: Vec<OverrideRecorded>,
    /// What the guard that made the report has.
    pub today: Vec<OverrideToday>,
}

/// A rule that guards were started without.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OverrideRecorded {
    /// The rule.
    pub rule: String,
    /// How many starts.
    pub starts: Figure,
    /// The first of the period.
    pub first: String,
    /// The last of the period.
    pub last: String,
}

/// An override as a policy file or the host's code has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OverrideToday {
    /// The rule.
    pub rule: String,
    /// How sure the rule's reading is.
    pub certainty: &'static str,
    /// Why, in the carrier's words.
    pub reason: String,
    /// Who approved it.
    pub approver: String,
    /// The first day on which the rule decides again.
    pub until: String,
    /// Whether the rule is switched off now.
    pub in_force: bool,
    /// Whether the host's code did it.
    pub by_code: bool,
}

/// What asks for somebody's attention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alerts {
    /// Decisions with the duty to tell the carrier's security people.
    pub decisions: Figure,
    /// Decisions that a human had to look at.
    pub held: Figure,
    /// Alarms of the watch, by rule.
    pub alarms: Vec<AlarmsOf>,
    /// What the watch refused before it was decided.
    pub refused_by_watch: Figure,
    /// How often a second person lifted what the watch held against an agent.
    pub lifted: Figure,
}

/// Alarms of one rule of the watch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlarmsOf {
    /// The rule.
    pub rule: String,
    /// What the watch says of it today; `None`: it is no rule of a file.
    pub title: Option<String>,
    /// How many.
    pub count: Figure,
    /// The first of the period.
    pub first: String,
    /// The last of the period.
    pub last: String,
}

/// Refusals because training was not current.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrainingGaps {
    /// The rule.
    pub rule: &'static str,
    /// Its refusals.
    pub refusals: Figure,
    /// Different agents among them.
    pub agents: Figure,
}

/// Approvals by a second person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Approvals {
    /// By what was approved.
    pub by_subject: Vec<ApprovalsOf>,
    /// Different people who approved.
    pub approvers: Figure,
}

/// Approvals of one sort.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApprovalsOf {
    /// `disclosure`, or the action.
    pub of: &'static str,
    /// Given.
    pub given: Figure,
    /// Not given: the person may not approve.
    pub refused: Figure,
}

/// Who asked, on the carrier's side. Customers and third parties are not agents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Agents {
    /// Different agents.
    pub agents: Figure,
    /// By employer.
    pub by_employer: Vec<EmployerSeen>,
    /// By site, of those whose site the directory said.
    pub by_site: Vec<SiteSeen>,
    /// Those with most refusals.
    pub most_refused: Vec<AgentSeen>,
}

/// An employer of agents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EmployerSeen {
    /// Its id; `None`: the directory did not say.
    pub employer: Option<String>,
    /// Different agents.
    pub agents: Figure,
    /// How decisions came out.
    pub outcomes: Outcomes<Figure>,
}

/// A site of agents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SiteSeen {
    /// Its id.
    pub site: String,
    /// Different agents.
    pub agents: Figure,
    /// How decisions came out.
    pub outcomes: Outcomes<Figure>,
}

/// An agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgentSeen {
    /// The id.
    pub agent: String,
    /// The employer; `None`: the directory did not say.
    pub employer: Option<String>,
    /// The last role.
    pub role: &'static str,
    /// How decisions came out.
    pub outcomes: Outcomes<Figure>,
}

/// Accounts, counted by their pseudonyms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Accounts {
    /// Different accounts with any event.
    pub with_events: Figure,
    /// Different accounts of which it was decided to give something out.
    pub given_out: Figure,
}

/// Comparisons of an SSN with what a customer stated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SsnVerifications {
    /// Allowed, and compared next.
    pub compared: Figure,
    /// Refused.
    pub withheld: Figure,
    /// Different agents who asked for one.
    pub agents: Figure,
}

/// Notices of changes to customers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoticesSeen {
    /// Taken into the library's queue.
    pub queued: Figure,
    /// Taken by a notifier of the host's.
    pub taken_by_notifier: Figure,
    /// Handed over, says the host's worker. At least once: one notice may count twice.
    pub handed_over: Figure,
    /// Attempts that failed.
    pub attempts_failed: Figure,
    /// Given up by the host.
    pub given_up: Figure,
    /// In the library's queue at the end of the period; `None`: the log is incomplete, and it is not known.
    pub outstanding: Option<u64>,
}

/// Events of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventsOfKind {
    /// The kind.
    pub kind: &'static str,
    /// How many.
    pub count: Figure,
    /// The first of the period.
    pub first: String,
    /// The last of the period.
    pub last: String,
}

/// What the guard says of itself.
pub(crate) struct Deployment<'d> {
    pub(crate) tenant: &'d TenantId,
    pub(crate) schema: &'d Schema,
    /// In the order of the schema's fields.
    pub(crate) since_start: Vec<SinceStart>,
    pub(crate) policy: &'d Policy,
    pub(crate) watch: &'d WatchRules,
    pub(crate) gaps: Vec<&'static str>,
    pub(crate) now: Timestamp,
}

/// Reads and verifies the whole log once, and reports the period. A log that does not verify or
/// cannot be read gives a report that says so.
pub(crate) fn gather(
    log: &AuditLog,
    deployment: &Deployment<'_>,
    request: &EvidenceRequest,
) -> EvidenceReport {
    let mut tally = Tally::new(request.period);
    let verified = log.verify_reading(request.checkpoint.as_ref(), |_, event| tally.add(event));
    let read = tally.read();
    let mut shortfalls = Vec::new();
    let mut falls_short = |at_event, what: String| shortfalls.push(Shortfall { at_event, what });
    match &verified {
        Ok(_) => {}
        Err(AuditError::Broken(found)) => {
            falls_short(Some(found.event), format!("The log is broken {found}."))
        }
        Err(cause) => {
            falls_short(Some(read), format!("The log could not be read from event {read} on: {cause}."))
        }
    }
    if let Some(begins) = tally.begins().filter(|begins| *begins > request.period.from) {
        let why =
            if tally.is_reanchored() { ", in the place of an earlier log that was set aside" } else { "" };
        falls_short(None, format!("The log begins at {begins}, after the period does{why}."));
    }
    if deployment.now < request.period.until {
        falls_short(
            None,
            format!("The period was not over when the report was made, at {}.", deployment.now),
        );
    }
    let checkpoint = log.kept_checkpoint().filter(|_| verified.is_ok());
    let verified = verified.ok();
    let log = LogSeen {
        id: log.id().to_string(),
        begins: tally.begins().map(|begins| begins.to_string()),
        events: read,
        root: verified.as_ref().map(|verified| hex(verified.root())),
        anchored: verified.as_ref().and_then(VerifiedLog::anchored),
        checkpoint: checkpoint.map(|checkpoint| checkpoint.note().into()),
        clock_back_secs: verified.as_ref().map(|verified| verified.clock_back().as_secs()),
    };
    tally.report(log, shortfalls, deployment, request)
}

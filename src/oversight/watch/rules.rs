//! The rules as data: what is counted, for whom, how much is too much, and what follows.

use std::time::Duration;

use crate::error::{Error, FileCause, FileFault, WatchError};
use crate::toml_reader::{Faults, Source, Table, Value};
use crate::vocabulary::{Role, RuleId, codes};

const DAY: u64 = 24 * 3600;

/// The rules that come with this library.
const BUILT_IN: &str = include_str!("rules.toml");

/// How long a rule that tripped stays in force, where it does not say. Library default.
pub const WATCH_HOLD: Duration = Duration::from_secs(DAY);
/// The longest window. Library default: it bounds what is kept of an agent.
pub const MAX_WITHIN: Duration = Duration::from_secs(30 * DAY);
/// The largest threshold, which is also how many accounts are kept of an agent or an employer: all
/// counts up to it are exact. Library default: about 100 KB in the store.
pub const MAX_COUNT: u16 = 4096;
/// How far apart two account ids may be, in their last number, to be neighbours. Library default:
/// wide enough for numbers whose last digit is a check digit.
pub const SEQUENCE_STEP: u8 = 20;
/// How many days back an agent's usual hours are learned from. Library default.
pub const HOURS_DAYS: u32 = 28;
/// Days of work before any hour is unusual. Library default.
pub const HOURS_MIN_DAYS: usize = 10;
/// The roles that a rule is for where it does not say: people at work. Bots, customers and systems serve
/// many accounts, or one, by their nature. Library default.
pub const STAFF: &[Role] = &[
    Role::CareAgent,
    Role::RetailAgent,
    Role::Specialist,
    Role::VendorAgent,
    Role::FraudAnalyst,
    Role::BillingAnalyst,
    Role::Analyst,
    Role::Marketer,
    Role::JointVenturePartner,
];

/// Of how many reads a share may be asked for.
const SHARE_OF: core::ops::RangeInclusive<u64> = 10..=MAX_COUNT as u64;
/// Longest title or citation, in bytes.
const MAX_TEXT: usize = 400;
/// Most rules of one file.
const MAX_RULES: usize = 64;
/// What the library tells by itself, so that no rule may have the name.
const RESERVED: &[&str] = &[super::watcher::DECOY, super::watcher::UNAVAILABLE];

codes! {
    /// What a rule counts.
    Measure {
        /// Distinct accounts that were opened, or read in an interaction.
        Accounts = 1, "accounts";
        /// Interactions opened on one and the same account.
        LooksAtOneAccount = 2, "looks_at_one_account";
        /// Accounts opened in the order of their numbers, up or down, one near the other.
        Sequence = 3, "sequence";
        /// Interactions opened at hours in which this agent does not work.
        UnusualHours = 4, "unusual_hours";
        /// Reads without a live contact or an open case of the agent's own.
        ReadsWithoutContact = 5, "reads_without_contact";
        /// How many in a hundred of the latest reads were refused.
        RefusedShare = 6, "refused_share";
        /// Verifications of an SSN or of its last four digits, and searches by a number of a government's.
        SsnVerifications = 7, "ssn_verifications";
        /// Requests to unlock a handset.
        UnlockRequests = 8, "unlock_requests";
        /// Requests to move a service to another SIM.
        SimRequests = 9, "sim_requests";
        /// Evidence that did not match, or was not looked at because too much of it was wrong before:
        /// passwords, back-up answers, passcodes, one-time codes, photo IDs, named calls.
        FailedEvidence = 10, "failed_evidence";
        /// Searches for accounts, also those that found nothing or were refused.
        Searches = 11, "searches";
    }
}

codes! {
    /// Whose doings are counted together.
    Per {
        /// One agent, over all tools, sessions, channels and processes.
        Agent = 1, "agent";
        /// All agents of one employer.
        Employer = 2, "employer";
        /// All agents who sit at one site, as the directory says. Who sits at none that is known is not
        /// among them.
        Site = 3, "site";
    }
}

codes! {
    /// What follows when a rule trips. Ordered: a later one is stricter.
    Response {
        /// It is recorded, and told to the host.
        Alert = 1, "alert";
        /// And nothing is read, verified, sent or changed before a second person approves.
        SecondPerson = 2, "second_person";
        /// And nothing at all, until the rule is no longer in force.
        Block = 3, "block";
    }
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchRule {
    pub(super) id: RuleId,
    pub(super) title: Box<str>,
    pub(super) cite: Box<str>,
    pub(super) per: Per,
    pub(super) roles: Box<[Role]>,
    pub(super) count: Measure,
    pub(super) within: Duration,
    pub(super) more_than: u16,
    /// For a share: of how many reads.
    pub(super) of_last: u16,
    pub(super) response: Response,
    pub(super) hold: Duration,
}

impl WatchRule {
    /// Its id, as audit events and alarms name it.
    #[must_use]
    pub const fn id(&self) -> &RuleId {
        &self.id
    }

    /// What it is about, in words.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Where its threshold comes from.
    #[must_use]
    pub fn cite(&self) -> &str {
        &self.cite
    }

    /// What follows when it trips.
    #[must_use]
    pub const fn response(&self) -> Response {
        self.response
    }
}

/// The rules that a guard watches by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchRules(Vec<WatchRule>);

impl WatchRules {
    /// The rules that come with this library.
    ///
    /// # Errors
    /// None in a released version: a test loads them.
    pub fn built_in() -> Result<Self, Error> {
        Self::from_toml("watch.toml", BUILT_IN)
    }

    /// The text of the rules that come with this library: to begin one's own with.
    #[must_use]
    pub const fn built_in_text() -> &'static str {
        BUILT_IN
    }

    /// Reads rules. `name` is what faults call the file.
    ///
    /// # Errors
    /// [`WatchError::File`] with line, column and the word that was probably meant.
    pub fn from_toml(name: &str, text: &str) -> Result<Self, Error> {
        Ok(read(Source::new(Some(name), text)).map_err(WatchError::File)?)
    }

    /// No rules: nobody is watched. Decoys still alarm, and every attestation says that there is no watch.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &[WatchRule] {
        &self.0
    }

    /// The rules for the doings of somebody in this role.
    pub(super) fn of(&self, per: Per, role: Role) -> impl Iterator<Item = &WatchRule> {
        self.0.iter().filter(move |rule| rule.per == per && rule.roles.contains(&role))
    }

    pub(super) fn get(&self, id: &RuleId) -> Option<&WatchRule> {
        self.0.iter().find(|rule| rule.id == *id)
    }

    /// How long something counts for any rule about it.
    pub(super) fn longest(&self, per: Per, counts: &[Measure]) -> Duration {
        self.about(per, counts).map(|rule| rule.within).max().unwrap_or_default()
    }

    /// How many must be kept so that every rule about it can trip: one more than the largest threshold.
    pub(super) fn most(&self, per: Per, count: Measure) -> usize {
        let counts = [count];
        let kept = self.about(per, &counts).map(|rule| usize::from(rule.more_than).saturating_add(1));
        kept.max().unwrap_or(0)
    }

    /// Of how many reads the outcome must be kept.
    pub(super) fn reads(&self, per: Per) -> usize {
        self.about(per, &[Measure::RefusedShare]).map(|rule| usize::from(rule.of_last)).max().unwrap_or(0)
    }

    fn about(&self, per: Per, counts: &[Measure]) -> impl Iterator<Item = &WatchRule> {
        self.0.iter().filter(move |rule| rule.per == per && counts.contains(&rule.count))
    }
}

fn read(source: Source<'_>) -> Result<WatchRules, FileFault> {
    let document = source.parse()?;
    let root = document.root();
    let mut rules: Vec<WatchRule> = Vec::new();
    for value in root.need("rule")?.list()? {
        let table = value.table()?;
        let rule = rule(&table)?;
        if rules.iter().any(|other| other.id == rule.id) {
            return Err(table.fault(FileCause::Duplicate { what: "rule id" }));
        }
        if rules.len() == MAX_RULES {
            return Err(table.fault(FileCause::Invalid { why: "a file has at most 64 rules" }));
        }
        table.finish()?;
        rules.push(rule);
    }
    root.finish()?;
    Ok(WatchRules(rules))
}

fn rule(table: &Table<'_, '_>) -> Result<WatchRule, FileFault> {
    let id_value = table.need("id")?;
    let invalid = |value: &Value<'_, '_>, why| value.fault(FileCause::Invalid { why });
    let id = RuleId::new(id_value.text()?)
        .map_err(|_| invalid(&id_value, "a rule id has 1 to 64 of a-z, 0-9, `-` and `.`"))?;
    if RESERVED.contains(&id.as_str()) {
        return Err(invalid(&id_value, "the library uses this id itself"));
    }
    let count = table.need("count")?.word("measure", Measure::ALL, Measure::name)?;
    let more_value = table.need("more_than")?;
    let (max, why) = match count {
        Measure::RefusedShare => (99, "a share is in percent, 0 to 99"),
        Measure::Accounts
        | Measure::LooksAtOneAccount
        | Measure::Sequence
        | Measure::UnusualHours
        | Measure::ReadsWithoutContact
        | Measure::SsnVerifications
        | Measure::UnlockRequests
        | Measure::SimRequests
        | Measure::FailedEvidence
        | Measure::Searches => (MAX_COUNT.saturating_sub(1), "a threshold is 0 to 4095"),
    };
    let more_than = u16::try_from(more_value.number()?).ok().filter(|more| *more <= max);
    let of_last = match (count, table.get("of_last")) {
        (Measure::RefusedShare, None) => return Err(table.fault(FileCause::MissingKey { key: "of_last" })),
        (Measure::RefusedShare, Some(value)) => {
            let reads = Some(value.number()?).filter(|reads| SHARE_OF.contains(reads));
            let reads = reads.and_then(|reads| u16::try_from(reads).ok());
            reads.ok_or_else(|| invalid(&value, "a share is of the last 10 to 4096 reads"))?
        }
        (_, Some(value)) => return Err(invalid(&value, "only a share is of the last so many reads")),
        (_, None) => 0,
    };
    let roles = match table.get("role") {
        Some(value) => roles(&value)?,
        None => STAFF.to_vec(),
    };
    let within = table.need("within_minutes")?;
    Ok(WatchRule {
        title: sentence(table.need("title")?)?,
        cite: sentence(table.need("cite")?)?,
        per: table.need("per")?.word("per", Per::ALL, Per::name)?,
        roles: roles.into(),
        within: minutes(within)?,
        more_than: more_than.ok_or_else(|| invalid(&more_value, why))?,
        of_last,
        response: table.need("response")?.word("response", Response::ALL, Response::name)?,
        hold: table.get("hold_minutes").map_or(Ok(WATCH_HOLD), minutes)?,
        id,
        count,
    })
}

fn roles(value: &Value<'_, '_>) -> Result<Vec<Role>, FileFault> {
    let mut faults = Faults::up_to(1);
    let roles = value.words("role", Role::ALL, Role::name, &mut faults);
    faults.in_order().into_iter().next().map_or(Ok(roles), Err)
}

fn minutes(value: Value<'_, '_>) -> Result<Duration, FileFault> {
    let duration = Duration::from_secs(value.number()?.saturating_mul(60));
    if duration.is_zero() || duration > MAX_WITHIN {
        return Err(value.fault(FileCause::Invalid { why: "a time is 1 minute to 30 days" }));
    }
    Ok(duration)
}

fn sentence(value: Value<'_, '_>) -> Result<Box<str>, FileFault> {
    let text = value.text()?;
    if text.is_empty() || text.len() > MAX_TEXT || text.chars().any(char::is_control) {
        return Err(value.fault(FileCause::Invalid { why: "a text is one line of 1 to 400 bytes" }));
    }
    Ok(text.into())
}

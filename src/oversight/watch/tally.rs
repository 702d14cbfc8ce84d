//! What is kept of one agent or employer, and when a rule trips on it. Bytes: `docs/spec/watch-v1.md`.
//!
//! Everything is kept with its time and slides out of its window one by one, so that nothing is to
//! be gained at the turn of an hour. Lists hold the latest ones, as many as some rule can ask for.

use std::time::Duration;

use super::rules::{HOURS_DAYS, HOURS_MIN_DAYS, MAX_COUNT, Measure, Per, Response, WatchRule, WatchRules};
use super::watcher::What;
use crate::vocabulary::{Action, Role, RuleId, Timestamp};

const FORMAT: u8 = 1;
/// With a list of searches, which is never empty: an entry without one is of format 1, as it ever was.
const FORMAT_WITH_SEARCHES: u8 = 2;
const HOURS: u64 = 24;
const MAX_HELD: usize = 64;
const ACCOUNTS_KEPT_FOR: &[Measure] = &[Measure::Accounts, Measure::LooksAtOneAccount, Measure::Sequence];

/// An account: the first half of a keyed pseudonym.
pub(super) type Mark = [u8; 16];

/// The marks of the accounts that have the next lower and the next higher numbers.
#[derive(Debug, Default)]
pub(super) struct Neighbours {
    pub(super) below: Vec<Mark>,
    pub(super) above: Vec<Mark>,
}

/// Something that is counted.
#[derive(Debug)]
pub(super) struct Doing<'d> {
    pub(super) what: What,
    /// From a live contact, or on an open case.
    pub(super) has_contact: bool,
    pub(super) role: Role,
    pub(super) account: Mark,
    pub(super) neighbours: &'d Neighbours,
}

/// What is kept of one agent or employer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// The latest accounts, the one opened longest ago first.
    accounts: Vec<Opened>,
    /// The days of work, and the hours of each as bits: what is usual.
    days: Vec<(u32, u32)>,
    /// The latest reads, and which of them were refused.
    reads: Vec<(Timestamp, bool)>,
    unusual_hours: Vec<Timestamp>,
    without_contact: Vec<Timestamp>,
    verified: Vec<Timestamp>,
    unlocks: Vec<Timestamp>,
    sims: Vec<Timestamp>,
    failed_evidence: Vec<Timestamp>,
    searches: Vec<Timestamp>,
    /// The rules that tripped and are in force.
    held: Vec<Held>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Opened {
    mark: Mark,
    last: Timestamp,
    /// How many accounts stand in order up to this one: upwards, and downwards.
    up: u16,
    down: u16,
    /// The latest openings, as many as a rule asks for.
    times: Vec<Timestamp>,
}

/// A rule that tripped.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Held {
    rule: RuleId,
    until: Timestamp,
    /// Whether the trip is on record.
    told: bool,
}

/// A rule that is in force, as the one who asks must be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InForce {
    pub(super) rule: RuleId,
    pub(super) response: Response,
    pub(super) until: Timestamp,
    pub(super) told: bool,
}

impl Tally {
    /// Counts something, and says which rules are in force then.
    pub(super) fn count(
        &mut self,
        rules: &WatchRules,
        per: Per,
        doing: &Doing<'_>,
        now: Timestamp,
    ) -> Vec<InForce> {
        match doing.what {
            What::Opened => self.open(rules, per, doing, now),
            What::Read { refused } => self.read(rules, per, doing, refused, now),
            What::Verified { ssn, refused } => {
                self.read(rules, per, doing, refused, now);
                if ssn {
                    keep(&mut self.verified, now, rules, per, Measure::SsnVerifications);
                }
            }
            What::Decided(Action::UnlockHandset) => {
                keep(&mut self.unlocks, now, rules, per, Measure::UnlockRequests);
            }
            What::Decided(Action::SimChange) => {
                keep(&mut self.sims, now, rules, per, Measure::SimRequests);
            }
            What::FailedEvidence => {
                keep(&mut self.failed_evidence, now, rules, per, Measure::FailedEvidence);
            }
            What::Searched { government_id, refused } => {
                self.read(rules, per, doing, refused, now);
                keep(&mut self.searches, now, rules, per, Measure::Searches);
                if government_id {
                    keep(&mut self.verified, now, rules, per, Measure::SsnVerifications);
                }
            }
            What::Presenting
            | What::Decided(
                Action::CreateOnlineAccount
                | Action::CreatePassword
                | Action::ResetPassword
                | Action::ChangeEmailOfRecord
                | Action::ChangeAddressOfRecord
                | Action::PortOut
                | Action::OutboundApprovalRequest
                | Action::TakePaymentCard
                | Action::ChangeBackupAnswer
                | Action::ChangeNumberOfRecord,
            ) => {}
        }
        // A rule that the host took out of its file is not in force any more.
        self.held.retain(|held| now < held.until && rules.get(&held.rule).is_some());
        for rule in rules.of(per, doing.role) {
            let is_held = self.held.iter().any(|held| held.rule == rule.id);
            if !is_held && self.trips(rule, now) && self.held.len() < MAX_HELD {
                self.held.push(Held { rule: rule.id.clone(), until: now.plus(rule.hold), told: false });
            }
        }
        let in_force = |held: &Held| {
            let rule = rules.get(&held.rule)?;
            let (rule, response) = (rule.id.clone(), rule.response);
            Some(InForce { rule, response, until: held.until, told: held.told })
        };
        self.held.iter().filter_map(in_force).collect()
    }

    /// Notes that the trips of these rules are on record.
    pub(super) fn told(&mut self, rules: &[RuleId]) {
        for held in self.held.iter_mut().filter(|held| rules.contains(&held.rule)) {
            held.told = true;
        }
    }

    /// Forgets what was counted and what is in force. What is usual stays.
    pub(super) fn lift(&mut self) {
        *self = Self { days: core::mem::take(&mut self.days), ..Self::default() };
    }

    fn open(&mut self, rules: &WatchRules, per: Per, doing: &Doing<'_>, now: Timestamp) {
        let longest = rules.longest(per, ACCOUNTS_KEPT_FOR);
        self.accounts.retain(|opened| lies_within(opened.last, now, longest));
        let known = self.accounts.iter().position(|opened| opened.mark == doing.account);
        let before = known.map(|at| self.accounts.remove(at));
        let (up, down) = self.run(doing.neighbours);
        let mut opened =
            before.unwrap_or(Opened { mark: doing.account, last: now, up: 1, down: 1, times: Vec::new() });
        opened.last = opened.last.max(now);
        (opened.up, opened.down) = (opened.up.max(up), opened.down.max(down));
        push_latest(&mut opened.times, now, rules.most(per, Measure::LooksAtOneAccount));
        let at = self.accounts.partition_point(|other| other.last <= opened.last);
        self.accounts.insert(at, opened);
        // Where nothing asks for accounts, none is kept.
        let most = if longest.is_zero() { 0 } else { usize::from(MAX_COUNT) };
        let over = self.accounts.len().saturating_sub(most);
        self.accounts.drain(..over);
        if rules.most(per, Measure::UnusualHours) > 0 && self.is_unusual_hour(now) {
            keep(&mut self.unusual_hours, now, rules, per, Measure::UnusualHours);
        }
    }

    /// How long the run of accounts is that this one goes on with: upwards, and downwards.
    fn run(&self, neighbours: &Neighbours) -> (u16, u16) {
        let longest_at = |marks: &[Mark], length: fn(&Opened) -> u16| {
            let near = self.accounts.iter().filter(|opened| marks.contains(&opened.mark));
            near.map(length).max().unwrap_or(0).saturating_add(1)
        };
        (longest_at(&neighbours.below, |near| near.up), longest_at(&neighbours.above, |near| near.down))
    }

    /// Whether nothing was opened at this hour, or the one before or after, on any day that is
    /// remembered. `false` while too few are. Learns the hour.
    fn is_unusual_hour(&mut self, now: Timestamp) -> bool {
        let hours = now.as_secs() / 3600;
        let Ok(today) = u32::try_from(hours / HOURS) else { return false };
        let bit = |hour: u64| 1_u32.checked_shl(u32::try_from(hour % HOURS).unwrap_or(0)).unwrap_or(0);
        let near = bit(hours) | bit(hours.saturating_add(1)) | bit(hours.saturating_add(HOURS - 1));
        // Days that lie ahead were learned from a clock that was wrong.
        self.days.retain(|(day, _)| *day <= today && today.saturating_sub(*day) <= HOURS_DAYS);
        let past = self.days.iter().filter(|(day, _)| *day < today);
        let is_unusual =
            past.clone().count() >= HOURS_MIN_DAYS && past.clone().all(|(_, bits)| bits & near == 0);
        match self.days.iter_mut().find(|(day, _)| *day == today) {
            Some((_, bits)) => *bits |= bit(hours),
            None => self.days.push((today, bit(hours))),
        }
        is_unusual
    }

    fn read(&mut self, rules: &WatchRules, per: Per, doing: &Doing<'_>, refused: bool, now: Timestamp) {
        let at = self.reads.partition_point(|(time, _)| *time <= now);
        self.reads.insert(at, (now, refused));
        let over = self.reads.len().saturating_sub(rules.reads(per));
        self.reads.drain(..over);
        if !doing.has_contact {
            keep(&mut self.without_contact, now, rules, per, Measure::ReadsWithoutContact);
        }
    }

    pub(super) fn trips(&self, rule: &WatchRule, now: Timestamp) -> bool {
        let more_than = usize::from(rule.more_than);
        let is_in = |time: &Timestamp| lies_within(*time, now, rule.within);
        let in_window = |times: &[Timestamp]| times.iter().filter(|time| is_in(time)).count() > more_than;
        let mut accounts = self.accounts.iter().filter(|opened| is_in(&opened.last));
        match rule.count {
            Measure::Accounts => accounts.count() > more_than,
            Measure::LooksAtOneAccount => accounts.any(|opened| in_window(&opened.times)),
            Measure::Sequence => accounts.any(|opened| opened.up.max(opened.down) > rule.more_than),
            Measure::UnusualHours => in_window(&self.unusual_hours),
            Measure::ReadsWithoutContact => in_window(&self.without_contact),
            Measure::SsnVerifications => in_window(&self.verified),
            Measure::UnlockRequests => in_window(&self.unlocks),
            Measure::SimRequests => in_window(&self.sims),
            Measure::FailedEvidence => in_window(&self.failed_evidence),
            Measure::Searches => in_window(&self.searches),
            Measure::RefusedShare => {
                let of = usize::from(rule.of_last);
                let latest: Vec<_> =
                    self.reads.iter().rev().filter(|(time, _)| is_in(time)).take(of).collect();
                let refused = latest.iter().filter(|(_, refused)| *refused).count();
                latest.len() == of && refused.saturating_mul(100) > more_than.saturating_mul(of)
            }
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let has_searches = !self.searches.is_empty();
        let mut out = vec![if has_searches { FORMAT_WITH_SEARCHES } else { FORMAT }];
        let count = |out: &mut Vec<u8>, len: usize| {
            // INVARIANT: every list is bounded by MAX_COUNT or less.
            out.extend(u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes());
        };
        let times = |out: &mut Vec<u8>, times: &[Timestamp]| {
            count(out, times.len());
            times.iter().for_each(|time| out.extend(time.as_micros().to_be_bytes()));
        };
        count(&mut out, self.accounts.len());
        for opened in &self.accounts {
            out.extend(opened.mark);
            out.extend(opened.last.as_micros().to_be_bytes());
            out.extend(opened.up.to_be_bytes());
            out.extend(opened.down.to_be_bytes());
            times(&mut out, &opened.times);
        }
        count(&mut out, self.days.len());
        for (day, hours) in &self.days {
            out.extend(day.to_be_bytes());
            out.extend(hours.to_be_bytes());
        }
        count(&mut out, self.reads.len());
        for (time, refused) in &self.reads {
            out.extend(time.as_micros().to_be_bytes());
            out.push((*refused).into());
        }
        for list in [
            &self.unusual_hours,
            &self.without_contact,
            &self.verified,
            &self.unlocks,
            &self.sims,
            &self.failed_evidence,
        ] {
            times(&mut out, list);
        }
        if has_searches {
            times(&mut out, &self.searches);
        }
        count(&mut out, self.held.len());
        for held in &self.held {
            let id = held.rule.as_str();
            out.push(u8::try_from(id.len()).unwrap_or(u8::MAX));
            out.extend(id.as_bytes());
            out.extend(held.until.as_micros().to_be_bytes());
            out.push(held.told.into());
        }
        out
    }

    /// `None`: these are not the bytes of a tally.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let reader = &mut reader;
        let [format @ (FORMAT | FORMAT_WITH_SEARCHES)] = reader.take()? else { return None };
        let account = |reader: &mut Reader<'_>| {
            Some(Opened {
                mark: reader.take()?,
                last: reader.time()?,
                up: u16::from_be_bytes(reader.take()?),
                down: u16::from_be_bytes(reader.take()?),
                times: reader.list(MAX_COUNT.into(), Reader::time)?,
            })
        };
        let day = |reader: &mut Reader<'_>| {
            Some((u32::from_be_bytes(reader.take()?), u32::from_be_bytes(reader.take()?)))
        };
        let held = |reader: &mut Reader<'_>| {
            let [len] = reader.take()?;
            let id = core::str::from_utf8(reader.bytes(len.into())?).ok()?;
            Some(Held { rule: RuleId::new(id).ok()?, until: reader.time()?, told: reader.flag()? })
        };
        let tally = Self {
            accounts: reader.list(MAX_COUNT.into(), account)?,
            days: reader.list(usize::try_from(HOURS_DAYS).ok()?.checked_add(1)?, day)?,
            reads: reader.list(MAX_COUNT.into(), |reader| Some((reader.time()?, reader.flag()?)))?,
            unusual_hours: reader.list(MAX_COUNT.into(), Reader::time)?,
            without_contact: reader.list(MAX_COUNT.into(), Reader::time)?,
            verified: reader.list(MAX_COUNT.into(), Reader::time)?,
            unlocks: reader.list(MAX_COUNT.into(), Reader::time)?,
            sims: reader.list(MAX_COUNT.into(), Reader::time)?,
            failed_evidence: reader.list(MAX_COUNT.into(), Reader::time)?,
            searches: match format {
                FORMAT_WITH_SEARCHES => Some(reader.list(MAX_COUNT.into(), Reader::time)?)
                    .filter(|searches| !searches.is_empty())?,
                _ => Vec::new(),
            },
            held: reader.list(MAX_HELD, held)?,
        };
        reader.0.is_empty().then_some(tally)
    }
}

/// Whether something at `time` still counts. What lies ahead does: the clock went back, and nothing is
/// forgotten for that.
fn lies_within(time: Timestamp, now: Timestamp, within: Duration) -> bool {
    now.since(time).is_none_or(|age| age < within)
}

/// Adds a time to a list that rules about `count` ask for.
fn keep(times: &mut Vec<Timestamp>, now: Timestamp, rules: &WatchRules, per: Per, count: Measure) {
    push_latest(times, now, rules.most(per, count));
}

/// Adds a time and keeps the latest `most`.
fn push_latest(times: &mut Vec<Timestamp>, now: Timestamp, most: usize) {
    let at = times.partition_point(|time| *time <= now);
    times.insert(at, now);
    let over = times.len().saturating_sub(most);
    times.drain(..over);
}

/// For the fuzz target: reads a tally and writes it again.
#[cfg(feature = "testing")]
pub(crate) fn recode_for_testing(bytes: &[u8]) -> Option<Vec<u8>> {
    Tally::decode(bytes).map(|tally| tally.encode())
}

struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn bytes(&mut self, len: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn time(&mut self) -> Option<Timestamp> {
        Some(Timestamp::from_micros(u64::from_be_bytes(self.take()?)))
    }

    fn flag(&mut self) -> Option<bool> {
        match self.take()? {
            [0] => Some(false),
            [1] => Some(true),
            [_] => None,
        }
    }

    fn list<T>(&mut self, most: usize, item: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = usize::from(u16::from_be_bytes(self.take()?));
        if count > most {
            return None;
        }
        (0..count).map(|_| item(self)).collect()
    }
}

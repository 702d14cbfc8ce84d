//! The records of SIM change requests that 47 CFR 64.2010(h)(8) asks for, once it is in force, out of the log.

use core::ops::Range;
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use crate::audit::{AuditEvent, AuditLog};
use crate::error::AuditError;
use crate::vocabulary::{Action, EventKind, EvidenceKind, Timestamp};

/// SIM change requests of a period. Every number is of events in the period; what was asked for before and
/// ended in it counts where it ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SimStatistics {
    /// The requests, also those that were refused at once.
    pub requests: u64,
    /// Those that were carried out.
    pub successful: u64,
    /// Those that were not: refused, cancelled, expired.
    pub failed: u64,
    /// Those that were carried out and then taken back as fraud.
    pub fraudulent: u64,
    /// Reports of fraud on accounts, of whatever kind: complaints.
    pub complaints: u64,
    /// Of the reports that were remedied in the period: how many, and how long that took on average.
    pub remedied: u64,
    /// `None`: none was.
    pub average_remedy: Option<Duration>,
    /// What customers were authenticated by in the requests: how often each, and the first and the last time.
    pub authentication: BTreeMap<EvidenceKind, (u64, Timestamp, Timestamp)>,
    /// The time of the first event of the log. Later than the beginning of the period: the figures are of a part.
    pub log_begins: Timestamp,
}

/// Reads the whole log, once.
pub(crate) fn gather(log: &AuditLog, period: &Range<Timestamp>) -> Result<SimStatistics, AuditError> {
    let mut tally = Tally::default();
    for entry in log.entries(0..u64::MAX) {
        tally.add(&entry?.1, period);
    }
    Ok(tally.finish())
}

#[derive(Default)]
struct Tally {
    found: SimStatistics,
    seen_one: bool,
    reported: BTreeMap<[u8; 32], Timestamp>,
    remedies: Vec<Duration>,
    ended: BTreeSet<String>,
}

impl Tally {
    fn add(&mut self, event: &AuditEvent, period: &Range<Timestamp>) {
        let facts = &event.facts;
        if !self.seen_one {
            (self.found.log_begins, self.seen_one) = (facts.time, true);
        }
        let is_inside = period.contains(&facts.time);
        let account = event.account.as_ref().map(|mark| *mark.pseudonym());
        if let Some(account) = account.filter(|_| facts.kind == EventKind::FraudReported) {
            self.reported.entry(account).or_insert(facts.time);
            self.found.complaints = self.found.complaints.saturating_add(is_inside.into());
        }
        if let Some(account) = account.filter(|_| facts.kind == EventKind::FraudRemedied) {
            let took = self.reported.remove(&account).and_then(|since| facts.time.since(since));
            self.remedies.extend(took.filter(|_| is_inside));
        }
        let is_sim = facts.action.as_ref().is_some_and(|action| action.action == Action::SimChange);
        if is_inside && is_sim {
            self.add_sim(event);
        }
    }

    fn add_sim(&mut self, event: &AuditEvent) {
        let (facts, found) = (&event.facts, &mut self.found);
        let id = facts.basis.as_ref().map_or("", |id| id.as_str()).to_owned();
        let is = |kind| facts.kind == kind && facts.cause == 0;
        let count = |is_so: bool| u64::from(is_so);
        let asked = facts.kind == EventKind::TransactionRequested;
        // One that ended by itself may be told of twice, where two processes found it so at once.
        let failed = facts.kind == EventKind::TransactionEnded && self.ended.insert(id);
        found.requests = found.requests.saturating_add(count(asked));
        found.failed = found.failed.saturating_add(count(failed || asked && facts.cause != 0));
        found.successful = found.successful.saturating_add(count(is(EventKind::TransactionConfirmed)));
        found.fraudulent = found.fraudulent.saturating_add(count(is(EventKind::TransactionReversed)));
        for (kind, _) in facts.evidence.iter().filter(|_| asked) {
            let seen = found.authentication.entry(*kind).or_insert((0, facts.time, facts.time));
            (seen.0, seen.2) = (seen.0.saturating_add(1), facts.time);
        }
    }

    fn finish(mut self) -> SimStatistics {
        let sum: Duration = self.remedies.iter().sum();
        self.found.remedied = u64::try_from(self.remedies.len()).unwrap_or(u64::MAX);
        self.found.average_remedy =
            u32::try_from(self.remedies.len()).ok().and_then(|count| sum.checked_div(count));
        self.found
    }
}

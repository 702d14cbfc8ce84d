//! Breach scope: whose data an incident touched, which of it, and in which form (47 CFR 64.2011).
//!
//! Rules: what was decided to be given out counts as given out, so that a scope may say too much and
//! not too little; logs of one tenant merge by pseudonym; memory grows with the affected accounts, not
//! with the log; what a gap in a log hides is said.
//!
//! Security note: [`Scope::from_index`] believes the index, [`Scope::prove`] only the events. A
//! scope holds pseudonyms; the names come from [`crate::Guard::breach_scope`].

use core::borrow::Borrow;
use core::fmt;
use core::ops::Range;
use std::collections::{BTreeSet, HashMap};

pub use digest::SelectionDigest;

use super::{Customers, Exposure};
use crate::audit::{AuditLog, Checkpoint, Classes, Columns, ColumnsRef, LogId, TreeHead};
use crate::error::{AuditBreak, AuditError, BreakKind};
use crate::vocabulary::{AccountId, AgentId, ClassSet, DataClass, EmployerId, EventKind, SiteId, Timestamp};

/// What happened, as far as it says which data was touched: accesses that the log holds, sealed
/// data that was stolen past the library, or both.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    accesses: Option<Accesses>,
    stolen: Vec<StolenRecord>,
    lost_keys: LostKeys,
}

impl Selection {
    /// These accesses.
    #[must_use]
    pub fn of(accesses: Accesses) -> Self {
        Self { accesses: Some(accesses), ..Self::default() }
    }

    /// And these sealed records, copied from the host's database. Which data keys were lost with them
    /// decides whether they count as opened.
    #[must_use]
    pub fn with_stolen(
        mut self,
        records: impl IntoIterator<Item = StolenRecord>,
        lost_keys: LostKeys,
    ) -> Self {
        self.stolen.extend(records);
        self.lost_keys = lost_keys;
        self
    }
}

/// Which events of the log belong to an incident: all, narrowed by each selector that names something.
/// An event must fit every selector; it fits one if any of its names does.
#[derive(Debug, Clone, Default)]
pub struct Accesses {
    agents: BTreeSet<AgentId>,
    employers: BTreeSet<EmployerId>,
    sites: BTreeSet<SiteId>,
    interactions: BTreeSet<[u8; 16]>,
    key_versions: BTreeSet<u32>,
    time: Option<Range<Timestamp>>,
}

impl Accesses {
    /// All events. A selector that names nothing narrows nothing: too many are told rather than too few.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Only by these agents.
    #[must_use]
    pub fn by_agents(mut self, agents: impl IntoIterator<Item = AgentId>) -> Self {
        self.agents.extend(agents);
        self
    }

    /// Only by agents of these employers.
    #[must_use]
    pub fn by_employers(mut self, employers: impl IntoIterator<Item = EmployerId>) -> Self {
        self.employers.extend(employers);
        self
    }

    /// Only by agents who sat at these sites then. An agent whose site the directory did not say is at none.
    #[must_use]
    pub fn at_sites(mut self, sites: impl IntoIterator<Item = SiteId>) -> Self {
        self.sites.extend(sites);
        self
    }

    /// Only in these interactions.
    #[must_use]
    pub fn in_interactions(mut self, interactions: impl IntoIterator<Item = [u8; 16]>) -> Self {
        self.interactions.extend(interactions);
        self
    }

    /// Only under these versions of the audit root.
    #[must_use]
    pub fn under_key_versions(mut self, versions: impl IntoIterator<Item = u32>) -> Self {
        self.key_versions.extend(versions);
        self
    }

    /// Only in this time, which ends before its end.
    #[must_use]
    pub fn within(mut self, time: Range<Timestamp>) -> Self {
        self.time = Some(time);
        self
    }

    /// Whether an event with this row belongs to the incident.
    #[must_use]
    pub fn select(&self, row: &Columns) -> bool {
        self.fit(&row.borrowed())
    }

    fn fit(&self, row: &ColumnsRef<'_>) -> bool {
        fn fits<T: Ord + Borrow<N>, N: Ord + ?Sized>(names: &BTreeSet<T>, name: Option<&N>) -> bool {
            names.is_empty() || name.is_some_and(|name| names.contains(name))
        }
        self.time.as_ref().is_none_or(|time| time.contains(&row.time))
            && fits(&self.agents, row.agent)
            && fits(&self.employers, row.employer)
            && fits(&self.sites, row.site)
            && fits(&self.interactions, Some(row.interaction))
            && fits(&self.key_versions, Some(&row.key_version))
    }
}

/// Sealed data of an account that was stolen. Its parts are what the sealed bytes say in the open.
#[derive(Debug, Clone)]
pub struct StolenRecord {
    /// Whose.
    pub account: AccountId,
    /// The version of the data root under which it was sealed.
    pub key_version: u32,
    /// The classes of its fields.
    pub classes: ClassSet,
}

/// Which versions of the data root were lost together with sealed data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LostKeys {
    /// It is not known: every one counts as lost.
    #[default]
    NotKnown,
    /// These, and no other.
    Versions(BTreeSet<u32>),
    /// None: it is established that the keys are safe.
    None,
}

impl LostKeys {
    fn contains(&self, version: u32) -> bool {
        match self {
            Self::NotKnown => true,
            Self::Versions(lost) => lost.contains(&version),
            Self::None => false,
        }
    }
}

/// Whose data an incident touched.
///
/// ```
/// use cpni_guard::oversight::Incident;
/// use cpni_guard::oversight::scope::{Accesses, Scope, Selection};
/// use cpni_guard::vocabulary::{AgentId, CivilDate};
/// # use cpni_guard::Error;
/// # fn report(log: &cpni_guard::audit::AuditLog, today: CivilDate) -> Result<(), Error> {
/// let by_one_agent = Selection::of(Accesses::all().by_agents([AgentId::new("a-1017")?]));
/// let scope = Scope::prove(&by_one_agent, log, &[])?;
/// let mut incident = Incident::determined(today).customers(scope.customers());
/// for (class, exposure) in scope.exposures() {
///     incident = incident.affected(class, exposure);
/// }
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Scope {
    accounts: Vec<Affected>,
    logs: Vec<Source>,
}

/// A log that a scope was drawn from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Source {
    /// Which log.
    pub log: LogId,
    /// How far it was read, and the root over what was written.
    pub tree: TreeHead,
    /// Whether every event was read and hashed up to that root.
    pub proven: bool,
    /// A checkpoint of that tree; `None` if it was not proved, or the log could not sign one.
    pub checkpoint: Option<Checkpoint>,
    /// The first place at which something is missing or is not what was written. More accounts may
    /// be affected than are told.
    pub gap: Option<AuditBreak>,
    /// The first event whose row in the index is not the one derived from it. Where the log was
    /// proved, the row did not count.
    pub index: Option<AuditBreak>,
}

impl Source {
    fn gap_at(&mut self, gap: AuditBreak) {
        self.gap.get_or_insert(gap);
    }
}

impl Scope {
    /// Answers from the index of `log` and of `others` (of other processes or sites). A log that is
    /// named twice counts once.
    ///
    /// # Errors
    /// [`AuditError::AnotherTenant`] if accounts do not have the same pseudonyms in all of them;
    /// [`AuditError::Unreadable`] if a store fails.
    pub fn from_index(
        selected: &Selection,
        log: &AuditLog,
        others: &[&AuditLog],
    ) -> Result<Self, AuditError> {
        Self::draw(selected, log, others, |log, each| {
            let mut source = source(log, log.tree_head(), None);
            for row in log.index_rows() {
                match row {
                    Ok(row) => each(&row.borrowed()),
                    Err(AuditError::Broken(gap)) => source.gap_at(gap),
                    Err(other) => return Err(other),
                }
            }
            Ok(source)
        })
    }

    /// Reads and hashes every event of these logs, and answers from the events alone. Cites a
    /// checkpoint of each log, which is signed for it where the log can.
    ///
    /// # Errors
    /// As [`Scope::from_index`]. A break of a log is no error: it is told, and the rest is read.
    pub fn prove(selected: &Selection, log: &AuditLog, others: &[&AuditLog]) -> Result<Self, AuditError> {
        Self::draw(selected, log, others, |log, each| {
            let checkpoint = log.checkpoint().ok();
            let tree = checkpoint.as_ref().map_or_else(|| log.tree_head(), |signed| *signed.tree());
            let mut source = source(log, tree, checkpoint);
            let examined = log.examine(&tree, each)?;
            (source.gap, source.index, source.proven) =
                (examined.events, examined.index, examined.events.is_none());
            Ok(source)
        })
    }

    /// The accounts that are affected, in the order of their pseudonyms.
    pub fn accounts(&self) -> impl ExactSizeIterator<Item = &Affected> {
        self.accounts.iter()
    }

    /// How many accounts got out, and whether that is all. Attempts do not count.
    #[must_use]
    pub fn customers(&self) -> Customers {
        let out = self.accounts.iter().filter(|account| account.reach() != Reach::Attempted).count();
        let out = u64::try_from(out).unwrap_or(u64::MAX);
        if self.is_exact() { Customers::Exactly(out) } else { Customers::AtLeast(out) }
    }

    /// Every class that got out, and whether it can be read: what was given out in any form can, at worst.
    pub fn exposures(&self) -> impl Iterator<Item = (DataClass, Exposure)> {
        let join = |of: fn(&Affected) -> ClassSet| {
            self.accounts.iter().fold(ClassSet::default(), |all, account| all.with(of(account)))
        };
        let readable = join(|account| account.classes.given().with(account.opened));
        let all = readable.with(join(|account| account.sealed));
        all.iter().map(move |class| {
            let is_readable = readable.contains(class);
            (class, if is_readable { Exposure::Readable } else { Exposure::EncryptedKeysSafe })
        })
    }

    /// Whether these are all: no log has a gap. If it is not, more accounts may be affected.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.logs.iter().all(|source| source.gap.is_none())
    }

    /// The logs that it was drawn from.
    #[must_use]
    pub fn logs(&self) -> &[Source] {
        &self.logs
    }

    /// Opens the names that are sealed in the events. What does not open stays without a name, and is a gap
    /// in its log; a root version that is gone is not.
    pub(crate) fn name_accounts(&mut self, log: &AuditLog, others: &[&AuditLog]) -> Result<(), AuditError> {
        for affected in &mut self.accounts {
            let Some((id, index)) = affected.witness else { continue };
            let source = self.logs.iter_mut().find(|source| source.log == id);
            let log = all(log, others).find(|log| log.id() == id);
            let (Some(source), Some(log), None) = (source, log, &affected.name) else { continue };
            match log.reveal_at(index, &affected.pseudonym) {
                Ok(name) => affected.name = Some(name),
                Err(AuditError::KeyVersion { .. }) => {}
                Err(AuditError::Broken(gap)) => source.gap_at(gap),
                Err(AuditError::Account) => {
                    source.gap_at(AuditBreak { event: index, kind: BreakKind::Content })
                }
                Err(other) => return Err(other),
            }
        }
        Ok(())
    }

    fn draw(
        selected: &Selection,
        first: &AuditLog,
        others: &[&AuditLog],
        mut read: impl FnMut(&AuditLog, &mut dyn FnMut(&ColumnsRef<'_>)) -> Result<Source, AuditError>,
    ) -> Result<Self, AuditError> {
        let mut affected: HashMap<[u8; 32], Affected> = HashMap::new();
        let mut sources: Vec<Source> = Vec::new();
        for log in all(first, others) {
            if !first.shares_pseudonyms(log) {
                return Err(AuditError::AnotherTenant);
            }
            if sources.iter().any(|source| source.log == log.id()) {
                continue;
            }
            let Some(accesses) = &selected.accesses else {
                sources.push(source(log, log.tree_head(), None));
                continue;
            };
            sources.push(read(log, &mut |row| {
                if let Some(account) = row.account.filter(|_| accesses.fit(row)) {
                    count(&mut affected, *account, log.id(), row);
                }
            })?);
        }
        for record in &selected.stolen {
            let pseudonym = first.derive_pseudonym(&record.account);
            let account = affected.entry(pseudonym).or_insert_with(|| Affected::new(pseudonym));
            account.name.get_or_insert_with(|| record.account.clone());
            let lost = selected.lost_keys.contains(record.key_version);
            let set = if lost { &mut account.opened } else { &mut account.sealed };
            *set = set.with(record.classes);
            account.stolen = true;
        }
        let mut accounts: Vec<_> =
            affected.into_values().filter(|account| account.events > 0 || account.stolen).collect();
        accounts.sort_unstable_by_key(|account| account.pseudonym);
        Ok(Self { accounts, logs: sources })
    }
}

fn all<'l>(first: &'l AuditLog, others: &'l [&'l AuditLog]) -> impl Iterator<Item = &'l AuditLog> {
    core::iter::once(first).chain(others.iter().copied())
}

fn source(log: &AuditLog, tree: TreeHead, checkpoint: Option<Checkpoint>) -> Source {
    Source { log: log.id(), tree, proven: false, checkpoint, gap: None, index: None }
}

fn count(affected: &mut HashMap<[u8; 32], Affected>, pseudonym: [u8; 32], log: LogId, row: &ColumnsRef<'_>) {
    let failed = row.kind == EventKind::NotCarriedOut;
    if row.classes.is_empty() && !failed {
        return;
    }
    let account = affected.entry(pseudonym).or_insert_with(|| Affected::new(pseudonym));
    account.not_carried_out += u64::from(failed);
    if row.classes.is_empty() {
        return;
    }
    account.events += 1;
    account.classes = account.classes.with(&row.classes);
    let (first, last) = account.times.get_or_insert((row.time, row.time));
    (*first, *last) = ((*first).min(row.time), (*last).max(row.time));
    account.witness.get_or_insert((log, row.index));
}

/// An account that an incident touched. `Debug` is silent on whose it is.
pub struct Affected {
    pseudonym: [u8; 32],
    name: Option<AccountId>,
    classes: Classes,
    times: Option<(Timestamp, Timestamp)>,
    events: u64,
    not_carried_out: u64,
    stolen: bool,
    sealed: ClassSet,
    opened: ClassSet,
    /// An event that holds the sealed name.
    witness: Option<(LogId, u64)>,
}

/// How far an account's data got out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Somebody tried; all was withheld.
    Attempted,
    /// Sealed data was stolen, and its keys are safe.
    Encrypted,
    /// Something was given out in some form, or stolen together with its keys.
    Disclosed,
}

/// How much of an SSN got out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SsnReach {
    /// The last four digits.
    LastFour,
    /// What was stated was compared with the number: who stated it may know that it is right.
    Compared,
    /// The number.
    Full,
}

impl Affected {
    fn new(pseudonym: [u8; 32]) -> Self {
        let (classes, sealed, opened) = (Classes::default(), ClassSet::default(), ClassSet::default());
        Self {
            pseudonym,
            name: None,
            classes,
            times: None,
            events: 0,
            not_carried_out: 0,
            stolen: false,
            sealed,
            opened,
            witness: None,
        }
    }

    /// The account's pseudonym.
    #[must_use]
    pub const fn pseudonym(&self) -> &[u8; 32] {
        &self.pseudonym
    }

    /// The account, for a stolen record and in a scope that [`crate::Guard::breach_scope`] gave; `None`
    /// where the name could not be opened.
    #[must_use]
    pub const fn name(&self) -> Option<&AccountId> {
        self.name.as_ref()
    }

    /// The classes that events gave out or withheld, by form.
    #[must_use]
    pub const fn classes(&self) -> &Classes {
        &self.classes
    }

    /// The classes of stolen data whose keys are safe.
    #[must_use]
    pub const fn encrypted(&self) -> ClassSet {
        self.sealed
    }

    /// The classes of stolen data whose keys were lost as well, or may have been.
    #[must_use]
    pub const fn decryptable(&self) -> ClassSet {
        self.opened
    }

    /// The times of the first and the last of the events; `None` where nothing but sealed data was touched.
    #[must_use]
    pub const fn times(&self) -> Option<(Timestamp, Timestamp)> {
        self.times
    }

    /// Number of events that gave something out or withheld it.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// How many events say that the one before could not be carried out. What they speak of counts as
    /// given out all the same: look at it to say that it was not.
    #[must_use]
    pub const fn not_carried_out(&self) -> u64 {
        self.not_carried_out
    }

    /// How far the account's data got out, at worst.
    #[must_use]
    pub const fn reach(&self) -> Reach {
        if !self.classes.given().with(self.opened).is_empty() {
            Reach::Disclosed
        } else if self.stolen {
            Reach::Encrypted
        } else {
            Reach::Attempted
        }
    }

    /// How much of the SSN got out, at worst; `None`: nothing. A masked number shows no digit.
    #[must_use]
    pub const fn ssn(&self) -> Option<SsnReach> {
        let plain = self.classes.full.with(self.classes.sent).with(self.opened);
        if plain.contains(DataClass::Ssn) {
            Some(SsnReach::Full)
        } else if self.classes.verified.contains(DataClass::Ssn) {
            Some(SsnReach::Compared)
        } else if plain.with(self.classes.verified).contains(DataClass::SsnLast4) {
            Some(SsnReach::LastFour)
        } else {
            None
        }
    }
}

impl fmt::Debug for Affected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Affected")
            .field("reach", &self.reach())
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}

mod digest;
#[cfg(test)]
mod tests;

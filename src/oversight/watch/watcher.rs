//! The watch at work: one step in the store for each thing that is done, and what follows from it.

use core::fmt;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use zeroize::Zeroizing;

use super::rules::{Measure, Per, Response, SEQUENCE_STEP, WatchRules};
use super::store::{WatchKey, WatchStore};
use super::tally::{Doing, Mark, Neighbours, Tally};
use crate::error::{IdError, StoreError};
use crate::hazmat::mac::MacKey;
use crate::vocabulary::{AccountId, Action, AgentId, EmployerId, Role, RuleId, SiteId, Timestamp};

/// Reads of one agent that go through, process by process, while nothing can be counted. Library default:
/// a customer on the line is still helped, and nobody reads on unseen.
pub const LOCAL_READS: u32 = 10;
/// In which time.
pub const LOCAL_READS_WITHIN: Duration = Duration::from_secs(3600);

/// The id under which a touched decoy is told.
pub(crate) const DECOY: &str = "watch-decoy";
/// The id under which it is told that nothing could be counted.
pub(crate) const UNAVAILABLE: &str = "watch-unavailable";

/// Agents that are remembered here while nothing can be counted. More are refused.
const MAX_LOCAL_AGENTS: usize = 4096;
/// Digits at the end of an account id that are taken for a number.
const MAX_DIGITS: usize = 18;

/// What the host is told when a rule trips, a decoy is touched, or nothing can be counted. It holds no
/// account id and no value: whoever is entitled to the account's name asks
/// [`crate::Guard::name_account`] for event [`Alarm::audit_index`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Alarm {
    /// When.
    pub at: Timestamp,
    /// The rule that tripped; `watch-decoy` for a decoy, `watch-unavailable` where nothing can be counted.
    pub rule: RuleId,
    /// What follows.
    pub response: Response,
    /// Whose doing it was; `None`: nobody whom the directory knows.
    pub agent: Option<AgentId>,
    /// Employed by whom.
    pub employer: Option<EmployerId>,
    /// Sitting where.
    pub site: Option<SiteId>,
    /// In which interaction.
    pub interaction: [u8; 16],
    /// The account that was touched last, as the audit log's keyed pseudonym; all zero: none, in a search.
    pub account: [u8; 32],
    /// The audit event that records it.
    pub audit_index: u64,
}

impl Alarm {
    /// The id under which a touched decoy is told.
    pub(crate) fn decoy() -> Result<RuleId, IdError> {
        RuleId::new(DECOY)
    }

    /// The id under which it is told that nothing could be counted.
    pub(crate) fn unavailable() -> Result<RuleId, IdError> {
        RuleId::new(UNAVAILABLE)
    }
}

/// Takes alarms: a queue, a pager, a case system.
pub trait AlarmSink: Send + Sync {
    /// Takes an alarm. Called in the middle of a contact: it should hand it on and return. Nothing
    /// depends on it: the audit log holds every alarm, and one may come twice.
    fn alarm(&self, alarm: &Alarm);
}

/// Something that is about to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// An account is opened.
    Opened,
    /// Values are viewed or sent, or were refused.
    Read { refused: bool },
    /// A value is compared, or was refused.
    Verified { ssn: bool, refused: bool },
    /// An action is decided.
    Decided(Action),
    /// Evidence is looked at, a code is sent or the customer called back. Nothing is counted: whoever is
    /// held back may not.
    Presenting,
    /// Evidence did not match. Counted before the agent is told.
    FailedEvidence,
    /// Accounts are searched for, or that was refused.
    Searched { government_id: bool, refused: bool },
}

/// Who is about to do it, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) agent: &'a AgentId,
    pub(crate) employer: &'a EmployerId,
    pub(crate) site: Option<&'a SiteId>,
    pub(crate) role: Role,
    /// `None`: none yet.
    pub(crate) account: Option<&'a AccountId>,
    /// From a live contact, or on an open case.
    pub(crate) has_contact: bool,
}

/// What the watch says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// The strictest response in force.
    pub(crate) response: Option<Response>,
    /// What is not on record yet. Say [`Watcher::told`] when it is.
    pub(crate) untold: Vec<(RuleId, Response)>,
    /// A decoy was touched.
    pub(crate) is_decoy: bool,
    /// Nothing was counted, and why.
    pub(crate) uncounted: Option<StoreError>,
    /// And what is allowed without is used up.
    pub(crate) is_used_up: bool,
}

/// Counts what agents do.
pub(crate) struct Watcher {
    store: Arc<dyn WatchStore>,
    references: MacKey,
    rules: WatchRules,
    local: Mutex<Local>,
}

/// What this process knows by itself, for the time in which the store fails.
#[derive(Default)]
struct Local {
    agents: HashMap<WatchKey, Known>,
    decoys: HashSet<WatchKey>,
}

#[derive(Clone, Copy)]
struct Known {
    /// What was in force when it could be asked last, and until when.
    held: Option<(Response, Timestamp)>,
    since: Timestamp,
    reads: u32,
}

impl Watcher {
    /// `references` is the tenant's key of pseudonyms in state stores.
    pub(crate) fn new(store: Arc<dyn WatchStore>, references: MacKey, rules: WatchRules) -> Self {
        Self { store, references, rules, local: Mutex::default() }
    }

    pub(crate) fn rules(&self) -> &WatchRules {
        &self.rules
    }

    /// Counts what somebody is about to do, before it is done.
    pub(crate) fn count(&self, asking: &Asking<'_>, what: What, now: Timestamp) -> Verdict {
        let agent = self.key("agent", asking.agent.as_str());
        let decoy = asking.account.map(|account| self.decoy(account));
        let mut subjects = self.subjects(asking);
        subjects.retain(|(per, _)| self.concerns(*per, asking.role, what));
        if subjects.is_empty() && what != What::Opened {
            return Verdict::nothing();
        }
        let account = asking.account.map(|account| self.mark(account.expose())).unwrap_or_default();
        let neighbours = match (what, asking.account) {
            (What::Opened, Some(account)) if !subjects.is_empty() => self.neighbours(account),
            (
                What::Opened
                | What::Read { .. }
                | What::Verified { .. }
                | What::Decided(_)
                | What::Presenting
                | What::FailedEvidence
                | What::Searched { .. },
                _,
            ) => Neighbours::default(),
        };
        let doing = Doing {
            what,
            has_contact: asking.has_contact,
            role: asking.role,
            account,
            neighbours: &neighbours,
        };
        let mut keys: Vec<_> = subjects.iter().map(|(_, key)| *key).collect();
        keys.extend(decoy);
        let (mut in_force, mut is_decoy) = (Vec::new(), false);
        let counted = self.store.update(&keys, &mut |entries| {
            in_force.clear();
            is_decoy = decoy.is_some() && entries.last().is_some_and(Option::is_some);
            for (entry, (per, _)) in entries.iter_mut().zip(&subjects) {
                let mut tally = read(entry.as_deref())?;
                in_force.extend(tally.count(&self.rules, *per, &doing, now));
                *entry = Some(tally.encode());
            }
            Ok(())
        });
        if let Err(cause) = counted {
            return self.uncounted(cause, agent, decoy, !subjects.is_empty(), what, now);
        }
        let strictest = in_force.iter().map(|held| held.response).max();
        let until = in_force.iter().filter(|held| Some(held.response) == strictest).map(|held| held.until);
        self.learn(agent, strictest.zip(until.max()), now);
        let untold = in_force.into_iter().filter(|held| !held.told);
        Verdict {
            response: strictest,
            untold: untold.map(|held| (held.rule, held.response)).collect(),
            is_decoy,
            ..Verdict::nothing()
        }
    }

    /// Whether an account is a decoy, where nobody is known who could be counted.
    pub(crate) fn is_decoy(&self, account: &AccountId) -> bool {
        let key = self.decoy(account);
        let mut is_decoy = false;
        let asked = self.store.update(&[key], &mut |entries| {
            is_decoy = entries.iter().any(Option::is_some);
            Ok(())
        });
        is_decoy || (asked.is_err() && self.local().decoys.contains(&key))
    }

    /// Notes that these trips are on record.
    pub(crate) fn told(&self, asking: &Asking<'_>, rules: &[RuleId]) -> Result<(), StoreError> {
        let keys: Vec<_> = self.subjects(asking).into_iter().map(|(_, key)| key).collect();
        self.store.update(&keys, &mut |entries| {
            for entry in entries.iter_mut().filter(|entry| entry.is_some()) {
                let mut tally = read(entry.as_deref())?;
                tally.told(rules);
                *entry = Some(tally.encode());
            }
            Ok(())
        })
    }

    /// Forgets what was counted of an agent and what is in force against it. What is in force against
    /// its employer stays.
    pub(crate) fn lift(&self, agent: &AgentId) -> Result<(), StoreError> {
        let key = self.key("agent", agent.as_str());
        self.store.update(&[key], &mut |entries| {
            for entry in entries.iter_mut().filter(|entry| entry.is_some()) {
                // One that does not decode is begun anew: a second person looked into it.
                let mut tally = read(entry.as_deref()).unwrap_or_default();
                tally.lift();
                *entry = Some(tally.encode());
            }
            Ok(())
        })?;
        self.local().agents.remove(&key);
        Ok(())
    }

    /// Makes accounts decoys, or takes that back.
    pub(crate) fn set_decoys<'a>(
        &self,
        accounts: impl Iterator<Item = &'a AccountId>,
        are_decoys: bool,
    ) -> Result<(), StoreError> {
        let keys: Vec<_> = accounts.map(|account| self.decoy(account)).collect();
        self.store.update(&keys, &mut |entries| {
            entries.fill(are_decoys.then(|| Tally::default().encode()));
            Ok(())
        })?;
        let mut local = self.local();
        for key in keys {
            if are_decoys {
                local.decoys.insert(key);
            } else {
                local.decoys.remove(&key);
            }
        }
        Ok(())
    }

    /// Whose doing it counts as.
    fn subjects(&self, asking: &Asking<'_>) -> Vec<(Per, WatchKey)> {
        let site = asking.site.map(|site| (Per::Site, self.key("site", site.as_str())));
        let mut subjects = vec![
            (Per::Agent, self.key("agent", asking.agent.as_str())),
            (Per::Employer, self.key("employer", asking.employer.as_str())),
        ];
        subjects.extend(site);
        subjects
    }

    /// Whether a rule counts this, or one that could refuse it is in force.
    fn concerns(&self, per: Per, role: Role, what: What) -> bool {
        self.rules.of(per, role).any(|rule| rule.response > Response::Alert || what.counts_for(rule.count))
    }

    /// What follows where the store failed: what was in force stays so, a decoy is one, and an agent has
    /// a few reads.
    fn uncounted(
        &self,
        cause: StoreError,
        agent: WatchKey,
        decoy: Option<WatchKey>,
        is_watched: bool,
        what: What,
        now: Timestamp,
    ) -> Verdict {
        let mut local = self.local();
        let is_decoy = decoy.is_some_and(|decoy| local.decoys.contains(&decoy));
        let mut verdict = Verdict { is_decoy, ..Verdict::nothing() };
        if !is_watched {
            return verdict;
        }
        verdict.uncounted = Some(cause);
        let fresh = Known { held: None, since: now, reads: 0 };
        if local.agents.len() >= MAX_LOCAL_AGENTS && !local.agents.contains_key(&agent) {
            verdict.is_used_up = what != What::Opened;
            return verdict;
        }
        let known = local.agents.entry(agent).or_insert(fresh);
        verdict.response = known.held.filter(|(_, until)| now < *until).map(|(response, _)| response);
        // Opening an account shows nothing yet.
        if what != What::Opened {
            if now.since(known.since).is_some_and(|age| age >= LOCAL_READS_WITHIN) {
                (known.since, known.reads) = (now, 0);
            }
            verdict.is_used_up = known.reads >= LOCAL_READS;
            // Evidence that matches takes nothing; evidence that does not is a guess.
            known.reads = known.reads.saturating_add(u32::from(what != What::Presenting));
        }
        verdict
    }

    /// Remembers what is in force. What was read uncounted stays used up for its hour: a store that
    /// comes and goes gives nothing away.
    fn learn(&self, agent: WatchKey, held: Option<(Response, Timestamp)>, now: Timestamp) {
        let held = held.filter(|(response, _)| *response > Response::Alert);
        let mut local = self.local();
        let has_room = local.agents.len() < MAX_LOCAL_AGENTS;
        match local.agents.get_mut(&agent) {
            Some(known)
                if held.is_none() && now.since(known.since).is_some_and(|age| age >= LOCAL_READS_WITHIN) =>
            {
                local.agents.remove(&agent);
            }
            Some(known) => known.held = held,
            None if held.is_some() && has_room => {
                local.agents.insert(agent, Known { held, since: now, reads: 0 });
            }
            None => {}
        }
    }

    /// The marks of the accounts whose numbers are near this one's.
    fn neighbours(&self, account: &AccountId) -> Neighbours {
        if !self.rules.rules().iter().any(|rule| rule.count == Measure::Sequence) {
            return Neighbours::default();
        }
        let step = |up: bool| {
            let near = (1..=SEQUENCE_STEP).filter_map(move |step| neighbour(account.expose(), step, up));
            near.map(|id| self.mark(&id)).collect()
        };
        Neighbours { below: step(false), above: step(true) }
    }

    fn local(&self) -> MutexGuard<'_, Local> {
        self.local.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mark(&self, account: &str) -> Mark {
        let pseudonym = self.pseudonym("account", account);
        // INVARIANT: half of 32 bytes.
        pseudonym.first_chunk().copied().unwrap_or_default()
    }

    fn decoy(&self, account: &AccountId) -> WatchKey {
        self.key("decoy", account.expose())
    }

    fn key(&self, what: &str, of: &str) -> WatchKey {
        WatchKey::from_bytes(self.pseudonym(what, of))
    }

    fn pseudonym(&self, what: &str, of: &str) -> [u8; 32] {
        self.references.mac_tuple(&[b"cpni-guard/v1/watch", what.as_bytes(), of.as_bytes()])
    }
}

impl What {
    /// Whether it changes what such a rule counts.
    const fn counts_for(self, count: Measure) -> bool {
        match count {
            Measure::Accounts | Measure::LooksAtOneAccount | Measure::Sequence | Measure::UnusualHours => {
                matches!(self, Self::Opened)
            }
            Measure::ReadsWithoutContact | Measure::RefusedShare => {
                matches!(self, Self::Read { .. } | Self::Verified { .. } | Self::Searched { .. })
            }
            Measure::SsnVerifications => {
                matches!(self, Self::Verified { ssn: true, .. } | Self::Searched { government_id: true, .. })
            }
            Measure::Searches => matches!(self, Self::Searched { .. }),
            Measure::UnlockRequests => matches!(self, Self::Decided(Action::UnlockHandset)),
            Measure::SimRequests => matches!(self, Self::Decided(Action::SimChange)),
            Measure::FailedEvidence => matches!(self, Self::FailedEvidence),
        }
    }
}

impl Verdict {
    const fn nothing() -> Self {
        Self { response: None, untold: Vec::new(), is_decoy: false, uncounted: None, is_used_up: false }
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watcher(..)")
    }
}

/// A tally that does not decode is not an empty one: nothing can be counted for this agent.
fn read(entry: Option<&[u8]>) -> Result<Tally, StoreError> {
    entry.map_or(Ok(Tally::default()), |bytes| Tally::decode(bytes).ok_or(StoreError::Damaged))
}

/// The account id whose number at the end is so much higher or lower; `None` if there is none.
pub(super) fn neighbour(id: &str, step: u8, up: bool) -> Option<Zeroizing<String>> {
    let digits = id.bytes().rev().take(MAX_DIGITS).take_while(u8::is_ascii_digit).count();
    let (front, number) = id.split_at_checked(id.len().checked_sub(digits)?)?;
    let value: u64 = number.parse().ok()?;
    let step = u64::from(step);
    let near = if up { value.checked_add(step)? } else { value.checked_sub(step)? };
    // Leading zeros keep a number's width; one without them has the width that it needs.
    let width = if number.starts_with('0') { digits } else { 0 };
    let mut made = Zeroizing::new(String::with_capacity(id.len().saturating_add(MAX_DIGITS)));
    made.push_str(front);
    fmt::Write::write_fmt(&mut *made, format_args!("{near:0width$}")).ok()?;
    Some(made)
}

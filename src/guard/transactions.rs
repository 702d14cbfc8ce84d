//! Transactions outside an interaction: the host's worker, the second person, objections, fraud, statistics.

use core::fmt;
use core::ops::Range;

use crate::audit::{AuditEvent, EventFacts};
use crate::error::{Error, InteractionError, TransactionError};
use crate::interaction::{AccountFacts, AgentSession, NoticeTarget, Secret};
use crate::transaction::{
    self, Account, ChangeRequest, ContactPoint, DecidedOn, Ended, ExecutePermit, Execution, LockKind,
    LockState, Opens, SimStatistics, Tell, Transaction, TransactionId, TransactionKind, TransactionState,
};
use crate::vocabulary::{
    AccountId, Action, AgentId, BasisId, ContactId, EstablishedBy, EventKind, EvidenceKind, Outcome,
    Timestamp,
};

use super::interaction::actor;
use super::request::plain_action;
use super::{Guard, Inner};

/// The transactions of a tenant, for the back end: from [`Guard::transactions`]. Not for an agent's tool.
#[derive(Clone)]
pub struct Transactions(Guard);

/// How a transaction stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransactionStatus {
    /// Which one.
    pub id: TransactionId,
    /// What it does.
    pub action: Action,
    /// Where it is. One whose time is over is shown as expired.
    pub state: TransactionState,
    /// When it was asked for.
    pub requested: Timestamp,
    /// Not carried out before then.
    pub not_before: Timestamp,
    /// Not carried out from then on.
    pub ends: Timestamp,
    /// Whether a second person has to approve it, and did not yet.
    pub needs_approval: bool,
    /// Who asked for it.
    pub agent: AgentId,
    /// Who approved it.
    pub approver: Option<AgentId>,
    /// Where notices of it went: each may object.
    pub notified: Vec<NoticeTarget>,
}

/// What an objection does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objection {
    /// The transaction is stopped.
    Stopped,
    /// It is on record, and the transaction goes on: a port-out, where the carrier did not switch holds on.
    Noted,
}

/// A change of an account, of those that somebody who took it over would make.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReportedChange {
    /// What the log tells of.
    pub kind: EventKind,
    /// What was done; `None`: a secret was imported, contact points were told.
    pub action: Option<Action>,
    /// The transaction, where it is one: [`Transactions::reverse`] it.
    pub transaction: Option<TransactionId>,
    /// When.
    pub at: Timestamp,
    /// Who asked for it; `None`: the back end itself.
    pub by: Option<AgentId>,
    /// On which evidence.
    pub evidence: Vec<(EvidenceKind, EstablishedBy)>,
    /// The event in the audit log.
    pub audit_index: u64,
}

/// What is known once fraud is reported, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FraudReport {
    /// Since when the account is frozen.
    pub frozen_since: Timestamp,
    /// What was stopped.
    pub stopped: Vec<TransactionId>,
    /// What the host has in its hands: [`Transactions::settle`] it first.
    pub in_doubt: Vec<TransactionId>,
    /// What changed, in the order in which to reverse it: SIM and number first, as what is set anew would
    /// reach whoever has them; then contact points; then the rest. The last change first in each.
    pub changes: Vec<ReportedChange>,
}

impl Guard {
    /// The transactions of the tenant's accounts.
    #[must_use]
    pub fn transactions(&self) -> Transactions {
        Transactions(self.clone())
    }
}

impl Transactions {
    /// How a transaction stands.
    ///
    /// # Errors
    /// [`TransactionError::NoSuchTransaction`], [`TransactionError::Unreadable`]; [`crate::error::StoreError`].
    pub fn status(&self, account: &AccountId, id: &TransactionId) -> Result<TransactionStatus, Error> {
        let mut row = self.inner().book.read(account)?;
        row.expire(self.0.now());
        Ok(TransactionStatus::of(row.find(id)?))
    }

    /// The transactions of an account that are kept, oldest first.
    ///
    /// # Errors
    /// [`TransactionError::Unreadable`]; [`crate::error::StoreError`].
    pub fn of(&self, account: &AccountId) -> Result<Vec<TransactionStatus>, Error> {
        let mut row = self.inner().book.read(account)?;
        row.expire(self.0.now());
        Ok(row.transactions.iter().map(TransactionStatus::of).collect())
    }

    /// The customer's lock. The host's own ([`crate::interaction::AccountFacts`]) hold beside it.
    ///
    /// # Errors
    /// [`TransactionError::Unreadable`], [`crate::error::StoreError`]: it is on.
    pub fn lock(&self, account: &AccountId, kind: LockKind) -> Result<LockState, Error> {
        Ok(self.inner().book.read(account)?.lock(kind))
    }

    /// Somebody who was told that a lock goes did not ask for it: it stays. Recorded. Whoever says so, it does
    /// no harm: the customer asks again.
    ///
    /// # Errors
    /// [`TransactionError::WrongState`] if it does not go, or is gone; as [`Transactions::confirm`].
    pub fn keep_lock(&self, account: &AccountId, kind: LockKind) -> Result<(), Error> {
        let mut event = self.0.event(EventKind::LockSet, self.0.now());
        event.basis = Some(BasisId::new(kind.name())?);
        event.action = Some(plain_action(kind.action()));
        self.step(account, event, Opens::No, |one, now| one.keep_lock(kind, now))
    }

    /// A second person approves a transaction: somebody else, of the carrier, whom the directory lets
    /// approve and whose training is current, signed in with a session of their own. `shown` is the change
    /// that this person was shown: an approval of another target is none.
    ///
    /// # Errors
    /// [`InteractionError::MayNotApprove`]; [`TransactionError`]: recorded, and nothing is approved;
    /// [`crate::error::AuditError`], [`crate::error::StoreError`].
    pub fn approve(
        &self,
        account: &AccountId,
        id: &TransactionId,
        shown: &ChangeRequest,
        approver: &AgentSession,
    ) -> Result<(), Error> {
        let (now, book) = (self.0.now(), &self.inner().book);
        let asked_by = book.read(account)?.find(id)?.agent.clone();
        let found = self.inner().hosts.approver(approver, &asked_by, now)?;
        let mut event = self.event(EventKind::TransactionApproved, shown.action(), id, now)?;
        event.actor = found.as_ref().map(|(profile, _)| actor(profile));
        let Some((profile, true)) = found else {
            return self.refused(event, account, InteractionError::MayNotApprove.into());
        };
        let (line, target) = book.digests(account, shown);
        let approve = |one: &mut Account, _| one.approve(id, (shown.action(), line, target), &profile.id);
        self.step(account, event, Opens::Yes, approve).map(drop)
    }

    /// Leave to carry out a transaction that waited, for the host's worker: once its wait is over and its
    /// second person approved. One that waited for nothing is permitted in its own interaction only.
    ///
    /// # Errors
    /// [`TransactionError`]: recorded; [`crate::error::AuditError`], [`crate::error::StoreError`].
    pub fn permit(
        &self,
        account: &AccountId,
        id: &TransactionId,
        change: &ChangeRequest,
    ) -> Result<ExecutePermit, Error> {
        let now = self.0.now();
        let event = self.event(EventKind::TransactionPermitted, change.action(), id, now)?;
        let (book, host) = (&self.inner().book, self.host_facts(account));
        let stated = book.stated(account, change, self.decided_on(account, &host, now), None);
        let permit = book.permit(account, id, stated, now, |told| self.tell(&event, account, &told));
        permit.or_else(|failed| self.refused(event.clone(), account, failed))
    }

    /// Uses a permit up. As [`super::Interaction::execute`], for a transaction that waited.
    ///
    /// # Errors
    /// As [`Transactions::permit`]: do nothing then.
    pub fn execute(&self, permit: ExecutePermit, change: &ChangeRequest) -> Result<Execution, Error> {
        let (now, account) = (self.0.now(), permit.account().clone());
        let event = self.event(EventKind::TransactionExecuting, change.action(), &permit.id(), now)?;
        let (book, host) = (&self.inner().book, self.host_facts(&account));
        let stated = book.stated(&account, change, self.decided_on(&account, &host, now), None);
        let execution = book.execute(&permit, stated, now, |told| self.tell(&event, &account, &told));
        execution.or_else(|failed| self.refused(event.clone(), &account, failed))
    }

    /// The host carried it out. Recorded. May be said again where it failed.
    ///
    /// # Errors
    /// [`TransactionError`]; [`crate::error::AuditError`], [`crate::error::StoreError`]: it is still executing.
    pub fn confirm(&self, execution: &Execution) -> Result<(), Error> {
        self.finish(execution, EventKind::TransactionConfirmed, None)
    }

    /// The host did not carry it out, and will not. Recorded.
    ///
    /// # Errors
    /// As [`Transactions::confirm`].
    pub fn not_done(&self, execution: &Execution) -> Result<(), Error> {
        self.finish(execution, EventKind::TransactionEnded, Some(TransactionError::NotDone))
    }

    /// Somebody looked into the host's own systems, after a process died with an execution in its hands:
    /// it was carried out, or it was not.
    ///
    /// # Errors
    /// [`InteractionError::UnknownAgent`]; [`TransactionError::WrongState`] if it is not executing; as
    /// [`Transactions::confirm`].
    pub fn settle(
        &self,
        account: &AccountId,
        id: &TransactionId,
        is_done: bool,
        by: &AgentSession,
    ) -> Result<(), Error> {
        let now = self.0.now();
        let action = self.inner().book.read(account)?.find(id)?.action;
        let kind = if is_done { EventKind::TransactionConfirmed } else { EventKind::TransactionEnded };
        let mut event = self.event(kind, action, id, now)?;
        event.actor = Some(self.0.actor_of(by)?);
        event.cause = if is_done { 0 } else { Error::from(TransactionError::NotDone).code().get() };
        self.step(account, event, Opens::No, |one, now| one.finish(id, None, is_done, now))
    }

    /// Somebody who was notified says that they did not ask for this: stops it. `from` is the contact point
    /// from which the host's system has it.
    ///
    /// # Errors
    /// [`TransactionError::NotNotifiedThere`]; [`TransactionError::WrongState`] if it is too late: report
    /// fraud; as [`Transactions::confirm`].
    pub fn object(
        &self,
        account: &AccountId,
        id: &TransactionId,
        from: &NoticeTarget,
    ) -> Result<Objection, Error> {
        let now = self.0.now();
        let action = self.inner().book.read(account)?.find(id)?.action;
        let kind = TransactionKind::of(action).unwrap_or(TransactionKind::AccountChange);
        let holds = self.inner().transaction_rules.holds(kind);
        let mut event = self.event(EventKind::TransactionObjected, action, id, now)?;
        if !holds {
            event.cause = Error::from(TransactionError::PortNotHeld).code().get();
        }
        let ended = self.ended(action, id, &TransactionError::Objected, now)?;
        let object = |one: &mut Account, _| one.object(id, from, holds);
        let stopped = self.inner().book.step(account, now, Opens::No, object, |tell| {
            let is_stopped = matches!(tell, Tell::Step(true));
            self.tell(&event, account, &tell)?;
            if is_stopped {
                self.record(ended.clone(), account)?;
            }
            Ok(())
        })?;
        Ok(if stopped { Objection::Stopped } else { Objection::Noted })
    }

    /// Takes over which contact points an account has now, the telephone number of record apart: all of
    /// them. Those that are not named any more went now. The first time they are believed as they are; a point
    /// that is named later is there from then, and is told of nothing for
    /// [`transaction::CONTACT_LOOK_BACK_DAYS`]. Recorded, but not which.
    ///
    /// # Errors
    /// [`TransactionError::Full`], [`TransactionError::Unreadable`]; as [`Transactions::confirm`].
    pub fn set_contact_points(&self, account: &AccountId, points: &[ContactPoint]) -> Result<(), Error> {
        let event = self.0.event(EventKind::ContactPointsChanged, self.0.now());
        self.step(account, event, Opens::Yes, |one, now| one.set_points(points, now))
    }

    /// Fraud is reported: all that can be stopped is stopped, and nothing is asked for, permitted or
    /// executed until it is remedied ([`Transactions::remedied`]). Gives what changed since `since`, by whom and
    /// on which evidence, and the order in which to reverse it (47 CFR 64.2010(h)(6), adopted and not yet required).
    ///
    /// # Errors
    /// [`InteractionError::UnknownAgent`]; [`crate::error::AuditError`], [`crate::error::StoreError`]: it may be
    /// frozen; report again.
    pub fn report_fraud(
        &self,
        account: &AccountId,
        case: &ContactId,
        since: Timestamp,
        by: &AgentSession,
    ) -> Result<FraudReport, Error> {
        let now = self.0.now();
        let mut event = self.0.event(EventKind::FraudReported, now);
        (event.actor, event.case) = (Some(self.0.actor_of(by)?), Some(case.clone()));
        let freeze = |one: &mut Account, now| {
            let stopped = one.freeze(now);
            let is_in_doubt = |one: &&Transaction| one.state == TransactionState::Executing;
            let in_doubt = one.transactions.iter().filter(is_in_doubt).map(|one| one.id).collect();
            Ok((stopped, in_doubt, one.frozen.unwrap_or(now)))
        };
        let frozen = TransactionError::Frozen;
        let (stopped, in_doubt, frozen_since) =
            self.inner().book.step(account, now, Opens::No, freeze, |tell| {
                let stopped: &[Ended] = match &tell {
                    Tell::Step((stopped, ..)) => stopped,
                    Tell::Expired(_) => &[],
                };
                self.tell(&event, account, &tell)?;
                stopped
                    .iter()
                    .try_for_each(|one| self.record(self.ended(one.action, &one.id, &frozen, now)?, account))
            })?;
        Ok(FraudReport {
            frozen_since,
            stopped: stopped.into_iter().map(|one| one.id).collect(),
            in_doubt,
            changes: self.changes(account, since)?,
        })
    }

    /// What was carried out was taken back by the host. Recorded.
    ///
    /// # Errors
    /// [`InteractionError::UnknownAgent`]; [`TransactionError::WrongState`] if it was not confirmed; as
    /// [`Transactions::confirm`].
    pub fn reverse(&self, account: &AccountId, id: &TransactionId, by: &AgentSession) -> Result<(), Error> {
        let now = self.0.now();
        let action = self.inner().book.read(account)?.find(id)?.action;
        let mut event = self.event(EventKind::TransactionReversed, action, id, now)?;
        event.actor = Some(self.0.actor_of(by)?);
        self.step(account, event, Opens::No, |one, now| one.reverse(id, now))
    }

    /// The fraud is remedied: the account is free again. How long that took stands in the statistics.
    ///
    /// # Errors
    /// [`InteractionError::UnknownAgent`]; [`TransactionError::NotFrozen`]; as [`Transactions::confirm`].
    pub fn remedied(&self, account: &AccountId, case: &ContactId, by: &AgentSession) -> Result<(), Error> {
        let mut event = self.0.event(EventKind::FraudRemedied, self.0.now());
        (event.actor, event.case) = (Some(self.0.actor_of(by)?), Some(case.clone()));
        self.step(account, event, Opens::Yes, |one, _| one.thaw().map(drop))
    }

    /// The records of SIM change requests of a period, as 47 CFR 64.2010(h)(8) asks for them (adopted and not
    /// yet required; read in a secondary source). Reads the whole log; ask for at most
    /// [`crate::oversight::SIM_CHANGE_RECORD_YEARS`] years.
    ///
    /// # Errors
    /// [`crate::error::AuditError`] if the log cannot be read: never a part as the whole.
    pub fn sim_statistics(&self, period: &Range<Timestamp>) -> Result<SimStatistics, Error> {
        Ok(transaction::gather(&self.inner().audit, period)?)
    }

    fn changes(&self, account: &AccountId, since: Timestamp) -> Result<Vec<ReportedChange>, Error> {
        let end = Timestamp::from_micros(u64::MAX);
        let mut asked: Vec<AuditEvent> = Vec::new();
        let mut changes = Vec::new();
        for answer in self.inner().audit.about(account, Timestamp::default()..end) {
            let (audit_index, event) = answer?;
            if event.facts.kind == EventKind::TransactionRequested {
                asked.push(event);
                continue;
            }
            if event.facts.time < since || !is_change(&event.facts) {
                continue;
            }
            let EventFacts { kind, time, basis, .. } = &event.facts;
            let is_transaction = *kind == EventKind::TransactionConfirmed;
            // The host confirms; who asked, and on which evidence, stands in the request.
            let request = asked.iter().find(|one| is_transaction && one.facts.basis == *basis);
            let who = request.unwrap_or(&event);
            let id = basis.as_ref().filter(|_| is_transaction);
            changes.push(ReportedChange {
                kind: *kind,
                action: event.facts.action.as_ref().map(|action| action.action),
                transaction: id.and_then(|id| id.as_str().parse().ok()),
                at: *time,
                by: who.facts.actor.as_ref().map(|actor| actor.agent.clone()),
                evidence: who.facts.evidence.clone(),
                audit_index,
            });
        }
        changes.sort_by_key(|change| (place(change.action), core::cmp::Reverse(change.audit_index)));
        Ok(changes)
    }

    fn decided_on<'d>(&self, account: &AccountId, host: &'d AccountFacts, now: Timestamp) -> DecidedOn<'d> {
        let ledger = &self.inner().ledger;
        let port_passcode = ledger.has(Secret::PortPasscode, &ledger.account_ref(account)).ok();
        DecidedOn { policy: self.0.policy_hash(now), host, port_passcode }
    }

    fn host_facts(&self, account: &AccountId) -> AccountFacts {
        let Inner { hosts, ledger, .. } = self.inner();
        hosts.account_facts(account, ledger, &ledger.account_ref(account))
    }

    fn finish(
        &self,
        execution: &Execution,
        kind: EventKind,
        failed: Option<TransactionError>,
    ) -> Result<(), Error> {
        let (now, account, id) = (self.0.now(), execution.account(), execution.id());
        let action = self.inner().book.read(account)?.find(&id)?.action;
        let mut event = self.event(kind, action, &id, now)?;
        let is_done = failed.is_none();
        event.cause = failed.map_or(0, |cause| Error::from(cause).code().get());
        let finished =
            self.inner().book.finish(execution, is_done, now, |tell| self.tell(&event, account, &tell));
        finished.or_else(|failed| self.refused(event.clone(), account, failed))
    }

    fn step<T>(
        &self,
        account: &AccountId,
        event: EventFacts,
        opens: Opens,
        apply: impl FnMut(&mut Account, Timestamp) -> Result<T, TransactionError>,
    ) -> Result<T, Error> {
        let tell = |tell: Tell<'_, T>| self.tell(&event, account, &tell);
        let done = self.inner().book.step(account, event.time, opens, apply, tell);
        done.or_else(|failed| self.refused(event.clone(), account, failed))
    }

    /// Records `event` for a step, and its end for a transaction whose time was over.
    fn tell<T>(&self, event: &EventFacts, account: &AccountId, tell: &Tell<'_, T>) -> Result<(), Error> {
        match tell {
            Tell::Expired(one) => self.record_expired(one, account, event.time),
            Tell::Step(_) => self.record(event.clone(), account),
        }
    }

    /// Records that a transaction's time was over: under the interaction that asked for it, and without an
    /// actor, as whoever came upon it did nothing to it.
    pub(super) fn record_expired(
        &self,
        one: &Ended,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut ended = self.ended(one.action, &one.id, &TransactionError::TimedOut, now)?;
        ended.interaction = one.interaction;
        self.record(ended, account)
    }

    /// Records that a step was refused, before that is reported.
    fn refused<T>(&self, mut event: EventFacts, account: &AccountId, failed: Error) -> Result<T, Error> {
        event.cause = failed.code().get();
        self.record(event, account)?;
        Err(failed)
    }

    fn event(
        &self,
        kind: EventKind,
        action: Action,
        id: &TransactionId,
        now: Timestamp,
    ) -> Result<EventFacts, Error> {
        let mut facts = self.0.event(kind, now);
        facts.basis = Some(BasisId::new(id.to_string())?);
        facts.action = Some(plain_action(action));
        Ok(facts)
    }

    fn ended(
        &self,
        action: Action,
        id: &TransactionId,
        cause: &TransactionError,
        now: Timestamp,
    ) -> Result<EventFacts, Error> {
        let mut facts = self.event(EventKind::TransactionEnded, action, id, now)?;
        facts.cause = Error::from(cause.clone()).code().get();
        Ok(facts)
    }

    fn record(&self, facts: EventFacts, account: &AccountId) -> Result<(), Error> {
        self.inner().audit.record(facts, Some(account))?;
        Ok(())
    }

    fn inner(&self) -> &Inner {
        &self.0.0
    }
}

impl TransactionStatus {
    fn of(one: &Transaction) -> Self {
        Self {
            id: one.id,
            action: one.action,
            state: one.state,
            requested: one.requested,
            not_before: one.not_before,
            ends: one.ends,
            needs_approval: one.second_person && one.approver.is_none(),
            agent: one.agent.clone(),
            approver: one.approver.clone(),
            notified: one.notified.clone(),
        }
    }
}

impl fmt::Debug for Transactions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transactions(..)")
    }
}

/// Whether an event tells of a change that whoever took an account over would make.
fn is_change(facts: &EventFacts) -> bool {
    if facts.cause != 0 {
        return false;
    }
    // A host that does not use transactions decides the action, and makes the change itself.
    let decided = facts.kind == EventKind::Decided
        && facts
            .action
            .as_ref()
            .is_some_and(|one| one.outcome != Outcome::Withhold && TransactionKind::of(one.action).is_some());
    let kinds = [
        EventKind::TransactionConfirmed,
        EventKind::SecretImported,
        EventKind::ContactPointsChanged,
        EventKind::LockRemovalAsked,
    ];
    decided || kinds.contains(&facts.kind)
}

/// What is reversed first.
const fn place(action: Option<Action>) -> u8 {
    match action {
        Some(Action::SimChange | Action::PortOut | Action::ChangeNumberOfRecord) => 0,
        Some(Action::ChangeEmailOfRecord | Action::ChangeAddressOfRecord) => 1,
        Some(
            Action::CreateOnlineAccount
            | Action::CreatePassword
            | Action::ResetPassword
            | Action::ChangeBackupAnswer
            | Action::UnlockHandset
            | Action::OutboundApprovalRequest
            | Action::TakePaymentCard,
        )
        | None => 2,
    }
}

//! The steps of the state machine, on one account in memory (`docs/spec/transactions-v1.md` §2).
//!
//! Rules: a step checks all of its guards or changes nothing; nothing here reads a clock, a store or a
//! key. The book puts what comes out in place of what went in, in one step for all processes.

use core::time::Duration;

use crate::error::TransactionError;
use crate::hazmat::equal;
use crate::interaction::{ContactChannel, NoticeTarget};
use crate::vocabulary::{Action, AgentId, ContactPointId, Timestamp};

use super::contacts::{ContactPoint, KnownPoint, MAX_CONTACT_POINTS, PointOrigin, is_old};
use super::kind::{LockKind, TransactionId, TransactionState as State};
use super::row::{Account, LockState, MAX_TRANSACTIONS, Transaction};

/// How long a transaction may be carried out once nothing is waited for. Library default.
pub const TRANSACTION_LIFE: Duration = Duration::from_secs(24 * 3600);
/// How long a permit is good. Library default: about as long as a provisioning system takes to be asked.
pub const PERMIT_LIFE: Duration = Duration::from_secs(10 * 60);

/// How long a request may take to be decided and notified. Library default.
pub const REQUEST_LIFE: Duration = Duration::from_secs(10 * 60);

/// What is stated at a step, to be compared with what was asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stated {
    pub(crate) action: Action,
    pub(crate) line: [u8; 32],
    pub(crate) target: [u8; 32],
    /// The facts now.
    pub(crate) facts: [u8; 32],
    /// In which interaction; `None`: in none, by the host's own worker.
    pub(crate) interaction: Option<[u8; 16]>,
}

/// What a request waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Waits {
    pub(crate) time: Duration,
    pub(crate) second_person: bool,
}

/// A transaction that ended by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) id: TransactionId,
    pub(crate) action: Action,
    pub(crate) interaction: [u8; 16],
}

impl Account {
    pub(crate) fn find(&self, id: &TransactionId) -> Result<&Transaction, TransactionError> {
        self.transactions
            .iter()
            .find(|transaction| transaction.id == *id)
            .ok_or(TransactionError::NoSuchTransaction)
    }

    fn find_mut(&mut self, id: &TransactionId) -> Result<&mut Transaction, TransactionError> {
        self.transactions
            .iter_mut()
            .find(|transaction| transaction.id == *id)
            .ok_or(TransactionError::NoSuchTransaction)
    }

    /// Ends what has run out of time. What the host has in its hands does not.
    pub(crate) fn expire(&mut self, now: Timestamp) -> Vec<Ended> {
        let over = self.transactions.iter_mut().filter(|one| one.state.is_stoppable() && now >= one.ends);
        over.map(|one| {
            one.state = State::Expired;
            one.ended()
        })
        .collect()
    }

    /// Takes a request: nobody else's for the same line from now on.
    pub(crate) fn request(&mut self, new: Transaction) -> Result<(), TransactionError> {
        self.check_frozen()?;
        let is_same = |one: &Transaction| one.action == new.action && one.line == new.line;
        if self.transactions.iter().any(|one| one.state.is_open() && is_same(one)) {
            return Err(TransactionError::AlreadyUnderWay);
        }
        if self.transactions.len() >= MAX_TRANSACTIONS {
            self.forget_one()?;
        }
        self.transactions.push(new);
        Ok(())
    }

    /// Policy and risk let it go on.
    pub(crate) fn decide(&mut self, id: &TransactionId) -> Result<(), TransactionError> {
        let one = self.find_mut(id)?;
        one.go(&[State::Requested], State::Decided)
    }

    /// Policy, risk, a limit, or that nobody could be told, stops it.
    pub(crate) fn refuse(&mut self, id: &TransactionId) -> Result<(), TransactionError> {
        let one = self.find_mut(id)?;
        one.go(&[State::Requested, State::Decided], State::Refused)
    }

    /// Its notices are queued: from here on there may be a permit, at once or after what it waits for.
    pub(crate) fn notify(
        &mut self,
        id: &TransactionId,
        told: &[NoticeTarget],
        suppressed: bool,
        waits: Waits,
        facts: [u8; 32],
        now: Timestamp,
    ) -> Result<(), TransactionError> {
        self.check_frozen()?;
        let kind = self.find(id)?.kind();
        self.check_lock(kind.lock(), now)?;
        if told.is_empty() != suppressed {
            return Err(TransactionError::NotNotified);
        }
        let one = self.find_mut(id)?;
        let must_wait = waits != Waits::default();
        one.go(&[State::Decided], if must_wait { State::Waiting } else { State::Notified })?;
        (one.waits, one.second_person, one.suppressed) = (must_wait, waits.second_person, suppressed);
        one.facts = facts;
        one.not_before = now.plus(waits.time);
        one.ends = one.not_before.plus(TRANSACTION_LIFE);
        one.notified = told.to_vec();
        Ok(())
    }

    /// A second person, who was shown this change, approves it.
    pub(crate) fn approve(
        &mut self,
        id: &TransactionId,
        shown: (Action, [u8; 32], [u8; 32]),
        by: &AgentId,
    ) -> Result<(), TransactionError> {
        self.check_frozen()?;
        let one = self.find_mut(id)?;
        one.check_state(&[State::Waiting])?;
        one.check_same(shown)?;
        if one.agent == *by {
            return Err(TransactionError::NeedsApproval);
        }
        one.approver = Some(by.clone());
        Ok(())
    }

    /// Gives out a permit with this nonce. One at a time is good.
    pub(crate) fn permit(
        &mut self,
        id: &TransactionId,
        stated: &Stated,
        nonce: [u8; 16],
        now: Timestamp,
    ) -> Result<Timestamp, TransactionError> {
        let one = self.find(id)?;
        one.check_state(&[State::Notified, State::Waiting, State::Permitted])?;
        if one.state == State::Permitted && now < one.permit_ends {
            return Err(TransactionError::WrongState);
        }
        self.check_ready(one, stated, now)?;
        let one = self.find_mut(id)?;
        one.state = State::Permitted;
        one.nonce = nonce;
        one.permit_ends = now.plus(PERMIT_LIFE).min(one.ends);
        Ok(one.permit_ends)
    }

    /// Hands it to the host: every guard once more.
    pub(crate) fn execute(
        &mut self,
        id: &TransactionId,
        stated: &Stated,
        nonce: &[u8; 16],
        now: Timestamp,
    ) -> Result<(), TransactionError> {
        let one = self.find(id)?;
        // Whether the permit itself is good is said first: a used one must not look like a late one.
        if one.nonce != *nonce || !matches!(one.state, State::Permitted | State::Expired) {
            return Err(match one.state {
                State::Permitted | State::Executing | State::Confirmed | State::Reversed => {
                    TransactionError::PermitUsed
                }
                State::Requested
                | State::Decided
                | State::Notified
                | State::Waiting
                | State::Refused
                | State::Cancelled
                | State::Expired => TransactionError::WrongState,
            });
        }
        if one.state == State::Expired {
            return Err(TransactionError::TimedOut);
        }
        if now >= one.permit_ends {
            return Err(TransactionError::PermitExpired);
        }
        self.check_ready(one, stated, now)?;
        self.find_mut(id)?.go(&[State::Permitted], State::Executing)
    }

    /// The host says how it went, with the nonce that it was handed over under; or, without, after it
    /// looked into its own systems.
    pub(crate) fn finish(
        &mut self,
        id: &TransactionId,
        nonce: Option<&[u8; 16]>,
        is_done: bool,
        now: Timestamp,
    ) -> Result<(), TransactionError> {
        let one = self.find_mut(id)?;
        if nonce.is_some_and(|nonce| one.nonce != *nonce) {
            return Err(TransactionError::PermitUsed);
        }
        one.go(&[State::Executing], if is_done { State::Confirmed } else { State::Cancelled })?;
        let (action, brings) = (one.action, one.brings.clone());
        if is_done {
            self.take_effect(id, action, brings, now);
        }
        Ok(())
    }

    /// Stops it, as long as the host does not have it in its hands.
    pub(crate) fn cancel(&mut self, id: &TransactionId) -> Result<(), TransactionError> {
        self.find_mut(id)?.stop()
    }

    /// Somebody who was notified objects. `true`: it is stopped.
    pub(crate) fn object(
        &mut self,
        id: &TransactionId,
        from: &NoticeTarget,
        holds: bool,
    ) -> Result<bool, TransactionError> {
        let one = self.find_mut(id)?;
        if !one.notified.contains(from) {
            return Err(TransactionError::NotNotifiedThere);
        }
        if !one.state.is_stoppable() {
            return Err(TransactionError::WrongState);
        }
        if holds {
            one.stop()?;
        }
        Ok(holds)
    }

    /// Freezes the account and stops all that can be stopped.
    pub(crate) fn freeze(&mut self, now: Timestamp) -> Vec<Ended> {
        self.frozen.get_or_insert(now);
        let open = self.transactions.iter_mut().filter(|one| one.state.is_stoppable());
        open.map(|one| {
            one.state = State::Cancelled;
            one.ended()
        })
        .collect()
    }

    /// The fraud is remedied. Since when it was frozen.
    pub(crate) fn thaw(&mut self) -> Result<Timestamp, TransactionError> {
        self.frozen.take().ok_or(TransactionError::NotFrozen)
    }

    /// What had been done was taken back. A SIM that moved back moved, too.
    pub(crate) fn reverse(&mut self, id: &TransactionId, now: Timestamp) -> Result<(), TransactionError> {
        let one = self.find_mut(id)?;
        one.go(&[State::Confirmed], State::Reversed)?;
        if changes_number(one.action) {
            self.number_changed = Some(now);
        }
        let brought = PointOrigin::Transaction(*id);
        let gone = self.points.iter_mut().filter(|point| point.origin == brought && point.until.is_none());
        gone.for_each(|point| point.until = Some(now));
        Ok(())
    }

    pub(crate) fn set_lock(&mut self, kind: LockKind) {
        *self.lock_mut(kind) = LockState::On;
    }

    /// Has a lock go when its delay is over. Asking again does not make it longer. When it goes.
    pub(crate) fn remove_lock(
        &mut self,
        kind: LockKind,
        delay: Duration,
        now: Timestamp,
    ) -> Result<Timestamp, TransactionError> {
        self.check_frozen()?;
        let lock = self.lock_mut(kind);
        let until = match *lock {
            LockState::OnUntil(until) if now < until => until,
            LockState::Off | LockState::OnUntil(_) => return Err(TransactionError::WrongState),
            LockState::On => now.plus(delay),
        };
        *lock = LockState::OnUntil(until);
        Ok(until)
    }

    /// Takes the removal of a lock back.
    pub(crate) fn keep_lock(&mut self, kind: LockKind, now: Timestamp) -> Result<(), TransactionError> {
        let lock = self.lock_mut(kind);
        match *lock {
            LockState::OnUntil(until) if now < until => *lock = LockState::On,
            LockState::Off | LockState::On | LockState::OnUntil(_) => {
                return Err(TransactionError::WrongState);
            }
        }
        Ok(())
    }

    /// Takes over the contact points that the host says the account has now. The first time they are
    /// believed as they are; what is told later is there from then, whatever it says of itself.
    pub(crate) fn set_points(
        &mut self,
        told: &[ContactPoint],
        now: Timestamp,
    ) -> Result<(), TransactionError> {
        let is_first = self.points.is_empty();
        let is_told =
            |point: &KnownPoint| told.iter().any(|one| one.id == point.id && one.channel == point.channel);
        for point in self.points.iter_mut().filter(|point| point.until.is_none() && !is_told(point)) {
            point.until = Some(now);
        }
        for one in told.iter().filter(|one| one.channel != ContactChannel::NumberOfRecord) {
            let is_there = |point: &KnownPoint| {
                point.until.is_none() && point.id == one.id && point.channel == one.channel
            };
            if self.points.iter().any(is_there) {
                continue;
            }
            let origin = match (is_first, one.from_the_beginning) {
                (true, true) => PointOrigin::ServiceInitiation,
                (true, false) | (false, _) => PointOrigin::Host,
            };
            let since = if is_first { one.since.min(now) } else { now };
            self.bring(
                KnownPoint { id: one.id.clone(), channel: one.channel, origin, since, until: None },
                now,
            )?;
        }
        Ok(())
    }

    /// Whether the lock is off.
    pub(crate) fn check_lock(&self, lock: Option<LockKind>, now: Timestamp) -> Result<(), TransactionError> {
        match lock {
            Some(kind) if self.lock(kind).is_on(now) => Err(TransactionError::Locked),
            Some(_) | None => Ok(()),
        }
    }

    pub(crate) const fn check_frozen(&self) -> Result<(), TransactionError> {
        if self.frozen.is_some() { Err(TransactionError::Frozen) } else { Ok(()) }
    }

    /// The guards of a permit, which hold at its execution as well.
    fn check_ready(
        &self,
        one: &Transaction,
        stated: &Stated,
        now: Timestamp,
    ) -> Result<(), TransactionError> {
        self.check_frozen()?;
        self.check_lock(one.kind().lock(), now)?;
        if now >= one.ends {
            return Err(TransactionError::TimedOut);
        }
        one.check_same((stated.action, stated.line, stated.target))?;
        if !one.waits && stated.interaction != Some(one.interaction) {
            return Err(TransactionError::AnotherInteraction);
        }
        if one.facts != stated.facts {
            return Err(TransactionError::FactsChanged);
        }
        if now < one.not_before {
            return Err(TransactionError::NotYet);
        }
        if one.second_person && one.approver.is_none() {
            return Err(TransactionError::NeedsApproval);
        }
        Ok(())
    }

    /// What the account looks like once the host did it.
    fn take_effect(
        &mut self,
        id: &TransactionId,
        action: Action,
        brings: Option<(ContactChannel, ContactPointId)>,
        now: Timestamp,
    ) {
        if changes_number(action) {
            self.number_changed = Some(now);
        }
        // Of a host that told no points its address on file counts, with its own age.
        let brings = brings.filter(|_| !self.points.is_empty());
        let Some((channel, point)) = brings.filter(|(channel, _)| *channel != ContactChannel::NumberOfRecord)
        else {
            return;
        };
        for before in self.points.iter_mut().filter(|one| one.channel == channel && one.until.is_none()) {
            before.until = Some(now);
        }
        let origin = PointOrigin::Transaction(*id);
        let brought = KnownPoint { id: point, channel, origin, since: now, until: None };
        // It is done: where there is no room, the host's next telling of its points brings it in.
        let _room = self.bring(brought, now).is_ok();
    }

    /// Only a point that is not told any more makes room: nobody pushes the old ones out by many changes.
    fn bring(&mut self, point: KnownPoint, now: Timestamp) -> Result<(), TransactionError> {
        if self.points.len() >= MAX_CONTACT_POINTS {
            let is_forgotten = |one: &KnownPoint| one.until.is_some_and(|until| is_old(until, now));
            let at = self.points.iter().position(is_forgotten).ok_or(TransactionError::Full)?;
            self.points.remove(at);
        }
        self.points.push(point);
        Ok(())
    }

    /// Makes room: the oldest that is closed, one that was done only where there is no other.
    fn forget_one(&mut self) -> Result<(), TransactionError> {
        let place = |wanted: fn(State) -> bool| self.transactions.iter().position(|one| wanted(one.state));
        let undone = place(|state| matches!(state, State::Refused | State::Cancelled | State::Expired));
        let at = undone.or_else(|| place(|state| !state.is_open())).ok_or(TransactionError::Full)?;
        self.transactions.remove(at);
        Ok(())
    }
}

impl Transaction {
    fn check_state(&self, from: &[State]) -> Result<(), TransactionError> {
        match self.state {
            state if from.contains(&state) => Ok(()),
            State::Expired => Err(TransactionError::TimedOut),
            State::Requested
            | State::Decided
            | State::Notified
            | State::Waiting
            | State::Permitted
            | State::Executing
            | State::Confirmed
            | State::Refused
            | State::Cancelled
            | State::Reversed => Err(TransactionError::WrongState),
        }
    }

    fn go(&mut self, from: &[State], to: State) -> Result<(), TransactionError> {
        self.check_state(from)?;
        self.state = to;
        Ok(())
    }

    fn stop(&mut self) -> Result<(), TransactionError> {
        if !self.state.is_stoppable() {
            return Err(TransactionError::WrongState);
        }
        self.state = State::Cancelled;
        Ok(())
    }

    fn check_same(&self, shown: (Action, [u8; 32], [u8; 32])) -> Result<(), TransactionError> {
        let (action, line, target) = shown;
        let same = equal(&self.line, &line) & equal(&self.target, &target);
        if self.action == action && same { Ok(()) } else { Err(TransactionError::AnotherTarget) }
    }

    fn ended(&self) -> Ended {
        Ended { id: self.id, action: self.action, interaction: self.interaction }
    }
}

/// Whether the telephone number of record is reached by another SIM, or is another number, after it.
const fn changes_number(action: Action) -> bool {
    matches!(action, Action::SimChange | Action::ChangeNumberOfRecord)
}

#[cfg(test)]
mod tests;

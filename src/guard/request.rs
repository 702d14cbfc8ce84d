//! A transaction from an interaction: asked for, decided, notified, permitted, executed; and locks.
//!
//! Each step is recorded before it counts. What an agent or a customer asks for is decided by policy with
//! the locks as they are, then by the rules of risk; a request that is refused is a transaction that ended.

use crate::audit::ActionRecord;
use crate::error::{Error, InteractionError, TransactionError};
use crate::interaction::{Notice, NoticeAbout, NoticeAddress, NoticeTarget, TransactionNotice};
use crate::oversight::watch::{Response, What};
use crate::policy::Decision;
use crate::transaction::{
    Account, ChangeRequest, Contacts, DecidedOn, ExecutePermit, Execution, HostRisk, LockKind, NextStep,
    Opens, RiskFact, RiskFacts, Stated, Tell, Transaction, TransactionId, TransactionKind, Waits,
    YOUNG_ACCOUNT, limits_of,
};
use crate::vocabulary::{
    Action, BasisId, EventKind, EvidenceKind, Obligation, Obligations, Outcome, Requester, RuleId, Timestamp,
    WithheldBecause,
};

use super::interaction::{Interaction, action_record};

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Requested {
    /// The transaction.
    pub id: TransactionId,
    /// What it does.
    pub action: Action,
    /// When it was asked for.
    pub at: Timestamp,
    /// What policy decided, with its reasons, and what would help.
    pub decision: Decision,
    /// What was held to be so of the request.
    pub risk: RiskFacts,
    /// The rules of risk that applied.
    pub risk_rules: Vec<RuleId>,
    /// Where notices of it went; empty where the law suppresses them, and where it is refused.
    pub notified: Vec<NoticeTarget>,
    /// What happens next.
    pub next: NextStep,
    /// For a simple port that is refused: the rules of the host's own that refuse it for more than 47 CFR
    /// 52.36 lets a carrier ask for. Such a refusal is not the library's.
    pub beyond_simple_port: Vec<RuleId>,
}

impl Requested {
    /// What the customer is told: what happens next, and how to object. Without a value.
    #[must_use]
    pub fn for_customer(&self) -> String {
        self.next.for_customer(self.action, self.at)
    }
}

/// That a lock goes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockRemoval {
    /// From then on it is off.
    pub until: Timestamp,
    /// What the customer is told.
    pub for_customer: String,
}

impl Interaction {
    /// Asks for a change. It is decided, customers are told where they could be reached before, and what
    /// happens next is said: it may be carried out ([`Interaction::permit`]), waits, or is refused.
    ///
    /// # Errors
    /// [`TransactionError::AlreadyUnderWay`], [`TransactionError::Frozen`], [`TransactionError::Full`],
    /// [`TransactionError::Unreadable`], [`TransactionError::ClockWentBack`]: recorded;
    /// [`InteractionError::NotNotified`]; [`crate::error::StoreError`], [`crate::error::AuditError`]; as
    /// [`Interaction::view`]. Nothing may be done then.
    pub fn request(&mut self, change: &ChangeRequest) -> Result<Requested, Error> {
        let action = change.action();
        self.look_at_locks(action);
        let now = self.session.refresh()?;
        self.watch(What::Decided(action), now)?;
        let begun = self.begin(change, now);
        let (row, new, risk, host) =
            self.told_if_refused(EventKind::TransactionRequested, action, None, now, begun)?;
        let id = new.id;

        let decision = self.session.action(action);
        let kind = change.kind();
        let verdict = self.guard.0.transaction_rules.judge(kind, risk);
        let is_locked = kind.lock().is_some_and(|lock| row.lock(lock).is_on(now));
        let refused = if !decision.is_allowed() {
            let cause = if is_locked { TransactionError::Locked } else { TransactionError::RefusedByPolicy };
            Some(cause)
        } else if kind == TransactionKind::HandsetUnlock && host.unlock_eligible != Some(true) {
            Some(TransactionError::NotEligible)
        } else {
            verdict.refuse.then_some(TransactionError::RefusedByRisk)
        };
        self.tell_decided(&new, &decision, &verdict.rules, refused.as_ref(), now)?;

        let mut requested = Requested {
            id,
            action,
            at: now,
            beyond_simple_port: self.beyond_simple_port(&decision, action),
            decision,
            risk,
            risk_rules: verdict.rules,
            notified: Vec::new(),
            next: NextStep::Execute,
        };
        if let Some(cause) = refused {
            self.refuse(&id, action, &cause, now)?;
            requested.next = NextStep::Refused(cause);
            return Ok(requested);
        }
        let waits = Waits { time: verdict.wait, second_person: verdict.second_person };
        let until = now.plus(waits.time);
        let suppressed = self.suppresses_notice(action, &requested.decision);
        let Some(targets) = self.targets(&row, suppressed, now) else {
            let cause = TransactionError::NoUnchangedContact;
            self.refuse(&id, action, &cause, now)?;
            requested.next = NextStep::Refused(cause);
            return Ok(requested);
        };
        // A change that waits for nothing is told of as done: 64.2010(f)(1) says "immediately".
        let before = kind != TransactionKind::AccountChange || waits != Waits::default();
        for target in &targets {
            let about = About { about: NoticeAbout::Transaction, id: *id.as_bytes(), until, before };
            if let Err(failed) = self.queue(target, action, &about, now) {
                self.refuse(&id, action, &TransactionError::NotNotified, now)?;
                return Err(failed);
            }
        }
        if let Err(failed) = self.reach_notified(&id, &targets, suppressed, waits, now) {
            // A lock that was set, or fraud that was reported, while notices were queued.
            if let Error::Transaction(cause) = &failed {
                self.refuse(&id, action, cause, now)?;
            }
            return Err(failed);
        }
        requested.notified = targets;
        requested.next = match waits {
            Waits { second_person: true, .. } => NextStep::SecondPerson { until },
            waits if waits != Waits::default() => NextStep::Wait { until },
            Waits { .. } => NextStep::Execute,
        };
        Ok(requested)
    }

    /// Leave to carry out a transaction, once, within [`crate::transaction::PERMIT_LIFE`]: where it waits for
    /// nothing more, and everything on which it was decided is still so. `change` is what was asked for.
    ///
    /// # Errors
    /// [`TransactionError`]: recorded; as [`Interaction::request`].
    pub fn permit(&mut self, id: &TransactionId, change: &ChangeRequest) -> Result<ExecutePermit, Error> {
        let now = self.still_allowed(EventKind::TransactionPermitted, id, change)?;
        let (kind, book) = (EventKind::TransactionPermitted, &self.guard.0.book);
        let permit = book.permit(self.session.account(), id, self.stated(change, now), now, |told| {
            self.tell(&told, now, || self.tell_of(kind, change.action(), Some(id), 0, now))
        });
        self.told_if_refused(kind, change.action(), Some(id), now, permit)
    }

    /// Uses a permit: everything is looked at once more, and then the transaction is the host's to carry out.
    /// Do it when this returns, and say how it went: [`super::Transactions::confirm`].
    ///
    /// # Errors
    /// As [`Interaction::permit`]: do nothing then.
    pub fn execute(&mut self, permit: ExecutePermit, change: &ChangeRequest) -> Result<Execution, Error> {
        let (id, kind) = (permit.id(), EventKind::TransactionExecuting);
        if permit.account() != self.session.account() {
            return Err(TransactionError::AnotherInteraction.into());
        }
        let now = self.still_allowed(kind, &id, change)?;
        let book = &self.guard.0.book;
        let execution = book.execute(&permit, self.stated(change, now), now, |told| {
            self.tell(&told, now, || self.tell_of(kind, change.action(), Some(&id), 0, now))
        });
        let execution = self.told_if_refused(kind, change.action(), Some(&id), now, execution)?;
        self.session.action_was_allowed(change.action());
        Ok(execution)
    }

    /// Stops a transaction of the account, as long as the host does not have it in its hands: from any live
    /// contact about the account, as stopping does no harm that asking again does not mend.
    ///
    /// # Errors
    /// [`TransactionError`]; as [`Interaction::view`].
    pub fn cancel(&mut self, id: &TransactionId) -> Result<(), Error> {
        let now = self.session.refresh()?;
        if !self.session.has_contact() {
            return Err(InteractionError::NoLiveContact.into());
        }
        let action = self.guard.0.book.read(self.session.account())?.find(id)?.action;
        let cancel = |one: &mut Account, _| one.cancel(id);
        self.step(now, Opens::No, cancel, || self.tell_ended(action, id, &TransactionError::Cancelled, now))
    }

    /// Sets a lock, for the customer who proved to be the customer.
    ///
    /// # Errors
    /// [`TransactionError::NotAuthenticated`]: recorded; [`TransactionError::Unreadable`]: everything is
    /// locked; as [`Interaction::present`].
    pub fn set_lock(&mut self, kind: LockKind) -> Result<(), Error> {
        let now = self.session.require(None)?;
        if !self.session.is_proved() {
            return self.refuse_lock(EventKind::LockSet, kind, TransactionError::NotAuthenticated, now);
        }
        let set = |one: &mut Account, _| {
            one.set_lock(kind);
            Ok(())
        };
        self.step(now, Opens::No, set, || self.tell_lock(EventKind::LockSet, kind, 0, now))
    }

    /// Has a lock go after the delay of the carrier's rules: for the customer who could do, without the lock,
    /// what it stops. Told before, where the customer could be reached before; until then it holds.
    ///
    /// # Errors
    /// [`TransactionError::NotAuthenticated`], [`TransactionError::NoUnchangedContact`]: recorded;
    /// [`TransactionError::WrongState`]: it is not on here; as [`Interaction::request`].
    pub fn remove_lock(&mut self, kind: LockKind) -> Result<LockRemoval, Error> {
        let action = kind.action();
        self.look_at_locks(action);
        let now = self.session.require(None)?;
        let asked = EventKind::LockRemovalAsked;
        let decision = self.session.action_without_locks(action);
        if !self.session.is_proved() || !decision.is_allowed() {
            return self.refuse_lock(asked, kind, TransactionError::NotAuthenticated, now);
        }
        let row = self.guard.0.book.read(self.session.account())?;
        let delay = self.guard.0.transaction_rules.removal_delay();
        // On a copy: what it would come to is told before it is so.
        let until = row.clone().remove_lock(kind, delay, now)?;
        let suppressed = self.suppresses_notice(action, &decision);
        let Some(targets) = self.targets(&row, suppressed, now) else {
            return self.refuse_lock(asked, kind, TransactionError::NoUnchangedContact, now);
        };
        for target in &targets {
            let about = About { about: NoticeAbout::LockRemoval, id: [0; 16], until, before: true };
            self.queue(target, action, &about, now)?;
        }
        let remove = |one: &mut Account, now| one.remove_lock(kind, delay, now);
        let until = self.step(now, Opens::Yes, remove, || self.tell_lock(asked, kind, 0, now))?;
        Ok(LockRemoval { until, for_customer: kind.of_removal(until) })
    }

    /// Reads the locks that the library keeps, where an action has one.
    pub(super) fn look_at_locks(&mut self, action: Action) {
        if TransactionKind::of(action).is_none_or(|kind| kind.lock().is_none()) {
            return;
        }
        let now = self.guard.now();
        match self.guard.0.book.read(self.session.account()) {
            // Who reports fraud wants nothing moved: not by a decision alone either.
            Ok(row) => {
                let is_on = |kind| Some(row.frozen.is_some() || row.lock(kind).is_on(now));
                self.session.keep_locks(is_on(LockKind::Sim), is_on(LockKind::Port));
            }
            Err(_) => self.session.keep_locks(None, None),
        }
    }

    /// Counts, and puts the request into the book.
    fn begin(
        &self,
        change: &ChangeRequest,
        now: Timestamp,
    ) -> Result<(Account, Transaction, RiskFacts, HostRisk), Error> {
        let guard = &self.guard.0;
        let account = self.session.account();
        let row = guard.book.read(account)?;
        let (risk, host) = self.risk(change, &row, now)?;
        let agent = &self.session.agent().id;
        let new = guard.book.draw(account, change, *self.session.id(), agent, now)?;
        let request = |one: &mut Account, _| one.request(new.clone());
        let asked = EventKind::TransactionRequested;
        self.step(now, Opens::Yes, request, || self.tell_of(asked, change.action(), Some(&new.id), 0, now))?;
        Ok((row, new, risk, host))
    }

    /// What is so of a request. Every counter counts it, before anything is decided.
    fn risk(
        &self,
        change: &ChangeRequest,
        row: &Account,
        now: Timestamp,
    ) -> Result<(RiskFacts, HostRisk), Error> {
        let (guard, session, kind) = (&self.guard.0, &self.session, change.kind());
        let said = guard.risks.as_ref().and_then(|source| source.risk(session.account(), change).ok());
        let host = said.unwrap_or_default();
        let facts = session.account_facts();
        let contacts = Contacts { points: &row.points, number_changed: row.number_changed, host: facts };
        let by_us = row.number_changed.and_then(|at| now.since(at));
        let moved = match by_us.is_some_and(|age| age < crate::interaction::SIM_CHANGE_RECENT) {
            true => Some(true),
            false => facts.sim_changed_recently(now),
        };
        let young = host.account_opened.map(|opened| now.since(opened).is_none_or(|age| age < YOUNG_ACCOUNT));
        let mut risk = RiskFacts::default()
            .with(RiskFact::SimChangedRecently, moved)
            .with(RiskFact::ContactChangedRecently, Some(contacts.changed_lately(now)))
            .with(RiskFact::NewDevice, host.new_device)
            .with(RiskFact::FailedAuthentication, Some(session.has_failed()))
            .with(RiskFact::YoungAccount, young)
            .with(RiskFact::OutsideContact, Some(!session.has_contact()));
        let agent = session.agent();
        let at_work = agent.role.is_staff();
        let of_partner = at_work || agent.role.requester() == Requester::ThirdParty;
        let account = guard.ledger.account_ref(session.account());
        let counted: [(RiskFact, Option<&[u8]>); 5] = [
            (RiskFact::AttemptsAccount, Some(account.as_bytes())),
            (RiskFact::AttemptsAgent, at_work.then(|| agent.id.as_str().as_bytes())),
            (RiskFact::AttemptsSite, agent.site.as_ref().map(|site| site.as_str().as_bytes())),
            (RiskFact::AttemptsDevice, host.device.as_ref().map(String::as_bytes)),
            (RiskFact::AttemptsPartner, of_partner.then(|| agent.employer.as_str().as_bytes())),
        ];
        for (fact, of) in counted {
            let (Some(of), Some(limits)) = (of, limits_of(kind, fact)) else { continue };
            let what = format!("transaction {kind} {fact}");
            if !guard.ledger.count_request(&what, of, limits, now)? {
                risk = risk.with(fact, Some(true));
                self.alarm_attempts(fact, now)?;
            }
        }
        Ok((risk, host))
    }

    /// Somebody asks for more than anybody should: whoever watches hears of it.
    fn alarm_attempts(&self, fact: RiskFact, now: Timestamp) -> Result<(), Error> {
        let rule = RuleId::new(format!("transactions-{}", fact.name().replace('_', "-")))?;
        let facts = self.event(EventKind::WatchTripped, now);
        self.guard.alarm(facts, Some(self.session.account()), &rule, Response::Alert)
    }

    /// Where notices go; nowhere where they are suppressed; `None`: nobody can be told who has to be.
    fn targets(&self, row: &Account, suppressed: bool, now: Timestamp) -> Option<Vec<NoticeTarget>> {
        if suppressed {
            return Some(Vec::new());
        }
        let host = self.session.account_facts();
        Contacts { points: &row.points, number_changed: row.number_changed, host }.targets(now)
    }

    /// Whether the law has no notice sent.
    fn suppresses_notice(&self, action: Action, decision: &Decision) -> bool {
        let duties = decision.obligations();
        let shown = self.session.evidence();
        let is_separation = shown.iter().any(|(kind, _)| *kind == EvidenceKind::LineSeparationVerified);
        // 64.2010(f)(1): not at service initiation, where policy asks for no notice of an account change.
        let is_initiation = TransactionKind::of(action) == Some(TransactionKind::AccountChange)
            && !duties.contains(Obligation::NotifyChange)
            && !duties.contains(Obligation::NotifyBefore);
        // (f)(2): a notice may endanger a survivor.
        duties.contains(Obligation::SuppressChangeNotice) || is_separation || is_initiation
    }

    fn reach_notified(
        &self,
        id: &TransactionId,
        targets: &[NoticeTarget],
        suppressed: bool,
        waits: Waits,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (guard, account, on) = (&self.guard.0, self.session.account(), self.decided_on(now));
        let notify = |one: &mut Account, now| {
            let facts = guard.book.facts(account, one, &on);
            one.notify(id, targets, suppressed, waits, facts, now)
        };
        // Each notice has an event of its own, before this.
        self.step(now, Opens::Yes, notify, || Ok(()))
    }

    fn queue(
        &self,
        target: &NoticeTarget,
        action: Action,
        about: &About,
        at: Timestamp,
    ) -> Result<(), Error> {
        let About { about, id, until, before } = *about;
        let address = target
            .id
            .as_ref()
            .map(|id| NoticeAddress { id: id.clone(), of_record: target.channel.is_of_the_rule() });
        let transaction = TransactionNotice { about, id, channel: target.channel, not_before: until };
        let interaction = *self.session.id();
        let notice = Notice { action, before, at, interaction, address, transaction: Some(transaction) };
        self.queue_notice(notice)
    }

    /// Before a permit and before its use: the contact is live, and policy allows it still.
    fn still_allowed(
        &mut self,
        kind: EventKind,
        id: &TransactionId,
        change: &ChangeRequest,
    ) -> Result<Timestamp, Error> {
        let action = change.action();
        self.look_at_locks(action);
        let now = self.session.refresh()?;
        if !self.session.action(action).is_allowed() {
            let refused = Err(TransactionError::RefusedByPolicy.into());
            return self.told_if_refused(kind, action, Some(id), now, refused);
        }
        Ok(now)
    }

    fn decided_on(&self, now: Timestamp) -> DecidedOn<'_> {
        let (session, policy) = (&self.session, self.guard.policy_hash(now));
        DecidedOn { policy, host: session.account_facts(), port_passcode: session.port_passcode_set() }
    }

    fn stated(&self, change: &ChangeRequest, now: Timestamp) -> impl Fn(&Account) -> Stated + use<'_> {
        let (book, session) = (&self.guard.0.book, &self.session);
        book.stated(session.account(), change, self.decided_on(now), Some(*session.id()))
    }

    /// Rules of the host's own that refuse a simple port: 52.36 names what may be asked for.
    fn beyond_simple_port(&self, decision: &Decision, action: Action) -> Vec<RuleId> {
        let is_simple = self.session.account_facts().simple_port == Some(true);
        if action != Action::PortOut || !is_simple || decision.is_allowed() {
            return Vec::new();
        }
        let own = &self.guard.0.own_packs;
        decision
            .reasons()
            .filter(|reason| own.contains(reason.pack))
            .map(|reason| reason.rule.clone())
            .collect()
    }

    fn refuse(
        &self,
        id: &TransactionId,
        action: Action,
        cause: &TransactionError,
        now: Timestamp,
    ) -> Result<(), Error> {
        let refuse = |one: &mut Account, _| one.refuse(id);
        self.step(now, Opens::No, refuse, || self.tell_ended(action, id, cause, now))
    }

    /// Takes a step in the book: told before it is so, and so is what ended meanwhile.
    fn step<T>(
        &self,
        now: Timestamp,
        opens: Opens,
        apply: impl FnMut(&mut Account, Timestamp) -> Result<T, TransactionError>,
        tell: impl Fn() -> Result<(), Error>,
    ) -> Result<T, Error> {
        let account = self.session.account();
        self.guard.0.book.step(account, now, opens, apply, |told| self.tell(&told, now, &tell))
    }

    fn tell<T>(
        &self,
        told: &Tell<'_, T>,
        now: Timestamp,
        step: impl FnOnce() -> Result<(), Error>,
    ) -> Result<(), Error> {
        match told {
            Tell::Expired(one) => self.guard.transactions().record_expired(one, self.session.account(), now),
            Tell::Step(_) => step(),
        }
    }

    fn tell_decided(
        &self,
        new: &Transaction,
        decision: &Decision,
        by_risk: &[RuleId],
        refused: Option<&TransactionError>,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut facts = self.event(EventKind::TransactionDecided, now);
        facts.basis = Some(BasisId::new(new.id.to_string())?);
        let mut record = action_record(new.action, decision);
        record.rules.extend(by_risk.iter().cloned());
        record.rules.truncate(crate::audit::MAX_RULES);
        if refused.is_some() {
            record.outcome = Outcome::Withhold;
            record.because = record.because.or(Some(WithheldBecause::Forbidden));
        }
        facts.action = Some(record);
        if refused.is_some() {
            self.record(facts)?;
            return Ok(());
        }
        let decide = |one: &mut Account, _| one.decide(&new.id);
        self.step(now, Opens::Yes, decide, || Ok(self.record(facts.clone()).map(drop)?))
    }

    fn tell_ended(
        &self,
        action: Action,
        id: &TransactionId,
        cause: &TransactionError,
        now: Timestamp,
    ) -> Result<(), Error> {
        let cause = Error::from(cause.clone()).code().get();
        self.tell_of(EventKind::TransactionEnded, action, Some(id), cause, now)
    }

    fn tell_of(
        &self,
        kind: EventKind,
        action: Action,
        id: Option<&TransactionId>,
        cause: u16,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut facts = self.event(kind, now);
        facts.basis = id.map(|id| BasisId::new(id.to_string())).transpose()?;
        facts.action = Some(plain_action(action));
        facts.cause = cause;
        self.record(facts)?;
        Ok(())
    }

    fn tell_lock(&self, kind: EventKind, lock: LockKind, cause: u16, now: Timestamp) -> Result<(), Error> {
        let mut facts = self.event(kind, now);
        facts.basis = Some(BasisId::new(lock.name())?);
        facts.action = Some(plain_action(lock.action()));
        facts.cause = cause;
        self.record(facts)?;
        Ok(())
    }

    fn refuse_lock<T>(
        &self,
        kind: EventKind,
        lock: LockKind,
        cause: TransactionError,
        now: Timestamp,
    ) -> Result<T, Error> {
        let refused = Error::from(cause);
        self.tell_lock(kind, lock, refused.code().get(), now)?;
        Err(refused)
    }

    /// Records that a step was refused, before that is reported.
    fn told_if_refused<T>(
        &self,
        kind: EventKind,
        action: Action,
        id: Option<&TransactionId>,
        now: Timestamp,
        done: Result<T, Error>,
    ) -> Result<T, Error> {
        if let Err(refused) = &done {
            self.tell_of(kind, action, id, refused.code().get(), now)?;
        }
        done
    }
}

/// What a notice is about.
struct About {
    about: NoticeAbout,
    id: [u8; 16],
    until: Timestamp,
    before: bool,
}

/// What an event says of the action of a transaction, beside what was decided.
pub(super) fn plain_action(action: Action) -> ActionRecord {
    ActionRecord {
        action,
        outcome: Outcome::Disclose,
        because: None,
        rules: Vec::new(),
        obligations: Obligations::default(),
    }
}

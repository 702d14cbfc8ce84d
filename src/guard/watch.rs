//! The watch in every interaction: what is about to be done is counted, what trips is recorded and
//! told, and what is held back is refused. An answer to an agent names no rule and no threshold.

use crate::audit::EventFacts;
use crate::error::{Error, InteractionError};
use crate::interaction::AgentSession;
use crate::oversight::watch::{Alarm, Asking, Response, Verdict, What};
use crate::vocabulary::{AccountId, AgentId, BasisId, EventKind, RuleId, Timestamp};

use super::interaction::{Interaction, actor};
use super::{Guard, Inner};

impl Guard {
    /// Makes accounts decoys: accounts of nobody, among the others. Whoever opens or reads one is told of
    /// at once, also where it is refused. Not recorded: the log would name them to its readers.
    ///
    /// # Errors
    /// [`crate::error::StoreError`]: none of them is one then.
    pub fn add_decoys<'a>(&self, accounts: impl IntoIterator<Item = &'a AccountId>) -> Result<(), Error> {
        Ok(self.0.watcher.set_decoys(accounts.into_iter(), true)?)
    }

    /// Makes decoys ordinary accounts.
    ///
    /// # Errors
    /// [`crate::error::StoreError`]: they are still decoys.
    pub fn remove_decoys<'a>(&self, accounts: impl IntoIterator<Item = &'a AccountId>) -> Result<(), Error> {
        Ok(self.0.watcher.set_decoys(accounts.into_iter(), false)?)
    }

    /// Lifts what the watch holds against an agent, and begins to count anew: after somebody looked into
    /// it. The approver is another person, whom the directory lets approve and whose training is
    /// current, signed in with a session of their own.
    ///
    /// # Errors
    /// [`InteractionError::MayNotApprove`]: recorded, and nothing is lifted;
    /// [`crate::error::AuditError`], [`crate::error::StoreError`]: nothing is lifted.
    pub fn lift_watch(&self, agent: &AgentId, approver: &AgentSession) -> Result<(), Error> {
        let now = self.now();
        let approver = self.0.hosts.approver(approver, agent, now)?;
        let may = approver.as_ref().is_some_and(|(_, may)| *may);
        let refused = Error::from(InteractionError::MayNotApprove);
        let mut facts = self.event(EventKind::WatchLifted, now);
        facts.actor = approver.map(|(approver, _)| actor(&approver));
        facts.basis = Some(BasisId::new(agent.as_str())?);
        facts.cause = if may { 0 } else { refused.code().get() };
        self.0.audit.record(facts, None)?;
        if !may {
            return Err(refused);
        }
        Ok(self.0.watcher.lift(agent)?)
    }

    /// For an opening by somebody whom the directory does not know.
    pub(super) fn alarm_if_decoy(&self, account: &AccountId, interaction: [u8; 16]) -> Result<(), Error> {
        if !self.0.watcher.is_decoy(account) {
            return Ok(());
        }
        let mut facts = self.event(EventKind::WatchTripped, self.now());
        facts.interaction = interaction;
        self.alarm(facts, Some(account), &Alarm::decoy()?, Response::Alert)
    }

    /// Counts what somebody is about to do, before anything of it is decided for them or opened. `event`
    /// begins an audit event of theirs; `is_approved`: a second person approved this.
    pub(super) fn watch(
        &self,
        asking: &Asking<'_>,
        what: What,
        now: Timestamp,
        is_approved: bool,
        event: impl Fn(EventKind) -> EventFacts,
    ) -> Result<(), Error> {
        let Inner { watcher, audit, .. } = &*self.0;
        let tell = |rule: &RuleId, response, cause| {
            let mut facts = event(EventKind::WatchTripped);
            facts.cause = cause;
            self.alarm(facts, asking.account, rule, response)
        };
        let Verdict { response, untold, is_decoy, uncounted, is_used_up } = watcher.count(asking, what, now);
        if is_decoy {
            tell(&Alarm::decoy()?, Response::Alert, 0)?;
        }
        if let Some(cause) = uncounted {
            tell(&Alarm::unavailable()?, Response::Alert, Error::from(cause).code().get())?;
        }
        for (rule, response) in &untold {
            tell(rule, *response, 0)?;
        }
        if !untold.is_empty() {
            let rules: Vec<_> = untold.into_iter().map(|(rule, _)| rule).collect();
            // Where this fails they are told again, which is better than not at all.
            let _told_once = watcher.told(asking, &rules).is_ok();
        }
        // An account must be opened, and its customer be there, for somebody to approve what is read.
        let leads_up = matches!(what, What::Opened | What::Presenting | What::FailedEvidence);
        let refused = match response {
            Some(Response::Block) => Some(InteractionError::HeldBack),
            Some(Response::SecondPerson) if !leads_up && !is_approved => {
                Some(InteractionError::NeedsSecondPerson)
            }
            Some(Response::Alert | Response::SecondPerson) | None => {
                is_used_up.then_some(InteractionError::NotCounted)
            }
        };
        let Some(refused) = refused.map(Error::from) else { return Ok(()) };
        let mut facts = event(EventKind::WatchRefused);
        facts.cause = refused.code().get();
        audit.record(facts, asking.account)?;
        Err(refused)
    }

    /// Records what the watch noticed, and then tells the host.
    pub(super) fn alarm(
        &self,
        mut facts: EventFacts,
        account: Option<&AccountId>,
        rule: &RuleId,
        response: Response,
    ) -> Result<(), Error> {
        let Inner { audit, alarms, .. } = &*self.0;
        facts.basis = Some(BasisId::new(rule.as_str())?);
        let mut alarm = Alarm {
            at: facts.time,
            rule: rule.clone(),
            response,
            agent: facts.actor.as_ref().map(|actor| actor.agent.clone()),
            employer: facts.actor.as_ref().and_then(|actor| actor.employer.clone()),
            site: facts.actor.as_ref().and_then(|actor| actor.site.clone()),
            interaction: facts.interaction,
            account: account.map(|account| audit.derive_pseudonym(account)).unwrap_or_default(),
            audit_index: 0,
        };
        alarm.audit_index = audit.record(facts, account)?.index();
        if let Some(sink) = alarms {
            sink.alarm(&alarm);
        }
        Ok(())
    }
}

impl Interaction {
    /// Counts what is about to be done, before anything of it is decided for the agent or opened.
    pub(super) fn watch(&self, what: What, now: Timestamp) -> Result<(), Error> {
        let agent = self.session.agent();
        let asking = Asking {
            agent: &agent.id,
            employer: &agent.employer,
            site: agent.site.as_ref(),
            role: agent.role,
            account: Some(self.session.account()),
            has_contact: self.session.has_contact(),
        };
        let action = match what {
            What::Decided(action) => Some(action),
            What::Opened
            | What::Read { .. }
            | What::Verified { .. }
            | What::Presenting
            | What::FailedEvidence
            | What::Searched { .. } => None,
        };
        let is_approved = self.session.is_approved(action);
        self.guard.watch(&asking, what, now, is_approved, |kind| self.event(kind, now))
    }

    /// Before evidence is looked at, or something goes out to the customer to be read back: whoever is held
    /// back guesses no more.
    pub(super) fn watch_evidence(&self) -> Result<(), Error> {
        self.watch(What::Presenting, self.session.liveness().check()?)
    }

    /// Counts evidence that did not match, before the agent is told.
    pub(super) fn watch_failed_evidence(&self) -> Result<(), Error> {
        self.watch(What::FailedEvidence, self.session.liveness().check()?)
    }
}

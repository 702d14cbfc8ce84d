//! Naming the accounts of a breach: for those the host entitled, and recorded before anything is read.

use crate::audit::AuditLog;
use crate::error::{Error, InteractionError};
use crate::interaction::AgentSession;
use crate::oversight::scope::{Scope, Selection};
use crate::vocabulary::{AccountId, BasisId, EventKind};

use super::Guard;
use super::interaction::actor;

/// What a scope is answered from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeMode {
    /// The index: fast, and believed ([`Scope::from_index`]).
    Index,
    /// Every event, read and hashed ([`Scope::prove`]).
    Prove,
}

impl Guard {
    /// Whose data an incident touched, with the names of the accounts, from this guard's log and `others`.
    /// That it was asked, and what ([`Selection::digest`]), is recorded first, also where it is refused.
    ///
    /// # Errors
    /// [`InteractionError::NotEntitled`] if the agent is none of [`crate::GuardBuilder::breach_officer`];
    /// [`InteractionError::UnknownAgent`], [`InteractionError::DirectoryUnavailable`];
    /// [`crate::error::AuditError`] as [`Scope::from_index`], or if the question could not be recorded.
    pub fn breach_scope(
        &self,
        agent: &AgentSession,
        selected: &Selection,
        mode: ScopeMode,
        others: &[&AuditLog],
    ) -> Result<Scope, Error> {
        let inner = &*self.0;
        let digest = selected.digest(&inner.audit).to_string();
        self.record_question(EventKind::ScopeAsked, agent, BasisId::new(digest)?)?;
        let mut scope = match mode {
            ScopeMode::Index => Scope::from_index(selected, &inner.audit, others)?,
            ScopeMode::Prove => Scope::prove(selected, &inner.audit, others)?,
        };
        scope.name_accounts(&inner.audit, others)?;
        Ok(scope)
    }
    /// The account of one event of this guard's log, by name; `None` if it is about none. For an alarm, or
    /// an answer to [`AuditLog::seen_by`]. That it was asked is recorded first, also where it is
    /// refused: more than a few names are one question to [`Guard::breach_scope`].
    ///
    /// # Errors
    /// As [`Guard::breach_scope`]; [`crate::error::AuditError`] if there is no such event, or its account
    /// does not open.
    pub fn name_account(&self, agent: &AgentSession, event: u64) -> Result<Option<AccountId>, Error> {
        self.record_question(EventKind::AccountNamed, agent, BasisId::new(event.to_string())?)?;
        Ok(self.0.audit.reveal_event(event)?)
    }

    /// Records who asks for names, and about what; refuses whom the host did not entitle.
    fn record_question(&self, kind: EventKind, agent: &AgentSession, about: BasisId) -> Result<(), Error> {
        let inner = &*self.0;
        let mut facts = self.event(kind, self.now());
        facts.basis = Some(about);
        let entitled = match inner.hosts.directory.agent(agent) {
            Ok(Some(profile)) => {
                facts.actor = Some(actor(&profile));
                let entitled = inner.breach_officers.contains(&profile.id);
                if entitled { Ok(()) } else { Err(InteractionError::NotEntitled) }
            }
            Ok(None) => Err(InteractionError::UnknownAgent),
            Err(_) => Err(InteractionError::DirectoryUnavailable),
        };
        let entitled = entitled.map_err(Error::from);
        facts.cause = entitled.as_ref().err().map_or(0, |refused| refused.code().get());
        inner.audit.record(facts, None)?;
        entitled
    }
}

//! Somebody who looks for an account: agent, contact and purpose, without an account.
//!
//! Rules: as for an interaction, the host's systems say who it is and whether the contact is live. A
//! contact that is known to be about an account finds no other, unless it is a case. What is known of
//! accounts is not looked at: it takes its least privileged value.

use std::sync::Arc;

use crate::error::{Error, InteractionError};
use crate::policy::{Decision, Facts, Policy, SearchGrant, SearchPlan};
use crate::vocabulary::{BasisId, Channel, ContactId, DataClass, FieldName, Label, Purpose, Timestamp};

use super::contact::{Contact, Standing};
use super::facts::write_agent;
use super::host::{AgentProfile, AgentSession};
use super::ledger::Ledger;
use super::liveness::{EndReason, Liveness, TimeLimits};
use super::session::{Hosts, ask_directory};

/// What a search is opened with.
pub(crate) struct LookupOpening {
    pub(crate) id: [u8; 16],
    pub(crate) session: AgentSession,
    pub(crate) contact: Contact,
    pub(crate) purpose: Purpose,
    pub(crate) limits: TimeLimits,
}

/// A search in progress.
#[derive(Debug)]
pub(crate) struct Lookup {
    id: [u8; 16],
    hosts: Arc<Hosts>,
    session: AgentSession,
    profile: AgentProfile,
    contact: Contact,
    standing: Standing,
    purpose: Purpose,
    liveness: Liveness,
    plan: SearchPlan,
}

impl Lookup {
    pub(crate) fn open(
        hosts: Arc<Hosts>,
        policy: Arc<Policy>,
        opening: LookupOpening,
    ) -> Result<Self, Error> {
        let LookupOpening { id, session, contact, purpose, limits } = opening;
        let profile = ask_directory(&*hosts.directory, &session)?.ok_or(InteractionError::UnknownAgent)?;
        let liveness = Liveness::start(Arc::clone(&hosts.clock), limits);
        let now = liveness.check()?;
        let standing = Standing::without_account(&contact, &*hosts.contacts, &profile.id);
        let mut facts = Facts::new(standing.channel(), profile.role, purpose);
        write_agent(&mut facts, &profile, &standing, None, now);
        let plan = SearchPlan::new(policy, facts, now);
        Ok(Self { id, hosts, session, profile, contact, standing, purpose, liveness, plan })
    }

    /// Asks the host's systems again, before what was found comes out.
    pub(crate) fn refresh(&mut self) -> Result<Timestamp, Error> {
        let now = self.liveness.touch()?;
        let agent = ask_directory(&*self.hosts.directory, &self.session)?;
        if agent.as_ref() != Some(&self.profile) {
            self.liveness.end(EndReason::AgentGone);
            return Err(InteractionError::Ended.into());
        }
        let standing = Standing::without_account(&self.contact, &*self.hosts.contacts, &self.profile.id);
        if standing != self.standing {
            self.liveness.end(EndReason::ContactEnded);
            return Err(InteractionError::Ended.into());
        }
        Ok(now)
    }

    /// Counts a search by fields of these classes, before anything is looked up.
    pub(crate) fn count(&self, ledger: &Ledger, classes: &[DataClass], now: Timestamp) -> Result<(), Error> {
        let by_government_id = classes.iter().any(|class| is_government_id(*class));
        let is_case = self.case().0.is_some();
        ledger.count_search(self.contact.id(), is_case, &self.profile.id, by_government_id, now)
    }

    pub(crate) fn decision(&self, class: DataClass) -> Decision {
        self.plan.decision(class)
    }

    pub(crate) fn grant(&self, id: [u8; 16], fields: Vec<(FieldName, DataClass)>) -> Option<SearchGrant> {
        self.plan.grant(id, fields)
    }

    pub(crate) fn id(&self) -> &[u8; 16] {
        &self.id
    }

    pub(crate) fn agent(&self) -> &AgentProfile {
        &self.profile
    }

    pub(crate) fn contact_id(&self) -> Option<&ContactId> {
        self.contact.id()
    }

    pub(crate) fn case(&self) -> (Option<&ContactId>, Option<&BasisId>) {
        self.standing.case()
    }

    pub(crate) fn channel(&self) -> Channel {
        self.standing.channel()
    }

    pub(crate) fn purpose(&self) -> Purpose {
        self.purpose
    }

    pub(crate) fn has_contact(&self) -> bool {
        matches!(self.standing, Standing::Live(_))
    }
}

/// Whether it is a number by which governments know people.
pub(crate) const fn is_government_id(class: DataClass) -> bool {
    class.labels().contains(Label::GovId)
}

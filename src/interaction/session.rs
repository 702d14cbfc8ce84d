//! One interaction's state: agent, contact, evidence, plan, life.

use core::fmt;
use std::sync::Arc;

use crate::classify::CallRow;
use crate::error::{Error, InteractionError};
use crate::policy::{AccountFact, Decision, Facts, Grant, Plan, Policy};
use crate::sensitive::Sensitive;
use crate::vocabulary::{
    AccountId, Channel, CivilDate, Clock, ContactId, DataClass, EstablishedBy, EvidenceKind, FieldName,
    Purpose, Role, Scope, Timestamp,
};

use super::accounts::AccountRef;
use super::contact::{Contact, Standing};
use super::evidence::{Evidence, PhotoId, Presented};
use super::facts::{AccountFacts, write_agent};
use super::host::{AccountFactSource, AgentDirectory, AgentProfile, AgentSession, ContactSource};
use super::ledger::Ledger;
use super::liveness::{EndReason, Liveness, TimeLimits};
use super::named_call::NamedCall;

/// Wrongly named calls before an interaction takes no more. Interpretation: "without assistance"
/// leaves no room for guessing.
const NAMED_CALLS_PER_INTERACTION: u32 = 3;

/// The host's systems, shared by all interactions.
pub(crate) struct Hosts {
    pub(crate) directory: Arc<dyn AgentDirectory>,
    pub(crate) contacts: Arc<dyn ContactSource>,
    pub(crate) accounts: Arc<dyn AccountFactSource>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl fmt::Debug for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hosts(..)")
    }
}

/// What an interaction is opened with.
pub(crate) struct Opening {
    pub(crate) id: [u8; 16],
    pub(crate) session: AgentSession,
    pub(crate) account: AccountId,
    pub(crate) contact: Contact,
    pub(crate) purpose: Purpose,
    pub(crate) limits: TimeLimits,
}

/// An interaction in progress.
#[derive(Debug)]
pub(crate) struct Session {
    id: [u8; 16],
    hosts: Arc<Hosts>,
    policy: Arc<Policy>,
    ledger: Arc<Ledger>,
    session: AgentSession,
    profile: AgentProfile,
    account: AccountId,
    account_ref: AccountRef,
    contact: Contact,
    standing: Standing,
    /// The contact was live at the opening, and opens this account.
    contact_is_bound: bool,
    purpose: Purpose,
    evidence: Vec<(EvidenceKind, EstablishedBy)>,
    account_facts: AccountFacts,
    password_set: Option<bool>,
    named_call: Option<NamedCall>,
    named_call_attempts: u32,
    /// Whether call detail was disclosed in this interaction: a call named later was not unaided.
    call_detail_shown: bool,
    liveness: Arc<Liveness>,
    plan: Plan,
    /// The state and day that the plan is for.
    planned: Option<(Facts, Option<CivilDate>)>,
}

impl Session {
    pub(crate) fn open(
        hosts: Arc<Hosts>,
        policy: Arc<Policy>,
        ledger: Arc<Ledger>,
        opening: Opening,
    ) -> Result<Self, Error> {
        let profile =
            ask_directory(&*hosts.directory, &opening.session)?.ok_or(InteractionError::UnknownAgent)?;
        let liveness = Arc::new(Liveness::start(Arc::clone(&hosts.clock), opening.limits));
        let now = liveness.check()?;
        let account_ref = ledger.account_ref(&opening.account);
        let standing = Standing::of(&opening.contact, &*hosts.contacts, &profile.id, &opening.account);
        let standing =
            standing.bound(|contact| ledger.bind_contact(contact, &account_ref, now), &opening.contact);
        let evidence = standing.evidence().map(|kind| (kind, EstablishedBy::HostSystem)).collect();
        let account_facts = hosts.accounts.account_facts(&opening.account).unwrap_or_default();
        let password_set = ledger.has_password(&account_ref).ok();
        let nothing = Facts::new(Channel::BackOffice, Role::Anonymous, Purpose::None);
        let mut session = Self {
            id: opening.id,
            plan: Plan::new(Arc::clone(&policy), nothing, opening.account.clone(), now),
            hosts,
            policy,
            ledger,
            session: opening.session,
            profile,
            account: opening.account,
            account_ref,
            contact: opening.contact,
            contact_is_bound: matches!(standing, Standing::Live(_)),
            standing,
            purpose: opening.purpose,
            evidence,
            account_facts,
            password_set,
            named_call: None,
            named_call_attempts: 0,
            call_detail_shown: false,
            liveness,
            planned: None,
        };
        session.decide_anew(now);
        Ok(session)
    }

    /// Asks the host's systems again. Ends the interaction where the agent or the contact is gone.
    pub(crate) fn refresh(&mut self) -> Result<Timestamp, Error> {
        let now = self.liveness.touch()?;
        let profile = ask_directory(&*self.hosts.directory, &self.session)?;
        let Some(profile) = profile.filter(|profile| profile.id == self.profile.id) else {
            self.liveness.end(EndReason::AgentGone);
            return Err(InteractionError::Ended.into());
        };
        // A contact that was not this account's at the opening stays refused: it would have to be
        // bound anew. One that was may be unknown for a while, as long as the source is silent.
        if self.contact_is_bound {
            self.standing = Standing::of(&self.contact, &*self.hosts.contacts, &profile.id, &self.account);
            if self.standing == Standing::NotLive {
                self.liveness.end(EndReason::ContactEnded);
                return Err(InteractionError::Ended.into());
            }
        }
        self.profile = profile;
        self.account_facts = self.hosts.accounts.account_facts(&self.account).unwrap_or_default();
        self.decide_anew(now);
        Ok(now)
    }

    /// Takes a password or a statement.
    pub(crate) fn present(
        &mut self,
        evidence: Evidence,
    ) -> Result<(EvidenceKind, EstablishedBy, Presented), Error> {
        let now = self.require(None)?;
        let (kind, by, presented) = match evidence {
            Evidence::Password(typed) => {
                let matches = self.ledger.password_matches(&self.account_ref, &typed, now)?;
                let kind = if matches { EvidenceKind::Password } else { EvidenceKind::PasswordFailed };
                let presented = if matches { Presented::Match } else { Presented::NoMatch };
                (kind, EstablishedBy::Library, presented)
            }
            Evidence::Stated(stated) => (stated.kind(), EstablishedBy::Agent, Presented::Noted),
        };
        Ok((kind, by, presented))
    }

    /// Checks that a customer is there to give evidence: a live contact, on `channel` if that is
    /// asked for.
    pub(crate) fn require(&mut self, channel: Option<Channel>) -> Result<Timestamp, Error> {
        let now = self.refresh()?;
        let Standing::Live(state) = &self.standing else {
            return Err(InteractionError::NoLiveContact.into());
        };
        match (state.channel, channel) {
            (Channel::BackOffice | Channel::Batch, _) => Err(InteractionError::NoLiveContact.into()),
            (given, Some(needed)) if given != needed => Err(InteractionError::NotOnThisChannel.into()),
            _ => Ok(now),
        }
    }

    /// Takes a photo ID, with the name on the account.
    pub(crate) fn examine(
        &mut self,
        id: &PhotoId,
        name: &Sensitive<String>,
    ) -> Result<(EvidenceKind, EstablishedBy, Presented), Error> {
        let now = self.require(Some(Channel::Retail))?;
        // EXPOSE: compared and not kept.
        let kind = id.examine(now.utc_date(), name.expose());
        let presented = if kind == EvidenceKind::PhotoId { Presented::Match } else { Presented::NoMatch };
        // The library compares what the agent read; that there was an ID is the agent's word.
        Ok((kind, EstablishedBy::Agent, presented))
    }

    /// Counts an attempt to name a call, before the rows are looked at.
    pub(crate) fn count_named_call(&mut self) -> Result<(), Error> {
        let now = self.require(None)?;
        if self.named_call_attempts >= NAMED_CALLS_PER_INTERACTION {
            return Err(InteractionError::LockedOut.into());
        }
        self.ledger.count_named_call(&self.account_ref, now)?;
        self.named_call_attempts = self.named_call_attempts.saturating_add(1);
        Ok(())
    }

    /// Compares a call that was named with the stored ones. No match is noted as help: it opens
    /// nothing, and a review sees it.
    pub(crate) fn name_call(
        &mut self,
        call: NamedCall,
        rows: &[CallRow],
    ) -> Result<(EvidenceKind, EstablishedBy, Presented), Error> {
        if call.only_match(rows).is_none() {
            return Ok((EvidenceKind::CallNamedWithHelp, EstablishedBy::Library, Presented::NoMatch));
        }
        self.named_call = Some(call);
        let kind = if self.call_detail_shown {
            EvidenceKind::CallNamedWithHelp
        } else {
            EvidenceKind::CallNamedUnaided
        };
        Ok((kind, EstablishedBy::Library, Presented::Match))
    }

    pub(crate) fn named_call(&self) -> Option<&NamedCall> {
        self.named_call.as_ref()
    }

    /// Lets evidence count, once it is recorded. A correct password takes the wrong ones back.
    pub(crate) fn accept(&mut self, kind: EvidenceKind, by: EstablishedBy, now: Timestamp) {
        if kind == EvidenceKind::Password {
            self.evidence.retain(|(kind, _)| *kind != EvidenceKind::PasswordFailed);
        }
        if kind == EvidenceKind::PhotoId {
            self.evidence.retain(|(kind, _)| {
                !matches!(kind, EvidenceKind::PhotoIdExpired | EvidenceKind::PhotoIdNameMismatch)
            });
        }
        if !self.evidence.contains(&(kind, by)) {
            self.evidence.push((kind, by));
        }
        self.decide_anew(now);
    }

    /// Notes that call detail was given out.
    pub(crate) fn call_detail_was_shown(&mut self) {
        self.call_detail_shown = true;
    }

    /// The decision on viewing a class in the present state.
    pub(crate) fn decision(&self, class: DataClass, scope: Scope) -> Decision {
        self.plan.decision(class, scope)
    }

    /// A grant for what may be opened of `asked`.
    pub(crate) fn grant(
        &self,
        id: [u8; 16],
        asked: impl Iterator<Item = (FieldName, DataClass, Scope)>,
    ) -> Option<Grant> {
        self.plan.grant(id, asked)
    }

    pub(crate) fn id(&self) -> &[u8; 16] {
        &self.id
    }

    pub(crate) fn agent(&self) -> &AgentProfile {
        &self.profile
    }

    pub(crate) fn account(&self) -> &AccountId {
        &self.account
    }

    pub(crate) fn contact_id(&self) -> Option<&ContactId> {
        self.contact.id()
    }

    pub(crate) fn channel(&self) -> Channel {
        self.standing.channel()
    }

    pub(crate) fn purpose(&self) -> Purpose {
        self.purpose
    }

    pub(crate) fn evidence(&self) -> &[(EvidenceKind, EstablishedBy)] {
        &self.evidence
    }

    pub(crate) fn liveness(&self) -> &Arc<Liveness> {
        &self.liveness
    }

    /// Decides every class anew where the state has changed, or the day, with which packs come
    /// into force.
    fn decide_anew(&mut self, now: Timestamp) {
        let mut facts = Facts::new(self.standing.channel(), self.profile.role, self.purpose);
        self.account_facts.write(&mut facts, now);
        write_agent(&mut facts, &self.profile, &self.standing, &self.account, now);
        facts.set_account(AccountFact::PasswordSet, self.password_set);
        for (kind, _) in &self.evidence {
            facts.set_evidence(*kind, true);
        }
        let state = (facts, now.utc_date());
        if self.planned != Some(state) {
            self.plan = Plan::new(Arc::clone(&self.policy), facts, self.account.clone(), now);
            self.planned = Some(state);
        }
    }
}

fn ask_directory(
    directory: &dyn AgentDirectory,
    session: &AgentSession,
) -> Result<Option<AgentProfile>, Error> {
    Ok(directory.agent(session).map_err(|_| InteractionError::DirectoryUnavailable)?)
}

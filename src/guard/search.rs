//! Searching: an agent finds the account of a caller, or the accounts of a case, by what somebody states.
//!
//! Rules: policy decides, limits count and the record is durable before the host learns a term; of the
//! candidates only accounts come out whose values are equal, each recorded before; a search that finds
//! nothing counts, and is recorded, like every other.
//!
//! Security note: whoever may try values without end learns whose they are. What holds that are the limits
//! (`interaction::SEARCHES_AGENT` and beside it), the watch, and that a term alone fits many values.

#[cfg(test)]
mod tests;

use core::fmt;

use crate::audit::{EventFacts, Recorded};
use crate::classify::{IndexSpec, NormalForm};
use crate::disclose::{self, Sought};
use crate::envelope::Stored;
use crate::error::{DiscloseError, Error, InteractionError, KeyError, RecordError, TokenError};
use crate::hazmat::rng;
use crate::interaction::{AgentSession, Contact, Lookup, LookupOpening, is_government_id};
use crate::oversight::watch::{Alarm, Asking, Response, What};
use crate::policy::{Decision, SearchGrant};
use crate::sensitive::Sensitive;
use crate::token::IndexTerm;
use crate::vocabulary::{
    AccountId, BasisId, DataClass, EventKind, FieldName, IdentifierKind, Op, Purpose, Timestamp,
};

use super::interaction::{actor, field_record};
use super::{Guard, Inner};

/// Most candidates of a search. Library default: a planned index brings up a few dozen.
pub const MAX_CANDIDATES: usize = 4_096;
/// Most accounts that a search gives out: more match, and none does. Library default.
pub const MAX_FOUND: usize = 10;

/// A search that was decided and recorded. The host looks its rows up by [`Search::terms`] and hands them to
/// [`Search::find`].
pub struct Search {
    guard: Guard,
    lookup: Lookup,
    index: FieldName,
    asked: Vec<AskedField>,
    sought: Vec<(Option<IdentifierKind>, NormalForm)>,
    granted: Option<(SearchGrant, Recorded)>,
    terms: Vec<IndexTerm>,
    audit_index: u64,
}

/// The accounts that a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    accounts: Vec<AccountId>,
    unreadable: usize,
}

struct AskedField {
    name: FieldName,
    class: DataClass,
    decision: Decision,
}

impl Guard {
    /// Searches for accounts by what somebody states: one value for each field of the index, in its order. For a
    /// care agent who must find the caller's account, from the live contact; for the back office, from its
    /// case. There is no account yet, so what policy would have to know of one takes its least privileged value.
    ///
    /// Limited by agent, and by contact or case; watched; recorded before the terms come out, also where it is
    /// refused.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use cpni_guard::{AccountId, AgentSession, Contact, Guard, MemoryKeys, Purpose, Record, Schema, Sensitive, Stores};
    /// # use cpni_guard::{interaction::*, vocabulary::*};
    /// # let id = AgentId::new("a-1017")?;
    /// # let profile = AgentProfile { id: id.clone(), role: Role::CareAgent, employer: EmployerId::new("carrier")?, site: None,
    /// #     country: None, trained_until: Some(Timestamp::from_micros(u64::MAX)), may_approve: false, own_account: None };
    /// # let (agents, contacts) = (Arc::new(MemoryDirectory::default()), Arc::new(MemoryContacts::default()));
    /// # agents.sign_in("token", profile);
    /// # contacts.set(ContactId::new("call-1")?, ContactState::live(Channel::PhoneInbound, id));
    /// # let contact = Contact::of(ContactId::new("call-1")?, Channel::PhoneInbound);
    /// # let guard = Guard::builder().schema(Schema::from_toml(include_str!("../../examples/subscriber.toml"))?)
    /// #     .grants(include_str!("../../examples/grants.toml")).keys(MemoryKeys::new()?).store(Stores::in_memory())
    /// #     .agents(agents).contacts(contacts).build()?;
    /// let account = AccountId::new("8155550100")?;
    /// let row = guard.protect(&account, Record::new().text("ssn", "987-65-4321"))?;
    /// let column = row.terms.get("ssn").copied(); // stored beside the record, in a column with an index
    ///
    /// let stated = [Sensitive::from("987 65 4321".to_owned())];
    /// let search = guard.search(AgentSession::new("token"), contact, Purpose::Support, "ssn", &stated)?;
    /// // SELECT account, record FROM customers WHERE ssn_term IN (…)
    /// let hit = column.is_some_and(|term| search.terms().contains(&term));
    /// let found = search.find(hit.then_some((&account, &row)))?;
    /// assert_eq!(found.accounts(), [account]);
    /// # Ok::<(), cpni_guard::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`TokenError::UnknownIndex`]; [`InteractionError::StatedValues`]; [`InteractionError::UnknownAgent`] and
    /// [`InteractionError::LockedOut`], recorded; held back by the watch; [`crate::error::AuditError`] if it could
    /// not be recorded: nothing is searched for then.
    pub fn search(
        &self,
        agent: AgentSession,
        contact: Contact,
        purpose: Purpose,
        index: &str,
        stated: &[Sensitive<String>],
    ) -> Result<Search, Error> {
        let inner = &*self.0;
        let index = inner.schema.index(index).ok_or(TokenError::UnknownIndex)?;
        let (fields, sought) = self.forms(index, stated)?;
        let id = rng::make_array().map_err(|_| KeyError::Random)?;
        let opening = LookupOpening { id, session: agent, contact, purpose, limits: inner.limits };
        let lookup = Lookup::open(inner.hosts.clone(), inner.policy.clone(), opening);
        let lookup = lookup.or_else(|refused| {
            let mut facts = self.event(EventKind::Searched, self.now());
            (facts.interaction, facts.purpose) = (id, Some(purpose));
            facts.basis = Some(BasisId::new(index.name().as_str())?);
            facts.cause = refused.code().get();
            inner.audit.record(facts, None)?;
            Err(refused)
        })?;
        let asked = fields.into_iter().map(|(name, class)| {
            let decision = lookup.decision(class);
            AskedField { name, class, decision }
        });
        let asked = asked.collect();
        let mut search = Search {
            guard: self.clone(),
            lookup,
            index: index.name().clone(),
            asked,
            sought,
            granted: None,
            terms: Vec::new(),
            audit_index: 0,
        };
        search.begin(index)?;
        Ok(search)
    }

    /// What was stated, in the normal forms of the index's fields.
    fn forms(&self, index: &IndexSpec, stated: &[Sensitive<String>]) -> Result<Asked, Error> {
        let wrong = InteractionError::StatedValues { fields: index.fields().len() };
        if stated.len() != index.fields().len() {
            return Err(wrong.into());
        }
        let (mut fields, mut forms) = (Vec::new(), Vec::new());
        for (position, (name, value)) in index.fields().iter().zip(stated).enumerate() {
            let spec = self.0.schema.field(name.as_str()).ok_or(RecordError::UnknownField { position })?;
            fields.push((name.clone(), spec.class()));
            // EXPOSE: brought to its normal form.
            let form = NormalForm::of(spec.kind(), value.expose()).ok_or_else(|| wrong.clone())?;
            forms.push((spec.kind(), form));
        }
        Ok((fields, forms))
    }
}

/// The fields of an index with their classes, and the forms of what was stated with their kinds.
type Asked = (Vec<(FieldName, DataClass)>, Vec<(Option<IdentifierKind>, NormalForm)>);

impl Search {
    /// The decision on each field of the index. All must allow it.
    pub fn decisions(&self) -> impl Iterator<Item = (&FieldName, &Decision)> {
        self.asked.iter().map(|field| (&field.name, &field.decision))
    }

    /// Whether the search may go on.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.granted.is_some()
    }

    /// The terms to look up: one for each key version that rows may have, so that a search in the middle of a
    /// rotation misses nothing. Empty where the search is refused.
    #[must_use]
    pub fn terms(&self) -> &[IndexTerm] {
        &self.terms
    }

    /// The number of the audit event that records the decision, from 0.
    #[must_use]
    pub fn audit_index(&self) -> u64 {
        self.audit_index
    }

    /// Compares the candidates, all of them and in constant time, and gives out the accounts that match: each
    /// once, in the order of the candidates. Rows that only share a term do not come out.
    ///
    /// A candidate that does not open as a record of its account is passed over, counted in
    /// [`Found::unreadable`], and recorded.
    ///
    /// # Errors
    /// [`DiscloseError::Withheld`] where the search was refused; [`InteractionError::TooManyCandidates`] and
    /// [`InteractionError::TooManyFound`], recorded; [`InteractionError::Ended`] or
    /// [`InteractionError::Expired`] if the agent or the contact is gone; [`crate::error::AuditError`] if what was
    /// found could not be recorded. No account comes out then.
    pub fn find<'c, S: Into<Stored<'c>>>(
        mut self,
        candidates: impl IntoIterator<Item = (&'c AccountId, S)>,
    ) -> Result<Found, Error> {
        let (grant, recorded) = self.granted.take().ok_or(DiscloseError::Withheld)?;
        let now = self.lookup.refresh()?;
        let sought = Sought::new(grant, recorded, core::mem::take(&mut self.sought))?;
        let mut found = Found { accounts: Vec::new(), unreadable: 0 };
        let mut first_fault = None;
        for (looked_at, (account, sealed)) in candidates.into_iter().enumerate() {
            if looked_at == MAX_CANDIDATES {
                return self.refuse(InteractionError::TooManyCandidates { max: MAX_CANDIDATES }, now);
            }
            match self.compare(&sought, account, &sealed.into()) {
                Ok(matches) => {
                    if matches && !found.accounts.contains(account) {
                        found.accounts.push(account.clone());
                    }
                }
                Err(fault) => {
                    found.unreadable = found.unreadable.saturating_add(1);
                    first_fault.get_or_insert(fault);
                }
            }
        }
        if let Some(fault) = first_fault {
            self.record(EventKind::AccountFound, &fault, now)?;
        }
        if found.accounts.len() > MAX_FOUND {
            return self.refuse(InteractionError::TooManyFound { max: MAX_FOUND }, now);
        }
        if found.accounts.is_empty() {
            self.record(EventKind::AccountFound, &InteractionError::NothingFound.into(), now)?;
        }
        for account in &found.accounts {
            self.announce(account, now)?;
        }
        Ok(found)
    }

    /// Counts, records, and computes the terms, in this order.
    fn begin(&mut self, index: &IndexSpec) -> Result<(), Error> {
        let now = self.lookup.refresh()?;
        let Inner { audit, ledger, indexes, .. } = &*self.guard.0;
        let fields = self.asked.iter().map(|field| (field.name.clone(), field.class)).collect();
        let grant = self.lookup.grant(rng::make_array().map_err(|_| KeyError::Random)?, fields);
        let classes: Vec<_> = self.asked.iter().map(|field| field.class).collect();
        if grant.is_some()
            && let Err(refused) = self.lookup.count(ledger, &classes, now)
        {
            self.record(EventKind::Searched, &refused, now)?;
            return Err(refused);
        }
        let government_id = classes.iter().any(|class| is_government_id(*class));
        self.watch(What::Searched { government_id, refused: grant.is_none() }, now)?;
        let mut facts = self.event(EventKind::Searched, now)?;
        facts.grant = grant.as_ref().map_or([0; 16], |grant| *grant.id());
        let recorded = audit.record(facts, None)?;
        self.audit_index = recorded.index();
        if let Some(grant) = grant {
            self.terms = indexes.of_search(index, self.sought.iter().map(|(_, form)| form))?;
            self.granted = Some((grant, recorded));
        }
        Ok(())
    }

    fn compare(&self, sought: &Sought, account: &AccountId, stored: &Stored<'_>) -> Result<bool, Error> {
        self.guard.open_with(account, stored, |opener| disclose::is_sought(sought, opener))
    }

    /// Records that this account comes out next, and tells of a decoy.
    fn announce(&self, account: &AccountId, now: Timestamp) -> Result<(), Error> {
        let facts = self.event(EventKind::AccountFound, now)?;
        self.guard.0.audit.record(facts, Some(account))?;
        if self.guard.0.watcher.is_decoy(account) {
            let facts = self.event_of(EventKind::WatchTripped, now);
            self.guard.alarm(facts, Some(account), &Alarm::decoy()?, Response::Alert)?;
        }
        Ok(())
    }

    fn refuse(&self, refused: InteractionError, now: Timestamp) -> Result<Found, Error> {
        let refused = refused.into();
        self.record(EventKind::AccountFound, &refused, now)?;
        Err(refused)
    }

    fn record(&self, kind: EventKind, cause: &Error, now: Timestamp) -> Result<(), Error> {
        let mut facts = self.event_of(kind, now);
        facts.basis = Some(BasisId::new(self.index.as_str())?);
        facts.cause = cause.code().get();
        self.guard.0.audit.record(facts, None)?;
        Ok(())
    }

    fn watch(&self, what: What, now: Timestamp) -> Result<(), Error> {
        let agent = self.lookup.agent();
        let asking = Asking {
            agent: &agent.id,
            employer: &agent.employer,
            site: agent.site.as_ref(),
            role: agent.role,
            account: None,
            has_contact: self.lookup.has_contact(),
        };
        self.guard.watch(&asking, what, now, false, |kind| self.event_of(kind, now))
    }

    /// The beginning of an event that says what was searched by, and what was decided.
    fn event(&self, kind: EventKind, now: Timestamp) -> Result<EventFacts, Error> {
        let mut facts = self.event_of(kind, now);
        facts.basis = Some(BasisId::new(self.index.as_str())?);
        let record = |field: &AskedField| field_record(Op::Search, field.class, &field.name, &field.decision);
        facts.fields = self.asked.iter().map(record).collect();
        Ok(facts)
    }

    fn event_of(&self, kind: EventKind, now: Timestamp) -> EventFacts {
        let lookup = &self.lookup;
        let mut facts = self.guard.event(kind, now);
        facts.interaction = *lookup.id();
        facts.actor = Some(actor(lookup.agent()));
        facts.purpose = Some(lookup.purpose());
        facts.channel = Some(lookup.channel());
        facts.contact = lookup.contact_id().cloned();
        facts.case = lookup.case().0.cloned();
        facts
    }
}

/// Silent on what is sought.
impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Search")
            .field("index", &self.index)
            .field("is_allowed", &self.is_allowed())
            .field("terms", &self.terms)
            .finish_non_exhaustive()
    }
}

impl Found {
    /// The accounts whose values are what was stated. Opening one is a disclosure like any other.
    #[must_use]
    pub fn accounts(&self) -> &[AccountId] {
        &self.accounts
    }

    /// Candidates that did not open as records of their account.
    #[must_use]
    pub const fn unreadable(&self) -> usize {
        self.unreadable
    }
}

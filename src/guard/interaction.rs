//! An interaction as the host holds it: evidence in, views out, every step recorded.

use core::fmt;
use std::sync::{Arc, Weak};

use crate::audit::{ActionRecord, Actor, EventFacts, FieldRecord, MAX_RULES, Recorded};
use crate::disclose::{self, Disclosure, Source, Vault, View, ViewedField};
use crate::envelope::{Opener, Stored};
use crate::error::{AuditError, Error, InteractionError, RecordError, SealedError};
use crate::hazmat::rng;
use crate::interaction::{AgentProfile, EndReason, Evidence, Looked, NamedCall, PhotoId, Presented, Session};
use crate::keys::AccountKeys;
use crate::oversight::watch::What;
use crate::policy::{Decision, Grant};
use crate::vocabulary::{
    Action, Channel, CountryCode, DataClass, EventKind, FieldName, Op, RuleId, Scope, Timestamp,
};

use super::{Guard, Inner};

/// A customer contact in progress, on one account. Ends by [`Interaction::end`], on drop, by
/// itself after a time, and when the host's systems say that the contact or the agent is gone.
pub struct Interaction {
    pub(super) guard: Guard,
    pub(super) session: Session,
    /// Derived keys by version, while the interaction lives.
    keys: Vec<AccountKeys>,
    /// What was disclosed, to be wiped at the end.
    disclosed: Vec<Weak<Vault>>,
    /// The public key of the device session that views of this interaction are sealed for.
    pub(super) device: Option<[u8; 32]>,
    end_recorded: bool,
}

/// A field that is asked for: the whole of it, or the call that the customer named.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FieldRequest<'r> {
    name: &'r str,
    scope: Scope,
}

impl<'r> FieldRequest<'r> {
    /// The whole field.
    #[must_use]
    pub const fn whole(name: &'r str) -> Self {
        Self { name, scope: Scope::Whole }
    }

    /// Only the call that the customer named (47 CFR 64.2010(b), last sentence).
    #[must_use]
    pub const fn named_call(name: &'r str) -> Self {
        Self { name, scope: Scope::NamedCall }
    }
}

/// Silent on the name: one that no schema has may be anything.
impl fmt::Debug for FieldRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldRequest").field("scope", &self.scope).finish_non_exhaustive()
    }
}

impl<'r> From<&'r str> for FieldRequest<'r> {
    fn from(name: &'r str) -> Self {
        Self::whole(name)
    }
}

impl Interaction {
    pub(super) fn start(guard: Guard, session: Session) -> Result<Self, Error> {
        let interaction = Self {
            guard,
            session,
            keys: Vec::new(),
            disclosed: Vec::new(),
            device: None,
            end_recorded: false,
        };
        let now = interaction.session.liveness().check()?;
        interaction.record(interaction.event(EventKind::InteractionOpened, now))?;
        interaction.watch(What::Opened, now)?;
        Ok(interaction)
    }

    /// Presents evidence that the customer gave. The caller learns match or no match, nothing else.
    ///
    /// # Errors
    /// [`InteractionError`]: ended, expired, no live contact, locked out; [`AuditError`] if it could
    /// not be recorded: the evidence then does not count.
    pub fn present(&mut self, evidence: Evidence) -> Result<Presented, Error> {
        self.watch_evidence()?;
        let presented = self.session.present(evidence);
        self.count(presented)
    }

    /// Presents a photo ID at a retail location. The library compares the name with the sealed one
    /// in `name_field`, and the expiry with the clock. Attempts are limited.
    ///
    /// # Errors
    /// As [`Interaction::present`], [`InteractionError::NotOnThisChannel`], and [`SealedError`] if
    /// the sealed name cannot be opened.
    pub fn show_photo_id<'s>(
        &mut self,
        id: &PhotoId,
        sealed: impl Into<Stored<'s>>,
        name_field: &str,
    ) -> Result<Presented, Error> {
        self.session.require(Some(Channel::Retail))?;
        let name = self.field_name(name_field)?;
        self.watch_evidence()?;
        let counted = self.session.count_photo_id();
        self.refuse_guesses(counted)?;
        let opened = self
            .compare_with(&sealed.into(), |opener| disclose::open_value(opener, &name, DataClass::Identity));
        let stored = self.refuse_if_failed(opened)?;
        self.count_compared(&name);
        let presented = self.session.examine(id, &stored);
        self.count(presented)
    }

    /// Presents a call that the customer names without help. It matches where exactly one stored
    /// call agrees; the answer is the same for no call and for several. Attempts are limited.
    ///
    /// # Errors
    /// As [`Interaction::present`], and [`SealedError`] if the sealed calls cannot be opened.
    pub fn name_call<'s>(
        &mut self,
        call: NamedCall,
        sealed: impl Into<Stored<'s>>,
        calls_field: &str,
    ) -> Result<Presented, Error> {
        let name = self.field_name(calls_field)?;
        self.watch_evidence()?;
        let counted = self.session.count_named_call();
        self.refuse_guesses(counted)?;
        let opened = self.compare_with(&sealed.into(), |opener| {
            disclose::open_calls(opener, &name, DataClass::CallDetail)
        });
        let rows = self.refuse_if_failed(opened)?;
        self.count_compared(&name);
        let looked = self.session.name_call(call, &rows);
        self.count(Ok(looked))
    }

    /// Asks to see fields of a sealed record. Gives one decision per field and, where allowed, its
    /// value; the record of it is durable before any value is opened.
    ///
    /// # Errors
    /// [`InteractionError`]: ended or expired, held back by the watch; [`RecordError`] for a field that the schema does not
    /// name; [`AuditError`] if the view could not be recorded; [`SealedError`] or
    /// [`crate::error::KeyError`] if the sealed bytes are not what they claim. Nothing is disclosed then.
    pub fn view<'s, 'r, R: Into<FieldRequest<'r>>>(
        &mut self,
        sealed: impl Into<Stored<'s>>,
        fields: impl IntoIterator<Item = R>,
    ) -> Result<View, Error> {
        let now = self.session.refresh()?;
        self.look(&sealed.into(), fields, now, None)
    }

    /// A view, from the policy to the opening. `announced` is an event that is recorded directly before
    /// the view's own, in the same write.
    pub(super) fn look<'r, R: Into<FieldRequest<'r>>>(
        &mut self,
        stored: &Stored<'_>,
        fields: impl IntoIterator<Item = R>,
        now: Timestamp,
        announced: Option<EventFacts>,
    ) -> Result<View, Error> {
        let asked = self.asked(fields)?;
        let grant_id = rng::make_array().map_err(|_| crate::error::KeyError::Random)?;
        let held = asked.iter().filter(|field| stored.class_of(field.name.as_str()).is_some());
        let grant = self.session.grant(grant_id, held.map(|f| (f.name.clone(), f.class, f.scope)));

        let viewed: Vec<_> = asked
            .into_iter()
            .map(|field| {
                (
                    field.class,
                    ViewedField {
                        decision: self.session.decision(field.class, field.scope),
                        name: field.name,
                    },
                )
            })
            .collect();
        let refused = !viewed.iter().any(|(_, field)| field.decision.is_allowed());
        self.watch(What::Read { refused }, now)?;
        let mut facts = self.event(EventKind::Viewed, now);
        facts.grant = grant.as_ref().map_or([0; 16], |grant| *grant.id());
        facts.fields = viewed
            .iter()
            .map(|(class, field)| field_record(Op::View, *class, &field.name, &field.decision))
            .collect();
        let audit = &self.guard.0.audit;
        let recorded = audit.record_behind(announced, facts, Some(self.session.account()))?;

        let audit_index = recorded.index();
        let disclosure = match grant {
            None => None,
            Some(grant) => {
                let disclosed = self.disclose(grant, recorded, stored);
                Some(self.refuse_if_failed(disclosed)?)
            }
        };
        if viewed.iter().any(|(class, field)| *class == DataClass::CallDetail && field.decision.is_allowed())
        {
            self.session.call_detail_was_shown();
        }
        Ok(View::new(viewed.into_iter().map(|(_, field)| field).collect(), disclosure, audit_index))
    }

    /// Ends the interaction: everything that it disclosed is wiped, and nothing more is readable.
    ///
    /// # Errors
    /// [`AuditError`] if the end could not be recorded. It has ended all the same.
    pub fn end(mut self) -> Result<(), Error> {
        self.finish()
    }

    pub(super) fn asked<'r, R: Into<FieldRequest<'r>>>(
        &self,
        fields: impl IntoIterator<Item = R>,
    ) -> Result<Vec<Asked>, Error> {
        let mut asked: Vec<Asked> = Vec::new();
        for (position, request) in fields.into_iter().enumerate() {
            let FieldRequest { name, scope } = request.into();
            let spec = self.guard.schema().field(name).ok_or(RecordError::UnknownField { position })?;
            if asked.iter().any(|field| field.name == *spec.name()) {
                return Err(RecordError::DuplicateField { field: spec.name().clone() }.into());
            }
            asked.push(Asked { name: spec.name().clone(), class: spec.class(), scope });
        }
        if asked.is_empty() {
            return Err(RecordError::Empty.into());
        }
        Ok(asked)
    }

    /// For the data inventory: the event of the evidence does not name the field.
    fn count_compared(&self, name: &FieldName) {
        let Inner { schema, counts, .. } = &*self.guard.0;
        schema.field(name.as_str()).iter().for_each(|field| counts.compared(field));
    }

    fn field_name(&self, name: &str) -> Result<FieldName, Error> {
        Ok(self.guard.schema().field(name).ok_or(RecordError::UnknownField { position: 0 })?.name().clone())
    }

    /// The keys of this account for what is stored, derived once while the interaction lives.
    fn keys_for(&mut self, stored: &Stored<'_>) -> Result<&AccountKeys, Error> {
        let (version, epoch) = (stored.key_version(), stored.subject_epoch());
        let is_it = |keys: &AccountKeys| (keys.version(), keys.epoch()) == (version, epoch);
        // What was retired, destroyed or erased since opens nothing more, also where its keys were kept.
        if let Err(gone) = self.guard.check_keys(self.session.account(), version, epoch) {
            self.keys.retain(|keys| !is_it(keys));
            return Err(gone);
        }
        let at = match self.keys.iter().position(is_it) {
            Some(at) => at,
            None => {
                self.keys.push(self.guard.keys_of(self.session.account(), version, epoch)?);
                self.keys.len().saturating_sub(1)
            }
        };
        Ok(self.keys.get(at).ok_or(SealedError::Commitment)?)
    }

    /// Opens a field for a comparison inside the library.
    pub(super) fn compare_with<T>(
        &mut self,
        stored: &Stored<'_>,
        open: impl FnOnce(&mut Opener<'_>) -> Result<T, SealedError>,
    ) -> Result<T, Error> {
        let guard = self.guard.clone();
        let account = self.session.account().clone();
        let keys = self.keys_for(stored)?;
        Ok(open(&mut stored.opener(keys, &guard.0.tenant, &account)?)?)
    }

    pub(super) fn disclose(
        &mut self,
        grant: Grant,
        recorded: Recorded,
        stored: &Stored<'_>,
    ) -> Result<Disclosure, Error> {
        let guard = self.guard.clone();
        self.keys_for(stored)?;
        let under = (stored.key_version(), stored.subject_epoch());
        let keys = self.keys.iter().find(|keys| (keys.version(), keys.epoch()) == under);
        let source = Source {
            stored,
            keys: keys.ok_or(SealedError::Commitment)?,
            tenant: &guard.0.tenant,
            schema: &guard.0.schema,
            hotlines: guard.0.hosts.hotlines.as_deref(),
        };
        let disclosure =
            disclose::disclose(grant, recorded, &source, self.session.named_call(), self.session.liveness())?;
        self.disclosed.retain(|vault| vault.strong_count() > 0);
        self.disclosed.push(Arc::downgrade(disclosure.vault()));
        Ok(disclosure)
    }

    /// Records evidence, and lets it count once it is recorded.
    fn count(&mut self, looked: Result<Looked, Error>) -> Result<Presented, Error> {
        let looked = self.refuse_guesses(looked)?;
        let now = self.session.liveness().check()?;
        let mut facts = self.event(EventKind::EvidencePresented, now);
        match looked.evidence {
            Some(evidence) if !facts.evidence.contains(&evidence) => facts.evidence.push(evidence),
            Some(_) => {}
            None => facts.cause = Error::from(InteractionError::NoMatch).code().get(),
        }
        self.record(facts)?;
        if let Some((kind, by)) = looked.evidence {
            self.session.accept(kind, by, now);
        }
        if looked.presented == Presented::NoMatch {
            self.watch_failed_evidence()?;
        }
        Ok(looked.presented)
    }

    /// As [`Interaction::refuse_if_locked`], for evidence: the attempt counts as one that failed.
    fn refuse_guesses<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        let result = self.refuse_if_locked(result);
        if let Err(Error::Interaction(InteractionError::LockedOut)) = &result {
            self.watch_failed_evidence()?;
        }
        result
    }

    /// Records a lock-out before it is reported.
    pub(super) fn refuse_if_locked<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        if let Err(refused @ Error::Interaction(InteractionError::LockedOut)) = &result {
            self.record_failure(EventKind::EvidencePresented, refused)?;
        }
        result
    }

    /// Records that sealed bytes were refused before it is reported.
    pub(super) fn refuse_if_failed<T>(&mut self, opened: Result<T, Error>) -> Result<T, Error> {
        if let Err(refused) = &opened {
            self.record_failure(EventKind::NotCarriedOut, refused)?;
        }
        opened
    }

    pub(super) fn record_failure(&self, kind: EventKind, refused: &Error) -> Result<Recorded, AuditError> {
        let mut facts = self.event(kind, self.guard.now());
        facts.cause = refused.code().get();
        self.record(facts)
    }

    /// The beginning of an audit event of this interaction.
    pub(super) fn event(&self, kind: EventKind, now: Timestamp) -> EventFacts {
        let session = &self.session;
        let mut facts = self.guard.event(kind, now);
        facts.interaction = *session.id();
        facts.actor = Some(actor(session.agent()));
        facts.purpose = Some(session.purpose());
        facts.channel = Some(session.channel());
        facts.contact = session.contact_id().cloned();
        let (case, review) = session.case();
        (facts.case, facts.basis) = (case.cloned(), review.cloned());
        facts.evidence = session.evidence().to_vec();
        facts
    }

    pub(super) fn record(&self, facts: EventFacts) -> Result<Recorded, AuditError> {
        self.guard.0.audit.record(facts, Some(self.session.account()))
    }

    fn finish(&mut self) -> Result<(), Error> {
        self.session.liveness().end(EndReason::Ended);
        self.disclosed.drain(..).filter_map(|vault| vault.upgrade()).for_each(|vault| vault.wipe());
        self.keys.clear();
        if self.end_recorded {
            return Ok(());
        }
        self.end_recorded = true;
        let mut facts = self.event(EventKind::InteractionEnded, self.guard.now());
        facts.cause = match self.session.liveness().end_reason() {
            Some(EndReason::Idle | EndReason::TooLong | EndReason::ClockWentBack) => {
                Error::from(InteractionError::Expired).code().get()
            }
            Some(EndReason::ContactEnded | EndReason::AgentGone) => {
                Error::from(InteractionError::Ended).code().get()
            }
            Some(EndReason::Ended) | None => 0,
        };
        self.record(facts)?;
        Ok(())
    }
}

impl Drop for Interaction {
    fn drop(&mut self) {
        // Nobody is left to tell; the end itself does not depend on its record.
        let _recorded = self.finish().is_ok();
    }
}

impl fmt::Debug for Interaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interaction").field("session", &self.session).finish_non_exhaustive()
    }
}

pub(super) struct Asked {
    pub(super) name: FieldName,
    pub(super) class: DataClass,
    pub(super) scope: Scope,
}

pub(super) fn field_record(op: Op, class: DataClass, name: &FieldName, decision: &Decision) -> FieldRecord {
    FieldRecord {
        field: name.clone(),
        class,
        op,
        scope: decision.scope(),
        outcome: decision.outcome(),
        form: decision.form(),
        because: decision.because(),
        rules: rules_of(decision),
        obligations: decision.obligations(),
    }
}

pub(super) fn action_record(action: Action, decision: &Decision) -> ActionRecord {
    ActionRecord {
        action,
        outcome: decision.outcome(),
        because: decision.because(),
        rules: rules_of(decision),
        obligations: decision.obligations(),
    }
}

pub(super) fn actor(agent: &AgentProfile) -> Actor {
    Actor {
        agent: agent.id.clone(),
        role: agent.role,
        employer: Some(agent.employer.clone()),
        site: agent.site.clone(),
        country: agent.country.unwrap_or(CountryCode::UNKNOWN),
    }
}

/// The rules that decided, as many as an event may name.
fn rules_of(decision: &Decision) -> Vec<RuleId> {
    decision.reasons().take(MAX_RULES).map(|reason| reason.rule.clone()).collect()
}

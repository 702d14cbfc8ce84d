//! The other doors of an interaction: a value is compared, sent, an action is decided, each by policy; a
//! code goes out, the customer is called back, each where a customer is there. All of it is recorded
//! before it happens.

use crate::audit::ActionRecord;
use crate::classify::NormalForm;
use crate::disclose::{self, View, ViewedField};
use crate::envelope::Stored;
use crate::error::{Error, HostError, InteractionError, KeyError, RecordError};
use crate::hazmat::rng;
use crate::interaction::{AgentSession, Approval, CodeTo, ConsentEvent, ConsentKind, Notice, Presented};
use crate::oversight::watch::What;
use crate::policy::Decision;
use crate::sensitive::Sensitive;
use crate::vocabulary::{
    AccountId, Action, BasisId, ContactPointId, DataClass, Destination, EventKind, FieldName, Obligation,
    Obligations, Op, Outcome, ScriptVersion, Shape, Timestamp, WithheldBecause,
};

use super::interaction::{Asked, Interaction, action_record, actor, field_record};
use super::notices::write_notice;

/// Where values, codes and calls to customers go: the host's print shop, mail, messaging, dialler.
pub trait Delivery: Send + Sync {
    /// Sends what the view gives out to this address, the customer's address of record. The view is
    /// wiped when this returns.
    ///
    /// # Errors
    /// [`HostError`] if it was not taken over: the agent is told that nothing was sent.
    fn send(&self, account: &AccountId, to: &ContactPointId, view: &View) -> Result<(), HostError>;

    /// Sends a one-time code to the telephone number of record, or to this address of record.
    ///
    /// # Errors
    /// [`HostError`] if it was not taken over.
    fn send_code(
        &self,
        account: &AccountId,
        to: CodeTo,
        address: Option<&ContactPointId>,
        code: &Sensitive<String>,
    ) -> Result<(), HostError>;

    /// Has the host's dialler call the telephone number of record. The agent never learns it.
    ///
    /// # Errors
    /// [`HostError`] if it was not taken over.
    fn call_back(&self, account: &AccountId) -> Result<(), HostError>;
}

/// Takes the notices of account changes (47 CFR 64.2010(f)(1)) and of what is about to be done, in
/// place of the library's own queue ([`super::NoticeQueue`]).
pub trait Notifier: Send + Sync {
    /// Queues a notice to the number or address of record as they are now, before the change. It is on
    /// stable storage when this returns.
    ///
    /// # Errors
    /// [`HostError`] if it was not queued: the change is then refused.
    fn queue(&self, account: &AccountId, notice: Notice) -> Result<(), HostError>;
}

/// The answer to a verification.
#[derive(Debug)]
pub struct Verification {
    /// Whether it is compared, and why not, and what would help.
    pub decision: Decision,
    /// What the customer stated is the value, or is not; `None` where it is not compared.
    pub result: Option<Presented>,
}

/// What an agent learns of a sending: the decisions, and that it went.
#[derive(Debug)]
pub struct SendReceipt {
    decisions: Vec<(FieldName, Decision)>,
    sent: bool,
    audit_index: u64,
}

impl SendReceipt {
    /// Whether anything was handed over to be sent.
    #[must_use]
    pub fn is_sent(&self) -> bool {
        self.sent
    }

    /// The decision on each field that was asked for.
    pub fn decisions(&self) -> impl Iterator<Item = (&str, &Decision)> {
        self.decisions.iter().map(|(name, decision)| (name.as_str(), decision))
    }

    /// The number of the audit event that records this sending, from 0.
    #[must_use]
    pub fn audit_index(&self) -> u64 {
        self.audit_index
    }
}

impl Interaction {
    /// Says whether what the customer stated is the stored value of a field, where policy allows:
    /// match or no match, compared in its normal form in constant time. Attempts are limited by
    /// interaction, agent and account.
    ///
    /// # Errors
    /// As [`Interaction::view`], and [`InteractionError::LockedOut`].
    pub fn verify<'s>(
        &mut self,
        sealed: impl Into<Stored<'s>>,
        field: &str,
        stated: &Sensitive<String>,
    ) -> Result<Verification, Error> {
        let stored = sealed.into();
        let now = self.session.refresh()?;
        let spec = self.guard.schema().field(field).ok_or(RecordError::UnknownField { position: 0 })?;
        let (name, class, kind) = (spec.name().clone(), spec.class(), spec.kind());
        if spec.shape() != Shape::Value {
            return Err(RecordError::WrongShape { field: name }.into());
        }
        let decision = self.session.verification(class);
        if decision.is_allowed() {
            let counted = self.session.count_verify();
            self.refuse_if_locked(counted)?;
        }
        let ssn = matches!(class, DataClass::Ssn | DataClass::SsnLast4);
        self.watch(What::Verified { ssn, refused: !decision.is_allowed() }, now)?;
        let grant = self.session.plan().grant_verifying(make_id()?, name.clone(), class);
        let mut facts = self.event(EventKind::Verified, now);
        facts.grant = grant.as_ref().map_or([0; 16], |grant| *grant.id());
        facts.fields = vec![field_record(Op::Verify, class, &name, &decision)];
        let recorded = self.record(facts)?;
        let Some(grant) = grant else { return Ok(Verification { decision, result: None }) };
        let opened = self.compare_with(&stored, |opener| disclose::open_to_compare(grant, recorded, opener));
        let value = self.refuse_if_failed(opened)?;
        // EXPOSE: compared below, and wiped.
        let matches = NormalForm::same(class, kind, value.expose(), stated.expose());
        let result = Some(if matches { Presented::Match } else { Presented::NoMatch });
        Ok(Verification { decision, result })
    }

    /// Sends fields to the customer's address of record through the host's [`Delivery`]. The agent
    /// sees a receipt, not the values.
    ///
    /// # Errors
    /// As [`Interaction::view`], and [`InteractionError::NotDelivered`].
    pub fn send<'s, 'f>(
        &mut self,
        sealed: impl Into<Stored<'s>>,
        fields: impl IntoIterator<Item = &'f str>,
        to: Destination,
    ) -> Result<SendReceipt, Error> {
        let stored = sealed.into();
        let now = self.session.refresh()?;
        let asked = self.asked(fields)?;
        let Destination::AddressOfRecord = to;
        let address = self.session.address_of_record(now);
        let held = asked.iter().filter(|field| stored.class_of(field.name.as_str()).is_some());
        let id = make_id()?;
        let grant =
            self.session.plan().grant_sending(id, to, held.map(|field| (field.name.clone(), field.class)));
        let decided: Vec<_> = asked
            .into_iter()
            .map(|Asked { name, class, .. }| {
                (class, ViewedField { decision: self.session.sending(class, to), name })
            })
            .collect();
        let refused = !decided.iter().any(|(_, field)| field.decision.is_allowed());
        self.watch(What::Read { refused }, now)?;
        let mut facts = self.event(EventKind::Sent, now);
        facts.grant = grant.as_ref().map_or([0; 16], |grant| *grant.id());
        facts.destination = Some(to);
        facts.fields = decided
            .iter()
            .map(|(class, field)| field_record(Op::Send, *class, &field.name, &field.decision))
            .collect();
        let recorded = self.record(facts)?;
        let audit_index = recorded.index();
        let decisions: Vec<_> =
            decided.iter().map(|(_, field)| (field.name.clone(), field.decision.clone())).collect();
        let (Some(grant), Some(address)) = (grant, address) else {
            return Ok(SendReceipt { decisions, sent: false, audit_index });
        };
        let disclosed = self.disclose(grant, recorded, &stored);
        let disclosure = self.refuse_if_failed(disclosed)?;
        let view =
            View::new(decided.into_iter().map(|(_, field)| field).collect(), Some(disclosure), audit_index);
        let delivered = match &self.guard.0.delivery {
            Some(delivery) => delivery.send(self.session.account(), &address, &view),
            None => Err(HostError),
        };
        view.close();
        let sent = delivered.map_err(|_| InteractionError::NotDelivered.into());
        self.refuse_if_failed(sent)?;
        Ok(SendReceipt { decisions, sent: true, audit_index })
    }

    /// Makes a one-time code and has the host send it. The customer reads it back as
    /// [`crate::Evidence::OneTimeCode`]. How many are sent is limited by interaction, agent and account.
    ///
    /// # Errors
    /// [`InteractionError::NotOfRecord`] where the SIM changed recently, the address is too young, or
    /// either is unknown; [`InteractionError::LockedOut`]: recorded, and nothing is sent;
    /// [`InteractionError::NotDelivered`]; as [`Interaction::present`].
    pub fn send_one_time_code(&mut self, to: CodeTo) -> Result<(), Error> {
        self.watch_evidence()?;
        let made = self.session.make_code(to);
        if let Err(refused @ Error::Interaction(InteractionError::LockedOut)) = &made {
            self.record_failure(EventKind::CodeSent, refused)?;
        }
        let (code, address) = made?;
        let now = self.session.liveness().check()?;
        self.record(self.event(EventKind::CodeSent, now))?;
        let sent = match &self.guard.0.delivery {
            Some(delivery) => delivery.send_code(self.session.account(), to, address.as_ref(), &code),
            None => Err(HostError),
        };
        sent.map_err(|_| InteractionError::NotDelivered.into())
    }

    /// Has the host's dialler call the customer, who is there, at the telephone number of record. The
    /// number is not given out; that it was called counts when the host's telephony says so of the new
    /// contact.
    ///
    /// # Errors
    /// [`InteractionError::NotDelivered`]; as [`Interaction::present`].
    pub fn call_back(&mut self) -> Result<(), Error> {
        let now = self.session.require(None)?;
        self.watch_evidence()?;
        self.record(self.event(EventKind::CalledBack, now))?;
        let called = match &self.guard.0.delivery {
            Some(delivery) => delivery.call_back(self.session.account()),
            None => Err(HostError),
        };
        called.map_err(|_| InteractionError::NotDelivered.into())
    }

    /// Keeps the customer's oral approval of a use of CPNI for the duration of this contact
    /// (64.2008(f)). `recording` is the host's pointer to the proof (64.2007(a)(1)), `script` the version
    /// of the notice that was read out.
    ///
    /// # Errors
    /// As [`Interaction::present`]; [`InteractionError::ConsentHistoryFull`].
    pub fn record_oral_approval(
        &mut self,
        recording: ContactPointId,
        script: ScriptVersion,
    ) -> Result<(), Error> {
        let at = self.session.require(None)?;
        let kind = ConsentKind::OneTimeOral { interaction: *self.session.id(), script, recording };
        self.record(self.event(EventKind::ConsentRecorded, at))?;
        self.guard.0.ledger.add_consent(self.session.account(), &ConsentEvent { at, kind }, at)?;
        self.session.refresh()?;
        Ok(())
    }

    /// Has a second person approve: somebody else, whom the directory lets approve and whose training
    /// is current, signed in with a session of their own (47 CFR 64.2009(d)). An approval of an action
    /// is good for one decision that allows it; one of disclosures, for this interaction.
    ///
    /// # Errors
    /// [`InteractionError::MayNotApprove`]: recorded, and nothing is approved; else as
    /// [`Interaction::view`].
    pub fn approve(&mut self, approver: &AgentSession, approval: Approval) -> Result<(), Error> {
        let now = self.session.refresh()?;
        let approver = self.session.approver(approver, now)?;
        let may = approver.as_ref().is_some_and(|(_, may)| *may);
        let refused = Error::from(InteractionError::MayNotApprove);
        let mut facts = self.event(EventKind::Approved, now);
        facts.actor = approver.map(|(approver, _)| actor(&approver));
        facts.cause = if may { 0 } else { refused.code().get() };
        facts.action = match approval {
            Approval::Disclosure => None,
            Approval::Action(action) => Some(ActionRecord {
                action,
                outcome: if may { Outcome::Disclose } else { Outcome::Withhold },
                because: (!may).then_some(WithheldBecause::Forbidden),
                rules: Vec::new(),
                obligations: Obligations::default(),
            }),
        };
        self.record(facts)?;
        if !may {
            return Err(refused);
        }
        self.session.approve(approval, now);
        Ok(())
    }

    /// Decides an action without carrying it out. Where a notice is due, it is queued before the
    /// decision is given, so that no change goes unnoticed: call this before the change is made, while
    /// the host's systems still know the contact points as they were.
    ///
    /// # Errors
    /// [`InteractionError::NotNotified`] if the notice could not be queued, and
    /// [`crate::error::AuditError`] if that it was could not be recorded: do not make the change; else as
    /// [`Interaction::view`].
    pub fn decide(&mut self, action: Action) -> Result<Decision, Error> {
        self.look_at_locks(action);
        let now = self.session.refresh()?;
        self.watch(What::Decided(action), now)?;
        let decision = self.session.action(action);
        let mut facts = self.event(EventKind::Decided, now);
        facts.action = Some(action_record(action, &decision));
        self.record(facts)?;
        if decision.is_allowed() {
            let duties = decision.obligations();
            // 64.2010(f)(2): a notice may endanger a survivor, so no rule of a host's can ask for one.
            let suppressed = duties.contains(Obligation::SuppressChangeNotice);
            for (duty, before) in [(Obligation::NotifyChange, false), (Obligation::NotifyBefore, true)] {
                if duties.contains(duty) && !suppressed {
                    let queued = self.notify(action, before, now);
                    self.refuse_if_failed(queued)?;
                }
            }
            self.session.action_was_allowed(action);
        }
        Ok(decision)
    }

    fn notify(&self, action: Action, before: bool, at: Timestamp) -> Result<(), Error> {
        let address = self.session.notice_address(at);
        let notice =
            Notice { action, before, at, interaction: *self.session.id(), address, transaction: None };
        self.queue_notice(notice)
    }

    /// Queues a notice durably, with the host's notifier or in the library's own queue, and records it.
    pub(super) fn queue_notice(&self, notice: Notice) -> Result<(), Error> {
        let mut facts = self.event(EventKind::NoticeQueued, notice.at);
        write_notice(&mut facts, &notice);
        let (account, inner) = (self.session.account(), &*self.guard.0);
        let queued = match &inner.notifier {
            Some(notifier) => notifier.queue(account, notice).map(|()| None).map_err(|_| ()),
            None => inner.notices.queue(account, &notice).map(Some).map_err(|_| ()),
        };
        let id = queued.map_err(|()| InteractionError::NotNotified)?;
        facts.basis = id.map(|id| BasisId::new(id.to_string())).transpose()?;
        self.record(facts)?;
        Ok(())
    }
}

fn make_id() -> Result<[u8; 16], Error> {
    Ok(rng::make_array().map_err(|_| KeyError::Random)?)
}

//! One interaction's state: agent, contact, evidence, plan, life.

use core::fmt;
use std::sync::Arc;

use crate::classify::CallRow;
use crate::error::{Error, InteractionError};
use crate::policy::{AccountFact, AgentFact, Decision, Facts, Grant, Plan, Policy};
use crate::sensitive::Sensitive;
use crate::vocabulary::{
    AccountId, Action, AgentId, BasisId, Channel, CivilDate, Clock, ContactId, ContactPointId, DataClass,
    Destination, EstablishedBy, EvidenceKind, FieldName, Purpose, Role, Scope, Timestamp,
};

use super::accounts::AccountRef;
use super::approval::{Approval, may_approve};
use super::contact::{Contact, Standing};
use super::evidence::{Evidence, Looked, PhotoId, Presented};
use super::facts::{AccountFacts, hotline_list_is_fresh, write_agent};
use super::host::{
    AccountFactSource, AgentDirectory, AgentProfile, AgentSession, ContactSource, HotlineList,
};
use super::ledger::{CodeTo, Ledger, Secret};
use super::liveness::{EndReason, Liveness, TimeLimits};
use super::named_call::NamedCall;
use super::notices::NoticeAddress;

/// Wrongly named calls before an interaction takes no more. Interpretation: "without assistance"
/// leaves no room for guessing.
const NAMED_CALLS_PER_INTERACTION: u32 = 3;
/// Photo IDs that may be shown in one interaction. Library default: each is a guess at the name.
const PHOTO_IDS_PER_INTERACTION: u32 = 3;
/// One-time codes that are sent in one interaction. Library default.
const CODES_PER_INTERACTION: u32 = 3;
/// Values that may be verified in one interaction. Library default.
const VERIFIES_PER_INTERACTION: u32 = 3;

/// Evidence with which somebody unknown becomes the customer of the account.
const PROVES_THE_CUSTOMER: &[EvidenceKind] = &[
    EvidenceKind::Password,
    EvidenceKind::Backup,
    EvidenceKind::Passkey,
    EvidenceKind::OtpNumberOfRecord,
    EvidenceKind::OtpAddressOfRecord,
    EvidenceKind::CallbackNumberOfRecord,
    EvidenceKind::PhotoId,
];

/// Evidence that takes an earlier wrong attempt back.
const OVERCOMES: &[(EvidenceKind, EvidenceKind)] = &[
    (EvidenceKind::Password, EvidenceKind::PasswordFailed),
    (EvidenceKind::Backup, EvidenceKind::BackupFailed),
    (EvidenceKind::PortPasscode, EvidenceKind::PortPasscodeFailed),
    (EvidenceKind::PhotoId, EvidenceKind::PhotoIdExpired),
    (EvidenceKind::PhotoId, EvidenceKind::PhotoIdNameMismatch),
];

/// The host's systems, shared by all interactions.
pub(crate) struct Hosts {
    pub(crate) directory: Arc<dyn AgentDirectory>,
    pub(crate) contacts: Arc<dyn ContactSource>,
    /// `None`: the facts that the guard was told.
    pub(crate) accounts: Option<Arc<dyn AccountFactSource>>,
    pub(crate) hotlines: Option<Arc<dyn HotlineList>>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Hosts {
    /// What is known of an account. Where nobody can say, everything is unknown.
    pub(crate) fn account_facts(
        &self,
        account: &AccountId,
        ledger: &Ledger,
        account_ref: &AccountRef,
    ) -> AccountFacts {
        match &self.accounts {
            Some(source) => source.account_facts(account).unwrap_or_default(),
            None => ledger.facts(account_ref).unwrap_or_default(),
        }
    }

    /// Who signs in to approve, and whether this person may approve what `agent` does. `None`: nobody known.
    pub(crate) fn approver(
        &self,
        session: &AgentSession,
        agent: &AgentId,
        now: Timestamp,
    ) -> Result<Option<(AgentProfile, bool)>, Error> {
        let approver = ask_directory(&*self.directory, session)?;
        Ok(approver.map(|approver| {
            let may = may_approve(&approver, agent, now);
            (approver, may)
        }))
    }

    /// Whether the list of covered hotlines is fresh.
    fn hotlines_are_fresh(&self, now: Timestamp) -> Option<bool> {
        let released = self.hotlines.as_ref()?.released().ok()?;
        hotline_list_is_fresh(released, now)
    }
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
    approvals: Vec<Approval>,
    account_facts: AccountFacts,
    password_set: Option<bool>,
    port_passcode_set: Option<bool>,
    /// The locks that the library keeps, of SIM changes and port-outs; `None`: unreadable.
    kept_locks: (Option<bool>, Option<bool>),
    named_call: Option<NamedCall>,
    named_call_attempts: u32,
    photo_ids_shown: u32,
    codes_sent: u32,
    verify_attempts: u32,
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
        let account_facts = hosts.account_facts(&opening.account, &ledger, &account_ref);
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
            approvals: Vec::new(),
            account_facts,
            password_set: None,
            port_passcode_set: None,
            kept_locks: (Some(false), Some(false)),
            named_call: None,
            named_call_attempts: 0,
            photo_ids_shown: 0,
            codes_sent: 0,
            verify_attempts: 0,
            call_detail_shown: false,
            liveness,
            planned: None,
        };
        session.look_for_secrets();
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
        self.account_facts = self.hosts.account_facts(&self.account, &self.ledger, &self.account_ref);
        self.look_for_secrets();
        self.decide_anew(now);
        Ok(now)
    }

    /// Looks at evidence that the customer presents.
    pub(crate) fn present(&mut self, evidence: Evidence) -> Result<Looked, Error> {
        let now = self.require(None)?;
        Ok(match evidence {
            Evidence::Password(typed) => {
                let matches = self.ledger.matches(Secret::Password, &self.account_ref, &typed, now)?;
                Looked::compared(matches, EvidenceKind::Password, Some(EvidenceKind::PasswordFailed))
            }
            Evidence::Backup(answer) => {
                let matches = self.ledger.matches(Secret::Backup, &self.account_ref, &answer, now)?;
                Looked::compared(matches, EvidenceKind::Backup, Some(EvidenceKind::BackupFailed))
            }
            Evidence::PortPasscode(typed) => {
                let matches = self.ledger.matches(Secret::PortPasscode, &self.account_ref, &typed, now)?;
                Looked::compared(matches, EvidenceKind::PortPasscode, Some(EvidenceKind::PortPasscodeFailed))
            }
            Evidence::OneTimeCode(to, typed) => {
                let matches = self.ledger.code_matches(to, &self.account_ref, &typed, now)?;
                let right = match to {
                    CodeTo::NumberOfRecord => EvidenceKind::OtpNumberOfRecord,
                    CodeTo::AddressOfRecord => EvidenceKind::OtpAddressOfRecord,
                };
                // A code to a number whose SIM moved since it was sent proves nothing.
                Looked::compared(matches && self.may_send_code(to, now), right, None)
            }
            Evidence::Attested(attested) if self.standing.attests(attested) => {
                Looked::new(attested.kind(), EstablishedBy::HostSystem, Presented::Match)
            }
            // The agent's tool says so, and no system of the host's does.
            Evidence::Attested(_) => Looked { evidence: None, presented: Presented::NoMatch },
            Evidence::Stated(stated) => Looked::new(stated.kind(), EstablishedBy::Agent, Presented::Noted),
        })
    }

    /// A new one-time code, and the address that it goes to (`None`: the telephone number of record).
    /// Refused where the SIM changed recently or the address is not of record; unknown is refused.
    pub(crate) fn make_code(
        &mut self,
        to: CodeTo,
    ) -> Result<(Sensitive<String>, Option<ContactPointId>), Error> {
        let now = self.require(None)?;
        if !self.may_send_code(to, now) {
            return Err(InteractionError::NotOfRecord.into());
        }
        if self.codes_sent >= CODES_PER_INTERACTION {
            return Err(InteractionError::LockedOut.into());
        }
        let staff = Some(&self.profile.id).filter(|_| self.profile.role.is_staff());
        self.ledger.count_code_sent(&self.account_ref, staff, now)?;
        self.codes_sent = self.codes_sent.saturating_add(1);
        let code = self.ledger.make_code(to, &self.account_ref, now)?;
        let address = match to {
            CodeTo::NumberOfRecord => None,
            CodeTo::AddressOfRecord => self.address_of_record(now),
        };
        Ok((code, address))
    }

    fn may_send_code(&self, to: CodeTo, now: Timestamp) -> bool {
        match to {
            CodeTo::NumberOfRecord => self.account_facts.sim_changed_recently(now) == Some(false),
            CodeTo::AddressOfRecord => self.account_facts.destination(now).is_some(),
        }
    }

    /// Where something for the address of record goes.
    pub(crate) fn address_of_record(&self, now: Timestamp) -> Option<ContactPointId> {
        self.account_facts.destination(now).cloned()
    }

    /// Where a notice of a change may go: the address on file now, before it.
    pub(crate) fn notice_address(&self, now: Timestamp) -> Option<NoticeAddress> {
        let address = self.account_facts.address.as_ref()?;
        Some(NoticeAddress {
            id: address.id.clone(),
            of_record: self.account_facts.destination(now).is_some(),
        })
    }

    /// Counts an attempt to verify a value, before it is looked at.
    pub(crate) fn count_verify(&mut self) -> Result<(), Error> {
        let now = self.liveness.check()?;
        if self.verify_attempts >= VERIFIES_PER_INTERACTION {
            return Err(InteractionError::LockedOut.into());
        }
        self.verify_attempts = self.verify_attempts.saturating_add(1);
        self.ledger.count_verify(&self.account_ref, &self.profile.id, self.profile.role, now)
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

    /// Counts a photo ID, before the name on the account is looked at.
    pub(crate) fn count_photo_id(&mut self) -> Result<(), Error> {
        let now = self.liveness.check()?;
        if self.photo_ids_shown >= PHOTO_IDS_PER_INTERACTION {
            return Err(InteractionError::LockedOut.into());
        }
        self.ledger.count_photo_id(&self.account_ref, now)?;
        self.photo_ids_shown = self.photo_ids_shown.saturating_add(1);
        Ok(())
    }

    /// Takes a photo ID, with the name on the account.
    pub(crate) fn examine(&mut self, id: &PhotoId, name: &Sensitive<String>) -> Result<Looked, Error> {
        let now = self.require(Some(Channel::Retail))?;
        // EXPOSE: compared and not kept.
        let kind = id.examine(now.utc_date(), name.expose());
        let presented = if kind == EvidenceKind::PhotoId {
            self.ledger.forget_photo_ids(&self.account_ref)?;
            Presented::Match
        } else {
            Presented::NoMatch
        };
        // The library compares what the agent read; that there was an ID is the agent's word.
        Ok(Looked::new(kind, EstablishedBy::Agent, presented))
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
    pub(crate) fn name_call(&mut self, call: NamedCall, rows: &[CallRow]) -> Looked {
        let matches = call.only_match(rows).is_some();
        let helped = Some(EvidenceKind::CallNamedWithHelp);
        let right = if self.call_detail_shown {
            EvidenceKind::CallNamedWithHelp
        } else {
            EvidenceKind::CallNamedUnaided
        };
        // A call named with help never takes the place of the one that was named without.
        if matches && !self.call_detail_shown {
            self.named_call = Some(call);
        }
        Looked::compared(matches, right, helped)
    }

    pub(crate) fn named_call(&self) -> Option<&NamedCall> {
        self.named_call.as_ref()
    }

    /// Lets evidence count, once it is recorded. A correct password takes the wrong ones back.
    pub(crate) fn accept(&mut self, kind: EvidenceKind, by: EstablishedBy, now: Timestamp) {
        let overcome = OVERCOMES.iter().filter(|(right, _)| *right == kind).map(|(_, wrong)| *wrong);
        let overcome: Vec<_> = overcome.collect();
        self.evidence.retain(|(kind, _)| !overcome.contains(kind));
        if !self.evidence.contains(&(kind, by)) {
            self.evidence.push((kind, by));
        }
        self.decide_anew(now);
    }

    /// Notes that call detail was given out.
    pub(crate) fn call_detail_was_shown(&mut self) {
        self.call_detail_shown = true;
    }

    /// Who signs in to approve, and whether this person may. `None`: nobody known.
    pub(crate) fn approver(
        &self,
        session: &AgentSession,
        now: Timestamp,
    ) -> Result<Option<(AgentProfile, bool)>, Error> {
        self.hosts.approver(session, &self.profile.id, now)
    }

    /// Lets an approval count, once it is recorded.
    pub(crate) fn approve(&mut self, approval: Approval, now: Timestamp) {
        if !self.approvals.contains(&approval) {
            self.approvals.push(approval);
        }
        self.decide_anew(now);
    }

    /// Whether a second person approved what is read in this interaction, or this action.
    pub(crate) fn is_approved(&self, action: Option<Action>) -> bool {
        let action = action.map(Approval::Action);
        self.approvals.iter().any(|approval| *approval == Approval::Disclosure || Some(*approval) == action)
    }

    /// Whether there is a live contact or an open case, of the agent's own and about this account.
    pub(crate) fn has_contact(&self) -> bool {
        matches!(self.standing, Standing::Live(_))
    }

    /// The decision on an action in the present state.
    pub(crate) fn action(&self, action: Action) -> Decision {
        self.plan.action(action, self.approvals.contains(&Approval::Action(action)))
    }

    /// An approval of an action is for once.
    pub(crate) fn action_was_allowed(&mut self, action: Action) {
        self.approvals.retain(|approval| *approval != Approval::Action(action));
    }

    /// The locks that the library keeps itself, for the decisions after the next [`Session::refresh`]. `None`:
    /// they cannot be read.
    pub(crate) fn keep_locks(&mut self, sim: Option<bool>, port: Option<bool>) {
        self.kept_locks = (sim, port);
    }

    /// The decision on an action as if no lock were on: who may do that may remove the lock.
    pub(crate) fn action_without_locks(&self, action: Action) -> Decision {
        self.plan.action_without_locks(action, self.approvals.contains(&Approval::Action(action)))
    }

    /// What the host says of the account, as of the last [`Session::refresh`].
    pub(crate) const fn account_facts(&self) -> &AccountFacts {
        &self.account_facts
    }

    /// Whether the account has a passcode for port-outs; `None`: unknown.
    pub(crate) const fn port_passcode_set(&self) -> Option<bool> {
        self.port_passcode_set
    }

    /// Whether the customer has proved to be the customer of this account.
    pub(crate) fn is_proved(&self) -> bool {
        let line_separation = EvidenceKind::LineSeparationVerified;
        self.evidence.iter().any(|(kind, _)| PROVES_THE_CUSTOMER.contains(kind) || *kind == line_separation)
    }

    /// Whether something that was presented did not match and was not made good.
    pub(crate) fn has_failed(&self) -> bool {
        self.evidence.iter().any(|(kind, _)| OVERCOMES.iter().any(|(_, wrong)| kind == wrong))
    }

    /// The decision on verifying a value of a class in the present state.
    pub(crate) fn verification(&self, class: DataClass) -> Decision {
        self.plan.verification(class)
    }

    /// The decision on sending a value of a class in the present state.
    pub(crate) fn sending(&self, class: DataClass, to: Destination) -> Decision {
        self.plan.sending(class, to)
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

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
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

    /// The case that is worked on, and counsel's review of it.
    pub(crate) fn case(&self) -> (Option<&ContactId>, Option<&BasisId>) {
        self.standing.case()
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

    /// Which secrets the account has. A customer may set one while somebody else is at work on it.
    fn look_for_secrets(&mut self) {
        let has = |secret| self.ledger.has(secret, &self.account_ref).ok();
        (self.password_set, self.port_passcode_set) = (has(Secret::Password), has(Secret::PortPasscode));
    }

    /// Decides every class anew where the state has changed, or the day, with which packs come
    /// into force.
    fn decide_anew(&mut self, now: Timestamp) {
        // Somebody unknown who proves to be the customer of this account is that customer.
        let became_customer = self.profile.role == Role::Anonymous
            && self.evidence.iter().any(|(kind, _)| PROVES_THE_CUSTOMER.contains(kind));
        let role = if became_customer { Role::Customer } else { self.profile.role };
        let mut facts = Facts::new(self.standing.channel(), role, self.purpose);
        self.account_facts.write(&mut facts, now);
        for (fact, kept, of_host) in [
            (AccountFact::SimLock, self.kept_locks.0, self.account_facts.sim_lock),
            (AccountFact::PortLock, self.kept_locks.1, self.account_facts.port_lock),
        ] {
            // Either lock is a lock, and one that cannot be read is unknown, which is locked.
            facts.set_account(fact, if kept == Some(false) { of_host } else { kept });
        }
        write_agent(&mut facts, &self.profile, &self.standing, Some(&self.account), now);
        let approved = self.approvals.contains(&Approval::Disclosure);
        facts.set_agent(AgentFact::SupervisorApproval, Some(approved));
        if became_customer {
            facts.set_account(AccountFact::OwnedByRequester, Some(true));
        }
        // A history that cannot be read is unknown: nothing is approved (64.2009(a)).
        if let Ok(consent) = self.ledger.consent(&self.account_ref, now, &self.id) {
            consent.write(&mut facts);
        }
        facts.set_account(AccountFact::HotlineListFresh, self.hosts.hotlines_are_fresh(now));
        facts.set_account(AccountFact::PasswordSet, self.password_set);
        facts.set_account(AccountFact::PortPasscodeSet, self.port_passcode_set);
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

pub(super) fn ask_directory(
    directory: &dyn AgentDirectory,
    session: &AgentSession,
) -> Result<Option<AgentProfile>, Error> {
    Ok(directory.agent(session).map_err(|_| InteractionError::DirectoryUnavailable)?)
}

//! What one event says.

use core::fmt;

use crate::vocabulary::{
    Action, AgentId, BasisId, Channel, ContactId, CountryCode, DataClass, Destination, EmployerId,
    EstablishedBy, EventKind, EvidenceKind, FieldName, Form, Obligations, Op, Outcome, Purpose, Role, RuleId,
    Scope, SiteId, Timestamp, WithheldBecause, random_id,
};

/// An event as it is stored: the facts, and what the log added to them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditEvent {
    /// The log that the event was written to.
    pub log: LogId,
    /// The version of the audit root that was active.
    pub key_version: u32,
    /// The account that the event is about, if it is about one.
    pub account: Option<AccountMark>,
    /// What happened.
    pub facts: EventFacts,
}

/// What happened, as the caller of the log tells it. Holds no value and no account id.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventFacts {
    /// What the event tells of.
    pub kind: EventKind,
    /// When.
    pub time: Timestamp,
    /// The interaction; all zero: none.
    pub interaction: [u8; 16],
    /// The grant that the disclosure after this event needs; all zero: none.
    pub grant: [u8; 16],
    /// Who asked, if somebody did.
    pub actor: Option<Actor>,
    /// Why.
    pub purpose: Option<Purpose>,
    /// How the request came in.
    pub channel: Option<Channel>,
    /// The customer contact in the host's system.
    pub contact: Option<ContactId>,
    /// The case in the host's system: a fraud case, an emergency call, a legal demand.
    pub case: Option<ContactId>,
    /// What it rests on: counsel's review of a legal demand; the rule of an override or of the
    /// watch; the id of a queued notice; the agent whom a lifting is about; a device session's key.
    pub basis: Option<BasisId>,
    /// What established who the customer is, and who established it.
    pub evidence: Vec<(EvidenceKind, EstablishedBy)>,
    /// A hash over the policy packs in force; all zero: none.
    pub policy: [u8; 32],
    /// What was decided, field by field.
    pub fields: Vec<FieldRecord>,
    /// The action that was asked for, and what was decided about it.
    pub action: Option<ActionRecord>,
    /// Where values are sent, for [`Op::Send`].
    pub destination: Option<Destination>,
    /// The stable number ([`crate::ErrorCode`]) of why something failed or ended; 0: none.
    pub cause: u16,
}

impl EventFacts {
    /// Facts of this kind with nothing else said yet.
    pub(crate) const fn new(kind: EventKind, time: Timestamp) -> Self {
        Self {
            kind,
            time,
            interaction: [0; 16],
            grant: [0; 16],
            actor: None,
            purpose: None,
            channel: None,
            contact: None,
            case: None,
            basis: None,
            evidence: Vec::new(),
            policy: [0; 32],
            fields: Vec::new(),
            action: None,
            destination: None,
            cause: 0,
        }
    }
}

/// Who asked, as the host's agent directory says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The employee, bot, application or system.
    pub agent: AgentId,
    /// In which role.
    pub role: Role,
    /// Employed by whom; `None`: not known.
    pub employer: Option<EmployerId>,
    /// Sitting at which call centre, store or office; `None`: not known.
    pub site: Option<SiteId>,
    /// Working from which country.
    pub country: CountryCode,
}

/// What was decided about one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRecord {
    /// The field.
    pub field: FieldName,
    /// Its class.
    pub class: DataClass,
    /// What was asked for.
    pub op: Op,
    /// Which rows.
    pub scope: Scope,
    /// What was decided.
    pub outcome: Outcome,
    /// In which form it is given out; always `None` when withheld.
    pub form: Option<Form>,
    /// Why it is withheld: there if and only if it is.
    pub because: Option<WithheldBecause>,
    /// The rules that decided.
    pub rules: Vec<RuleId>,
    /// The duties that come with it.
    pub obligations: Obligations,
}

/// What was decided about an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionRecord {
    /// The action.
    pub action: Action,
    /// What was decided.
    pub outcome: Outcome,
    /// Why it is withheld: there if and only if it is.
    pub because: Option<WithheldBecause>,
    /// The rules that decided.
    pub rules: Vec<RuleId>,
    /// The duties that come with it.
    pub obligations: Obligations,
}

random_id! {
    /// Which log: random, drawn when the log is created.
    LogId
}

/// The account of an event: a keyed pseudonym, equal for equal accounts of a tenant, and the id
/// itself, sealed under the audit root.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountMark {
    pub(super) pseudonym: [u8; 32],
    pub(super) sealed: Box<[u8]>,
}

impl AccountMark {
    /// The pseudonym: says which events are about the same account, and not which account.
    #[must_use]
    pub const fn pseudonym(&self) -> &[u8; 32] {
        &self.pseudonym
    }
}

impl fmt::Debug for AccountMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountMark(..)")
    }
}

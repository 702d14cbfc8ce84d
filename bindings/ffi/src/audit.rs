//! The audit log: verify it, prove an event, ask who saw an account. Events hold ids and codes only.

use std::fmt;
use std::sync::Arc;

use cpni_guard::audit::{
    Answers, AuditEvent, Checkpoint, EventProof, FieldRecord, VerifiedLog, VerifyingKey,
};
use cpni_guard::error::{AuditBreak, AuditError, BreakKind};
use cpni_guard::vocabulary::{
    AccountId, Action, AgentId, Channel, DataClass, EstablishedBy, EventKind, EvidenceKind, Form, Obligation,
    Op, Outcome, Purpose, Role, RuleId, Scope, Timestamp, WithheldBecause,
};

use crate::error::{CpniError, call};
use crate::guard::Guard;

/// The audit log of a guard. It ends with it.
#[derive(uniffi::Object)]
pub struct AuditLog(Arc<Guard>);

/// What does not fit in a changed audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum AuditBreakKind {
    /// The event's bytes do not match its leaf hash.
    Content,
    /// The event does not follow its predecessor.
    Link,
    /// Events are missing at the end.
    Truncation,
    /// The log's head does not match its events.
    Head,
    /// What is derived from the events and stored beside them does not match them.
    Index,
    /// The checkpoint that is stored with the log was not signed with its key.
    Signature,
    /// A checkpoint was signed of another log than this one.
    Checkpoint,
    /// Something else, which a newer core knows.
    Other,
}

/// What a verification of the whole log found.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum AuditCheck {
    /// Every event is what was written.
    Intact {
        /// The log's id, 32 hexadecimal digits.
        log: String,
        /// Number of events.
        size: u64,
        /// Merkle tree hash over all events: 32 bytes.
        root: Vec<u8>,
        /// How many events an outside checkpoint covers; nothing: not anchored.
        anchored: Option<u64>,
        /// The largest step back from an event's time to the next one's, in microseconds.
        clock_back_micros: u64,
    },
    /// It was changed.
    Broken {
        /// The first event that does not verify, from 0.
        event: u64,
        /// What does not fit.
        kind: AuditBreakKind,
    },
}

/// What was decided about one field.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AuditedField {
    /// The field of the schema.
    pub field: String,
    /// Its class.
    pub class: DataClass,
    /// What was asked for.
    pub op: Op,
    /// Which rows.
    pub scope: Scope,
    /// What was decided.
    pub outcome: Outcome,
    /// In which form it was given out.
    pub form: Option<Form>,
    /// Why it was withheld.
    pub because: Option<WithheldBecause>,
    /// The rules that decided.
    pub rules: Vec<String>,
    /// The duties that came with it.
    pub obligations: Vec<Obligation>,
}

/// Evidence, and who established it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AuditedEvidence {
    /// What.
    pub kind: EvidenceKind,
    /// By whom.
    pub by: EstablishedBy,
}

/// An event of the log. No value, and no account id: that is sealed, and its pseudonym stands here.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AuditedEvent {
    /// Its number, from 0.
    pub index: u64,
    /// When, in microseconds since 1970.
    pub at_micros: u64,
    /// What it tells of.
    pub kind: EventKind,
    /// The interaction: 16 bytes; all zero: none.
    pub interaction: Vec<u8>,
    /// The pseudonym of the account: 32 bytes.
    pub account: Option<Vec<u8>>,
    /// Who asked.
    pub agent: Option<String>,
    /// In which role.
    pub role: Option<Role>,
    /// Employed by whom.
    pub employer: Option<String>,
    /// Sitting at which site.
    pub site: Option<String>,
    /// Working from which country.
    pub country: Option<String>,
    /// Why.
    pub purpose: Option<Purpose>,
    /// How the request came in.
    pub channel: Option<Channel>,
    /// The customer contact in the host's system.
    pub contact: Option<String>,
    /// The case in the host's system.
    pub case_id: Option<String>,
    /// What it rests on.
    pub basis: Option<String>,
    /// What established who the customer is.
    pub evidence: Vec<AuditedEvidence>,
    /// What was decided, field by field.
    pub fields: Vec<AuditedField>,
    /// The action that was asked for.
    pub action: Option<Action>,
    /// What was decided about it.
    pub action_outcome: Option<Outcome>,
    /// The stable code of why something failed or ended; 0: none.
    pub cause: u16,
}

/// Some of the events that answer a question.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AuditPage {
    /// The events, in the order of time.
    pub events: Vec<AuditedEvent>,
    /// Whether there are more: ask again with a larger `skip`.
    pub more: bool,
}

/// How publishing checkpoints goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct CheckpointProgress {
    /// How many events the last checkpoint covers.
    pub signed: u64,
    /// How many events are covered by what every sink took.
    pub published: Option<u64>,
    /// How often making or publishing one failed since the log was opened.
    pub failures: u64,
    /// Whether something failed at the last attempt.
    pub failing: bool,
}

#[uniffi::export]
impl Guard {
    /// The audit log.
    ///
    /// # Errors
    /// Never. Its calls fail once the guard was shut down.
    pub fn audit(self: Arc<Self>) -> Result<Arc<AuditLog>, CpniError> {
        Ok(Arc::new(AuditLog(self)))
    }
}

#[uniffi::export]
impl AuditLog {
    /// Number of events that this process knows to be stored.
    ///
    /// # Errors
    /// 9301.
    pub fn size(&self) -> Result<u64, CpniError> {
        call(|| Ok(self.0.core()?.audit().size()))
    }

    /// Reads and verifies the whole log; with the signed note of a checkpoint that was kept outside, also
    /// that the log begins with what it was signed of. A break is no error.
    ///
    /// # Errors
    /// 6002; 6102 to 6106 for the note; 9301.
    pub fn verify(&self, outside: Option<String>) -> Result<AuditCheck, CpniError> {
        call(|| {
            let guard = self.0.core()?;
            let log = guard.audit();
            let checked = match outside {
                Some(note) => log.verify_against(&Checkpoint::open(&note, &log.verifying_key())?),
                None => log.verify(),
            };
            match checked {
                Ok(verified) => Ok(AuditCheck::from(&verified)),
                Err(AuditError::Broken(found)) => Ok(AuditCheck::from(found)),
                Err(other) => Err(other.into()),
            }
        })
    }

    /// Makes a checkpoint of the log as it is now: a signed note in C2SP's format.
    ///
    /// # Errors
    /// 6009, 6010; 9301.
    pub fn checkpoint(&self) -> Result<String, CpniError> {
        call(|| Ok(self.0.core()?.audit().checkpoint()?.note().to_owned()))
    }

    /// How publishing checkpoints goes.
    ///
    /// # Errors
    /// 9301.
    pub fn checkpoint_progress(&self) -> Result<CheckpointProgress, CpniError> {
        call(|| {
            let status = self.0.core()?.audit().checkpoint_status();
            Ok(CheckpointProgress {
                signed: status.signed,
                published: status.published,
                failures: status.failures,
                failing: status.failing,
            })
        })
    }

    /// The public key that checkpoints are checked with, in C2SP's text form.
    ///
    /// # Errors
    /// 9301.
    pub fn verifying_key(&self) -> Result<String, CpniError> {
        call(|| Ok(self.0.core()?.audit().verifying_key().to_string()))
    }

    /// The proof of an event, for somebody who has only the public key (`check_event_proof`).
    ///
    /// # Errors
    /// 6008 if there is no such event; 6002, 6009, 6010; 9301.
    pub fn prove(&self, index: u64) -> Result<String, CpniError> {
        call(|| Ok(self.0.core()?.audit().prove(index)?))
    }

    /// The events in which something of this account was given out, from one time up to before another,
    /// in microseconds since 1970.
    ///
    /// # Errors
    /// 1001 to 1003; 6002, 6003; 9301.
    pub fn who_saw(
        &self,
        account: String,
        from_micros: u64,
        until_micros: u64,
        skip: u64,
        limit: u32,
    ) -> Result<AuditPage, CpniError> {
        call(|| {
            let (guard, account) = (self.0.core()?, AccountId::new(account)?);
            page(guard.audit().who_saw(&account, time(from_micros)..time(until_micros)), skip, limit)
        })
    }

    /// The events in which something was given out to this agent, as `who_saw`.
    ///
    /// # Errors
    /// As `who_saw`.
    pub fn seen_by(
        &self,
        agent: String,
        from_micros: u64,
        until_micros: u64,
        skip: u64,
        limit: u32,
    ) -> Result<AuditPage, CpniError> {
        call(|| {
            let (guard, agent) = (self.0.core()?, AgentId::new(agent)?);
            page(guard.audit().seen_by(&agent, time(from_micros)..time(until_micros)), skip, limit)
        })
    }

    /// The events in which this rule decided something. Reads every event of the time.
    ///
    /// # Errors
    /// As `who_saw`.
    pub fn decided_by(
        &self,
        rule: String,
        from_micros: u64,
        until_micros: u64,
        skip: u64,
        limit: u32,
    ) -> Result<AuditPage, CpniError> {
        call(|| {
            let (guard, rule) = (self.0.core()?, RuleId::new(rule)?);
            page(guard.audit().decided_by(&rule, time(from_micros)..time(until_micros)), skip, limit)
        })
    }
}

impl AuditLog {
    pub(crate) fn guard(&self) -> Result<cpni_guard::Guard, CpniError> {
        self.0.core()
    }

    pub(crate) fn guards(logs: &[Arc<Self>]) -> Result<Vec<cpni_guard::Guard>, CpniError> {
        logs.iter().map(|log| log.guard()).collect()
    }
}

/// Silent.
impl fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuditLog(..)")
    }
}

/// Checks the proof of an event. Needs no guard, no log and no secret key.
///
/// # Errors
/// 6101 to 6106.
#[uniffi::export]
pub fn check_event_proof(proof: String, verifying_key: String) -> Result<AuditedEvent, CpniError> {
    call(|| {
        let key: VerifyingKey = verifying_key.parse().map_err(CpniError::from)?;
        let proven = EventProof::open(&proof, &key)?;
        Ok(audited(proven.index(), proven.event()))
    })
}

impl From<&VerifiedLog> for AuditCheck {
    fn from(verified: &VerifiedLog) -> Self {
        Self::Intact {
            log: verified.log().to_string(),
            size: verified.size(),
            root: verified.root().to_vec(),
            anchored: verified.anchored(),
            clock_back_micros: u64::try_from(verified.clock_back().as_micros()).unwrap_or(u64::MAX),
        }
    }
}

impl From<AuditBreak> for AuditCheck {
    fn from(found: AuditBreak) -> Self {
        Self::Broken { event: found.event, kind: break_kind(found.kind) }
    }
}

pub(crate) fn break_kind(kind: BreakKind) -> AuditBreakKind {
    match kind {
        BreakKind::Content => AuditBreakKind::Content,
        BreakKind::Link => AuditBreakKind::Link,
        BreakKind::Truncation => AuditBreakKind::Truncation,
        BreakKind::Head => AuditBreakKind::Head,
        BreakKind::Index => AuditBreakKind::Index,
        BreakKind::Signature => AuditBreakKind::Signature,
        BreakKind::Checkpoint => AuditBreakKind::Checkpoint,
        _ => AuditBreakKind::Other,
    }
}

fn time(micros: u64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn page(answers: Answers<'_>, skip: u64, limit: u32) -> Result<AuditPage, CpniError> {
    let skip = usize::try_from(skip).unwrap_or(usize::MAX);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut answers = answers.skip(skip);
    let mut page = events(answers.by_ref().take(limit), false)?;
    page.more = answers.next().transpose()?.is_some();
    Ok(page)
}

pub(crate) fn events(
    answers: impl Iterator<Item = Result<(u64, AuditEvent), AuditError>>,
    more: bool,
) -> Result<AuditPage, CpniError> {
    let events = answers.map(|answer| answer.map(|(index, event)| audited(index, &event)));
    Ok(AuditPage { events: events.collect::<Result<_, _>>()?, more })
}

fn audited(index: u64, event: &AuditEvent) -> AuditedEvent {
    let facts = &event.facts;
    let actor = facts.actor.as_ref();
    AuditedEvent {
        index,
        at_micros: facts.time.as_micros(),
        kind: facts.kind,
        interaction: facts.interaction.to_vec(),
        account: event.account.as_ref().map(|mark| mark.pseudonym().to_vec()),
        agent: actor.map(|actor| actor.agent.to_string()),
        role: actor.map(|actor| actor.role),
        employer: actor.and_then(|actor| actor.employer.as_ref()).map(ToString::to_string),
        site: actor.and_then(|actor| actor.site.as_ref()).map(ToString::to_string),
        country: actor.map(|actor| actor.country.to_string()),
        purpose: facts.purpose,
        channel: facts.channel,
        contact: facts.contact.as_ref().map(ToString::to_string),
        case_id: facts.case.as_ref().map(ToString::to_string),
        basis: facts.basis.as_ref().map(ToString::to_string),
        evidence: facts.evidence.iter().map(|(kind, by)| AuditedEvidence { kind: *kind, by: *by }).collect(),
        fields: facts.fields.iter().map(audited_field).collect(),
        action: facts.action.as_ref().map(|action| action.action),
        action_outcome: facts.action.as_ref().map(|action| action.outcome),
        cause: facts.cause,
    }
}

fn audited_field(field: &FieldRecord) -> AuditedField {
    AuditedField {
        field: field.field.to_string(),
        class: field.class,
        op: field.op,
        scope: field.scope,
        outcome: field.outcome,
        form: field.form,
        because: field.because,
        rules: field.rules.iter().map(ToString::to_string).collect(),
        obligations: field.obligations.iter().collect(),
    }
}

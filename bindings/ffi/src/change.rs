//! A change from an interaction: asked for, permitted, executed; and the customer's locks.
//!
//! Rules: what is to be changed stands behind an object that prints nothing; a permit is an object that one
//! call takes, whatever comes of that call.

use std::fmt;
use std::sync::Arc;

use cpni_guard::error::TransactionError;
use cpni_guard::interaction::{ContactChannel, NoticeTarget as CoreTarget};
use cpni_guard::transaction::{
    AccountChange, ChangeRequest as CoreChange, ContactChange, ExecutePermit as CorePermit,
    Execution as CoreExecution, LockKind, NextStep as CoreStep, RiskFact, TransactionId,
};
use cpni_guard::vocabulary::{Action, ContactPointId};

use crate::answer::Answer;
use crate::decision::Decisions;
use crate::error::{CpniError, call};
use crate::exclusive::Exclusive;
use crate::interaction::Interaction;
use crate::layout::text;

/// What is to be changed: which line, and what it becomes. Its texts are the customer's: they are compared under
/// a key, and kept nowhere. State the same texts at every step of the transaction.
#[derive(uniffi::Object)]
pub struct ChangeRequest(CoreChange);

/// Leave to carry out one transaction, once, until its end. It is bound to the account, the kind, the target
/// and the facts on which it was decided, all of which are looked at again when it is used.
#[derive(uniffi::Object)]
pub struct ExecutePermit(Exclusive<CorePermit>);

/// A transaction that the host carries out now: say how it went (`Transactions::confirm`, `not_done`). One that
/// is dropped, or dies with its process, stays executing until `Transactions::settle`.
#[derive(uniffi::Object)]
pub struct Execution(CoreExecution);

/// Where a notice goes.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct NoticeTarget {
    /// How it is reached.
    pub channel: ContactChannel,
    /// The host's id of the contact point, not the address; nothing: the telephone number of record.
    pub id: Option<String>,
}

/// What happens next with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum NextStep {
    /// It may be carried out now, in this interaction.
    Execute,
    /// It waits.
    Wait {
        /// From when on it may be carried out, in microseconds since 1970.
        until_micros: u64,
    },
    /// A second person has to approve it.
    SecondPerson {
        /// From when on it may be carried out, in microseconds since 1970; in the past where only the person is
        /// missing.
        until_micros: u64,
    },
    /// It is not done.
    Refused {
        /// The stable code: 5207, 5214, 5215, 5218, 5219.
        code: u16,
    },
}

/// What came of a request.
#[derive(Debug, uniffi::Record)]
pub struct RequestAnswer {
    /// The transaction: 32 lower-case hexadecimal digits, also in audit events.
    pub id: String,
    /// What it does.
    pub action: Action,
    /// When it was asked for, in microseconds since 1970.
    pub at_micros: u64,
    /// What policy decided.
    pub answer: Answer,
    /// Its explanation, at place 0.
    pub why: Arc<Decisions>,
    /// What was held to be so of the request.
    pub risk: Vec<RiskFact>,
    /// The rules of risk that applied.
    pub risk_rules: Vec<String>,
    /// Where notices of it went; empty where the law suppresses them, and where it is refused.
    pub notified: Vec<NoticeTarget>,
    /// What happens next.
    pub next: NextStep,
    /// What the customer is told: what happens next, and how to object. Without a value.
    pub for_customer: String,
    /// For a simple port that is refused: the rules of the host's own that refuse it for more than 47 CFR 52.36
    /// lets a carrier ask for. Such a refusal is not the library's.
    pub beyond_simple_port: Vec<String>,
}

/// That a lock goes.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct LockRemoval {
    /// From then on it is off, in microseconds since 1970.
    pub until_micros: u64,
    /// What the customer is told.
    pub for_customer: String,
}

#[uniffi::export]
impl ChangeRequest {
    /// Moves a line (the telephone number, or the host's id of the line, as UTF-8) to this SIM or eSIM profile:
    /// the ICCID, or the EID.
    ///
    /// # Errors
    /// 9303.
    #[uniffi::constructor]
    pub fn sim_change(line: &[u8], new_sim: &[u8]) -> Result<Arc<Self>, CpniError> {
        made(|| Ok(CoreChange::sim_change(text(line)?, text(new_sim)?)))
    }

    /// Ports this number to that carrier: the new network service provider's code of the port request.
    ///
    /// # Errors
    /// 9303.
    #[uniffi::constructor]
    pub fn port_out(number: &[u8], to_carrier: &[u8]) -> Result<Arc<Self>, CpniError> {
        made(|| Ok(CoreChange::port_out(text(number)?, text(to_carrier)?)))
    }

    /// Releases the handset with this IMEI from its network lock.
    ///
    /// # Errors
    /// 9303.
    #[uniffi::constructor]
    pub fn unlock_handset(imei: &[u8]) -> Result<Arc<Self>, CpniError> {
        made(|| Ok(CoreChange::unlock_handset(text(imei)?)))
    }

    /// Sets a secret, or opens an online account. The secret itself is not stated: no digest of it is made.
    ///
    /// # Errors
    /// Never.
    #[uniffi::constructor]
    pub fn account(change: AccountChange) -> Result<Arc<Self>, CpniError> {
        made(|| Ok(CoreChange::account(change)))
    }

    /// Changes an address or number of record to `new`, which the host will know as `point`.
    ///
    /// # Errors
    /// 1001 to 1003; 9303.
    #[uniffi::constructor]
    pub fn contact(change: ContactChange, point: String, new: &[u8]) -> Result<Arc<Self>, CpniError> {
        made(|| Ok(CoreChange::contact(change, ContactPointId::new(point)?, text(new)?)))
    }

    /// The action that policy decides.
    ///
    /// # Errors
    /// Never.
    pub fn action(&self) -> Result<Action, CpniError> {
        call(|| Ok(self.0.action()))
    }
}

#[uniffi::export]
impl ExecutePermit {
    /// The transaction.
    ///
    /// # Errors
    /// 9308 once it was used.
    pub fn id(&self) -> Result<String, CpniError> {
        call(|| self.0.with(CpniError::USED_UP, |permit| Ok(permit.id().to_string())))
    }

    /// From when on it is good for nothing, in microseconds since 1970.
    ///
    /// # Errors
    /// 9308 once it was used.
    pub fn ends_micros(&self) -> Result<u64, CpniError> {
        call(|| self.0.with(CpniError::USED_UP, |permit| Ok(permit.ends().as_micros())))
    }
}

#[uniffi::export]
impl Execution {
    /// The transaction: the key by which the host's own systems can tell that they did it already.
    ///
    /// # Errors
    /// Never.
    pub fn id(&self) -> Result<String, CpniError> {
        call(|| Ok(self.0.id().to_string()))
    }
}

#[uniffi::export]
impl Interaction {
    /// Asks for a change. It is decided, customers are told where they could be reached before, and what happens
    /// next is said: it may be carried out (`permit`), waits, or is refused.
    ///
    /// # Errors
    /// 5202, 5208, 5224, 5201, 5216: recorded; 5011; as `view`. Nothing may be done then.
    pub fn request(&self, change: &ChangeRequest) -> Result<RequestAnswer, CpniError> {
        self.with(|interaction| Ok(interaction.request(&change.0)?.into()))
    }

    /// Leave to carry out a transaction, once, within ten minutes: where it waits for nothing more, and everything
    /// on which it was decided is still so. `change` is what was asked for.
    ///
    /// # Errors
    /// 5203 to 5213, 5216, 5218, 5223: recorded; as `request`.
    pub fn permit(&self, id: String, change: &ChangeRequest) -> Result<Arc<ExecutePermit>, CpniError> {
        self.with(|interaction| Ok(ExecutePermit::of(interaction.permit(&transaction(&id)?, &change.0)?)))
    }

    /// Uses a permit: everything is looked at once more, and then the transaction is the host's to carry out. Do it
    /// when this returns, and say how it went: `Transactions::confirm`. The permit is used up, also where this
    /// fails.
    ///
    /// # Errors
    /// 9308 for a permit that was used; 5223 for one of another account; as `permit`: do nothing then.
    pub fn execute(
        &self,
        permit: &ExecutePermit,
        change: &ChangeRequest,
    ) -> Result<Arc<Execution>, CpniError> {
        self.with(|interaction| Ok(Execution::of(interaction.execute(permit.take()?, &change.0)?)))
    }

    /// Stops a transaction of the account, as long as the host does not have it in its hands: from any live contact
    /// about the account.
    ///
    /// # Errors
    /// 5203; 5204 if it is too late; 5003, 5004, 5008; 6001.
    pub fn cancel(&self, id: String) -> Result<(), CpniError> {
        self.with(|interaction| Ok(interaction.cancel(&transaction(&id)?)?))
    }

    /// Sets a lock, for the customer who proved to be the customer.
    ///
    /// # Errors
    /// 5217: recorded; 5201: everything is locked; as `present`.
    pub fn set_lock(&self, kind: LockKind) -> Result<(), CpniError> {
        self.with(|interaction| Ok(interaction.set_lock(kind)?))
    }

    /// Has a lock go after the delay of the carrier's rules: for the customer who could do, without the lock, what it
    /// stops. Told before, where the customer could be reached before; until then it holds.
    ///
    /// # Errors
    /// 5217, 5214: recorded; 5204: it is not on here; as `request`.
    pub fn remove_lock(&self, kind: LockKind) -> Result<LockRemoval, CpniError> {
        self.with(|interaction| {
            let removal = interaction.remove_lock(kind)?;
            Ok(LockRemoval { until_micros: removal.until.as_micros(), for_customer: removal.for_customer })
        })
    }
}

impl ChangeRequest {
    pub(crate) const fn core(&self) -> &CoreChange {
        &self.0
    }
}

impl ExecutePermit {
    pub(crate) fn of(permit: CorePermit) -> Arc<Self> {
        Arc::new(Self(Exclusive::new(permit)))
    }

    /// The permit of the core, for the one call that uses it.
    pub(crate) fn take(&self) -> Result<CorePermit, CpniError> {
        self.0.take()?.ok_or(CpniError::USED_UP)
    }
}

impl Execution {
    pub(crate) fn of(execution: CoreExecution) -> Arc<Self> {
        Arc::new(Self(execution))
    }

    pub(crate) const fn core(&self) -> &CoreExecution {
        &self.0
    }
}

impl NoticeTarget {
    pub(crate) fn core(self) -> Result<CoreTarget, CpniError> {
        let id = self.id.map(ContactPointId::new).transpose()?;
        Ok(CoreTarget { channel: self.channel, id })
    }
}

impl From<CoreTarget> for NoticeTarget {
    fn from(target: CoreTarget) -> Self {
        Self { channel: target.channel, id: target.id.map(|id| id.as_str().to_owned()) }
    }
}

impl From<CoreStep> for NextStep {
    fn from(step: CoreStep) -> Self {
        match step {
            CoreStep::Execute => Self::Execute,
            CoreStep::Wait { until } => Self::Wait { until_micros: until.as_micros() },
            CoreStep::SecondPerson { until } => Self::SecondPerson { until_micros: until.as_micros() },
            CoreStep::Refused(cause) => Self::Refused { code: CpniError::from(cause).code() },
        }
    }
}

impl From<cpni_guard::Requested> for RequestAnswer {
    fn from(asked: cpni_guard::Requested) -> Self {
        let for_customer = asked.for_customer();
        let names =
            |rules: Vec<cpni_guard::vocabulary::RuleId>| rules.iter().map(ToString::to_string).collect();
        Self {
            id: asked.id.to_string(),
            action: asked.action,
            at_micros: asked.at.as_micros(),
            answer: Answer::new("", &asked.decision),
            why: Decisions::of(vec![(String::new(), asked.decision)]),
            risk: asked.risk.iter().collect(),
            risk_rules: names(asked.risk_rules),
            notified: asked.notified.into_iter().map(NoticeTarget::from).collect(),
            next: asked.next.into(),
            for_customer,
            beyond_simple_port: names(asked.beyond_simple_port),
        }
    }
}

macro_rules! silent {
    ($($name:ident),+) => {$(
        /// Silent.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )+};
}

silent!(ChangeRequest, ExecutePermit, Execution);

/// The id of a transaction; what is none is one that no account has.
pub(crate) fn transaction(id: &str) -> Result<TransactionId, CpniError> {
    id.parse().map_err(|_| TransactionError::NoSuchTransaction.into())
}

fn made(make: impl FnOnce() -> Result<CoreChange, CpniError>) -> Result<Arc<ChangeRequest>, CpniError> {
    call(|| Ok(Arc::new(ChangeRequest(make()?))))
}

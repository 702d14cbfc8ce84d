//! Transactions outside an interaction: the host's worker, the second person, objections, fraud, statistics. For
//! the back end; not for an agent's tool.

use std::fmt;
use std::sync::Arc;

use cpni_guard::AgentSession;
use cpni_guard::guard::{self as core, Objection};
use cpni_guard::interaction::ContactChannel;
use cpni_guard::transaction::{self, LockKind, PortField, TransactionState};
use cpni_guard::vocabulary::{
    AccountId, Action, ContactId, ContactPointId, EventKind, EvidenceKind, Timestamp,
};

use crate::audit::AuditedEvidence;
use crate::change::{ChangeRequest, ExecutePermit, Execution, NoticeTarget, transaction};
use crate::error::{CpniError, call};
use crate::guard::Guard;

/// The transactions of a tenant's accounts, for the back end. They end with the guard.
#[derive(uniffi::Object)]
pub struct Transactions(Arc<Guard>);

/// How a transaction stands.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct TransactionStatus {
    /// Which one.
    pub id: String,
    /// What it does.
    pub action: Action,
    /// Where it is. One whose time is over is shown as expired.
    pub state: TransactionState,
    /// When it was asked for, in microseconds since 1970.
    pub requested_micros: u64,
    /// Not carried out before then.
    pub not_before_micros: u64,
    /// Not carried out from then on.
    pub ends_micros: u64,
    /// Whether a second person has to approve it, and did not yet.
    pub needs_approval: bool,
    /// Who asked for it.
    pub agent: String,
    /// Who approved it.
    pub approver: Option<String>,
    /// Where notices of it went: each may object.
    pub notified: Vec<NoticeTarget>,
}

/// A lock of the customer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum LockState {
    /// Never set, or removed.
    Off,
    /// Set.
    On,
    /// Its removal was asked for.
    OnUntil {
        /// Set until then, in microseconds since 1970.
        micros: u64,
    },
}

/// A contact point as the host tells it.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ContactPoint {
    /// The host's id of it. Not the address.
    pub id: String,
    /// How it is reached. The telephone number of record needs no telling: it is always there.
    pub channel: ContactChannel,
    /// Since when the account has it, in microseconds since 1970.
    pub since_micros: u64,
    /// Whether it is there since the service began (64.2010(f)(1): that was no change).
    pub from_the_beginning: bool,
}

/// A change of an account, of those that somebody who took it over would make.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ReportedChange {
    /// What the log tells of.
    pub kind: EventKind,
    /// What was done; nothing: a secret was imported, contact points were told.
    pub action: Option<Action>,
    /// The transaction, where it is one: `Transactions::reverse` it.
    pub transaction: Option<String>,
    /// When, in microseconds since 1970.
    pub at_micros: u64,
    /// Who asked for it; nothing: the back end itself.
    pub by: Option<String>,
    /// On which evidence.
    pub evidence: Vec<AuditedEvidence>,
    /// The number of the audit event, from 0.
    pub audit_index: u64,
}

/// What is known once fraud is reported, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct FraudReport {
    /// Since when the account is frozen, in microseconds since 1970.
    pub frozen_since_micros: u64,
    /// The transactions that were stopped.
    pub stopped: Vec<String>,
    /// Those that the host has in its hands: `Transactions::settle` them first.
    pub in_doubt: Vec<String>,
    /// What changed, in the order in which to reverse it: SIM and number first, as what is set anew would reach
    /// whoever has them; then contact points; then the rest. The last change first in each.
    pub changes: Vec<ReportedChange>,
}

/// How often customers were authenticated by something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct AuthenticationCount {
    /// By what.
    pub kind: EvidenceKind,
    /// How often.
    pub count: u64,
    /// The first time, in microseconds since 1970.
    pub first_micros: u64,
    /// The last time.
    pub last_micros: u64,
}

/// SIM change requests of a period. Every number is of events in the period; what was asked for before and ended in
/// it counts where it ended.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct SimStatistics {
    /// The requests, also those that were refused at once.
    pub requests: u64,
    /// Those that were carried out.
    pub successful: u64,
    /// Those that were not: refused, cancelled, expired.
    pub failed: u64,
    /// Those that were carried out and then taken back as fraud.
    pub fraudulent: u64,
    /// Reports of fraud on accounts, of whatever kind: complaints.
    pub complaints: u64,
    /// Of the reports that were remedied in the period: how many.
    pub remedied: u64,
    /// How long that took on average, in microseconds; nothing: none was.
    pub average_remedy_micros: Option<u64>,
    /// What customers were authenticated by in the requests.
    pub authentication: Vec<AuthenticationCount>,
    /// The time of the first event of the log. Later than the beginning of the period: the figures are of a part.
    pub log_begins_micros: u64,
}

#[uniffi::export]
impl Guard {
    /// The transactions of the tenant's accounts.
    ///
    /// # Errors
    /// Never.
    pub fn transactions(self: Arc<Self>) -> Result<Arc<Transactions>, CpniError> {
        call(|| Ok(Arc::new(Transactions(self))))
    }
}

#[uniffi::export]
impl Transactions {
    /// How a transaction stands.
    ///
    /// # Errors
    /// 1001 to 1003; 5201, 5203; 7001 to 7008; 9301.
    pub fn status(&self, account: String, id: String) -> Result<TransactionStatus, CpniError> {
        self.with(&account, |all, account| Ok(all.status(account, &transaction(&id)?)?.into()))
    }

    /// The transactions of an account that are kept, oldest first.
    ///
    /// # Errors
    /// As `status`.
    pub fn of_account(&self, account: String) -> Result<Vec<TransactionStatus>, CpniError> {
        self.with(&account, |all, account| {
            Ok(all.of(account)?.into_iter().map(TransactionStatus::from).collect())
        })
    }

    /// The customer's lock. The host's own (`AccountFacts`) hold beside it.
    ///
    /// # Errors
    /// 5201, 7001 to 7008: it is on; 1001 to 1003; 9301.
    pub fn lock(&self, account: String, kind: LockKind) -> Result<LockState, CpniError> {
        self.with(&account, |all, account| Ok(all.lock(account, kind)?.into()))
    }

    /// Somebody who was told that a lock goes did not ask for it: it stays. Recorded. Whoever says so, it does no harm:
    /// the customer asks again.
    ///
    /// # Errors
    /// 5204 if it does not go, or is gone; as `confirm`.
    pub fn keep_lock(&self, account: String, kind: LockKind) -> Result<(), CpniError> {
        self.with(&account, |all, account| Ok(all.keep_lock(account, kind)?))
    }

    /// A second person approves a transaction: somebody else, of the carrier, whom the directory lets approve and whose
    /// training is current, signed in with a session of their own. `shown`: the change that this person was shown; an
    /// approval of another target is none.
    ///
    /// # Errors
    /// 5015; 5203 to 5210: recorded, and nothing is approved; 6001; 7001 to 7008; 9301.
    pub fn approve(
        &self,
        account: String,
        id: String,
        shown: &ChangeRequest,
        approver_session: String,
    ) -> Result<(), CpniError> {
        self.with(&account, |all, account| {
            let approver = AgentSession::new(approver_session);
            Ok(all.approve(account, &transaction(&id)?, shown.core(), &approver)?)
        })
    }

    /// Leave to carry out a transaction that waited, for the host's worker: once its wait is over and its second person
    /// approved. One that waited for nothing is permitted in its own interaction only (5223).
    ///
    /// # Errors
    /// 5203 to 5213, 5216, 5223: recorded; 6001; 7001 to 7008; 9301.
    pub fn permit(
        &self,
        account: String,
        id: String,
        change: &ChangeRequest,
    ) -> Result<Arc<ExecutePermit>, CpniError> {
        self.with(&account, |all, account| {
            Ok(ExecutePermit::of(all.permit(account, &transaction(&id)?, change.core())?))
        })
    }

    /// Uses a permit up, also where this fails. As `Interaction::execute`, for a transaction that waited.
    ///
    /// # Errors
    /// 9308 for a permit that was used; as `permit`: do nothing then.
    pub fn execute(
        &self,
        permit: &ExecutePermit,
        change: &ChangeRequest,
    ) -> Result<Arc<Execution>, CpniError> {
        call(|| Ok(Execution::of(self.core()?.execute(permit.take()?, change.core())?)))
    }

    /// The host carried it out. Recorded. May be said again where it failed.
    ///
    /// # Errors
    /// 5204, 5212; 6001, 7001 to 7008: it is still executing; 9301.
    pub fn confirm(&self, execution: &Execution) -> Result<(), CpniError> {
        call(|| Ok(self.core()?.confirm(execution.core())?))
    }

    /// The host did not carry it out, and will not. Recorded.
    ///
    /// # Errors
    /// As `confirm`.
    pub fn not_done(&self, execution: &Execution) -> Result<(), CpniError> {
        call(|| Ok(self.core()?.not_done(execution.core())?))
    }

    /// Somebody looked into the host's own systems, after a process died with an execution in its hands: it was carried
    /// out, or it was not.
    ///
    /// # Errors
    /// 5001; 5203; 5204 if it is not executing; as `confirm`.
    pub fn settle(
        &self,
        account: String,
        id: String,
        is_done: bool,
        agent_session: String,
    ) -> Result<(), CpniError> {
        self.with(&account, |all, account| {
            Ok(all.settle(account, &transaction(&id)?, is_done, &AgentSession::new(agent_session))?)
        })
    }

    /// Somebody who was notified says that they did not ask for this: stops it. `from`: the contact point from which the
    /// host's system has it.
    ///
    /// # Errors
    /// 5225; 5204 if it is too late: report fraud; 5203; as `confirm`.
    pub fn take_objection(
        &self,
        account: String,
        id: String,
        from: NoticeTarget,
    ) -> Result<Objection, CpniError> {
        self.with(&account, |all, account| Ok(all.object(account, &transaction(&id)?, &from.core()?)?))
    }

    /// Takes over which contact points an account has now, the telephone number of record apart: all of them. Those that
    /// are not named any more went now. The first time they are believed as they are; a point that is named later is
    /// there from then, and is told of nothing for 30 days. Recorded, but not which.
    ///
    /// # Errors
    /// 5224 for more than 32, 5201; as `confirm`.
    pub fn set_contact_points(&self, account: String, points: Vec<ContactPoint>) -> Result<(), CpniError> {
        self.with(&account, |all, account| {
            let points = points.into_iter().map(ContactPoint::core).collect::<Result<Vec<_>, _>>()?;
            Ok(all.set_contact_points(account, &points)?)
        })
    }

    /// Fraud is reported: all that can be stopped is stopped, and nothing is asked for, permitted or executed until it is
    /// remedied (`remedied`). Gives what changed since a time, by whom and on which evidence, and the order in which
    /// to reverse it (47 CFR 64.2010(h)(6), adopted and not yet required).
    ///
    /// # Errors
    /// 5001; 6001, 7001 to 7008: it may be frozen; report again; 9301.
    pub fn report_fraud(
        &self,
        account: String,
        case_id: String,
        since_micros: u64,
        agent_session: String,
    ) -> Result<FraudReport, CpniError> {
        self.with(&account, |all, account| {
            let (case, since) = (ContactId::new(case_id)?, Timestamp::from_micros(since_micros));
            Ok(all.report_fraud(account, &case, since, &AgentSession::new(agent_session))?.into())
        })
    }

    /// What was carried out was taken back by the host. Recorded.
    ///
    /// # Errors
    /// 5001; 5203; 5204 if it was not confirmed; as `confirm`.
    pub fn reverse(&self, account: String, id: String, agent_session: String) -> Result<(), CpniError> {
        self.with(&account, |all, account| {
            Ok(all.reverse(account, &transaction(&id)?, &AgentSession::new(agent_session))?)
        })
    }

    /// The fraud is remedied: the account is free again. How long that took stands in the statistics.
    ///
    /// # Errors
    /// 5001; 5228; as `confirm`.
    pub fn remedied(&self, account: String, case_id: String, agent_session: String) -> Result<(), CpniError> {
        self.with(&account, |all, account| {
            Ok(all.remedied(account, &ContactId::new(case_id)?, &AgentSession::new(agent_session))?)
        })
    }

    /// The records of SIM change requests of a period, as 47 CFR 64.2010(h)(8) asks for them (adopted and not yet
    /// required; read in a secondary source). Reads the whole log; ask for at most three years.
    ///
    /// # Errors
    /// 6001 to 6010 if the log cannot be read: never a part as the whole; 9301.
    pub fn sim_statistics(&self, from_micros: u64, until_micros: u64) -> Result<SimStatistics, CpniError> {
        call(|| {
            let period = Timestamp::from_micros(from_micros)..Timestamp::from_micros(until_micros);
            Ok(self.core()?.sim_statistics(&period)?.into())
        })
    }
}

/// The 14 fields that a carrier may require for a simple port (47 CFR 52.36), and no other, by their names.
///
/// # Errors
/// Never.
#[uniffi::export]
pub fn port_fields() -> Result<Vec<String>, CpniError> {
    call(|| Ok(PortField::ALL.iter().map(ToString::to_string).collect()))
}

impl Transactions {
    fn core(&self) -> Result<core::Transactions, CpniError> {
        Ok(self.0.core()?.transactions())
    }

    fn with<R>(
        &self,
        account: &str,
        work: impl FnOnce(core::Transactions, &AccountId) -> Result<R, CpniError>,
    ) -> Result<R, CpniError> {
        call(|| work(self.core()?, &AccountId::new(account)?))
    }
}

/// Silent.
impl fmt::Debug for Transactions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transactions(..)")
    }
}

impl ContactPoint {
    fn core(self) -> Result<transaction::ContactPoint, CpniError> {
        Ok(transaction::ContactPoint {
            id: ContactPointId::new(self.id)?,
            channel: self.channel,
            since: Timestamp::from_micros(self.since_micros),
            from_the_beginning: self.from_the_beginning,
        })
    }
}

impl From<core::TransactionStatus> for TransactionStatus {
    fn from(status: core::TransactionStatus) -> Self {
        Self {
            id: status.id.to_string(),
            action: status.action,
            state: status.state,
            requested_micros: status.requested.as_micros(),
            not_before_micros: status.not_before.as_micros(),
            ends_micros: status.ends.as_micros(),
            needs_approval: status.needs_approval,
            agent: status.agent.to_string(),
            approver: status.approver.map(|approver| approver.to_string()),
            notified: status.notified.into_iter().map(NoticeTarget::from).collect(),
        }
    }
}

impl From<transaction::LockState> for LockState {
    fn from(state: transaction::LockState) -> Self {
        match state {
            transaction::LockState::Off => Self::Off,
            transaction::LockState::On => Self::On,
            transaction::LockState::OnUntil(until) => Self::OnUntil { micros: until.as_micros() },
        }
    }
}

impl From<core::ReportedChange> for ReportedChange {
    fn from(change: core::ReportedChange) -> Self {
        let evidence = change.evidence.into_iter().map(|(kind, by)| AuditedEvidence { kind, by });
        Self {
            kind: change.kind,
            action: change.action,
            transaction: change.transaction.map(|id| id.to_string()),
            at_micros: change.at.as_micros(),
            by: change.by.map(|agent| agent.to_string()),
            evidence: evidence.collect(),
            audit_index: change.audit_index,
        }
    }
}

impl From<core::FraudReport> for FraudReport {
    fn from(report: core::FraudReport) -> Self {
        let texts = |ids: Vec<transaction::TransactionId>| ids.iter().map(ToString::to_string).collect();
        Self {
            frozen_since_micros: report.frozen_since.as_micros(),
            stopped: texts(report.stopped),
            in_doubt: texts(report.in_doubt),
            changes: report.changes.into_iter().map(ReportedChange::from).collect(),
        }
    }
}

impl From<transaction::SimStatistics> for SimStatistics {
    fn from(found: transaction::SimStatistics) -> Self {
        let micros = |time: std::time::Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let counts =
            found.authentication.into_iter().map(|(kind, (count, first, last))| AuthenticationCount {
                kind,
                count,
                first_micros: first.as_micros(),
                last_micros: last.as_micros(),
            });
        Self {
            requests: found.requests,
            successful: found.successful,
            failed: found.failed,
            fraudulent: found.fraudulent,
            complaints: found.complaints,
            remedied: found.remedied,
            average_remedy_micros: found.average_remedy.map(micros),
            authentication: counts.collect(),
            log_begins_micros: found.log_begins.as_micros(),
        }
    }
}

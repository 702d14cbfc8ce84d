//! What the back end keeps about accounts: passwords, facts, approvals, decoys. Not for an agent's tool.

use cpni_guard::AgentSession;
use cpni_guard::interaction::{ConsentEvent, ConsentKind};
use cpni_guard::vocabulary::{AccountId, AgentId, ConsentScope, ContactPointId, Timestamp};

use crate::error::{CpniError, call};
use crate::facts::AccountFacts;
use crate::guard::{Guard, secret};

/// A secret that a customer established elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum ImportedSecret {
    /// The account password.
    Password,
    /// The answer to the back-up question.
    BackupAnswer,
    /// The passcode for port-outs.
    PortPasscode,
}

/// An event of the history of a customer's approvals (47 CFR 64.2007, 64.2008).
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum ConsentChange {
    /// A notice of the right to opt out was sent by e-mail.
    NoticeByEmail,
    /// The same, by mail.
    NoticeByMail,
    /// A notice was undeliverable.
    Undeliverable,
    /// The customer objected, to all uses.
    Objection,
    /// The customer opted in, after notice.
    OptIn {
        /// To what.
        scope: ConsentScope,
        /// The host's pointer to the evidence: a form, a recording. Not the evidence.
        evidence: String,
    },
    /// The customer took an approval back.
    Revocation {
        /// Which.
        scope: ConsentScope,
    },
}

impl ConsentChange {
    fn kind(self) -> Result<ConsentKind, CpniError> {
        Ok(match self {
            Self::NoticeByEmail => ConsentKind::NoticeByEmail,
            Self::NoticeByMail => ConsentKind::NoticeByMail,
            Self::Undeliverable => ConsentKind::Undeliverable,
            Self::Objection => ConsentKind::Objection,
            Self::OptIn { scope, evidence } => {
                ConsentKind::OptIn { scope, evidence: ContactPointId::new(evidence)? }
            }
            Self::Revocation { scope } => ConsentKind::Revocation { scope },
        })
    }
}

#[uniffi::export]
impl Guard {
    /// Takes over a secret that the customer established elsewhere. Recorded.
    ///
    /// # Errors
    /// 1001 to 1003; 5007; 6001: it is then not taken over; 7001 to 7008; 9301, 9303.
    pub fn import_secret(
        &self,
        kind: ImportedSecret,
        account: String,
        value: &[u8],
    ) -> Result<(), CpniError> {
        call(|| {
            let (guard, account, value) = (self.core()?, AccountId::new(account)?, secret(value)?);
            match kind {
                ImportedSecret::Password => guard.import_password(&account, &value)?,
                ImportedSecret::BackupAnswer => guard.import_backup_answer(&account, &value)?,
                ImportedSecret::PortPasscode => guard.import_port_passcode(&account, &value)?,
            }
            Ok(())
        })
    }

    /// Keeps facts about an account, for a host without an `AccountFactSource`. Recorded; the facts
    /// themselves are not in the record.
    ///
    /// # Errors
    /// 1001 to 1003; 6001: they are then not kept; 7001 to 7008; 9301.
    pub fn set_account_facts(&self, account: String, facts: &AccountFacts) -> Result<(), CpniError> {
        call(|| Ok(self.core()?.set_account_facts(&AccountId::new(account)?, facts.core())?))
    }

    /// Adds to the history of a customer's approvals. Recorded.
    ///
    /// # Errors
    /// 1001 to 1003; 5014; 5017; 6001: it is then not added; 7001 to 7008; 9301.
    pub fn record_consent(
        &self,
        account: String,
        at_micros: u64,
        change: ConsentChange,
    ) -> Result<(), CpniError> {
        call(|| {
            let event = ConsentEvent { at: Timestamp::from_micros(at_micros), kind: change.kind()? };
            Ok(self.core()?.record_consent(&AccountId::new(account)?, &event)?)
        })
    }

    /// Makes accounts decoys: whoever opens or reads one is told of at once. Not recorded.
    ///
    /// # Errors
    /// 1001 to 1003; 7001 to 7008: none of them is one then; 9301.
    pub fn add_decoys(&self, accounts: Vec<String>) -> Result<(), CpniError> {
        call(|| Ok(self.core()?.add_decoys(&ids(accounts)?)?))
    }

    /// Makes decoys ordinary accounts.
    ///
    /// # Errors
    /// As `add_decoys`: they are still decoys.
    pub fn remove_decoys(&self, accounts: Vec<String>) -> Result<(), CpniError> {
        call(|| Ok(self.core()?.remove_decoys(&ids(accounts)?)?))
    }

    /// Lifts what the watch holds against an agent. The approver is another person, signed in with a
    /// session of their own.
    ///
    /// # Errors
    /// 5015: recorded, and nothing is lifted; 6001, 7001 to 7008; 9301.
    pub fn lift_watch(&self, agent: String, approver_session: String) -> Result<(), CpniError> {
        call(|| {
            let approver = AgentSession::new(approver_session);
            Ok(self.core()?.lift_watch(&AgentId::new(agent)?, &approver)?)
        })
    }
}

fn ids(accounts: Vec<String>) -> Result<Vec<AccountId>, CpniError> {
    accounts.into_iter().map(|account| Ok(AccountId::new(account)?)).collect()
}

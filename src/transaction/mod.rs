//! SIM change, port-out, handset unlock, account change: from the request to what the host carries out.
//!
//! Rules: policy and risk decide, customers are told before anything is done, and of all who ask at
//! once one gets leave; what a change was decided on is looked at again when it is carried out; locks
//! are the customer's; what cannot be read is locked, and a store that does not answer refuses.
//!
//! Security note: the book holds digests of lines and targets under a key, ids and times, and no value
//! (`docs/spec/transactions-v1.md`). All processes that serve an account must share its store.

mod book;
mod contacts;
mod kind;
mod limits;
mod permit;
mod port;
mod risk;
mod row;
mod statistics;
mod steps;
mod store;
mod words;

#[cfg(test)]
mod model;

pub(crate) use book::{Book, DecidedOn, Opens, Tell};
pub(crate) use contacts::Contacts;
pub use contacts::{CONTACT_LOOK_BACK_DAYS, ContactPoint, MAX_CONTACT_POINTS};
pub use kind::{
    AccountChange, ChangeRequest, ContactChange, LockKind, TransactionId, TransactionKind, TransactionState,
};
pub(crate) use limits::limits_of;
pub use limits::{
    TRANSACTIONS_ACCOUNT, TRANSACTIONS_AGENT, TRANSACTIONS_DEVICE, TRANSACTIONS_PARTNER, TRANSACTIONS_SITE,
    UNLOCKS_ACCOUNT, UNLOCKS_AGENT, UNLOCKS_PARTNER, UNLOCKS_SITE,
};
pub use permit::{ExecutePermit, Execution};
pub use port::PortField;
pub use risk::{
    HostRisk, LOCK_REMOVAL_DELAY, PORT_INTERVAL_AT_RISK, RISK_WAIT, RiskEffect, RiskFact, RiskFacts,
    RiskRule, RiskSource, TransactionRules, YOUNG_ACCOUNT,
};
#[cfg(feature = "testing")]
pub(crate) use row::recode_for_testing;
pub(crate) use row::{Account, Transaction};
pub use row::{LockState, MAX_TRANSACTIONS};
pub use statistics::SimStatistics;
pub(crate) use statistics::gather;
pub(crate) use steps::{Ended, Stated, Waits};
pub use steps::{PERMIT_LIFE, REQUEST_LIFE, TRANSACTION_LIFE};
#[cfg(test)]
pub(crate) use store::tests::must_hold;
pub use store::{MemoryTransactionStore, TransactionRef, TransactionStore};
pub use words::NextStep;

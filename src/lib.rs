#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod audit;
pub mod classify;
pub mod device;
pub mod disclose;
pub mod envelope;
pub mod error;
pub mod guard;
mod hazmat;
pub mod interaction;
pub mod keys;
pub mod oversight;
pub mod policy;
pub mod redact;
mod sensitive;
#[cfg(feature = "sqlite")]
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
pub mod token;
mod toml_reader;
pub mod transaction;
pub mod vocabulary;

pub use classify::{CallRow, Record, Schema};
pub use device::{DeviceField, DeviceReply, DeviceRequest, DeviceSession, DeviceView};
pub use disclose::{Disclosed, FieldView, View};
pub use envelope::{SealedField, SealedRecord, Stored};
pub use error::{Error, ErrorCode};
pub use guard::{
    Delivery, FieldRequest, Found, Guard, GuardBuilder, Interaction, NoticeQueue, Notifier, Protected,
    Requested, Search, Stores, Transactions, Verification,
};
pub use interaction::{AgentSession, Contact, Evidence, NamedCall, Notice, PhotoId, Presented};
pub use keys::{KeyProvider, MemoryKeys, PassphraseKeys};
pub use oversight::report::{EvidenceReport, EvidenceRequest, Period};
pub use oversight::watch::{Alarm, AlarmSink, WatchRules};
pub use policy::{Decision, Reason};
pub use redact::{Redactor, Scanner};
pub use sensitive::Sensitive;
#[cfg(feature = "sqlite")]
pub use store::SqliteStore;
pub use token::{
    Alphabet, ColumnStatus, FormatToken, IndexTerm, IndexTerms, SealedToken, TokenColumn, TokenTerms,
    VaultToken,
};
pub use transaction::{ChangeRequest, ExecutePermit, Execution, TransactionRules};
pub use vocabulary::{AccountId, Purpose};

//! The roof: the guard wires the rooms together and computes nothing.
//!
//! Rules: a host holds one [`Guard`] in its back end; it seals records and opens interactions.
//! Everything else is reached through an [`Interaction`]. A guard holds the root keys: it never
//! runs on an agent's machine.

mod attestation;
mod builder;
mod device;
mod doors;
mod erasure;
mod index;
mod interaction;
mod inventory;
mod keys;
mod migrate;
mod notices;
mod redaction;
mod request;
mod reseal;
mod scope;
mod search;
mod tokens;
mod transactions;
mod vault;
mod watch;

use core::fmt;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::audit::{AuditLog, EventFacts, Publisher};
use crate::classify::{Concern, FieldValue, Record, Schema};
use crate::envelope::{
    Binding, Opener, PlainContent, PlainField, RowParts, SealedRecord, Stored, encode_rows, seal_record,
};
use crate::error::{Error, InteractionError, KeyError, SealedError, SubjectError};
use crate::hazmat::framing::Tuple;
use crate::hazmat::{hash, rng};
use crate::interaction::{
    AccountFacts, AgentSession, ConsentEvent, Contact, Hosts, Ledger, Notices, Opening, Secret, Session,
    TimeLimits,
};
use crate::keys::{AccountKeys, KeyBranch, Keyring, Subjects};
use crate::oversight::report::{self, Deployment, EvidenceReport, EvidenceRequest};
use crate::oversight::watch::{AlarmSink, Watcher};
use crate::policy::{PackStatus, Policy};
use crate::sensitive::Sensitive;
use crate::token::{Columns, IndexKeys, IndexTerms, Tokens};
use crate::transaction::{Book, RiskSource, TransactionRules};
use crate::vocabulary::{
    AccountId, AgentId, BasisId, CivilDate, EventKind, Purpose, RuleId, TenantId, Timestamp,
};

use inventory::FieldCounts;

pub use attestation::{Attestation, AttestedOverride, AttestedPack, Count};
pub use builder::{GuardBuilder, Stores};
pub use doors::{Delivery, Notifier, SendReceipt, Verification};
pub use erasure::{ErasureReceipt, ErasureRequest};
pub use interaction::{FieldRequest, Interaction};
pub use keys::{KeyDesk, Needs, Unneeded};
pub use migrate::{ColumnComparison, ColumnContent, ColumnValue, Migrated, MigrationReport};
pub use notices::NoticeQueue;
pub use request::{LockRemoval, Requested};
pub use reseal::{Reseal, ResealJob, ResealReport, Resealed, SealedUnder};
pub use scope::ScopeMode;
pub use search::{Found, MAX_CANDIDATES, MAX_FOUND, Search};
pub use tokens::TokenRef;
pub use transactions::{FraudReport, Objection, ReportedChange, TransactionStatus, Transactions};
pub use vault::ResealedTokens;

/// Seals customers' records and opens interactions on them. Cheap to clone; one a process.
#[derive(Clone)]
pub struct Guard(Arc<Inner>);

struct Inner {
    tenant: TenantId,
    schema: Schema,
    counts: FieldCounts,
    keys: Arc<Keyring>,
    indexes: IndexKeys,
    /// `None`: nothing is sealed under secrets of accounts.
    subjects: Option<Subjects>,
    policy: Arc<Policy>,
    ledger: Arc<Ledger>,
    audit: Arc<AuditLog>,
    _publisher: Publisher,
    hosts: Arc<Hosts>,
    delivery: Option<Arc<dyn Delivery>>,
    /// `None`: `notices`.
    notifier: Option<Arc<dyn Notifier>>,
    notices: Notices,
    watcher: Watcher,
    tokens: Tokens,
    columns: Columns,
    book: Book,
    transaction_rules: TransactionRules,
    risks: Option<Arc<dyn RiskSource>>,
    /// The host's own packs.
    own_packs: Vec<RuleId>,
    alarms: Option<Arc<dyn AlarmSink>>,
    limits: TimeLimits,
    breach_officers: BTreeSet<AgentId>,
    policy_hash: Mutex<Option<(Option<CivilDate>, [u8; 32])>>,
    /// Held by the one who changes keys, until every room has the new ones.
    keys_changing: Mutex<()>,
}

/// A sealed record, and what was noticed while sealing it.
#[derive(Debug, Clone)]
pub struct Protected {
    /// The bytes for the host's own database.
    pub record: SealedRecord,
    /// Values that are not what their field says. They are sealed all the same.
    pub concerns: Vec<Concern>,
    /// The terms for the columns of the schema's indexes, in the same row. Replace the old ones with them.
    pub terms: IndexTerms,
}

impl<'s> From<&'s Protected> for Stored<'s> {
    fn from(protected: &'s Protected) -> Self {
        Self::from(&protected.record)
    }
}

impl Guard {
    /// Starts a guard.
    #[must_use]
    pub fn builder() -> GuardBuilder {
        GuardBuilder::default()
    }

    /// Seals a record of an account. The record's values are taken over and wiped.
    ///
    /// # Errors
    /// [`crate::error::RecordError`] if the record does not fit the schema; a value that merely
    /// fails its identifier's check is sealed and named in [`Protected::concerns`].
    /// [`SubjectError::Erased`] for an account that was erased; [`crate::error::StoreError`] if its
    /// secret cannot be read or made.
    pub fn protect(&self, account: &AccountId, record: Record) -> Result<Protected, Error> {
        self.seal(account, record, None)
    }

    /// Seals a record that is to be deleted after a UTC day. From the end of that day it opens for nobody, and
    /// [`Guard::delete_due`] then deletes what it was sealed under, so that no copy of it ever opens again. A
    /// field that is taken out of it has the same day; values with other days are sealed apart. Sealing it
    /// again keeps the day.
    ///
    /// # Errors
    /// As [`Guard::protect`]; [`SubjectError::NoStore`] where the guard has no secrets of accounts;
    /// [`SubjectError::DeleteAfter`] for a day that is over, or past 2149-06-06.
    pub fn protect_until(
        &self,
        account: &AccountId,
        record: Record,
        delete_after: CivilDate,
    ) -> Result<Protected, Error> {
        self.seal(account, record, Some(delete_after))
    }

    fn seal(
        &self,
        account: &AccountId,
        record: Record,
        delete_after: Option<CivilDate>,
    ) -> Result<Protected, Error> {
        let Inner { tenant, schema, counts, indexes, .. } = &*self.0;
        let admitted = schema.admit(record)?;
        let terms = indexes.of_record(schema, |spec| {
            let field = admitted.fields.iter().find(|field| field.spec.index() == spec.index())?;
            match &field.value {
                // EXPOSE: brought to its normal form and hashed under a key.
                FieldValue::Text(text) => Some(text.expose()),
                FieldValue::Calls(_) => None,
            }
        })?;
        let keys = self.keys_to_seal(account, delete_after)?;
        let calls = admitted
            .fields
            .iter()
            .map(|field| match &field.value {
                FieldValue::Text(_) => Ok(Vec::new()),
                FieldValue::Calls(rows) => encode_rows(rows.iter().map(|row| RowParts {
                    direction: row.direction().code(),
                    start_micros: row.start().as_micros(),
                    duration_secs: row.duration_secs(),
                    // EXPOSE: sealed below.
                    number: row.number().expose(),
                    // EXPOSE: sealed below.
                    place: row.place().map(|place| place.expose().as_str()),
                })),
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut fields: Vec<_> = admitted
            .fields
            .iter()
            .zip(&calls)
            .map(|(field, calls)| PlainField {
                name: field.spec.name(),
                class: field.spec.class(),
                content: match &field.value {
                    // EXPOSE: sealed below.
                    FieldValue::Text(text) => PlainContent::Value(text.expose().as_bytes()),
                    FieldValue::Calls(_) => PlainContent::Calls(calls),
                },
            })
            .collect();
        let binding = Binding { tenant, account, record: &admitted.id };
        let record = seal_record(&keys, binding, &mut fields)?;
        admitted.fields.iter().for_each(|field| counts.sealed(field.spec));
        Ok(Protected { record, concerns: admitted.concerns, terms })
    }

    /// Opens an interaction: an agent, an account, the contact from which it is opened, and why.
    /// Nothing is visible yet beyond what policy gives for an unauthenticated customer.
    ///
    /// # Errors
    /// [`crate::error::InteractionError`] if the directory does not know the agent or cannot
    /// answer, or the watch holds the agent back; [`crate::error::AuditError`] if the opening could not
    /// be recorded.
    pub fn interaction(
        &self,
        agent: AgentSession,
        account: &AccountId,
        contact: Contact,
        purpose: Purpose,
    ) -> Result<Interaction, Error> {
        let inner = &*self.0;
        let opening = Opening {
            id: rng::make_array().map_err(|_| KeyError::Random)?,
            session: agent,
            account: account.clone(),
            contact,
            purpose,
            limits: inner.limits,
        };
        let id = opening.id;
        let session = Session::open(
            Arc::clone(&inner.hosts),
            Arc::clone(&inner.policy),
            Arc::clone(&inner.ledger),
            opening,
        );
        match session {
            Ok(session) => Interaction::start(self.clone(), session),
            Err(refused) => {
                let mut facts = self.event(EventKind::InteractionOpened, self.now());
                (facts.interaction, facts.purpose, facts.cause) = (id, Some(purpose), refused.code().get());
                inner.audit.record(facts, Some(account))?;
                self.alarm_if_decoy(account, id)?;
                Err(refused)
            }
        }
    }

    /// Takes over a password that the customer established elsewhere (a system that this one
    /// replaces, or the host's own authenticated process of 47 CFR 64.2010(e)). For the back end;
    /// not for an agent's tool. Recorded.
    ///
    /// # Errors
    /// [`crate::error::InteractionError::PasswordLength`]; [`crate::error::AuditError`] if it could
    /// not be recorded: the password is then not taken over; [`crate::error::StoreError`].
    pub fn import_password(&self, account: &AccountId, password: &Sensitive<String>) -> Result<(), Error> {
        self.import(Secret::Password, account, password)
    }

    /// Takes over the answer to a customer's back-up question. As [`Guard::import_password`].
    ///
    /// # Errors
    /// As [`Guard::import_password`].
    pub fn import_backup_answer(&self, account: &AccountId, answer: &Sensitive<String>) -> Result<(), Error> {
        self.import(Secret::Backup, account, answer)
    }

    /// Takes over the passcode that a customer requested for port-outs (52.36(c)). As
    /// [`Guard::import_password`].
    ///
    /// # Errors
    /// As [`Guard::import_password`].
    pub fn import_port_passcode(
        &self,
        account: &AccountId,
        passcode: &Sensitive<String>,
    ) -> Result<(), Error> {
        self.import(Secret::PortPasscode, account, passcode)
    }

    /// Keeps facts about an account, for a host without an [`crate::interaction::AccountFactSource`].
    /// Recorded; the facts themselves are not in the record.
    ///
    /// # Errors
    /// [`crate::error::AuditError`]: the facts are then not kept; [`crate::error::StoreError`].
    pub fn set_account_facts(&self, account: &AccountId, facts: &AccountFacts) -> Result<(), Error> {
        self.0.audit.record(self.event(EventKind::FactsChanged, self.now()), Some(account))?;
        Ok(self.0.ledger.set_facts(account, facts)?)
    }

    /// Adds to the history of a customer's approvals (47 USC 222(f); 47 CFR 64.2007, 64.2008). Recorded.
    ///
    /// # Errors
    /// [`InteractionError::InTheFuture`]; [`InteractionError::ConsentHistoryFull`], for what could open
    /// something; [`crate::error::AuditError`]: it is then not added; [`crate::error::StoreError`].
    pub fn record_consent(&self, account: &AccountId, event: &ConsentEvent) -> Result<(), Error> {
        let now = self.now();
        if event.at > now {
            return Err(InteractionError::InTheFuture.into());
        }
        self.0.audit.record(self.event(EventKind::ConsentRecorded, now), Some(account))?;
        self.0.ledger.add_consent(account, event, now)
    }

    fn import(&self, secret: Secret, account: &AccountId, value: &Sensitive<String>) -> Result<(), Error> {
        self.0.audit.record(self.event(EventKind::SecretImported, self.now()), Some(account))?;
        self.0.ledger.set(secret, account, value)
    }

    /// The library's own queue of notices, for the host's worker.
    #[must_use]
    pub fn notices(&self) -> NoticeQueue {
        NoticeQueue::new(self.clone())
    }

    /// The audit log, to verify and to read.
    #[must_use]
    pub fn audit(&self) -> &AuditLog {
        &self.0.audit
    }

    /// What the audit log holds of a period, for the annual certificate of 47 CFR 64.2009(e) and for
    /// assessments. Reads and verifies the whole log, once; a log that is broken or cannot be read
    /// gives a report that says incomplete.
    #[must_use]
    pub fn evidence_report(&self, request: impl Into<EvidenceRequest>) -> EvidenceReport {
        let Inner { tenant, schema, counts, policy, audit, watcher, .. } = &*self.0;
        let (watch, since_start) = (watcher.rules(), counts.since_start());
        let (gaps, now) = (self.gaps(), self.now());
        let deployment = Deployment { tenant, schema, since_start, policy, watch, gaps, now };
        report::gather(audit, &deployment, &request.into())
    }

    /// The schema.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.0.schema
    }

    /// The policy packs, and which of them decide now.
    #[must_use]
    pub fn policy_status(&self) -> Vec<PackStatus<'_>> {
        self.0.policy.status(self.now())
    }

    /// The keys under which an account is sealed from now on, for good or until the end of a day.
    fn keys_to_seal(
        &self,
        account: &AccountId,
        delete_after: Option<CivilDate>,
    ) -> Result<AccountKeys, Error> {
        let Inner { tenant, keys, subjects, .. } = &*self.0;
        let version = keys.active_version();
        Ok(match subjects {
            None if delete_after.is_some() => return Err(SubjectError::NoStore.into()),
            None => keys.account_keys(tenant, account, version, 0, None)?,
            Some(subjects) => {
                let (epoch, secret) = subjects.to_seal(account, delete_after, self.now())?;
                keys.account_keys(tenant, account, version, epoch, Some(&secret))?
            }
        })
    }

    /// Whether bytes are sealed as new ones would be.
    fn is_current(&self, under: SealedUnder) -> bool {
        let takes_secret = under.subject_epoch != 0 || self.0.subjects.is_none();
        under.key_version == self.0.keys.active_version() && takes_secret
    }

    /// Opens something stored as this account's, outside an interaction, for what stays inside the library.
    fn open_with<T>(
        &self,
        account: &AccountId,
        stored: &Stored<'_>,
        open: impl FnOnce(&mut Opener<'_>) -> Result<T, SealedError>,
    ) -> Result<T, Error> {
        let keys = self.keys_of(account, stored.key_version(), stored.subject_epoch())?;
        Ok(open(&mut stored.opener(&keys, &self.0.tenant, account)?)?)
    }

    /// The keys of what is sealed under this version and epoch.
    fn keys_of(&self, account: &AccountId, version: u32, epoch: u32) -> Result<AccountKeys, Error> {
        let Inner { tenant, keys, subjects, .. } = &*self.0;
        if epoch == 0 {
            return Ok(keys.account_keys(tenant, account, version, 0, None)?);
        }
        let subjects = subjects.as_ref().ok_or(SubjectError::NoStore)?;
        let secret = subjects.secret(account, epoch, self.now())?;
        Ok(keys.account_keys(tenant, account, version, epoch, Some(&secret))?)
    }

    /// Whether keys that were kept for this version and epoch may still be used: fails with why not.
    fn check_keys(&self, account: &AccountId, version: u32, epoch: u32) -> Result<(), Error> {
        self.0.keys.check_usable(KeyBranch::Data, version)?;
        match (&self.0.subjects, epoch) {
            (_, 0) => Ok(()),
            (None, _) => Err(SubjectError::NoStore.into()),
            (Some(subjects), epoch) => subjects.check_alive(account, epoch, self.now()),
        }
    }

    /// Records which rules are switched off while this guard decides.
    fn record_overrides(&self) -> Result<(), Error> {
        let now = self.now();
        for status in self.0.policy.overrides(now).filter(|status| status.in_force) {
            let mut facts = self.event(EventKind::RuleOverridden, now);
            facts.basis = Some(BasisId::new(status.over.rule.as_str())?);
            self.0.audit.record(facts, None)?;
        }
        Ok(())
    }

    fn now(&self) -> Timestamp {
        self.0.hosts.clock.now()
    }

    /// The beginning of an audit event: its kind, its time, and the policy that decides then.
    fn event(&self, kind: EventKind, now: Timestamp) -> EventFacts {
        let mut facts = EventFacts::new(kind, now);
        facts.policy = self.policy_hash(now);
        facts
    }

    /// SHA-256 over the texts of the packs in force. They change with the day only.
    fn policy_hash(&self, now: Timestamp) -> [u8; 32] {
        let today = now.utc_date();
        let mut known = self.0.policy_hash.lock().unwrap_or_else(PoisonError::into_inner);
        match *known {
            Some((day, hash)) if day == today => hash,
            Some(_) | None => {
                let mut texts = Tuple::new("cpni-guard/v1/policy");
                self.0.policy.texts_in_force(now).for_each(|text| texts.push(text.as_bytes()));
                let hash = hash::sha256(texts.as_bytes());
                *known = Some((today, hash));
                hash
            }
        }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("tenant", &self.0.tenant).finish_non_exhaustive()
    }
}

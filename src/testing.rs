//! For tests and benches: thin doors to steps that a host never takes one by one.
//!
//! Rules: behind the feature `testing`, which no shipped build turns on; each door makes the call
//! that it names and computes nothing of its own; key bytes go in and never come out.
//!
//! Security note: what opens here is neither granted nor recorded. It opens only what was sealed
//! here, or under a root key that the caller already knows.

use core::fmt;
use std::sync::Arc;

use crate::audit::{AuditLog, AuditRoots, AuditStore, CompactRange, EventFacts, LogSettings, leaf_hash};
use crate::classify::{NormalForm, Schema};
use crate::envelope::{
    Binding, Opener, PlainContent, PlainField, SealedField, SealedRecord, decode_rows, encode_rows,
    seal_record,
};
use crate::error::{Error, KeyError, SealedError, TokenError};
use crate::hazmat::Key32;
use crate::interaction::recode_notice_for_testing as notice_recode;
use crate::keys::{AccountKeys, KeyBranch, KeyState, KeyVersion, Keyring};
use crate::oversight::watch::recode_for_testing as tally_recode;
use crate::policy::{self, Decision, Facts, Policy};
use crate::sensitive::Sensitive;
use crate::token::{
    self, Alphabet, FormatCipher, FormatToken, IndexKeys, IndexTerm, SealedCipher, SealedToken,
};
use crate::transaction::recode_for_testing as transaction_recode;
use crate::vocabulary::{
    AccountId, Action, DataClass, Destination, EventKind, FieldName, Form, RecordId, Scope, Shape, TenantId,
    Timestamp,
};

/// For tests and benches: an account with its keys and one record id, to seal and open without a
/// guard. The subject epoch is 0.
pub struct SealingAccount {
    keyring: Keyring,
    tenant: TenantId,
    account: AccountId,
    record: RecordId,
    keys: AccountKeys,
}

/// For tests and benches: the fields of one record as a guard prepares them for sealing.
pub struct Fields<'f>(Vec<PlainField<'f>>);

/// For tests and benches: what a field holds.
#[derive(Debug, Clone, Copy)]
pub enum Content<'f> {
    /// One value.
    Value(&'f [u8]),
    /// The chunks of a list of calls, encoded.
    Calls(&'f [Sensitive<Vec<u8>>]),
}

/// For tests and benches: the plan of an interaction without the interaction.
#[derive(Debug)]
pub struct Plan(policy::Plan);

/// For benches: the terms of a schema's indexes without a guard.
#[derive(Debug)]
pub struct Index {
    schema: Schema,
    keys: IndexKeys,
}

/// For tests: decisions on searches without a contact.
#[derive(Debug)]
pub struct SearchPlan(policy::SearchPlan);

/// For benches: the tree of a log without the log.
#[derive(Debug, Default)]
pub struct Tree(CompactRange);

/// For benches: the ciphers of a column of SSNs without the column, under this column key.
#[derive(Debug)]
pub struct ColumnCiphers {
    format: FormatCipher,
    sealed: SealedCipher,
}

impl ColumnCiphers {
    /// Of column `ssn_token` of tenant `t`, key version 1.
    ///
    /// # Errors
    /// None that the argument can cause.
    pub fn new(key: &[u8; 32]) -> Result<Self, Error> {
        let column_key = || {
            Key32::filled_by(|out| -> Result<(), KeyError> {
                *out = *key;
                Ok(())
            })
        };
        let (tenant, field, column) =
            (TenantId::new("t")?, FieldName::new("ssn")?, FieldName::new("ssn_token")?);
        let place = token::Place { tenant: &tenant, field: &field, column: &column };
        let digits = Alphabet::digits();
        let format = FormatCipher::new(column_key()?, place, &digits, &digits, &(9..=9))?;
        let sealed = SealedCipher::new(column_key()?, place, DataClass::Ssn, 1);
        Ok(Self { format, sealed })
    }

    /// The format-preserving token of nine digits.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn format(&self, value: &str) -> Result<FormatToken, TokenError> {
        self.format.tokenise(value)
    }

    /// The format-preserving tokens of many.
    pub fn format_many<V: AsRef<str>>(&self, values: &[V]) -> Vec<Result<FormatToken, TokenError>> {
        self.format.tokenise_many(values.iter().map(|value| Ok(value.as_ref())))
    }

    /// The deterministic sealed token of a text.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn sealed(&self, value: &str) -> Result<SealedToken, TokenError> {
        self.sealed.tokenise(value)
    }
}

impl Tree {
    /// Adds an event, and gives back the hashes of the subtrees that it completes.
    pub fn push(&mut self, event: &[u8]) -> Vec<[u8; 32]> {
        self.0.push(leaf_hash(event))
    }

    /// The Merkle tree hash of all events.
    #[must_use]
    pub fn root(&self) -> [u8; 32] {
        self.0.root()
    }
}

impl SealingAccount {
    /// An account under this data root, of version 1.
    ///
    /// # Errors
    /// None that the arguments can cause.
    pub fn new(
        root: &[u8; 32],
        tenant: TenantId,
        account: AccountId,
        record: RecordId,
    ) -> Result<Self, Error> {
        let keyring = Keyring::from_roots_for_testing(&roots(root))?;
        let keys = derive(&keyring, &tenant, &account)?;
        Ok(Self { keyring, tenant, account, record, keys })
    }

    /// Derives the account key anew and forgets the class keys: what follows is cold.
    ///
    /// # Errors
    /// None: the root is there.
    pub fn cool(&mut self) -> Result<(), Error> {
        self.keys = derive(&self.keyring, &self.tenant, &self.account)?;
        Ok(())
    }

    /// Seals a record.
    ///
    /// # Errors
    /// As [`crate::Guard::protect`].
    pub fn seal(&self, fields: &mut Fields<'_>) -> Result<SealedRecord, Error> {
        seal_record(&self.keys, self.binding(), &mut fields.0)
    }

    /// Opens fields of a record and shows every plaintext, chunk by chunk, to `look`.
    ///
    /// # Errors
    /// [`SealedError`].
    pub fn open<'r>(
        &self,
        record: &SealedRecord,
        asked: impl IntoIterator<Item = (&'r str, DataClass, Shape)>,
        mut look: impl FnMut(&[u8]),
    ) -> Result<(), Error> {
        let mut opener = Opener::new(&self.keys, self.binding(), record)?;
        for (name, class, shape) in asked {
            open(&mut opener, name, class, shape, &mut look)?;
        }
        Ok(())
    }

    /// Opens a field that stands alone, as [`SealingAccount::open`].
    ///
    /// # Errors
    /// [`SealedError`].
    pub fn open_field(
        &self,
        field: &SealedField,
        shape: Shape,
        mut look: impl FnMut(&[u8]),
    ) -> Result<(), Error> {
        let mut opener = Opener::for_field(&self.keys, self.binding(), field)?;
        Ok(open(&mut opener, field.name(), field.class(), shape, &mut look)?)
    }

    fn binding(&self) -> Binding<'_> {
        Binding { tenant: &self.tenant, account: &self.account, record: &self.record }
    }
}

impl fmt::Debug for SealingAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingAccount(..)")
    }
}

impl<'f> Fields<'f> {
    /// These fields.
    pub fn new(fields: impl IntoIterator<Item = (&'f FieldName, DataClass, Content<'f>)>) -> Self {
        let fields = fields.into_iter();
        Self(
            fields
                .map(|(name, class, content)| PlainField { name, class, content: content.into() })
                .collect(),
        )
    }
}

impl fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fields(..)")
    }
}

impl<'f> From<Content<'f>> for PlainContent<'f> {
    fn from(content: Content<'f>) -> Self {
        match content {
            Content::Value(value) => Self::Value(value),
            Content::Calls(chunks) => Self::Calls(chunks),
        }
    }
}

impl Index {
    /// The indexes of tenant `t` under this data root, of version 1.
    ///
    /// # Errors
    /// None that the arguments can cause.
    pub fn new(root: &[u8; 32], schema: Schema) -> Result<Self, Error> {
        let keys = Arc::new(Keyring::from_roots_for_testing(&roots(root))?);
        let keys = IndexKeys::new(keys, TenantId::new("t")?, &schema);
        Ok(Self { schema, keys })
    }

    /// The term of a value; `None` if the schema has no such index over one field, or the value is empty.
    #[must_use]
    pub fn term(&self, index: &str, value: &str) -> Option<IndexTerm> {
        let index = self.schema.index(index)?;
        let [field] = index.fields() else { return None };
        let form = NormalForm::of(self.schema.field(field.as_str())?.kind(), value)?;
        self.keys.of_active(index, &[form]).ok()
    }
}

impl SearchPlan {
    /// Decides in this state.
    #[must_use]
    pub fn new(policy: Arc<Policy>, state: Facts, now: Timestamp) -> Self {
        Self(policy::SearchPlan::new(policy, state, now))
    }

    /// The decision on finding accounts by a value of a class.
    #[must_use]
    pub fn decision(&self, class: DataClass) -> Decision {
        self.0.decision(class)
    }
}

impl Plan {
    /// Decides every class in this state: what an interaction does at each change of state.
    #[must_use]
    pub fn new(policy: Arc<Policy>, state: Facts, account: AccountId, now: Timestamp) -> Self {
        Self(policy::Plan::new(policy, state, account, now))
    }

    /// The decision on a field as a view takes it: the look-up. `None` is withheld.
    #[must_use]
    pub fn form(&self, class: DataClass, scope: Scope) -> Option<Form> {
        self.0.form(class, scope)
    }

    /// The decision with what is needed to explain it.
    #[must_use]
    pub fn decision(&self, class: DataClass, scope: Scope) -> Decision {
        self.0.decision(class, scope)
    }

    /// The decision on comparing a value.
    #[must_use]
    pub fn verification(&self, class: DataClass) -> Decision {
        self.0.verification(class)
    }

    /// The decision on sending a value.
    #[must_use]
    pub fn sending(&self, class: DataClass, to: Destination) -> Decision {
        self.0.sending(class, to)
    }

    /// The decision on an action, and whether a second person approved it.
    #[must_use]
    pub fn action(&self, action: Action, approved: bool) -> Decision {
        self.0.action(action, approved)
    }
}

fn roots(root: &[u8; 32]) -> [(KeyVersion, [u8; 32]); 3] {
    let id = |branch| KeyVersion { branch, version: 1, state: KeyState::Active };
    [KeyBranch::Data, KeyBranch::Audit, KeyBranch::Reference].map(|branch| (id(branch), *root))
}

/// For tests and benches: an audit log of tenant `t` without a guard, under this audit root, of version 1.
///
/// # Errors
/// As the building of a guard.
pub fn open_log(store: Arc<dyn AuditStore>, root: &[u8; 32], now: Timestamp) -> Result<AuditLog, Error> {
    let key = Key32::filled_by(|key| -> Result<(), KeyError> {
        *key = *root;
        Ok(())
    })?;
    let settings = LogSettings { tenant: TenantId::new("t")?, signer: None, earlier: None };
    AuditLog::open(store, AuditRoots::new(1, vec![(1, key)])?, settings, now)
}

/// For tests and benches: facts of an event of which nothing else is said yet.
#[must_use]
pub fn event(kind: EventKind, time: Timestamp) -> EventFacts {
    EventFacts::new(kind, time)
}

/// For tests and benches: records these events in one write, as concurrent disclosures do.
///
/// # Errors
/// As an event of a guard.
pub fn record_all(log: &AuditLog, events: Vec<(EventFacts, Option<AccountId>)>) -> Result<(), Error> {
    Ok(log.record_all(events)?)
}

/// For tests: decodes one chunk of a list of calls and encodes it again.
///
/// # Errors
/// [`SealedError::Content`] if it is not in the format; [`SealedError::TooLarge`].
pub fn recode_calls(chunk: &[u8]) -> Result<Vec<Sensitive<Vec<u8>>>, SealedError> {
    encode_rows(decode_rows(chunk)?.into_iter())
}

/// For tests: reads the plaintext of an entry of the token vault and writes it again; `None` where it is
/// refused.
#[must_use]
pub fn recode_token_entry(plain: &[u8]) -> Option<Vec<u8>> {
    token::recode_for_testing(plain)
}

/// Reads a row of the subject store without its MAC and writes it again; `None` where it is refused.
#[must_use]
pub fn recode_subject_row(bytes: &[u8]) -> Option<Vec<u8>> {
    crate::keys::recode_subject_row_for_testing(bytes)
}

/// For tests: reads the plaintext of a queued notice and writes it again; `None` where it is refused.
#[must_use]
pub fn recode_notice(plain: &[u8]) -> Option<Vec<u8>> {
    notice_recode(plain)
}

/// For fuzzing: reads an account's row of transactions, without its MAC, and writes it again; `None` where it
/// is refused.
#[must_use]
pub fn recode_transactions(plain: &[u8]) -> Option<Vec<u8>> {
    transaction_recode(plain)
}

/// For tests: reads what the watch keeps of an agent and writes it again; `None` where it is refused.
#[must_use]
pub fn recode_tally(bytes: &[u8]) -> Option<Vec<u8>> {
    tally_recode(bytes)
}

/// For tests: reads the parts of a device's reply and writes them again; `None` where they are refused.
#[must_use]
pub fn recode_device_reply(reply: &[u8]) -> Option<Vec<u8>> {
    crate::device::recode_reply_for_testing(reply)
}

/// For tests: reads what was sealed in a device's reply and writes it again; `None` where it is refused.
#[must_use]
pub fn recode_device_plain(padded: &[u8]) -> Option<Vec<u8>> {
    crate::device::recode_plain_for_testing(padded)
}

fn derive(keyring: &Keyring, tenant: &TenantId, account: &AccountId) -> Result<AccountKeys, KeyError> {
    keyring.account_keys(tenant, account, keyring.active_version(), 0, None)
}

fn open(
    opener: &mut Opener<'_>,
    name: &str,
    class: DataClass,
    shape: Shape,
    look: &mut impl FnMut(&[u8]),
) -> Result<(), SealedError> {
    match shape {
        // EXPOSE: to a test or a bench.
        Shape::Value => look(opener.open_value(name, class)?.expose()),
        Shape::Calls => {
            for chunk in opener.open_calls(name, class)? {
                // EXPOSE: to a test or a bench.
                look(chunk.expose());
            }
        }
    }
    Ok(())
}

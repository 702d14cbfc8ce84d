//! The registered columns of a guard: which versions they use, and the ciphers of those.
//!
//! Rules: every call reads the column's entry, so that a process never makes tokens of a version that
//! another one has finished replacing; an entry that is not what this guard's definition says is
//! refused; a rotation has two steps, and between them both versions are read.
//!
//! Security note: a value leaves this room only to be sealed, tokenised or compared again.

use core::fmt;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::column::{CheckedColumn, ColumnStatus, Form, TokenColumn};
use super::column_store::{ColumnStore, StoredColumn};
use super::format::{FormatCipher, FormatToken, Place};
use super::siv::{SealedCipher, SealedToken};
use crate::classify::Schema;
use crate::classify::identifiers::normalise;
use crate::error::{Error, StoreError, TokenError};
use crate::hazmat;
use crate::hazmat::mac::MacKey;
use crate::keys::{KeyBranch, Keyring};
use crate::sensitive::Sensitive;
use crate::vocabulary::{FieldName, TenantId};

/// The columns of a tenant.
pub(crate) struct Columns {
    store: Arc<dyn ColumnStore>,
    keys: Arc<Keyring>,
    tenant: TenantId,
    mac: MacKey,
    known: RwLock<BTreeMap<FieldName, Arc<Column>>>,
}

/// A registered column in this process.
struct Column {
    checked: CheckedColumn,
    /// The entry whose MAC was right: the next one is mostly the same.
    verified: Mutex<Option<StoredColumn>>,
    /// By key version: the versions of the entry, no others.
    ciphers: Mutex<Vec<(u32, Arc<Cipher>)>>,
}

#[derive(Debug)]
enum Cipher {
    Format(FormatCipher),
    Sealed(SealedCipher),
}

impl Columns {
    pub(crate) fn new(store: Arc<dyn ColumnStore>, keys: Arc<Keyring>, tenant: TenantId) -> Self {
        let mac = keys.state_key(&tenant);
        Self { store, keys, tenant, mac, known: RwLock::default() }
    }

    /// Registers a column: a new one with the active key version, a known one with the versions that it has.
    ///
    /// Fails with [`TokenError::ColumnDiffers`] where the entry belongs to another definition.
    pub(crate) fn register(&self, column: TokenColumn, schema: &Schema) -> Result<ColumnStatus, Error> {
        let checked = column.check(schema)?;
        let name = checked.column.name.clone();
        let entry = match self.store.get(&self.tenant, &name)? {
            Some(entry) => self.verified(&checked, entry)?,
            None => {
                let entry = self.entry(&checked, self.keys.active_of(KeyBranch::Token)?, None);
                // Another process may have been faster, with the same definition or another.
                let is_new = self.store.replace(&self.tenant, &name, None, &entry)?;
                if is_new { entry } else { self.read_anew(&checked)? }
            }
        };
        let verified = Mutex::new(Some(entry));
        let column = Arc::new(Column { checked, verified, ciphers: Mutex::default() });
        // Now, so that a missing key is told at the start.
        self.cipher(&column, entry.version)?;
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), column);
        Ok(status(name, entry))
    }

    /// The registered columns, by name.
    pub(crate) fn all(&self) -> Result<Vec<ColumnStatus>, Error> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).clone();
        known.into_iter().map(|(name, column)| Ok(status(name, self.read(&column)?))).collect()
    }

    /// The names of all columns that were ever registered, in whichever process.
    pub(crate) fn names(&self) -> Result<Vec<FieldName>, StoreError> {
        self.store.names(&self.tenant)
    }

    /// Whether a token of any column may have this key version.
    pub(crate) fn need(&self, version: u32) -> Result<bool, StoreError> {
        Ok(self.store.versions_in_use()?.contains(&version))
    }

    /// The field of a column.
    pub(crate) fn field(&self, name: &str) -> Result<FieldName, Error> {
        Ok(self.column(name)?.checked.column.field.clone())
    }

    /// The token of a value, of the current version.
    pub(crate) fn format_token(&self, name: &str, value: &str) -> Result<FormatToken, Error> {
        let column = self.column(name)?;
        let entry = self.read(&column)?;
        self.format_of(&column, entry.version, value)
    }

    /// The tokens that a value may have in the column: the current one, and the one that it replaces.
    pub(crate) fn format_tokens(&self, name: &str, value: &str) -> Result<Vec<FormatToken>, Error> {
        let column = self.column(name)?;
        let entry = self.read(&column)?;
        versions(entry).map(|version| self.format_of(&column, version, value)).collect()
    }

    /// The tokens of many values, of the current version, each with a result of its own.
    pub(crate) fn format_many(
        &self,
        name: &str,
        values: &[Sensitive<String>],
    ) -> Result<Vec<Result<FormatToken, TokenError>>, Error> {
        let column = self.column(name)?;
        let entry = self.read(&column)?;
        let cipher = self.cipher(&column, entry.version)?;
        let Cipher::Format(cipher) = &*cipher else { return Err(TokenError::WrongKind.into()) };
        // EXPOSE: brought to their normal form, and tokenised below.
        let Some(kind) = column.checked.kind else {
            // EXPOSE: as above.
            return Ok(cipher.tokenise_many(values.iter().map(|value| Ok(value.expose().as_str()))));
        };
        // EXPOSE: as above.
        let normal: Vec<_> = values.iter().map(|value| normalise(kind, value.expose())).collect();
        let normal = normal.iter().map(|value| match value {
            // EXPOSE: as above.
            Some(value) => Ok(value.expose().as_str()),
            None => Err(TokenError::NotOfItsKind),
        });
        Ok(cipher.tokenise_many(normal))
    }

    /// The sealed token of a value, of the current version.
    pub(crate) fn sealed_token(&self, name: &str, value: &str) -> Result<SealedToken, Error> {
        let column = self.column(name)?;
        let entry = self.read(&column)?;
        self.sealed_of(&column, entry.version, value)
    }

    /// The sealed tokens that a value may have, as [`Columns::format_tokens`].
    pub(crate) fn sealed_tokens(&self, name: &str, value: &str) -> Result<Vec<SealedToken>, Error> {
        let column = self.column(name)?;
        let entry = self.read(&column)?;
        versions(entry).map(|version| self.sealed_of(&column, version, value)).collect()
    }

    /// Begins to replace the tokens of a column: new ones have the active key version from now on.
    pub(crate) fn rotate(&self, name: &str) -> Result<ColumnStatus, Error> {
        let column = self.column(name)?;
        let before = self.read(&column)?;
        if before.previous.is_some() {
            return Err(TokenError::Rotating.into());
        }
        let version = self.keys.active_of(KeyBranch::Token)?;
        if version == before.version {
            return Err(TokenError::NothingToRotate { version }.into());
        }
        self.change(&column, &before, version, Some(before.version))
    }

    /// Ends it: no token of the previous version is left, says the host.
    pub(crate) fn confirm(&self, name: &str) -> Result<ColumnStatus, Error> {
        let column = self.column(name)?;
        let before = self.read(&column)?;
        if before.previous.is_none() {
            return Err(TokenError::NotRotating.into());
        }
        self.change(&column, &before, before.version, None)
    }

    /// The tokens of the current version for those of the previous one, each with a result of its own.
    pub(crate) fn replace_format(
        &self,
        name: &str,
        tokens: &[FormatToken],
    ) -> Result<Vec<Result<FormatToken, TokenError>>, Error> {
        let column = self.column(name)?;
        let entry = self.read(&column)?;
        let previous = entry.previous.ok_or(TokenError::NotRotating)?;
        let [old, new] = [self.cipher(&column, previous)?, self.cipher(&column, entry.version)?];
        let (Cipher::Format(old), Cipher::Format(new)) = (&*old, &*new) else {
            return Err(TokenError::WrongKind.into());
        };
        let values: Vec<_> = tokens.iter().map(|token| old.detokenise(token)).collect();
        Ok(new.tokenise_many(values.iter().map(|value| match value {
            // EXPOSE: tokenised again, and wiped.
            Ok(value) => Ok(value.expose().as_str()),
            Err(refused) => Err(*refused),
        })))
    }

    /// The sealed token of the current version for one of any version that the column uses. One of the
    /// current version stays as it is, so that this may be repeated.
    pub(crate) fn replace_sealed(&self, name: &str, token: &SealedToken) -> Result<SealedToken, Error> {
        let column = self.column(name)?;
        let entry = self.read(&column)?;
        let version = token.key_version();
        if !versions(entry).any(|used| used == version) {
            return Err(TokenError::Version { version }.into());
        }
        let cipher = self.cipher(&column, version)?;
        let Cipher::Sealed(old) = &*cipher else { return Err(TokenError::WrongKind.into()) };
        let value = old.detokenise(token)?;
        // EXPOSE: sealed again, and wiped.
        self.sealed_of(&column, entry.version, value.expose())
    }

    /// Whether a format-preserving token is that of a value, in a version that the column uses.
    pub(crate) fn is_format_of(&self, name: &str, token: &FormatToken, value: &str) -> Result<bool, Error> {
        let tokens = self.format_tokens(name, value)?;
        Ok(tokens.iter().fold(false, |found, own| {
            found | hazmat::equal(own.as_str().as_bytes(), token.as_str().as_bytes())
        }))
    }

    /// Whether a sealed token is that of a value, in a version that the column uses.
    pub(crate) fn is_sealed_of(&self, name: &str, token: &SealedToken, value: &str) -> Result<bool, Error> {
        let tokens = self.sealed_tokens(name, value)?;
        Ok(tokens.iter().fold(false, |found, own| found | hazmat::equal(own.as_bytes(), token.as_bytes())))
    }

    fn format_of(&self, column: &Column, version: u32, value: &str) -> Result<FormatToken, Error> {
        let cipher = self.cipher(column, version)?;
        let Cipher::Format(cipher) = &*cipher else { return Err(TokenError::WrongKind.into()) };
        Ok(column.checked.with_normal(value, |value| cipher.tokenise(value))?)
    }

    fn sealed_of(&self, column: &Column, version: u32, value: &str) -> Result<SealedToken, Error> {
        let cipher = self.cipher(column, version)?;
        let Cipher::Sealed(cipher) = &*cipher else { return Err(TokenError::WrongKind.into()) };
        Ok(column.checked.with_normal(value, |value| cipher.tokenise(value))?)
    }

    fn column(&self, name: &str) -> Result<Arc<Column>, Error> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(known.get(name).ok_or(TokenError::UnknownColumn)?))
    }

    /// The column's entry as it is now.
    fn read(&self, column: &Column) -> Result<StoredColumn, Error> {
        let checked = &column.checked;
        let entry = self.store.get(&self.tenant, &checked.column.name)?.ok_or(TokenError::UnknownColumn)?;
        let mut verified = column.verified.lock().unwrap_or_else(PoisonError::into_inner);
        if *verified != Some(entry) {
            *verified = Some(self.verified(checked, entry)?);
        }
        Ok(entry)
    }

    fn read_anew(&self, checked: &CheckedColumn) -> Result<StoredColumn, Error> {
        let entry = self.store.get(&self.tenant, &checked.column.name)?;
        self.verified(checked, entry.ok_or(TokenError::UnknownColumn)?)
    }

    fn verified(&self, checked: &CheckedColumn, entry: StoredColumn) -> Result<StoredColumn, Error> {
        let expected = self.entry(checked, entry.version, entry.previous);
        if hazmat::equal(&expected.mac, &entry.mac) {
            Ok(entry)
        } else {
            Err(TokenError::ColumnDiffers.into())
        }
    }

    fn entry(&self, checked: &CheckedColumn, version: u32, previous: Option<u32>) -> StoredColumn {
        let mut message = checked.definition();
        message.push(self.tenant.as_str().as_bytes());
        message.push(&version.to_be_bytes());
        message.push(&previous.unwrap_or_default().to_be_bytes());
        StoredColumn { version, previous, mac: self.mac.mac(message.as_bytes()) }
    }

    fn change(
        &self,
        column: &Column,
        before: &StoredColumn,
        version: u32,
        previous: Option<u32>,
    ) -> Result<ColumnStatus, Error> {
        let name = &column.checked.column.name;
        let after = self.entry(&column.checked, version, previous);
        // Before it is written: a version whose key is missing is none to rotate to.
        self.cipher(column, version)?;
        if !self.store.replace(&self.tenant, name, Some(before), &after)? {
            return Err(TokenError::Conflict.into());
        }
        let mut ciphers = column.ciphers.lock().unwrap_or_else(PoisonError::into_inner);
        ciphers.retain(|(used, _)| versions(after).any(|version| version == *used));
        Ok(status(name.clone(), after))
    }

    fn cipher(&self, column: &Column, version: u32) -> Result<Arc<Cipher>, Error> {
        let mut ciphers = column.ciphers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, cipher)) = ciphers.iter().find(|(known, _)| *known == version) {
            return Ok(Arc::clone(cipher));
        }
        let CheckedColumn { column: TokenColumn { name, field, form }, class, .. } = &column.checked;
        let key = self.keys.token_key(&self.tenant, name.as_str(), version)?;
        let place = Place { tenant: &self.tenant, field, column: name };
        let cipher = Arc::new(match form {
            Form::Format { values, tokens, lengths } => {
                Cipher::Format(FormatCipher::new(key, place, values, tokens, lengths)?)
            }
            Form::Sealed => Cipher::Sealed(SealedCipher::new(key, place, *class, version)),
        });
        ciphers.push((version, Arc::clone(&cipher)));
        Ok(cipher)
    }
}

impl fmt::Debug for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Columns(..)")
    }
}

impl CheckedColumn {
    /// Shows the normal form of a value to `make`: of its field's kind, or the value itself.
    fn with_normal<T>(
        &self,
        value: &str,
        make: impl FnOnce(&str) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        match self.kind {
            // EXPOSE: tokenised by the caller, and wiped.
            Some(kind) => make(normalise(kind, value).ok_or(TokenError::NotOfItsKind)?.expose()),
            None => make(value),
        }
    }
}

fn status(name: FieldName, entry: StoredColumn) -> ColumnStatus {
    ColumnStatus { name, version: entry.version, previous: entry.previous }
}

/// The versions that tokens of the column may have, the current one first.
fn versions(entry: StoredColumn) -> impl Iterator<Item = u32> {
    core::iter::once(entry.version).chain(entry.previous)
}

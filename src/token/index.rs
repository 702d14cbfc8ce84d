//! A term: the first bits of an HMAC over an index's name, its fields and their values.

#[cfg(test)]
mod tests;

use core::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use base64ct::{Base64UrlUnpadded, Encoding as _};

use crate::classify::{FieldSpec, IndexSpec, MAX_TERM_BITS, NormalForm, Schema};
use crate::error::{Error, TokenError};
use crate::hazmat::framing::Tuple;
use crate::hazmat::mac::MacKey;
use crate::keys::{KeyBranch, Keyring};
use crate::vocabulary::{FieldName, TenantId};

/// Longest stored term, in bytes.
pub const MAX_TERM_LEN: usize = HEAD_LEN + 4;
/// Key version and number of bits.
const HEAD_LEN: usize = 5;
const LABEL: &str = "cpni-guard/v1/blind-index";

/// What a row stores in the column of an index: key version, length, and the bits themselves.
///
/// Equal values of one index and version have equal terms. Terms of older versions sort first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexTerm {
    /// INVARIANT: in the format, and zero behind `len`.
    bytes: [u8; MAX_TERM_LEN],
    len: u8,
}

impl IndexTerm {
    /// Reads a stored term.
    ///
    /// # Errors
    /// [`TokenError::TermFormat`].
    pub fn from_bytes(stored: &[u8]) -> Result<Self, TokenError> {
        let malformed = |why| TokenError::TermFormat { why };
        let (head, term) =
            stored.split_first_chunk::<HEAD_LEN>().ok_or_else(|| malformed("it ends early"))?;
        let [version @ .., bits] = *head;
        if version == [0; 4] {
            return Err(malformed("key version 0"));
        }
        if !(1..=MAX_TERM_BITS).contains(&bits) {
            return Err(malformed("not 1 to 32 bits"));
        }
        if term.len() != usize::from(bits.div_ceil(8)) {
            return Err(malformed("not as long as its bits"));
        }
        if term.last().is_some_and(|last| last & unused(bits) != 0) {
            return Err(malformed("an unused bit is 1"));
        }
        Self::of(version, bits, term).ok_or_else(|| malformed("not as long as its bits"))
    }

    /// Reads the text of a stored term.
    ///
    /// # Errors
    /// [`TokenError::TermFormat`].
    pub fn from_text(text: &str) -> Result<Self, TokenError> {
        let mut bytes = [0; MAX_TERM_LEN];
        let decoded = Base64UrlUnpadded::decode(text, &mut bytes);
        Self::from_bytes(decoded.map_err(|_| TokenError::TermFormat { why: "not base64url" })?)
    }

    /// The bytes that a row stores: 6 to 9.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }

    /// The text that a row stores, if it stores text: base64url.
    #[must_use]
    pub fn to_text(&self) -> String {
        Base64UrlUnpadded::encode_string(self.as_bytes())
    }

    /// The version of the data root that it was made under.
    #[must_use]
    pub const fn key_version(&self) -> u32 {
        let [a, b, c, d, ..] = self.bytes;
        u32::from_be_bytes([a, b, c, d])
    }

    /// How many bits it has.
    #[must_use]
    pub const fn bits(&self) -> u8 {
        let [_, _, _, _, bits, ..] = self.bytes;
        bits
    }

    /// The first `bits` of a MAC.
    fn truncated(version: u32, bits: u8, mac: &[u8; 32]) -> Self {
        let [a, b, c, d, ..] = *mac;
        let mut term = [a, b, c, d];
        let len = usize::from(bits.div_ceil(8));
        if let Some(end) = term.get_mut(..len).and_then(<[u8]>::last_mut) {
            *end &= !unused(bits);
        }
        let term = term.get(..len).unwrap_or_default();
        Self::of(version.to_be_bytes(), bits, term).unwrap_or(Self { bytes: [0; MAX_TERM_LEN], len: 0 })
    }

    fn of(version: [u8; 4], bits: u8, term: &[u8]) -> Option<Self> {
        let mut bytes = [0; MAX_TERM_LEN];
        let len = HEAD_LEN.checked_add(term.len())?;
        let (head, rest) = bytes.get_mut(..len)?.split_first_chunk_mut::<HEAD_LEN>()?;
        let [place @ .., length] = head;
        (*place, *length) = (version, bits);
        rest.copy_from_slice(term);
        Some(Self { bytes, len: u8::try_from(len).ok()? })
    }
}

/// As its version and length: the bits say which rows are alike.
impl fmt::Debug for IndexTerm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IndexTerm")
            .field("key_version", &self.key_version())
            .field("bits", &self.bits())
            .finish_non_exhaustive()
    }
}

/// The terms of a record, one for each index of which it has all fields, by the name of the index.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IndexTerms(Vec<(FieldName, IndexTerm)>);

impl IndexTerms {
    /// The term for the column of an index; `None` where the record lacks a value.
    #[must_use]
    pub fn get(&self, index: &str) -> Option<&IndexTerm> {
        self.0.iter().find(|(name, _)| name.as_str() == index).map(|(_, term)| term)
    }

    /// Every term with the name of its index, in the order of the names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&FieldName, &IndexTerm)> {
        self.0.iter().map(|(name, term)| (name, term))
    }
}

/// The keys of a tenant's indexes, with what stands before the values already taken in.
pub(crate) struct IndexKeys {
    keys: Arc<Keyring>,
    tenant: TenantId,
    /// What stands before the values, by the position of the index.
    heads: Vec<Tuple>,
    known: RwLock<Vec<(u32, Vec<MacKey>)>>,
}

impl IndexKeys {
    pub(crate) fn new(keys: Arc<Keyring>, tenant: TenantId, schema: &Schema) -> Self {
        let heads = schema.indexes().iter().map(head).collect();
        Self { keys, tenant, heads, known: RwLock::default() }
    }

    /// The terms of a record, under the version that seals. `value_of` gives the value of a field, if the record
    /// has it.
    pub(crate) fn of_record<'v>(
        &self,
        schema: &Schema,
        value_of: impl Fn(&FieldSpec) -> Option<&'v str>,
    ) -> Result<IndexTerms, Error> {
        if schema.indexes().is_empty() {
            return Ok(IndexTerms::default());
        }
        let version = self.keys.active_version();
        self.with(version, |macs| {
            let mut terms = Vec::with_capacity(schema.indexes().len());
            for index in schema.indexes() {
                let specs = index.fields().iter().map(|name| schema.field(name.as_str()));
                let forms =
                    specs.map(|spec| spec.and_then(|spec| NormalForm::of(spec.kind(), value_of(spec)?)));
                if let Some(forms) = forms.collect::<Option<Vec<_>>>() {
                    terms.push((index.name().clone(), term(version, index, macs, forms.iter())?));
                }
            }
            Ok(IndexTerms(terms))
        })
    }

    /// The terms of a value that is looked for: one for each version whose key is still there, the one that seals
    /// first.
    pub(crate) fn of_search<'f>(
        &self,
        index: &IndexSpec,
        forms: impl Iterator<Item = &'f NormalForm> + Clone,
    ) -> Result<Vec<IndexTerm>, Error> {
        let live = self.keys.live_versions(KeyBranch::Data);
        self.forget_all_but(&live);
        live.into_iter()
            .map(|version| self.with(version, |macs| term(version, index, macs, forms.clone())))
            .collect()
    }

    /// The term of one index under the version that seals.
    #[cfg(feature = "testing")]
    pub(crate) fn of_active(&self, index: &IndexSpec, forms: &[NormalForm]) -> Result<IndexTerm, Error> {
        let version = self.keys.active_version();
        self.with(version, |macs| term(version, index, macs, forms.iter()))
    }

    /// Whether a stored term is not what the record would get now.
    pub(crate) fn is_old(&self, index: &IndexSpec, term: &IndexTerm) -> bool {
        (term.key_version(), term.bits()) != (self.keys.active_version(), index.plan().bits())
    }

    /// Lends the keys of a version, one for each index of the schema.
    fn with<T>(&self, version: u32, make: impl FnOnce(&[MacKey]) -> Result<T, Error>) -> Result<T, Error> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, macs)) = known.iter().find(|(of, _)| *of == version) {
            return make(macs);
        }
        drop(known);
        let key = MacKey::new(&self.keys.index_key(&self.tenant, version)?);
        let macs: Vec<MacKey> = self.heads.iter().map(|head| key.absorbing(head.as_bytes())).collect();
        let made = make(&macs);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.iter().all(|(of, _)| *of != version) {
            known.push((version, macs));
        }
        made
    }

    /// A key that was destroyed is not kept here either.
    fn forget_all_but(&self, live: &[u32]) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).retain(|(of, _)| live.contains(of));
    }
}

impl fmt::Debug for IndexKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IndexKeys(..)")
    }
}

/// Which bits of the last byte no term has.
const fn unused(bits: u8) -> u8 {
    match bits % 8 {
        0 => 0,
        used => 0xFF >> used,
    }
}

fn head(index: &IndexSpec) -> Tuple {
    let count = u8::try_from(index.fields().len()).unwrap_or(u8::MAX);
    let head = Tuple::new(LABEL).with(index.name().as_str().as_bytes()).with(&[count]);
    index.fields().iter().fold(head, |head, field| head.with(field.as_str().as_bytes()))
}

/// `macs` are those of the version, one for each index of the schema.
fn term<'f>(
    version: u32,
    index: &IndexSpec,
    macs: &[MacKey],
    forms: impl Iterator<Item = &'f NormalForm>,
) -> Result<IndexTerm, Error> {
    let key = macs.get(index.position()).ok_or(TokenError::UnknownIndex)?;
    let mac = key.mac_of(forms.flat_map(|form| {
        // INVARIANT: a value has at most 64 KiB, and its form not much more.
        let len = u32::try_from(form.expose().len()).unwrap_or(u32::MAX).saturating_add(1);
        let [a, b, c, d] = len.to_be_bytes();
        [Part::Head([a, b, c, d, form.tag()]), Part::Form(form.expose())]
    }));
    Ok(IndexTerm::truncated(version, index.plan().bits(), &mac))
}

/// A part of the message: an item's length and tag, or its form.
enum Part<'f> {
    Head([u8; 5]),
    Form(&'f [u8]),
}

impl AsRef<[u8]> for Part<'_> {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Head(head) => head,
            Self::Form(form) => form,
        }
    }
}

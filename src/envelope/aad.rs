//! The associated data of a chunk (`docs/spec/sealed-v1.md` §2): built once for a record, then cut
//! back and completed for each field and chunk.

use zeroize::Zeroize;

use super::v1::Shape;
use crate::hazmat::framing;
use crate::vocabulary::{AccountId, DataClass, MAX_NAME_LEN, RecordId, TenantId};

const LABEL: &[u8] = b"cpni-guard/v1/sealed";
const TAIL_LEN: usize = 2 * (4 + 1) + 4 * (4 + 4);

/// Whose record it is. The keys must be those of the same tenant and account.
#[derive(Clone, Copy)]
pub(crate) struct Binding<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) account: &'a AccountId,
    pub(crate) record: &'a RecordId,
}

/// Associated data under construction. Wiped: it holds the account and record id.
pub(super) struct Aad {
    bytes: Vec<u8>,
    /// Up to the record id.
    place_len: usize,
    /// Up to the field name.
    field_len: usize,
    key_version: u32,
    subject_epoch: u32,
}

/// What changes from field to field besides its name.
#[derive(Clone, Copy)]
pub(super) struct FieldPart {
    pub(super) class: DataClass,
    pub(super) shape: Shape,
    pub(super) chunk_count: u32,
}

impl Aad {
    pub(super) fn new(binding: Binding<'_>, key_version: u32, subject_epoch: u32) -> Self {
        let tenant = binding.tenant.as_str().as_bytes();
        // EXPOSE: the ids go into associated data, which is not stored, and are wiped with it.
        let (account, record) = (binding.account.expose().as_bytes(), binding.record.expose().as_bytes());
        let place_len = 4 * 4 + LABEL.len() + tenant.len() + account.len() + record.len();
        let mut bytes = Vec::with_capacity(place_len + 4 + MAX_NAME_LEN + TAIL_LEN);
        for item in [LABEL, tenant, account, record] {
            framing::push(&mut bytes, item);
        }
        Self { bytes, place_len, field_len: place_len, key_version, subject_epoch }
    }

    /// Goes to the next field.
    pub(super) fn set_field(&mut self, name: &[u8]) {
        self.bytes.truncate(self.place_len);
        framing::push(&mut self.bytes, name);
        self.field_len = self.bytes.len();
    }

    /// The associated data of a chunk of the field.
    pub(super) fn chunk(&mut self, field: FieldPart, index: u32) -> &[u8] {
        self.bytes.truncate(self.field_len);
        let tail = self.tail(field, index);
        self.bytes.extend_from_slice(&tail);
        &self.bytes
    }

    /// The items after the name. All have fixed lengths, so they are laid out at once: this runs
    /// for each field, and the tests compare it with the general tuple.
    const fn tail(&self, field: FieldPart, index: u32) -> [u8; TAIL_LEN] {
        let [v0, v1, v2, v3] = self.key_version.to_be_bytes();
        let [e0, e1, e2, e3] = self.subject_epoch.to_be_bytes();
        let [i0, i1, i2, i3] = index.to_be_bytes();
        let [c0, c1, c2, c3] = field.chunk_count.to_be_bytes();
        let (class, shape) = (field.class.code(), field.shape.code());
        #[rustfmt::skip]
        let tail = [
            0, 0, 0, 1, class,
            0, 0, 0, 1, shape,
            0, 0, 0, 4, v0, v1, v2, v3,
            0, 0, 0, 4, e0, e1, e2, e3,
            0, 0, 0, 4, i0, i1, i2, i3,
            0, 0, 0, 4, c0, c1, c2, c3,
        ];
        tail
    }
}

/// As a slice, which is wiped at once; a `Vec` is wiped byte by byte.
impl Drop for Aad {
    fn drop(&mut self) {
        // The capacity too: a longer name may have been there.
        self.bytes.resize(self.bytes.capacity(), 0);
        self.bytes.as_mut_slice().zeroize();
    }
}

//! The limit: `aes-gcm` alone, one cached key, associated data that is already built, one draw for
//! all nonces, one buffer out. It keeps no account of what is where and wipes nothing.

use aes_gcm::aead::{AeadInOut as _, KeyInit as _};
use aes_gcm::{Aes256Gcm, Nonce, Tag};

use crate::subscriber::{self, Plain};

const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;
const BLOCK: usize = 16;

pub(crate) struct Raw {
    cipher: Aes256Gcm,
    fields: Vec<Field>,
    len: usize,
}

struct Field {
    aad: Vec<u8>,
    padded: Vec<u8>,
}

impl Raw {
    /// The same associated data and the same padded plaintexts as ours.
    pub(crate) fn of(fields: &[Plain]) -> Self {
        let fields: Vec<_> = fields
            .iter()
            .map(|field| Field { aad: associated_data(field), padded: padded(field.bytes()) })
            .collect();
        let len = fields.iter().map(|field| NONCE_LEN + field.padded.len() + TAG_LEN).sum();
        Self { cipher: Aes256Gcm::new(&[0x42; 32].into()), fields, len }
    }

    pub(crate) fn seal(&self) -> Vec<u8> {
        let mut nonces = [[0; NONCE_LEN]; 16];
        getrandom::fill(nonces.as_flattened_mut()).expect("random bytes");
        let mut out = Vec::with_capacity(self.len);
        for (field, nonce) in self.fields.iter().zip(&nonces) {
            out.extend_from_slice(nonce);
            let start = out.len();
            out.extend_from_slice(&field.padded);
            let plain = out.get_mut(start..).expect("in range");
            let tag = self
                .cipher
                .encrypt_inout_detached(&Nonce::from(*nonce), &field.aad, plain.into())
                .expect("short enough");
            out.extend_from_slice(&tag);
        }
        out
    }

    /// Shows each plaintext to `look`, in a buffer that all of them share.
    pub(crate) fn open(&self, mut sealed: &[u8], mut look: impl FnMut(&[u8])) {
        let mut buffer = Vec::with_capacity(1024);
        for field in &self.fields {
            let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().expect("a nonce");
            let (ciphertext, rest) = rest.split_at(field.padded.len());
            let (tag, rest) = rest.split_first_chunk::<TAG_LEN>().expect("a tag");
            sealed = rest;
            buffer.clear();
            buffer.extend_from_slice(ciphertext);
            self.cipher
                .decrypt_inout_detached(
                    &Nonce::from(*nonce),
                    &field.aad,
                    buffer.as_mut_slice().into(),
                    &Tag::from(*tag),
                )
                .expect("authentic");
            look(&buffer);
        }
    }
}

/// `docs/spec/sealed-v1.md` §2.
fn associated_data(field: &Plain) -> Vec<u8> {
    let (tenant, account, record) = (subscriber::tenant(), subscriber::account(), subscriber::record_id());
    let items: [&[u8]; 11] = [
        b"cpni-guard/v1/sealed",
        tenant.as_str().as_bytes(),
        account.expose().as_bytes(),
        record.expose().as_bytes(),
        field.name.as_str().as_bytes(),
        &[field.class.code()],
        &[field.shape.code()],
        &1_u32.to_be_bytes(),
        &0_u32.to_be_bytes(),
        &0_u32.to_be_bytes(),
        &1_u32.to_be_bytes(),
    ];
    let mut out = Vec::new();
    for item in items {
        out.extend(u32::try_from(item.len()).expect("a short item").to_be_bytes());
        out.extend(item);
    }
    out
}

/// ISO/IEC 7816-4.
fn padded(plain: &[u8]) -> Vec<u8> {
    let mut out = plain.to_vec();
    out.push(0x80);
    out.resize(out.len().next_multiple_of(BLOCK), 0);
    out
}

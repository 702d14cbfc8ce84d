//! Tokens: what stands for a value where the value itself must not stand.
//!
//! Rules: a column of tokens is registered once, with its field, its form and a key version; no key is
//! shared between two columns or tenants; PINs, last-four digits and domains under one million values
//! are refused. The bytes are `docs/spec/token-v1.md`; which token for which job is `docs/tokens.md`.
//!
//! A term of a blind index is short, and stands for many values (`docs/spec/blind-index-v1.md`). A vault
//! token is random, for a value that leaves the carrier (`docs/spec/vault-token-v1.md`).
//!
//! Security note: tokens of columns are deterministic, so that they can be compared and joined. Whoever may
//! ask for the token of any value can look for a customer's by trial: making tokens is for the back
//! end, never for an agent's tool.

mod alphabet;
mod column;
mod column_store;
mod columns;
mod format;
mod index;
mod siv;
mod text;
mod vault;
mod vault_store;
mod vault_token;

#[cfg(test)]
mod tests;

pub use alphabet::{Alphabet, MAX_ALPHABET};
pub use column::{ColumnStatus, MAX_FORMAT_LEN, TokenColumn};
pub use column_store::{ColumnStore, MemoryColumnStore, StoredColumn};
pub use format::FormatToken;
pub use index::{IndexTerm, IndexTerms, MAX_TERM_LEN};
pub use siv::{MAX_VALUE_LEN, SealedToken};
pub use vault::{MAX_TOKEN_LIFE, MAX_VAULT_TOKENS, TokenTerms};
pub use vault_store::{MemoryTokenVault, StoredToken, TokenVault, VaultRef};
pub use vault_token::VaultToken;

#[cfg(test)]
pub(crate) use column_store::tests::must_hold;
pub(crate) use columns::Columns;
pub(crate) use index::IndexKeys;
pub(crate) use text::text_token;
#[cfg(feature = "testing")]
pub(crate) use vault::recode_for_testing;
pub(crate) use vault::{Issued, Tokens};
#[cfg(test)]
pub(crate) use vault_store::tests::must_hold as vault_must_hold;
#[cfg(feature = "testing")]
pub(crate) use {
    format::{FormatCipher, Place},
    siv::SealedCipher,
};

//! Tokens: what stands in the place of a value, and gives nothing of it away.
//!
//! Rules: a token is a type of its own, never a text that could be taken for the value; what a token
//! stands for comes out only as a disclosure, through interaction, policy and audit.
//!
//! Security note: docs/tokens.md says what each kind leaks.

mod vault;
mod vault_store;
mod vault_token;

pub use vault::{MAX_TOKEN_LIFE, MAX_VAULT_TOKENS, TokenTerms};
pub use vault_store::{MemoryTokenVault, StoredToken, TokenRef, TokenVault};
pub use vault_token::VaultToken;

pub(crate) use vault::Tokens;
#[cfg(feature = "testing")]
pub(crate) use vault::recode_for_testing;
#[cfg(test)]
pub(crate) use vault_store::tests::must_hold;

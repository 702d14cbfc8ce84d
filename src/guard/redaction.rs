//! Tokens for what a redactor finds: the text has the token, and the guard the keys.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, TokenError};
use crate::redact::{MakeToken, TextKind};
use crate::sensitive::Sensitive;
use crate::token::{TokenTerms, text_token};
use crate::vocabulary::{AccountId, Shape};

use super::Guard;

impl Guard {
    /// Tokens that cannot be led back: the same value of the same kind has the same one within the tenant,
    /// `[SSN:hkbnpaoedcjmfigl]`, until the key branch `token` is rotated. Secrets and birth dates, of which
    /// there are too few, get their label. For [`crate::redact::Replacement::Token`], in the back end.
    ///
    /// Whoever may redact texts of their own choice can find the value of a token by trial.
    #[must_use]
    pub fn blind_tokens(&self) -> Arc<dyn MakeToken> {
        Arc::new(BlindTokens(self.clone()))
    }

    /// Vault tokens for what is found in texts of an account: each finding gets one of its own, on record, and
    /// [`crate::Interaction::detokenise`] leads back to it. A value is sealed as the first field of the schema
    /// that holds its kind; where there is none, the text is dropped. Secrets get their label.
    #[must_use]
    pub fn vault_tokens(&self, account: &AccountId, terms: TokenTerms) -> Arc<dyn MakeToken> {
        Arc::new(VaultTokens { guard: self.clone(), account: account.clone(), terms })
    }
}

struct BlindTokens(Guard);

impl MakeToken for BlindTokens {
    fn make_token(&self, kind: TextKind, value: &Sensitive<String>) -> Result<String, Error> {
        if matches!(kind, TextKind::Secret | TextKind::BirthDate) {
            return Ok(kind.label().to_owned());
        }
        let inner = &*self.0.0;
        // EXPOSE: hashed under a key, and not kept.
        let token = text_token(&inner.keys, &inner.tenant, kind.name(), value.expose())?;
        Ok(format!("{}:{token}]", kind.label().trim_end_matches(']')))
    }
}

struct VaultTokens {
    guard: Guard,
    account: AccountId,
    terms: TokenTerms,
}

impl MakeToken for VaultTokens {
    fn make_token(&self, kind: TextKind, value: &Sensitive<String>) -> Result<String, Error> {
        if kind == TextKind::Secret {
            return Ok(kind.label().to_owned());
        }
        let mut fields = self.guard.schema().fields().iter();
        let field = fields.find(|spec| {
            spec.shape() == Shape::Value && spec.kind().is_some() && spec.kind() == kind.identifier()
        });
        let spec = field.ok_or(TokenError::NotOfItsKind)?;
        let token = self.guard.issue_token_of(&self.account, spec, self.terms, value)?;
        Ok(token.to_text())
    }
}

/// Silent: they have keys.
impl fmt::Debug for BlindTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlindTokens(..)")
    }
}

impl fmt::Debug for VaultTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultTokens(..)")
    }
}

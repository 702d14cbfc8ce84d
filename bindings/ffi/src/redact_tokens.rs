//! Tokens in place of what a redactor finds: the text has the token, and the guard the keys.
//!
//! Rules: a guard that was shut down makes no tokens, and a text without its tokens is dropped.

use std::sync::Arc;

use cpni_guard::Sensitive;
use cpni_guard::error::{DiscloseError, Error};
use cpni_guard::redact::{MakeToken, Replacement, TextKind};
use cpni_guard::vocabulary::AccountId;

use crate::error::{CpniError, call};
use crate::guard::Guard;
use crate::redact::Redactor;
use crate::vault::TokenTerms;

#[uniffi::export]
impl Redactor {
    /// The same redactor with blind tokens in place of these kinds; none: of all that have nothing of their own. The
    /// same value of the same kind has the same token within the tenant, and none leads back. Secrets and birth
    /// dates get their label.
    ///
    /// Whoever may redact texts of their own choice can find the value of a token by trial: for the back end.
    ///
    /// # Errors
    /// 9301.
    pub fn with_blind_tokens(&self, guard: Arc<Guard>, kinds: Vec<TextKind>) -> Result<Arc<Self>, CpniError> {
        call(|| {
            guard.core()?;
            Ok(self.with(Arc::new(BlindTokens(guard)), &kinds))
        })
    }

    /// The same redactor with vault tokens in place of these kinds, for texts of one account; none: of all that
    /// have nothing of their own. Each finding gets one of its own, on record, and `detokenise` leads back to it. A
    /// value is sealed as the first field of the schema that holds its kind; where there is none, the text is
    /// dropped. Secrets get their label.
    ///
    /// # Errors
    /// 1001 to 1003, 3151; 9301.
    pub fn with_vault_tokens(
        &self,
        guard: Arc<Guard>,
        account: String,
        terms: TokenTerms,
        kinds: Vec<TextKind>,
    ) -> Result<Arc<Self>, CpniError> {
        call(|| {
            guard.core()?;
            let (account, terms) = (AccountId::new(account)?, terms.core()?);
            Ok(self.with(Arc::new(VaultTokens { guard, account, terms }), &kinds))
        })
    }
}

impl Redactor {
    fn with(&self, tokens: Arc<dyn MakeToken>, kinds: &[TextKind]) -> Arc<Self> {
        let token = Replacement::Token(tokens);
        let redactor = match kinds {
            [] => self.0.clone().replacing(token),
            kinds => kinds
                .iter()
                .fold(self.0.clone(), |redactor, kind| redactor.replacing_kind(*kind, token.clone())),
        };
        Arc::new(Self(redactor))
    }
}

struct BlindTokens(Arc<Guard>);

impl MakeToken for BlindTokens {
    fn make_token(&self, kind: TextKind, value: &Sensitive<String>) -> Result<String, Error> {
        open(&self.0)?.blind_tokens().make_token(kind, value)
    }
}

struct VaultTokens {
    guard: Arc<Guard>,
    account: AccountId,
    terms: cpni_guard::TokenTerms,
}

impl MakeToken for VaultTokens {
    fn make_token(&self, kind: TextKind, value: &Sensitive<String>) -> Result<String, Error> {
        open(&self.guard)?.vault_tokens(&self.account, self.terms).make_token(kind, value)
    }
}

/// The guard, unless it was shut down.
fn open(guard: &Guard) -> Result<cpni_guard::Guard, Error> {
    guard.core().map_err(|_| DiscloseError::Closed.into())
}

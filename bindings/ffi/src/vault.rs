//! Vault tokens: what stands for a value that leaves the carrier. Made and revoked by the back end; what one
//! stands for comes out as a view, in an interaction.
//!
//! Security note: who has a token may ask for its value, so a token is an object that prints nothing.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use cpni_guard::error::TokenError;
use cpni_guard::token::MAX_TOKEN_LIFE;
use cpni_guard::vocabulary::{AccountId, DataClass, Purpose, Timestamp};

use crate::error::{CpniError, call};
use crate::guard::Guard;
use crate::interaction::Interaction;
use crate::layout::Request;
use crate::view::ViewAnswer;

/// A vault token.
#[derive(uniffi::Object)]
pub struct VaultToken(cpni_guard::VaultToken);

/// What a token is good for, and for nothing that is not said.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct TokenTerms {
    /// Until when, in microseconds since 1970: 366 days at most.
    pub expires_micros: u64,
    /// For which purposes: at least one.
    pub purposes: Vec<Purpose>,
    /// How often, at least once; nothing: as often as is asked.
    pub uses: Option<u32>,
}

/// How far entries of older key versions were sealed anew.
#[uniffi::remote(Record)]
pub struct ResealedTokens {
    /// How many entries are now under the active version.
    pub moved: u64,
    /// How many do not open, or have no key any more. They stay as they are.
    pub failed: u64,
}
type ResealedTokens = cpni_guard::guard::ResealedTokens;

/// How much there is under a version of a root key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct VersionCount {
    /// The version.
    pub version: u32,
    /// How much.
    pub count: u64,
}

#[uniffi::export]
impl VaultToken {
    /// Reads a token, in lower or in upper case. That it was ever issued, and is still good, this does not say.
    ///
    /// # Errors
    /// 3150: mistyped, cut, or something else.
    #[uniffi::constructor]
    pub fn from_text(text: String) -> Result<Arc<Self>, CpniError> {
        call(|| Ok(Arc::new(Self(cpni_guard::VaultToken::from_text(&text)?))))
    }

    /// The text to hand out: 38 characters.
    ///
    /// # Errors
    /// Never.
    pub fn text(&self) -> Result<String, CpniError> {
        call(|| Ok(self.0.to_text()))
    }

    /// The class of the value that it stands for.
    ///
    /// # Errors
    /// Never.
    pub fn data_class(&self) -> Result<DataClass, CpniError> {
        call(|| Ok(self.0.class()))
    }
}

#[uniffi::export]
impl Guard {
    /// Makes a token for the one field of the request, out of sealed bytes of an account. The value is sealed anew
    /// inside the library, and nobody sees it. Recorded. For the back end; not for an agent's tool.
    ///
    /// # Errors
    /// 3106 for secrets; 3107 for lists of calls; 3151 for the terms; 1101; 3001 to 3007; 2009, 2010; 6001,
    /// 7001 to 7008: there is no token then; 9301, 9302.
    pub fn issue_token(
        &self,
        account: String,
        sealed: &[u8],
        request: &[u8],
        terms: TokenTerms,
    ) -> Result<Arc<VaultToken>, CpniError> {
        call(|| {
            let request = Request::read(request)?;
            let sealed = request.sealed(sealed)?;
            let (account, field) = (AccountId::new(account)?, request.one_field()?);
            let token = self.core()?.issue_token(&account, sealed.stored(), field, terms.core()?)?;
            Ok(Arc::new(VaultToken(token)))
        })
    }

    /// Revokes a token, for ever. `false`: it was not in the vault. Recorded.
    ///
    /// # Errors
    /// 6001, 7001 to 7008: it may still be good; 9301.
    pub fn revoke_token(&self, token: &VaultToken) -> Result<bool, CpniError> {
        call(|| Ok(self.core()?.revoke_token(&token.0)?))
    }

    /// Revokes all tokens of an account. How many there were. Recorded.
    ///
    /// # Errors
    /// 1001 to 1003; as `revoke_token`.
    pub fn revoke_tokens_of(&self, account: String) -> Result<u64, CpniError> {
        call(|| Ok(self.core()?.revoke_tokens_of(&AccountId::new(account)?)?))
    }

    /// Takes at most so many tokens out of the vault that have expired or are used up. How many.
    ///
    /// # Errors
    /// 7001 to 7008; 9301.
    pub fn sweep_tokens(&self, limit: u32) -> Result<u64, CpniError> {
        call(|| Ok(self.core()?.sweep_tokens(limit.try_into().unwrap_or(usize::MAX))?))
    }

    /// Seals at most so many entries of the vault anew that are under older versions of the data root. Call it
    /// until it moves none. The tokens stay as they are.
    ///
    /// # Errors
    /// 7001 to 7008: what was moved by then stays moved; 9301.
    pub fn reseal_tokens(&self, limit: u32) -> Result<ResealedTokens, CpniError> {
        call(|| Ok(self.core()?.reseal_tokens(limit.try_into().unwrap_or(usize::MAX))?))
    }

    /// How many entries of the vault need each version of the data root.
    ///
    /// # Errors
    /// 7001 to 7008; 9301.
    pub fn token_versions(&self) -> Result<Vec<VersionCount>, CpniError> {
        call(|| Ok(self.core()?.token_versions()?.into_iter().map(VersionCount::from).collect()))
    }
}

#[uniffi::export]
impl Interaction {
    /// Asks to see what a vault token stands for: a view of one field, decided, watched and recorded as any.
    ///
    /// # Errors
    /// 3153: the token is unknown, expired, used up, revoked, of another account or for another purpose; recorded,
    /// and it counts as a refusal. 3152; else as `view`.
    pub fn detokenise(&self, token: &VaultToken) -> Result<ViewAnswer, CpniError> {
        self.with(|interaction| ViewAnswer::new(interaction.detokenise(&token.0)?))
    }
}

impl TokenTerms {
    pub(crate) fn core(self) -> Result<cpni_guard::TokenTerms, CpniError> {
        let until = cpni_guard::TokenTerms::until(Timestamp::from_micros(self.expires_micros));
        let terms = self.purposes.into_iter().fold(until, cpni_guard::TokenTerms::for_purpose);
        Ok(match self.uses {
            None => terms,
            // A token that is never good must not become one that always is.
            Some(uses) => {
                let refused = TokenError::Terms { max_days: MAX_TOKEN_LIFE.as_secs() / 86_400 };
                terms.uses(NonZeroU32::new(uses).ok_or(refused)?)
            }
        })
    }
}

impl From<(u32, u64)> for VersionCount {
    fn from((version, count): (u32, u64)) -> Self {
        Self { version, count }
    }
}

/// Silent.
impl fmt::Debug for VaultToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultToken(..)")
    }
}

//! Tokens of values: made by the back end, and led back to a value only as a view is.
//!
//! Rules: [`Guard`]'s calls here are for the host's back end; none gives out a value. The way from a
//! token to what it stands for is [`Interaction::view_token`], which decides, counts and records as any
//! view does, and shows what the account's own sealed field holds.
//!
//! Security note: who may call [`Guard::tokenise`] with values of their own choice can find the value of
//! a token by trial (a billion SSNs take minutes). Never offer it to an agent's tool.

use crate::disclose::{self, View};
use crate::envelope::Stored;
use crate::error::{Error, TokenError};
use crate::sensitive::Sensitive;
use crate::token::{ColumnStatus, FormatToken, SealedToken, TokenColumn};
use crate::vocabulary::EventKind;

use super::Guard;
use super::interaction::Interaction;

/// A token of either kind.
#[derive(Debug, Clone, Copy)]
pub enum TokenRef<'t> {
    /// A format-preserving token.
    Format(&'t FormatToken),
    /// A deterministic sealed token.
    Sealed(&'t SealedToken),
}

impl<'t> From<&'t FormatToken> for TokenRef<'t> {
    fn from(token: &'t FormatToken) -> Self {
        Self::Format(token)
    }
}

impl<'t> From<&'t SealedToken> for TokenRef<'t> {
    fn from(token: &'t SealedToken) -> Self {
        Self::Sealed(token)
    }
}

impl Guard {
    /// Registers a column of tokens, at each start before it is used. A new column gets the active key
    /// version of the branch `token`; one that is in the store keeps its versions.
    ///
    /// # Errors
    /// [`crate::error::RecordError::UnknownField`]; [`TokenError::RefusedClass`] for PINs, answers and
    /// last-four digits; [`TokenError::WrongShape`]; [`TokenError::ColumnDiffers`] where the column was
    /// registered with another definition; [`crate::error::KeyError`]; [`crate::error::StoreError`].
    pub fn register_column(&self, column: TokenColumn) -> Result<ColumnStatus, Error> {
        self.0.columns.register(column, &self.0.schema)
    }

    /// The registered columns by name, with the key versions that their tokens have now.
    ///
    /// # Errors
    /// [`TokenError::ColumnDiffers`]; [`crate::error::StoreError`].
    pub fn token_columns(&self) -> Result<Vec<ColumnStatus>, Error> {
        self.0.columns.all()
    }

    /// The format-preserving token of a value, in the normal form of its field's kind. For the back end.
    ///
    /// # Errors
    /// [`TokenError`]: no such column, or the value does not have its form; [`crate::error::StoreError`]
    /// if the column's entry cannot be read.
    pub fn tokenise(&self, column: &str, value: &Sensitive<String>) -> Result<FormatToken, Error> {
        // EXPOSE: encrypted, and not kept.
        self.0.columns.format_token(column, value.expose())
    }

    /// The tokens of many values, each with a result of its own, several times as fast as one by one.
    ///
    /// # Errors
    /// As [`Guard::tokenise`], for the column as a whole.
    pub fn tokenise_many(
        &self,
        column: &str,
        values: &[Sensitive<String>],
    ) -> Result<Vec<Result<FormatToken, TokenError>>, Error> {
        self.0.columns.format_many(column, values)
    }

    /// The tokens that a value may have in a column: its current one, and while the column's tokens are
    /// replaced the previous one. To look a value up: whatever row has one of them has the value.
    ///
    /// # Errors
    /// As [`Guard::tokenise`].
    pub fn tokens_of(&self, column: &str, value: &Sensitive<String>) -> Result<Vec<FormatToken>, Error> {
        // EXPOSE: encrypted, and not kept.
        self.0.columns.format_tokens(column, value.expose())
    }

    /// The deterministic sealed token of a value, in the normal form of its field's kind. For the back end.
    ///
    /// # Errors
    /// As [`Guard::tokenise`].
    pub fn seal_token(&self, column: &str, value: &Sensitive<String>) -> Result<SealedToken, Error> {
        // EXPOSE: sealed, and not kept.
        self.0.columns.sealed_token(column, value.expose())
    }

    /// The sealed tokens that a value may have in a column, as [`Guard::tokens_of`].
    ///
    /// # Errors
    /// As [`Guard::tokenise`].
    pub fn sealed_tokens_of(
        &self,
        column: &str,
        value: &Sensitive<String>,
    ) -> Result<Vec<SealedToken>, Error> {
        // EXPOSE: sealed, and not kept.
        self.0.columns.sealed_tokens(column, value.expose())
    }

    /// Begins to replace the tokens of a column by tokens of the active key version. New ones have it from
    /// now on, in every process that shares the store; the previous version stays in use. Recorded first.
    ///
    /// # Errors
    /// [`TokenError::UnknownColumn`]; [`TokenError::Rotating`]; [`TokenError::NothingToRotate`];
    /// [`TokenError::Conflict`]; [`crate::error::AuditError`]: nothing is begun;
    /// [`crate::error::StoreError`].
    pub fn rotate_column(&self, column: &str) -> Result<ColumnStatus, Error> {
        self.change_column("rotate-column", column, || self.0.columns.rotate(column))
    }

    /// The new tokens for those of the previous key version, without a value being given out; each with a
    /// result of its own. A token says nothing of its version: keep old and new ones in two places, or a
    /// row that is converted twice is lost.
    ///
    /// # Errors
    /// [`TokenError::NotRotating`]; as [`Guard::tokenise`].
    pub fn replace_tokens(
        &self,
        column: &str,
        tokens: &[FormatToken],
    ) -> Result<Vec<Result<FormatToken, TokenError>>, Error> {
        self.0.columns.replace_format(column, tokens)
    }

    /// The sealed token of the current key version for one of any version in use. May be repeated.
    ///
    /// # Errors
    /// [`TokenError::Version`]; [`TokenError::Authentication`]; as [`Guard::tokenise`].
    pub fn replace_sealed_token(&self, column: &str, token: &SealedToken) -> Result<SealedToken, Error> {
        self.0.columns.replace_sealed(column, token)
    }

    /// Says that no token of the previous key version is left. From then on its tokens are read no more,
    /// and the version may be destroyed once no other column uses it. Recorded first.
    ///
    /// # Errors
    /// [`TokenError::UnknownColumn`]; [`TokenError::NotRotating`]; [`TokenError::Conflict`];
    /// [`crate::error::AuditError`]: nothing changes; [`crate::error::StoreError`].
    pub fn confirm_column(&self, column: &str) -> Result<ColumnStatus, Error> {
        self.change_column("confirm-column", column, || self.0.columns.confirm(column))
    }

    /// Records what is done with the keys of a column before it is, and a second time if it fails.
    fn change_column<T>(
        &self,
        what: &str,
        column: &str,
        change: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        // Known, so its name is one and may be recorded.
        self.0.columns.field(column)?;
        let (desk, basis) = (self.keys(), format!("{what}:{column}"));
        desk.record(&basis, 0)?;
        desk.told_if_failed(&basis, change())
    }
}

impl Interaction {
    /// The way back from a token: a view of the field that it stands for, out of the sealed record of this
    /// interaction's account, if the token is that of the account's own value. Decided, counted by the
    /// watch and recorded as [`Interaction::view`] is, before anything is opened.
    ///
    /// A token belongs to no account by itself. Were it opened as such, an agent with one account before
    /// them could turn any number into an SSN; so what is shown is always the account's, and the token is
    /// compared with it inside the library. Where the decision withholds the field, nothing is compared.
    ///
    /// # Errors
    /// [`TokenError::NotOfThisAccount`], recorded and counted as a comparison that an agent may repeat a few
    /// times only; [`TokenError::UnknownColumn`]; [`TokenError::WrongKind`]; as [`Interaction::view`].
    pub fn view_token<'s, 't>(
        &mut self,
        sealed: impl Into<Stored<'s>>,
        column: &str,
        token: impl Into<TokenRef<'t>>,
    ) -> Result<View, Error> {
        let (stored, token) = (sealed.into(), token.into());
        let now = self.session.refresh()?;
        let field = self.guard.0.columns.field(column)?;
        let view = self.look(&stored, [field.as_str()], now, None)?;
        if !view.field(field.as_str())?.decision().is_allowed() {
            return Ok(view);
        }
        let class = self.guard.schema().field(field.as_str()).map(crate::classify::FieldSpec::class);
        let class = class.ok_or(TokenError::UnknownColumn)?;
        let compared = self.compare_with(&stored, |opener| disclose::open_value(opener, &field, class));
        let compared = compared.and_then(|value| {
            let columns = &self.guard.0.columns;
            // EXPOSE: tokenised and compared, in constant time.
            match token {
                // EXPOSE: as above.
                TokenRef::Format(token) => columns.is_format_of(column, token, value.expose()),
                // EXPOSE: as above.
                TokenRef::Sealed(token) => columns.is_sealed_of(column, token, value.expose()),
            }
        });
        if self.refuse_if_failed(compared)? {
            return Ok(view);
        }
        view.close();
        let counted = self.session.count_verify();
        self.refuse_if_locked(counted)?;
        let refused = Error::from(TokenError::NotOfThisAccount);
        self.record_failure(EventKind::NotCarriedOut, &refused)?;
        Err(refused)
    }
}

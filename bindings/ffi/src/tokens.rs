//! Tokens in columns, format-preserving and sealed: made by the back end in lists, replaced in two steps, and back by
//! a view of the account's own field.
//!
//! Security note: making tokens is an oracle for who may choose the value. Tokens look like the numbers that they
//! stand for, so they cross as bytes that no record prints.

use std::ops::RangeInclusive;

use cpni_guard::error::{Error, TokenError};
use cpni_guard::guard::TokenRef;
use cpni_guard::{Alphabet as CoreAlphabet, ColumnStatus as CoreStatus, FormatToken, SealedToken};

use crate::error::{CpniError, call};
use crate::guard::{Guard, secret};
use crate::interaction::Interaction;
use crate::layout::{self, Request, read_list, write_results};
use crate::view::ViewAnswer;

/// The characters of a value or of a token.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Alphabet {
    /// `0` to `9`.
    Digits,
    /// `A` to `Z`.
    Letters,
    /// `0` to `9`, then `A` to `Z`.
    DigitsAndLetters,
    /// Ten letters, for tokens of digits that nobody takes for a number.
    TenLetters,
    /// These, in this order: 2 to 94 different visible characters of ASCII.
    Of {
        /// Which.
        characters: String,
    },
}

/// What the tokens of a column are.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum TokenForm {
    /// Format-preserving (FF1, NIST SP 800-38G): as long as the value.
    Format {
        /// The characters of the value's normal form.
        alphabet: Alphabet,
        /// Fewest characters.
        shortest: u32,
        /// Most characters: 128.
        longest: u32,
        /// The characters of the tokens, as many as those of values; nothing: the same. Letters, so that no token is
        /// ever taken for a live number.
        written_in: Option<Alphabet>,
    },
    /// Deterministic sealed tokens (AES-SIV, RFC 5297): text that says what it is.
    Sealed,
}

/// The definition of a column of tokens: the host's, in its code, and the same at each start.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct TokenColumn {
    /// Its name.
    pub name: String,
    /// The field whose values it stands for.
    pub field: String,
    /// What its tokens are.
    pub form: TokenForm,
}

/// A registered column, and the key versions of its tokens.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct ColumnStatus {
    /// The column.
    pub name: String,
    /// The version of new tokens.
    pub version: u32,
    /// The version of the tokens that are being replaced; nothing: all have the version of new ones.
    pub previous: Option<u32>,
}

/// Of which kind tokens are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum TokenKind {
    /// Format-preserving.
    Format,
    /// Deterministic sealed.
    Sealed,
}

#[uniffi::export]
impl Guard {
    /// Registers a column of tokens, at each start before it is used. A new column gets the active key version of
    /// the branch `token`; one that is in the store keeps its versions.
    ///
    /// # Errors
    /// 3101 to 3108; 1001 to 1003, 1101; 2016; 7001 to 7008; 9301.
    pub fn register_column(&self, column: TokenColumn) -> Result<ColumnStatus, CpniError> {
        call(|| Ok(self.core()?.register_column(column.core()?)?.into()))
    }

    /// The registered columns by name.
    ///
    /// # Errors
    /// 3108; 7001 to 7008; 9301.
    pub fn token_columns(&self) -> Result<Vec<ColumnStatus>, CpniError> {
        call(|| Ok(self.core()?.token_columns()?.into_iter().map(ColumnStatus::from).collect()))
    }

    /// The tokens of many values: a list of texts in, a list of results out
    /// (`docs/spec/binding-layout-v1.md`). For the back end; not for an agent's tool.
    ///
    /// # Errors
    /// 3109, 3110; 7001 to 7008; 9301 to 9303. What is wrong with a value is its result: 3111 to 3113.
    pub fn tokenise(&self, column: String, kind: TokenKind, values: &[u8]) -> Result<Vec<u8>, CpniError> {
        call(|| {
            let guard = self.core()?;
            let values = read_list(values)?.into_iter().map(secret).collect::<Result<Vec<_>, _>>()?;
            match kind {
                TokenKind::Format => results(guard.tokenise_many(&column, &values)?),
                TokenKind::Sealed => {
                    let sealed = values.iter().map(|value| of_value(guard.seal_token(&column, value)));
                    results(sealed.collect::<Result<_, _>>()?)
                }
            }
        })
    }

    /// The tokens that a value may have in a column: its current one, and while the column's tokens are replaced the
    /// previous one. To look a value up.
    ///
    /// # Errors
    /// As `tokenise`; 3111 to 3113.
    pub fn tokens_of(&self, column: String, kind: TokenKind, value: &[u8]) -> Result<Vec<u8>, CpniError> {
        call(|| {
            let (guard, value) = (self.core()?, secret(value)?);
            match kind {
                TokenKind::Format => all(guard.tokens_of(&column, &value)?),
                TokenKind::Sealed => all(guard.sealed_tokens_of(&column, &value)?),
            }
        })
    }

    /// Begins to replace the tokens of a column by tokens of the active key version. New ones have it from now on, in
    /// every process that shares the store. Recorded first.
    ///
    /// # Errors
    /// 3109, 3117, 3119, 3120; 6001: nothing is begun; 7001 to 7008; 9301.
    pub fn rotate_column(&self, column: String) -> Result<ColumnStatus, CpniError> {
        call(|| Ok(self.core()?.rotate_column(&column)?.into()))
    }

    /// The new tokens for a list of old ones, without a value being given out: a list of results. A format-preserving
    /// token says nothing of its version: keep old and new ones in two places, or a row that is converted twice is
    /// lost. A sealed one may be replaced again.
    ///
    /// # Errors
    /// 3118; as `tokenise`. What is wrong with a token is its result: 3112 to 3116.
    pub fn replace_tokens(
        &self,
        column: String,
        kind: TokenKind,
        tokens: &[u8],
    ) -> Result<Vec<u8>, CpniError> {
        call(|| {
            let guard = self.core()?;
            let tokens = read_list(tokens)?.into_iter().map(layout::text).collect::<Result<Vec<_>, _>>()?;
            match kind {
                TokenKind::Format => {
                    let tokens: Vec<_> = tokens.into_iter().map(FormatToken::from_stored).collect();
                    results(guard.replace_tokens(&column, &tokens)?)
                }
                TokenKind::Sealed => {
                    let replaced = |text| {
                        of_value(
                            SealedToken::from_text(text)
                                .map_err(Error::from)
                                .and_then(|token| guard.replace_sealed_token(&column, &token)),
                        )
                    };
                    results(tokens.into_iter().map(replaced).collect::<Result<_, _>>()?)
                }
            }
        })
    }

    /// Says that no token of the previous key version is left, copies and exports included. The version may be
    /// destroyed once no other column uses it. Recorded first.
    ///
    /// # Errors
    /// 3109, 3118, 3120; 6001: nothing changes; 7001 to 7008; 9301.
    pub fn confirm_column(&self, column: String) -> Result<ColumnStatus, CpniError> {
        call(|| Ok(self.core()?.confirm_column(&column)?.into()))
    }
}

#[uniffi::export]
impl Interaction {
    /// The way back from a token: a view of the field that it stands for, out of sealed bytes of this account, if the
    /// token is that of the account's own value. `request` names no field. Decided, watched and recorded as a view.
    ///
    /// # Errors
    /// 3121, recorded and counted as a comparison; 3109, 3110, 3114; as `view`.
    pub fn view_token(
        &self,
        sealed: &[u8],
        request: &[u8],
        column: String,
        kind: TokenKind,
        token: &[u8],
    ) -> Result<ViewAnswer, CpniError> {
        self.with(|interaction| {
            let request = Request::read(request)?;
            if !request.whole_fields()?.is_empty() {
                return Err(CpniError::LAYOUT);
            }
            let sealed = request.sealed(sealed)?;
            let token = layout::text(token)?;
            let view = match kind {
                TokenKind::Format => {
                    let token = FormatToken::from_stored(token);
                    interaction.view_token(sealed.stored(), &column, TokenRef::Format(&token))?
                }
                TokenKind::Sealed => {
                    let token = SealedToken::from_text(token)?;
                    interaction.view_token(sealed.stored(), &column, TokenRef::Sealed(&token))?
                }
            };
            ViewAnswer::new(view)
        })
    }
}

/// The key version that a sealed token says of itself: which rows of a column are old.
///
/// # Errors
/// 3114.
#[uniffi::export]
pub fn sealed_token_version(token: String) -> Result<u32, CpniError> {
    call(|| Ok(SealedToken::from_text(&token)?.key_version()))
}

/// A token as text.
trait Text {
    fn text(&self) -> String;
}

impl Text for FormatToken {
    fn text(&self) -> String {
        self.as_str().to_owned()
    }
}

impl Text for SealedToken {
    fn text(&self) -> String {
        self.to_text()
    }
}

/// What is wrong with one value is its result; what is wrong with the column, or its store, fails the whole.
fn of_value<T>(result: Result<T, Error>) -> Result<Result<T, TokenError>, CpniError> {
    use TokenError::{Authentication, Character, Format, Length, NotOfItsKind, Version};
    match result {
        Ok(token) => Ok(Ok(token)),
        Err(Error::Token(
            refused @ (NotOfItsKind
            | Length { .. }
            | Character { .. }
            | Format { .. }
            | Authentication
            | Version { .. }),
        )) => Ok(Err(refused)),
        Err(failed) => Err(failed.into()),
    }
}

fn results<T: Text, E: Into<CpniError>>(tokens: Vec<Result<T, E>>) -> Result<Vec<u8>, CpniError> {
    let text = |token: Result<T, E>| token.map(|token| token.text().into_bytes()).map_err(Into::into);
    write_results(&tokens.into_iter().map(text).collect::<Vec<_>>())
}

fn all<T: Text>(tokens: Vec<T>) -> Result<Vec<u8>, CpniError> {
    results(tokens.into_iter().map(Ok::<T, CpniError>).collect())
}

impl TokenColumn {
    fn core(self) -> Result<cpni_guard::TokenColumn, CpniError> {
        Ok(match self.form {
            TokenForm::Sealed => cpni_guard::TokenColumn::sealed(&self.name, &self.field)?,
            TokenForm::Format { alphabet, shortest, longest, written_in } => {
                // Past any length where it does not fit: refused.
                let len = |len: u32| usize::try_from(len).unwrap_or(usize::MAX);
                let lengths: RangeInclusive<usize> = len(shortest)..=len(longest);
                let column =
                    cpni_guard::TokenColumn::format(&self.name, &self.field, alphabet.core()?, lengths)?;
                match written_in {
                    Some(alphabet) => column.written_in(alphabet.core()?)?,
                    None => column,
                }
            }
        })
    }
}

impl Alphabet {
    fn core(self) -> Result<CoreAlphabet, CpniError> {
        Ok(match self {
            Self::Digits => CoreAlphabet::digits(),
            Self::Letters => CoreAlphabet::letters(),
            Self::DigitsAndLetters => CoreAlphabet::digits_and_letters(),
            Self::TenLetters => CoreAlphabet::ten_letters(),
            Self::Of { characters } => CoreAlphabet::new(&characters)?,
        })
    }
}

impl From<CoreStatus> for ColumnStatus {
    fn from(status: CoreStatus) -> Self {
        Self { name: status.name.to_string(), version: status.version, previous: status.previous }
    }
}

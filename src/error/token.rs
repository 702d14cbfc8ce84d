//! Causes of the token room: tokens, and blind indexes.

use super::ErrorCode;
use crate::vocabulary::DataClass;

/// Why there is no token, or no term of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// An alphabet has too few characters, or too many. The caller's fault.
    #[error("an alphabet has 2 to {max} characters, not {size}")]
    AlphabetSize {
        /// How many it has.
        size: usize,
        /// The most that it may have.
        max: usize,
    },
    /// A character of an alphabet is not visible ASCII, or is there twice. The caller's fault.
    #[error("character {position} of the alphabet is not visible ASCII, or is there twice")]
    AlphabetCharacter {
        /// Position from 0.
        position: usize,
    },
    /// The alphabet of the tokens has another size than that of the values. The caller's fault.
    #[error(
        "values have an alphabet of {values} characters and tokens one of {tokens}: they must be as large"
    )]
    AlphabetsDiffer {
        /// Of the values.
        values: usize,
        /// Of the tokens.
        tokens: usize,
    },
    /// There are fewer than one million values of the shortest length: whoever may ask for tokens could
    /// list them all. The caller's fault.
    #[error("{len} characters out of {radix} are fewer than one million values")]
    SmallDomain {
        /// The size of the alphabet.
        radix: usize,
        /// The shortest length.
        len: usize,
    },
    /// A range of lengths is empty, or reaches too far. The caller's fault.
    #[error("lengths go up to {max}, the shortest first")]
    Lengths {
        /// The largest length.
        max: usize,
    },
    /// Values of this class have no tokens: there are so few PINs, answers and last-four digits that a
    /// token of one is as good as the value. The caller's fault.
    #[error("values of the class {class} have no tokens")]
    RefusedClass {
        /// The class.
        class: DataClass,
    },
    /// The field is a list of calls. The caller's fault.
    #[error("only a single value has tokens")]
    WrongShape,
    /// The column is registered as something else, or its entry was changed. The caller's fault, or the
    /// store's data.
    #[error("the column was registered with another definition, or its entry was changed")]
    ColumnDiffers,
    /// No column of this name is registered. The caller's fault.
    #[error("no such column is registered")]
    UnknownColumn,
    /// The column holds tokens of the other kind. The caller's fault.
    #[error("the column holds tokens of another kind")]
    WrongKind,
    /// The value has no normal form of its field's kind. The caller's fault.
    #[error("the value is not of the kind that its field says")]
    NotOfItsKind,
    /// A value or token has a length that the column does not take. The caller's fault.
    #[error("a length of {len}; the column takes {min} to {max}")]
    Length {
        /// The length in characters, or in bytes for a sealed token.
        len: usize,
        /// The shortest.
        min: usize,
        /// The longest.
        max: usize,
    },
    /// A character of a value or token is not in the column's alphabet. The caller's fault.
    #[error("character {position} is not in the alphabet of the column")]
    Character {
        /// Position from 0.
        position: usize,
    },
    /// Not a sealed token. The stored data's fault.
    #[error("not a sealed token: {why}")]
    Format {
        /// Which rule of `docs/spec/token-v1.md` is broken.
        why: &'static str,
    },
    /// The sealed token belongs to another column or tenant, or was changed. The stored data's fault.
    #[error("the sealed token belongs to another column or tenant, or was changed")]
    Authentication,
    /// The sealed token is of a key version that its column does not use. The stored data's fault.
    #[error("the column does not use key version {version}")]
    Version {
        /// The version.
        version: u32,
    },
    /// The column's tokens are being replaced: confirm that first. The caller's fault.
    #[error("the tokens of the column are being replaced already")]
    Rotating,
    /// The column's tokens are not being replaced. The caller's fault.
    #[error("the tokens of the column are not being replaced")]
    NotRotating,
    /// The column has the active key version already. The caller's fault.
    #[error("the column has the active key version {version} already")]
    NothingToRotate {
        /// The version.
        version: u32,
    },
    /// Somebody else changed the column's entry in the meantime. Ask again.
    #[error("the entry of the column was changed in the meantime")]
    Conflict,
    /// The token is not that of this account's value. The caller's fault.
    #[error("the token is not that of this account's value")]
    NotOfThisAccount,
    /// A term has another length. The caller's fault.
    #[error("a term has 1 to {max} bits, not {bits}")]
    TermBits {
        /// How many were asked for; 255: more than that.
        bits: u8,
        /// The most that it may have.
        max: u8,
    },
    /// An index over so few rows tells more than it saves: open and compare them. The caller's fault.
    #[error("{rows} rows are too few for an index: from {min} on it saves more than it tells")]
    TinyPopulation {
        /// How many rows there are.
        rows: u64,
        /// From how many on an index is planned.
        min: u64,
    },
    /// More different values than rows, or a value in more rows than there are. The caller's fault.
    #[error("there cannot be more different values, or rows of one value, than rows")]
    PopulationContradicts,
    /// With so many bits, values have a term to themselves: who knows the value knows the row. The
    /// caller's fault.
    #[error("with {bits} bits some values would have a term to themselves; fewer bits are shared")]
    PointsAtValues {
        /// How many bits were asked for.
        bits: u8,
    },
    /// The most common value fills more of its term than all others: who sees the term knows it. The
    /// caller's fault.
    #[error("the most common value, of {rows} rows, would be known by how often its term is there")]
    ShowsTheMostCommon {
        /// In how many rows it is.
        rows: u64,
    },
    /// A search would bring up too many rows: index the field together with another. The caller's fault.
    #[error("a search would bring up {candidates} rows, and more than {max} are hardly filtered")]
    BarelyFilters {
        /// How many rows a search brings up on average.
        candidates: u64,
        /// How many it may.
        max: u64,
    },
    /// The bytes are no stored term. The stored data's fault.
    #[error("not a term of an index: {why}")]
    TermFormat {
        /// Which rule of `docs/spec/blind-index-v1.md` is broken.
        why: &'static str,
    },
    /// The schema has no such index. The caller's fault.
    #[error("the schema has no such index")]
    UnknownIndex,
    /// A text is not a vault token: mistyped, cut, or something else. The caller's fault.
    #[error("this is not a token: it was mistyped, or is something else")]
    NotAToken,
    /// A vault token needs a purpose, and an end that is ahead, not too far, and on the day after which its
    /// value is to be deleted at the latest. The caller's fault.
    #[error(
        "a token needs a purpose, and an end that is ahead, at most {max_days} days away, and not past the day of its value"
    )]
    Terms {
        /// The longest life in days.
        max_days: u64,
    },
    /// The vault holds an entry that does not open. The data's fault.
    #[error("an entry of the token vault does not open")]
    Unreadable,
    /// The vault token is not good here: unknown, expired, used up, revoked, of another account, or for
    /// another purpose. The answer does not say which; the audit log holds that it was asked.
    #[error("the token is not valid here")]
    NotValid,
}

impl TokenError {
    pub(super) const fn code(&self) -> ErrorCode {
        ErrorCode(match self {
            Self::AlphabetSize { .. } => 3101,
            Self::AlphabetCharacter { .. } => 3102,
            Self::AlphabetsDiffer { .. } => 3103,
            Self::SmallDomain { .. } => 3104,
            Self::Lengths { .. } => 3105,
            Self::RefusedClass { .. } => 3106,
            Self::WrongShape => 3107,
            Self::ColumnDiffers => 3108,
            Self::UnknownColumn => 3109,
            Self::WrongKind => 3110,
            Self::NotOfItsKind => 3111,
            Self::Length { .. } => 3112,
            Self::Character { .. } => 3113,
            Self::Format { .. } => 3114,
            Self::Authentication => 3115,
            Self::Version { .. } => 3116,
            Self::Rotating => 3117,
            Self::NotRotating => 3118,
            Self::NothingToRotate { .. } => 3119,
            Self::Conflict => 3120,
            Self::NotOfThisAccount => 3121,
            Self::TermBits { .. } => 3130,
            Self::TinyPopulation { .. } => 3131,
            Self::PopulationContradicts => 3132,
            Self::PointsAtValues { .. } => 3133,
            Self::ShowsTheMostCommon { .. } => 3134,
            Self::BarelyFilters { .. } => 3135,
            Self::TermFormat { .. } => 3136,
            Self::UnknownIndex => 3137,
            Self::NotAToken => 3150,
            Self::Terms { .. } => 3151,
            Self::Unreadable => 3152,
            Self::NotValid => 3153,
        })
    }
}

//! Identifiers. Each is checked once, when it is made, so that the rooms behind can trust its
//! length and characters.

use core::borrow::Borrow;
use core::fmt;

use zeroize::Zeroize;

use crate::error::IdError;

/// Longest account, record, agent, contact or tenant identifier, in bytes.
pub const MAX_ID_LEN: usize = 128;
/// Longest field name, rule id or script version, in bytes.
pub const MAX_NAME_LEN: usize = 64;

/// An identifier that says something about a customer (an account number is "account
/// information", 47 CFR 64.2003(a)): wiped on drop, silent in `Debug`.
macro_rules! customer_id {
    ($(#[$meta:meta])* $name:ident, empty: $empty:literal) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Zeroize)]
        #[zeroize(drop)]
        pub struct $name(String);

        impl $name {
            /// Checks and takes an identifier.
            ///
            /// # Errors
            /// [`IdError`] if it is empty (where that is not allowed), longer than 128 bytes, or
            /// holds control characters.
            pub fn new(id: impl Into<String>) -> Result<Self, IdError> {
                let id = Self(id.into());
                check(&id.0, $empty)?;
                Ok(id)
            }

            /// The identifier itself. It is customer data: do not log it.
            #[must_use]
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

/// An identifier that is not about a customer and may be shown, logged and audited.
macro_rules! plain_id {
    ($(#[$meta:meta])* $name:ident, $check:path) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// Checks and takes an identifier.
            ///
            /// # Errors
            /// [`IdError`] if its length or a character is not allowed.
            pub fn new(id: impl Into<Box<str>>) -> Result<Self, IdError> {
                let id = id.into();
                $check(&id)?;
                Ok(Self(id))
            }

            /// The identifier itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl PlainId for $name {
            fn check(id: &str) -> Result<(), IdError> {
                $check(id)
            }
        }

        /// Equal and in order as its text is.
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

/// An id of 16 random bytes that the library draws: shown and logged as 32 lower-case hexadecimal digits.
macro_rules! random_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// An id from its bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// Its bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        /// 32 lower-case hexadecimal digits.
        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl ::core::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

pub(crate) use random_id;

/// An identifier that can be checked where it lies, without a copy.
pub(crate) trait PlainId {
    /// Fails as the type's `new` does.
    fn check(id: &str) -> Result<(), IdError>;
}

customer_id! {
    /// The host's identifier of an account: 1 to 128 bytes, no control characters.
    AccountId, empty: false
}

customer_id! {
    /// The host's identifier of a record within an account: 0 to 128 bytes, no control characters.
    RecordId, empty: true
}

impl RecordId {
    /// No record id: for hosts that keep one record an account.
    #[must_use]
    pub const fn none() -> Self {
        Self(String::new())
    }
}

plain_id! {
    /// The carrier or brand whose keys these are. 1 to 128 visible ASCII characters.
    TenantId, visible
}

plain_id! {
    /// An employee, bot, application or system that asks. 1 to 128 visible ASCII characters.
    AgentId, visible
}

plain_id! {
    /// Who employs the agent: the carrier itself, a vendor, a dealer. 1 to 128 visible ASCII characters.
    EmployerId, visible
}

plain_id! {
    /// Where the agent sits: a call centre, a store, an office. 1 to 128 visible ASCII characters.
    SiteId, visible
}

plain_id! {
    /// A call, chat, visit or case in the host's contact system. 1 to 128 visible ASCII characters.
    ContactId, visible
}

plain_id! {
    /// What a decision rests on: the host's id of counsel's review, the rule that was overridden. 1 to
    /// 128 visible ASCII characters.
    BasisId, visible
}

plain_id! {
    /// The host's id of an address or number of a customer: not the address itself. 1 to 128 visible
    /// ASCII characters.
    ContactPointId, visible
}

plain_id! {
    /// The version of the script from which an oral notice is read (47 CFR 64.2008(f)). 1 to 64 visible
    /// ASCII characters.
    ScriptVersion, script_version
}

plain_id! {
    /// The name of a field in a schema: 1 to 64 of `a-z`, `0-9` and `_`, a letter first.
    FieldName, field_name
}

plain_id! {
    /// The id of a rule or of a pack: 1 to 64 of `a-z`, `0-9`, `-` and `.`, a letter or digit first.
    RuleId, rule_id
}

/// A country: two upper-case letters, as in ISO 3166-1 alpha-2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CountryCode([u8; 2]);

impl CountryCode {
    /// The country is not known (`ZZ`, which ISO 3166-1 leaves to its users).
    pub const UNKNOWN: Self = Self(*b"ZZ");

    /// Checks and takes a code.
    ///
    /// # Errors
    /// [`IdError`] if it is not two letters `A` to `Z`.
    pub fn new(code: &str) -> Result<Self, IdError> {
        limited(code, 2, |_, b| b.is_ascii_uppercase())?;
        code.as_bytes().try_into().map(Self).map_err(|_| IdError::Character { position: code.len() })
    }

    /// The two letters.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 2] {
        &self.0
    }
}

impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}

fn check(id: &str, empty_allowed: bool) -> Result<(), IdError> {
    if id.is_empty() && !empty_allowed {
        return Err(IdError::Empty);
    }
    if id.len() > MAX_ID_LEN {
        return Err(IdError::TooLong { len: id.len(), max: MAX_ID_LEN });
    }
    match id.chars().position(char::is_control) {
        Some(position) => Err(IdError::Character { position }),
        None => Ok(()),
    }
}

fn visible(id: &str) -> Result<(), IdError> {
    limited(id, MAX_ID_LEN, |_, b| b.is_ascii_graphic())
}

fn script_version(id: &str) -> Result<(), IdError> {
    limited(id, MAX_NAME_LEN, |_, b| b.is_ascii_graphic())
}

fn field_name(id: &str) -> Result<(), IdError> {
    limited(id, MAX_NAME_LEN, |at, b| b.is_ascii_lowercase() || (at > 0 && (b.is_ascii_digit() || b == b'_')))
}

fn rule_id(id: &str) -> Result<(), IdError> {
    limited(id, MAX_NAME_LEN, |at, b| {
        b.is_ascii_lowercase() || b.is_ascii_digit() || (at > 0 && matches!(b, b'-' | b'.'))
    })
}

fn limited(id: &str, max: usize, allowed: impl Fn(usize, u8) -> bool) -> Result<(), IdError> {
    if id.is_empty() {
        return Err(IdError::Empty);
    }
    if id.len() > max {
        return Err(IdError::TooLong { len: id.len(), max });
    }
    match id.bytes().enumerate().find(|(at, byte)| !allowed(*at, *byte)) {
        Some((position, _)) => Err(IdError::Character { position }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_hold_at_their_edges() {
        assert!(AccountId::new("x".repeat(128)).is_ok());
        assert_eq!(AccountId::new("x".repeat(129)), Err(IdError::TooLong { len: 129, max: 128 }));
        assert_eq!(AccountId::new(""), Err(IdError::Empty));
        assert_eq!(AccountId::new("a\n"), Err(IdError::Character { position: 1 }));
        assert!(RecordId::new("").is_ok());
        assert!(FieldName::new("a".repeat(64)).is_ok());
        assert!(FieldName::new("a".repeat(65)).is_err());
        assert!(FieldName::new("call_detail2").is_ok());
        assert_eq!(FieldName::new("_x"), Err(IdError::Character { position: 0 }));
        assert!(ScriptVersion::new("x".repeat(64)).is_ok());
        assert_eq!(ScriptVersion::new("x".repeat(65)), Err(IdError::TooLong { len: 65, max: 64 }));
        assert_eq!(ScriptVersion::new(""), Err(IdError::Empty));
        assert_eq!(AgentId::new("a 1"), Err(IdError::Character { position: 1 }));
    }

    #[test]
    fn a_country_is_two_upper_case_letters() {
        assert_eq!(CountryCode::new("US").unwrap().to_string(), "US");
        for bad in ["", "U", "us", "USA", "U1", "Ü"] {
            assert!(CountryCode::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_customer_id_is_silent() {
        let account = AccountId::new("8155550100").unwrap();
        assert_eq!(format!("{account:?}"), "AccountId(..)");
    }
}

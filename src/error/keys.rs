//! Causes of the key room.

use super::ErrorCode;

/// Why keys could not be loaded, wrapped or used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The key provider could not be reached or answered with an error. The host's fault.
    #[error("the key provider failed")]
    Provider,
    /// The key file could not be read or written. The host's fault.
    #[error("the key file could not be read or written")]
    Io,
    /// The key file exists already, and would have been replaced. The caller's fault.
    #[error("the key file exists already")]
    Exists,
    /// The key file is open to other users of the machine. The host's fault.
    #[error("the key file can be read by other users; allow its owner only (mode 0600)")]
    Permissions,
    /// The passphrase is wrong, or the file was changed: the two cannot be told apart. The caller's or the data's fault.
    #[error("the passphrase is wrong, or the key file was changed")]
    Unwrap,
    /// The key file is not in the format `keyring-v1`. The data's fault.
    #[error("the key file is not a keyring of version 1")]
    Format,
    /// A cost parameter in the key file is outside the limits. The data's fault.
    #[error("a cost parameter in the key file is outside its limits")]
    Parameters,
    /// The passphrase is shorter than the minimum. The caller's fault.
    #[error("the passphrase has {len} bytes; at least {min} are needed")]
    PassphraseTooShort {
        /// Its length in bytes.
        len: usize,
        /// The minimum in bytes.
        min: usize,
    },
    /// No key has this version. The data's fault, or the provider has lost it.
    #[error("there is no key of version {version}")]
    UnknownVersion {
        /// The version.
        version: u32,
    },
    /// The key of this version was destroyed.
    #[error("the key of version {version} was destroyed")]
    Destroyed {
        /// The version.
        version: u32,
    },
    /// There is no active key, or more than one. The provider's fault.
    #[error("there must be exactly one active key of each kind")]
    NotOneActive,
    /// The operating system's random generator failed. The host's fault.
    #[error("the operating system gave no random bytes")]
    Random,
    /// A password hash could not be computed with these parameters (memory refused). The host's fault.
    #[error("the password hash could not be computed")]
    PasswordHash,
    /// The provider holds no keyring. Keys are never made in place of lost ones: `Keyring::create`
    /// makes the first. The caller's fault, or the host lost them.
    #[error("there is no keyring here; create one, or find the one that was lost")]
    Missing,
    /// A subject epoch other than 0 needs the subject's secret, and epoch 0 has none. The caller's fault.
    #[error("a subject secret is missing for its epoch, or was given where there is none")]
    SubjectSecret,
    /// The keyring was made before there was this branch: rotating it makes its first version. The
    /// caller's fault.
    #[error("the keyring has no key of this kind yet; rotate it to make the first")]
    NoBranch,
    /// The provider's keyring was changed by somebody else. Load it, and ask again. The caller's fault.
    #[error("the keyring was changed elsewhere; reload it first")]
    Changed,
    /// Pseudonyms in the state store hang under this branch: it is not rotated. The caller's fault.
    #[error("keys of the reference branch are not rotated")]
    NotRotated,
    /// The version seals: rotate its branch first. The caller's fault.
    #[error("version {version} is the active one; rotate first")]
    StillActive {
        /// The version.
        version: u32,
    },
    /// The branch has as many versions as the format holds. The caller's fault.
    #[error("the branch has {max} versions already")]
    TooManyVersions {
        /// The largest number of versions.
        max: u32,
    },
    /// The version was retired: put it back, if something needs it.
    #[error("the key of version {version} was retired")]
    Retired {
        /// The version.
        version: u32,
    },
    /// Something needs the version: its key is not destroyed. The caller's fault.
    #[error("{uses} things need the key of version {version}")]
    InUse {
        /// The version.
        version: u32,
        /// How many.
        uses: u64,
    },
    /// Nothing shows that nothing needs the version: its key is not destroyed. The caller's fault.
    #[error("nothing shows that nothing needs the key of version {version}")]
    NotSurveyed {
        /// The version.
        version: u32,
    },
    /// What the provider holds did not come of the keyring in use: another one, or an older one that was
    /// put back. The host's fault, or an attack.
    #[error("the provider holds another keyring, or an older one, than the one in use")]
    Replaced,
    /// The version is not in the state that this needs. The caller's fault.
    #[error("version {version} is not in a state in which this can be done")]
    WrongState {
        /// The version.
        version: u32,
    },
}

impl KeyError {
    pub(super) const fn code(&self) -> ErrorCode {
        ErrorCode(match self {
            Self::Provider => 2001,
            Self::Io => 2002,
            Self::Exists => 2003,
            Self::Permissions => 2004,
            Self::Unwrap => 2005,
            Self::Format => 2006,
            Self::Parameters => 2007,
            Self::PassphraseTooShort { .. } => 2008,
            Self::UnknownVersion { .. } => 2009,
            Self::Destroyed { .. } => 2010,
            Self::NotOneActive => 2011,
            Self::Random => 2012,
            Self::PasswordHash => 2013,
            Self::Missing => 2014,
            Self::SubjectSecret => 2015,
            Self::NoBranch => 2016,
            Self::Changed => 2017,
            Self::NotRotated => 2018,
            Self::StillActive { .. } => 2019,
            Self::TooManyVersions { .. } => 2020,
            Self::Retired { .. } => 2021,
            Self::InUse { .. } => 2022,
            Self::NotSurveyed { .. } => 2023,
            Self::Replaced => 2024,
            Self::WrongState { .. } => 2025,
        })
    }
}

//! `PassphraseKeys`: the keyring in a file, wrapped under a key that comes from a passphrase.
//!
//! Rules: mode 0600 from the first byte; never over an existing file; a change replaces the file
//! whole or not at all. The file is `docs/spec/keyring-v1.md` §4.

use core::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use base64ct::{Base64UrlUnpadded, Encoding as _};

use super::changes::checked;
use super::memory::{unwrap_under, wrap_under};
use super::roots::{self, Roots};
use super::{KeyProvider, Keyring};
use crate::error::KeyError;
use crate::hazmat::password::{self, Cost};
use crate::hazmat::{Key32, rng};
use crate::sensitive::Sensitive;
use crate::toml_reader::{Source, Table, Value};

const HEADING: &str =
    "# cpni-guard key file (docs/spec/keyring-v1.md). Do not edit: a changed file does not open.\n";
const ALGORITHM: &str = "argon2id";

/// A key file protected by a passphrase: the embedded default.
///
/// The wrapping key is Argon2id (RFC 9106) of the passphrase with 64 MiB and 3 passes: about a
/// tenth of a second at each start. It is wiped on drop.
pub struct PassphraseKeys {
    path: PathBuf,
    heading: String,
    kek: Key32,
}

/// The parameters at the head of the file.
struct Kdf {
    cost: Cost,
    salt: [u8; 16],
}

impl PassphraseKeys {
    /// Shortest passphrase, in bytes: twelve random lower-case letters are 56 bits, which at this
    /// cost is out of reach for a thief of the file. A chosen phrase should be far longer.
    pub const MIN_PASSPHRASE_LEN: usize = 12;

    /// Opens a key file, and checks the passphrase against it.
    ///
    /// # Errors
    /// [`KeyError::Missing`] if there is no file; [`KeyError::Permissions`] if other users may
    /// read or write it; [`KeyError::Unwrap`] if the passphrase is wrong or the file was changed;
    /// [`KeyError::Format`], [`KeyError::Parameters`] or [`KeyError::NotOneActive`] if the file
    /// breaks its format; [`KeyError::Io`].
    pub fn open(path: impl AsRef<Path>, passphrase: &Sensitive<String>) -> Result<Self, KeyError> {
        // Replacing the file must replace what a symbolic link points to, not the link.
        let path = fs::canonicalize(path).map_err(|error| missing_or_io(&error))?;
        let text = read_private(&path)?;
        let kdf = Kdf::read(&text)?;
        let keys = Self { kek: kdf.derive_kek(passphrase)?, heading: kdf.heading(), path };
        Keyring::open(&keys)?;
        Ok(keys)
    }

    /// Makes a keyring and a key file for it, where there is no file yet.
    ///
    /// # Errors
    /// [`KeyError::Exists`] if there is a file; [`KeyError::PassphraseTooShort`];
    /// [`KeyError::Random`]; [`KeyError::PasswordHash`] if the memory is refused; [`KeyError::Io`]
    /// (also where the file system has no hard links).
    pub fn create(path: impl AsRef<Path>, passphrase: &Sensitive<String>) -> Result<Self, KeyError> {
        Self::create_with(path.as_ref(), passphrase, Cost::KEY_FILE)
    }

    /// Makes a key file for the keyring that another provider holds: from a KMS to a file. As
    /// [`Keyring::rewrap`], nothing that is sealed is touched.
    ///
    /// # Errors
    /// As [`PassphraseKeys::create`], and as [`Keyring::open`] for `old`.
    pub fn create_from(
        path: impl AsRef<Path>,
        passphrase: &Sensitive<String>,
        old: &dyn KeyProvider,
    ) -> Result<Self, KeyError> {
        let roots = Roots::open(old)?;
        Self::create_file(path.as_ref(), passphrase, Cost::KEY_FILE, |keys| checked(&roots, keys))
    }

    /// Wraps the root keys under another passphrase, with a new salt and the cost of a new file. The file
    /// is replaced; nothing that is sealed is touched. This value opens it no more, the new one does;
    /// guards that are running need neither.
    ///
    /// Copies of the old file still open with the old passphrase: destroy them, or rotate.
    ///
    /// # Errors
    /// [`KeyError::PassphraseTooShort`]; [`KeyError::Changed`] if the file was changed meanwhile; as
    /// [`Keyring::open`]; [`KeyError::Random`], [`KeyError::PasswordHash`], [`KeyError::Io`].
    pub fn change_passphrase(&self, new: &Sensitive<String>) -> Result<Self, KeyError> {
        self.change_passphrase_with(new, Cost::KEY_FILE)
    }

    /// Opens the key file, or makes it where there is none.
    ///
    /// A file that was lost is replaced by new keys, which do not open what the old ones sealed:
    /// where that matters, call [`PassphraseKeys::create`] once and [`PassphraseKeys::open`] ever after.
    ///
    /// # Errors
    /// Those of the two.
    pub fn open_or_create(path: impl AsRef<Path>, passphrase: &Sensitive<String>) -> Result<Self, KeyError> {
        Self::open_or_create_with(path.as_ref(), passphrase, Cost::KEY_FILE)
    }

    /// The cheapest file that is still accepted: tests need not wait for 64 MiB.
    ///
    /// # Errors
    /// As [`PassphraseKeys::open_or_create`].
    #[cfg(any(test, feature = "testing"))]
    pub fn open_or_create_cheaply_for_testing(
        path: impl AsRef<Path>,
        passphrase: &Sensitive<String>,
    ) -> Result<Self, KeyError> {
        Self::open_or_create_with(path.as_ref(), passphrase, Cost::MIN)
    }

    fn open_or_create_with(
        path: &Path,
        passphrase: &Sensitive<String>,
        cost: Cost,
    ) -> Result<Self, KeyError> {
        match Self::open(path, passphrase) {
            Err(KeyError::Missing) => {}
            opened => return opened,
        }
        match Self::create_with(path, passphrase, cost) {
            // Another process was faster.
            Err(KeyError::Exists) => Self::open(path, passphrase),
            created => created,
        }
    }

    fn create_with(path: &Path, passphrase: &Sensitive<String>, cost: Cost) -> Result<Self, KeyError> {
        Self::create_file(path, passphrase, cost, |keys| roots::make_document(keys))
    }

    fn create_file(
        path: &Path,
        passphrase: &Sensitive<String>,
        cost: Cost,
        document: impl FnOnce(&Self) -> Result<Vec<u8>, KeyError>,
    ) -> Result<Self, KeyError> {
        check_len(passphrase)?;
        // A look before the work of the hash; the link below decides.
        if path.symlink_metadata().is_ok() {
            return Err(KeyError::Exists);
        }
        let mut keys = Self::derive(path, passphrase, cost)?;
        let document = document(&keys)?;
        let temporary = keys.write_temporary(&document)?;
        // A hard link fails where the name is taken: no race, and never half a file.
        fs::hard_link(&temporary.0, path).map_err(|error| {
            if error.kind() == io::ErrorKind::AlreadyExists { KeyError::Exists } else { KeyError::Io }
        })?;
        drop(temporary);
        keys.flush_folder()?;
        keys.path = fs::canonicalize(path).map_err(|_| KeyError::Io)?;
        Ok(keys)
    }

    pub(super) fn change_passphrase_with(
        &self,
        new: &Sensitive<String>,
        cost: Cost,
    ) -> Result<Self, KeyError> {
        check_len(new)?;
        let before = self.load()?.ok_or(KeyError::Missing)?;
        let roots = Roots::read(self, &before)?;
        let keys = Self::derive(&self.path, new, cost)?;
        let document = checked(&roots, &keys)?;
        self.replace_file(&before, &keys, &document)?;
        Ok(keys)
    }

    /// Under a new salt; nothing is written.
    fn derive(path: &Path, passphrase: &Sensitive<String>, cost: Cost) -> Result<Self, KeyError> {
        let kdf = Kdf { cost, salt: rng::make_array().map_err(|_| KeyError::Random)? };
        Ok(Self { kek: kdf.derive_kek(passphrase)?, heading: kdf.heading(), path: path.to_owned() })
    }

    /// Puts the file of `new` in the place of this one, if it still holds `before`: both in one step for
    /// all processes. Who waits for the lock of a file that was replaced meanwhile finds another text.
    fn replace_file(&self, before: &[u8], new: &Self, document: &[u8]) -> Result<(), KeyError> {
        let locked = File::open(&self.path).map_err(|error| missing_or_io(&error))?;
        locked.lock().map_err(|_| KeyError::Io)?;
        let text = read_private(&self.path)?;
        if text.strip_prefix(&self.heading).map(str::as_bytes) != Some(before) {
            return Err(KeyError::Changed);
        }
        let temporary = new.write_temporary(document)?;
        fs::rename(&temporary.0, &self.path).map_err(|_| KeyError::Io)?;
        self.flush_folder()
    }

    /// Writes heading and document to a new file beside the key file, and flushes it.
    fn write_temporary(&self, document: &[u8]) -> Result<Temporary, KeyError> {
        let random: [u8; 8] = rng::make_array().map_err(|_| KeyError::Random)?;
        let mut name = std::ffi::OsString::from(".");
        name.push(self.path.file_name().ok_or(KeyError::Io)?);
        name.push(format!(".{:016x}.tmp", u64::from_be_bytes(random)));
        let path = self.path.with_file_name(name);
        let mut file = create_private(&path).map_err(|_| KeyError::Io)?;
        let temporary = Temporary(path);
        let mut write = || {
            file.write_all(self.heading.as_bytes())?;
            file.write_all(document)?;
            file.sync_all()
        };
        write().map_err(|_: io::Error| KeyError::Io)?;
        Ok(temporary)
    }

    /// Makes the new name durable. Only Unix can flush a folder.
    fn flush_folder(&self) -> Result<(), KeyError> {
        if cfg!(unix) {
            let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = File::open(folder.unwrap_or(Path::new("."))).map_err(|_| KeyError::Io)?;
            folder.sync_all().map_err(|_| KeyError::Io)?;
        }
        Ok(())
    }
}

impl KeyProvider for PassphraseKeys {
    fn wrap(&self, key: &Sensitive<Vec<u8>>) -> Result<Vec<u8>, KeyError> {
        wrap_under(&self.kek, key)
    }

    fn unwrap(&self, wrapped: &[u8]) -> Result<Sensitive<Vec<u8>>, KeyError> {
        unwrap_under(&self.kek, wrapped)
    }

    fn load(&self) -> Result<Option<Vec<u8>>, KeyError> {
        let text = read_private(&self.path)?;
        // Another heading is another key: this one would unwrap nothing.
        let document = text.strip_prefix(&self.heading).ok_or(KeyError::Format)?;
        Ok(Some(document.as_bytes().to_vec()))
    }

    fn store(&self, document: &[u8]) -> Result<(), KeyError> {
        let temporary = self.write_temporary(document)?;
        fs::rename(&temporary.0, &self.path).map_err(|_| KeyError::Io)?;
        self.flush_folder()
    }

    fn replace(&self, before: &[u8], document: &[u8]) -> Result<(), KeyError> {
        self.replace_file(before, self, document)
    }
}

impl fmt::Debug for PassphraseKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PassphraseKeys").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Kdf {
    fn read(text: &str) -> Result<Self, KeyError> {
        let parsed = Source::new(None, text).parse().map_err(|_| KeyError::Format)?;
        let table =
            parsed.root().need("kdf").and_then(|value| value.table()).map_err(|_| KeyError::Format)?;
        let kdf = Self::read_table(&table)?;
        if !text.starts_with(&kdf.heading()) {
            return Err(KeyError::Format);
        }
        if !kdf.cost.is_acceptable() {
            return Err(KeyError::Parameters);
        }
        Ok(kdf)
    }

    fn read_table(table: &Table<'_, '_>) -> Result<Self, KeyError> {
        let need = |key| table.need(key).map_err(|_| KeyError::Format);
        let number = |value: Value<'_, '_>| value.number().ok().and_then(|number| u32::try_from(number).ok());
        if need("algorithm")?.text().map_err(|_| KeyError::Format)? != ALGORITHM {
            return Err(KeyError::Format);
        }
        let cost = Cost {
            memory_kib: number(need("memory_kib")?).ok_or(KeyError::Format)?,
            passes: number(need("passes")?).ok_or(KeyError::Format)?,
            lanes: number(need("lanes")?).ok_or(KeyError::Format)?,
        };
        let mut salt = [0; 16];
        let text = need("salt")?.text().map_err(|_| KeyError::Format)?;
        match Base64UrlUnpadded::decode(text, &mut salt) {
            Ok(bytes) if bytes.len() == 16 => Ok(Self { cost, salt }),
            Ok(_) | Err(_) => Err(KeyError::Format),
        }
    }

    /// The head of the file, byte for byte: what is read must be equal to it.
    fn heading(&self) -> String {
        let Cost { memory_kib, passes, lanes } = self.cost;
        let salt = Base64UrlUnpadded::encode_string(&self.salt);
        format!(
            "{HEADING}[kdf]\nalgorithm = \"{ALGORITHM}\"\nmemory_kib = {memory_kib}\npasses = {passes}\n\
             lanes = {lanes}\nsalt = \"{salt}\"\n\n"
        )
    }

    fn derive_kek(&self, passphrase: &Sensitive<String>) -> Result<Key32, KeyError> {
        // EXPOSE: the passphrase is hashed in place.
        let passphrase = passphrase.expose().as_bytes();
        password::argon2id(passphrase, &self.salt, None, self.cost).map_err(|_| KeyError::PasswordHash)
    }
}

fn check_len(passphrase: &Sensitive<String>) -> Result<(), KeyError> {
    // EXPOSE: only the length is used.
    let len = passphrase.expose().len();
    let min = PassphraseKeys::MIN_PASSPHRASE_LEN;
    if len < min { Err(KeyError::PassphraseTooShort { len, min }) } else { Ok(()) }
}

/// A file that is removed again, unless it was renamed.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // After a rename there is nothing to remove. If it fails, wrapped keys lie beside wrapped keys.
        drop(fs::remove_file(&self.0));
    }
}

fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Reads a file that only its owner may read.
fn read_private(path: &Path) -> Result<String, KeyError> {
    let file = File::open(path).map_err(|error| missing_or_io(&error))?;
    #[cfg(unix)]
    {
        // Of the open file, not of the path: the file cannot change in between.
        let mode = file.metadata().map_err(|_| KeyError::Io)?;
        if std::os::unix::fs::PermissionsExt::mode(&mode.permissions()) & 0o077 != 0 {
            return Err(KeyError::Permissions);
        }
    }
    let limit = u64::try_from(Source::MAX_LEN).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|_| KeyError::Io)?;
    if bytes.len() > Source::MAX_LEN {
        return Err(KeyError::Format);
    }
    String::from_utf8(bytes).map_err(|_| KeyError::Format)
}

fn missing_or_io(error: &io::Error) -> KeyError {
    if error.kind() == io::ErrorKind::NotFound { KeyError::Missing } else { KeyError::Io }
}

//! The folder with everything that the sample makes, and secrets that are made for one run.

use std::env;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use cpni_guard::Sensitive;

use crate::failure::Failure;

/// A folder for its owner only. Removed on drop, unless it is to be kept.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// Not to be removed, or removed already.
    keep: bool,
}

impl Folder {
    /// Makes the folder to keep, or a temporary one.
    pub(crate) fn make(keep: Option<&Path>) -> Result<Self, Failure> {
        let path = match keep {
            Some(path) => path.to_owned(),
            // EXPOSE: a part of a folder's name; it opens nothing.
            None => env::temp_dir().join(format!("care-desk-{}", make_secret()?.expose())),
        };
        let wrong = |what: &dyn core::fmt::Display| Failure::Usage(format!("{}: {what}", path.display()));
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(&path) {
            Ok(()) => {}
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(wrong(&error)),
            // A folder that another program made under a temporary name is not ours to use.
            Err(_) if keep.is_some() && is_empty(&path) => {}
            Err(_) => return Err(wrong(&"there is something already")),
        }
        // Only what was made here is ever removed.
        Ok(Self { path, keep: keep.is_some() })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.path.join("keys.cpni")
    }

    /// The folder of the library's store.
    pub(crate) fn store(&self) -> PathBuf {
        self.path.join("guard-data")
    }

    /// Writes a file beside the others, for its owner only.
    pub(crate) fn write(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(self.path.join(name))?.write_all(content)
    }

    /// Removes a temporary folder with what is in it; a folder to keep stays.
    pub(crate) fn remove(&mut self) -> io::Result<()> {
        if self.keep { Ok(()) } else { fs::remove_dir_all(&self.path).map(|()| self.keep = true) }
    }
}

impl Drop for Folder {
    /// For the ways out that are errors: nobody is left to tell.
    fn drop(&mut self) {
        self.remove().unwrap_or_default();
    }
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

/// A secret of 30 random letters and digits (32 of them, so 150 bits), new in every run.
pub(crate) fn make_secret() -> Result<Sensitive<String>, Failure> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut random = [0_u8; 30];
    getrandom::fill(&mut random).map_err(|_| Failure::Never("the system gives no random bytes"))?;
    let mut secret = String::with_capacity(random.len());
    secret
        .extend(random.iter().filter_map(|byte| LETTERS.get(usize::from(byte % 32))).map(|b| char::from(*b)));
    Ok(Sensitive::from(secret))
}

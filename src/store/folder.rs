//! Files and folders for their owner only, made durably.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::error::StoreError;

/// Makes the folder, for its owner only, if it is not there.
pub(super) fn create(folder: &Path) -> Result<(), StoreError> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|error| of_io(&error))?;
    match folder.parent() {
        Some(parent) if parent != Path::new("") => sync(parent),
        Some(_) | None => sync(Path::new(".")),
    }
}

/// Opens a file for writing, and makes it, empty and for its owner only, if it is not there.
pub(super) fn create_file(folder: &Path, name: &str) -> Result<File, StoreError> {
    let path = folder.join(name);
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.clone().create_new(true).open(&path) {
        // SQLite does not sync the folder for a database file: after a power cut it could be gone.
        Ok(file) => sync(folder).map(|()| file),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            options.open(&path).map_err(|error| of_io(&error))
        }
        Err(error) => Err(of_io(&error)),
    }
}

/// Writes a small file whole or not at all.
pub(super) fn write_file(folder: &Path, name: &str, content: &[u8]) -> Result<(), StoreError> {
    let temporary = format!("{name}.new");
    let mut file = create_file(folder, &temporary)?;
    let written = file.set_len(0).and_then(|()| file.write_all(content)).and_then(|()| file.sync_all());
    let renamed = written.and_then(|()| fs::rename(folder.join(temporary), folder.join(name)));
    renamed.map_err(|error| of_io(&error))?;
    sync(folder)
}

/// Makes the first folder `prefix` 1, 2, … that is not there.
pub(super) fn create_next(folder: &Path, prefix: &str) -> Result<PathBuf, StoreError> {
    let free = (1_u64..).map(|number| folder.join(format!("{prefix}{number}"))).find(|path| !path.exists());
    let path = free.ok_or(StoreError::Open)?;
    create(&path)?;
    Ok(path)
}

/// Moves a file into another folder of the same file system, durably. Nothing, if it is not there.
pub(super) fn move_file(folder: &Path, name: &str, to: &Path) -> Result<(), StoreError> {
    match fs::rename(folder.join(name), to.join(name)) {
        Ok(()) => sync(to).and_then(|()| sync(folder)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(of_io(&error)),
    }
}

/// The content of a small file; `None` if it is not there.
pub(super) fn read_file(folder: &Path, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::read(folder.join(name)) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(of_io(&error)),
    }
}

/// Makes new names in the folder durable.
#[cfg(unix)]
fn sync(folder: &Path) -> Result<(), StoreError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| of_io(&error))
}

/// Windows has no such call: NTFS journals its folders.
#[cfg(not(unix))]
fn sync(_: &Path) -> Result<(), StoreError> {
    Ok(())
}

/// Which of our causes a failure of the file system is.
pub(super) fn of_io(error: &io::Error) -> StoreError {
    let is = |kinds: &[ErrorKind]| kinds.contains(&error.kind());
    if is(&[ErrorKind::StorageFull, ErrorKind::QuotaExceeded]) {
        StoreError::Full
    } else if is(&[ErrorKind::ReadOnlyFilesystem]) {
        StoreError::ReadOnly
    } else if is(&[ErrorKind::NotFound, ErrorKind::PermissionDenied, ErrorKind::NotADirectory]) {
        StoreError::Open
    } else {
        StoreError::Io
    }
}

//! Checkpoints as files in a folder, which should be a mount of another machine.

use std::path::{Path, PathBuf};

use super::folder;
use crate::audit::{Checkpoint, CheckpointSink, peek};
use crate::error::{HostError, StoreError};

/// Publishes checkpoints into a folder: one file a log, `<log id>.checkpoint`, the signed note as it
/// is. A later checkpoint takes the place of an earlier one, never the other way round.
///
/// It shows what was put back only if who can write the log cannot write the folder: let it be a
/// mount from elsewhere, or copy it there.
#[derive(Debug)]
pub struct CheckpointFolder(PathBuf);

impl CheckpointFolder {
    /// Publishes into `folder`, and makes it if it is not there.
    ///
    /// # Errors
    /// [`StoreError`] as the file system says.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, StoreError> {
        folder::create(folder.as_ref())?;
        Ok(Self(folder.as_ref().to_path_buf()))
    }
}

impl CheckpointSink for CheckpointFolder {
    /// Refuses a checkpoint that is smaller than the one in the folder, or has its size and another
    /// root: the log was put back or written anew. Refuses to replace a file that it does not understand.
    fn publish(&self, checkpoint: &Checkpoint) -> Result<(), HostError> {
        let log = checkpoint.log().ok_or(HostError)?;
        let name = format!("{log}.checkpoint");
        if let Some(there) = folder::read_file(&self.0, &name).map_err(|_| HostError)? {
            let (origin, tree) = peek(&there).ok_or(HostError)?;
            let (size, same) = (checkpoint.tree().size, tree == *checkpoint.tree());
            if origin != checkpoint.origin() || size < tree.size || size == tree.size && !same {
                return Err(HostError);
            }
        }
        folder::write_file(&self.0, &name, checkpoint.note().as_bytes()).map_err(|_| HostError)
    }
}

//! Vault tokens in a file that processes share: every change is one transaction
//! (`docs/spec/vault-token-v1.md`).

use core::fmt;
use std::path::Path;

use rusqlite::{OptionalExtension, Row, params};

use super::SqliteOptions;
use super::sqlite::{Database, FileKind};
use super::state_file::{read_time, stored_time};
use crate::error::StoreError;
use crate::token::{StoredToken, TokenVault, VaultRef};
use crate::vocabulary::Timestamp;

const KIND: FileKind = FileKind {
    name: "tokens.sqlite3",
    application_id: 0x4350_4e54, // "CPNT"
    schema: "
        CREATE TABLE tokens (
            reference   BLOB PRIMARY KEY CHECK (length(reference) = 32),
            account     BLOB NOT NULL CHECK (length(account) = 32),
            entry       BLOB NOT NULL,
            key_version INTEGER NOT NULL CHECK (key_version > 0),
            uses_left   INTEGER CHECK (uses_left >= 0),
            expires     INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX tokens_account ON tokens (account);
        CREATE INDEX tokens_version ON tokens (key_version);
        CREATE INDEX tokens_expires ON tokens (expires);
        CREATE INDEX tokens_used_up ON tokens (uses_left) WHERE uses_left = 0;",
    is_synced: true,
};

const COLUMNS: &str = "account, entry, key_version, uses_left, expires, reference";

/// The tokens of one folder.
pub(super) struct VaultFile {
    database: Database,
}

impl VaultFile {
    pub(super) fn open(folder: &Path, options: &SqliteOptions) -> Result<Self, StoreError> {
        Ok(Self { database: Database::open(folder, &KIND, options)? })
    }
}

impl TokenVault for VaultFile {
    fn put(&self, of: &VaultRef, token: &StoredToken, max: u64) -> Result<(), StoreError> {
        let StoredToken { account, entry, key_version, uses_left, expires } = token;
        let added = self.database.write(|connection| {
            let mut put = connection.prepare_cached(
                "INSERT INTO tokens (reference, account, entry, key_version, uses_left, expires)
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE (SELECT count(*) FROM tokens) < ?7",
            )?;
            let max = i64::try_from(max).unwrap_or(i64::MAX);
            let (of, account, expires) = (of.as_bytes(), account.as_bytes(), stored_time(*expires));
            put.execute(params![of, account, entry, key_version, uses_left, expires, max])
        })?;
        if added == 1 { Ok(()) } else { Err(StoreError::Full) }
    }

    fn get(&self, of: &VaultRef) -> Result<Option<StoredToken>, StoreError> {
        self.database.read(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM tokens WHERE reference = ?1");
            connection.prepare_cached(&sql)?.query_row([of.as_bytes()], read_token).optional()
        })
    }

    fn take_use(&self, of: &VaultRef, now: Timestamp) -> Result<bool, StoreError> {
        self.database.write(|connection| {
            let mut take = connection.prepare_cached(
                "UPDATE tokens SET uses_left = uses_left - 1
                 WHERE reference = ?1 AND expires > ?2 AND (uses_left IS NULL OR uses_left > 0)",
            )?;
            Ok(take.execute(params![of.as_bytes(), stored_time(now)])? == 1)
        })
    }

    fn remove(&self, of: &VaultRef) -> Result<bool, StoreError> {
        self.database.write(|connection| {
            let mut remove = connection.prepare_cached("DELETE FROM tokens WHERE reference = ?1")?;
            Ok(remove.execute([of.as_bytes()])? == 1)
        })
    }

    fn remove_of(&self, account: &VaultRef) -> Result<u64, StoreError> {
        self.database.write(|connection| {
            let mut remove = connection.prepare_cached("DELETE FROM tokens WHERE account = ?1")?;
            remove.execute([account.as_bytes()]).map(as_count)
        })
    }

    fn sweep(&self, now: Timestamp, limit: usize) -> Result<u64, StoreError> {
        self.database.write(|connection| {
            let mut sweep = connection.prepare_cached(
                "DELETE FROM tokens WHERE reference IN (
                     SELECT reference FROM tokens WHERE expires <= ?1 OR uses_left = 0 LIMIT ?2)",
            )?;
            sweep.execute(params![stored_time(now), as_limit(limit)]).map(as_count)
        })
    }

    fn not_of_version(
        &self,
        key_version: u32,
        limit: usize,
    ) -> Result<Vec<(VaultRef, StoredToken)>, StoreError> {
        self.database.read(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM tokens WHERE key_version <> ?1 LIMIT ?2");
            let mut query = connection.prepare_cached(&sql)?;
            let found = query.query_map(params![key_version, as_limit(limit)], |row| {
                Ok((VaultRef::from_pseudonym(row.get(5)?), read_token(row)?))
            })?;
            found.collect()
        })
    }

    fn replace(
        &self,
        of: &VaultRef,
        before: &[u8],
        entry: &[u8],
        key_version: u32,
    ) -> Result<bool, StoreError> {
        self.database.write(|connection| {
            let mut replace = connection.prepare_cached(
                "UPDATE tokens SET entry = ?3, key_version = ?4 WHERE reference = ?1 AND entry = ?2",
            )?;
            Ok(replace.execute(params![of.as_bytes(), before, entry, key_version])? == 1)
        })
    }

    fn versions(&self) -> Result<Vec<(u32, u64)>, StoreError> {
        self.database.read(|connection| {
            let mut query = connection
                .prepare_cached("SELECT key_version, count(*) FROM tokens GROUP BY key_version ORDER BY 1")?;
            let counts = query.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))?;
            counts
                .map(|row| row.map(|(version, count)| (version, u64::try_from(count).unwrap_or(0))))
                .collect()
        })
    }
}

impl fmt::Debug for VaultFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VaultFile").field("read_only", &self.database.is_read_only()).finish_non_exhaustive()
    }
}

fn read_token(row: &Row<'_>) -> rusqlite::Result<StoredToken> {
    Ok(StoredToken {
        account: VaultRef::from_pseudonym(row.get(0)?),
        entry: row.get(1)?,
        key_version: row.get(2)?,
        uses_left: row.get(3)?,
        expires: read_time(row.get(4)?),
    })
}

fn as_limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn as_count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

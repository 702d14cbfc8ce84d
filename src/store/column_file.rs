//! Which key versions columns of tokens use, in a file that processes share: every change is one
//! transaction. It holds names and numbers, no token and no value.

use core::fmt;
use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteOptions;
use super::sqlite::{Database, FileKind};
use crate::error::StoreError;
use crate::token::{ColumnStore, StoredColumn};
use crate::vocabulary::{FieldName, TenantId};

const KIND: FileKind = FileKind {
    name: "columns.sqlite3",
    application_id: 0x4350_4e43, // "CPNC"
    schema: "
        CREATE TABLE columns (
            tenant   TEXT NOT NULL,
            name     TEXT NOT NULL,
            version  INTEGER NOT NULL CHECK (version BETWEEN 1 AND 4294967295),
            previous INTEGER CHECK (previous BETWEEN 1 AND 4294967295),
            mac      BLOB NOT NULL CHECK (length(mac) = 32),
            PRIMARY KEY (tenant, name)
        ) STRICT, WITHOUT ROWID;",
    is_synced: true,
};

/// The columns of one folder.
pub(super) struct ColumnFile {
    database: Database,
}

impl ColumnFile {
    pub(super) fn open(folder: &Path, options: &SqliteOptions) -> Result<Self, StoreError> {
        Ok(Self { database: Database::open(folder, &KIND, options)? })
    }
}

impl ColumnStore for ColumnFile {
    fn get(&self, tenant: &TenantId, column: &FieldName) -> Result<Option<StoredColumn>, StoreError> {
        self.database.read(|connection| find(connection, tenant, column))
    }

    fn replace(
        &self,
        tenant: &TenantId,
        column: &FieldName,
        before: Option<&StoredColumn>,
        after: &StoredColumn,
    ) -> Result<bool, StoreError> {
        self.database.write(|connection| {
            if find(connection, tenant, column)?.as_ref() != before {
                return Ok(false);
            }
            let mut replace = connection.prepare_cached(
                "INSERT OR REPLACE INTO columns (tenant, name, version, previous, mac)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            let StoredColumn { version, previous, mac } = after;
            replace.execute(params![tenant.as_str(), column.as_str(), version, previous, mac])?;
            Ok(true)
        })
    }

    fn names(&self, tenant: &TenantId) -> Result<Vec<FieldName>, StoreError> {
        let names: Vec<String> = self.database.read(|connection| {
            let mut query = connection.prepare_cached("SELECT name FROM columns WHERE tenant = ?1")?;
            query.query_map([tenant.as_str()], |row| row.get(0))?.collect()
        })?;
        names.into_iter().map(|name| FieldName::new(name).map_err(|_| StoreError::Damaged)).collect()
    }

    fn versions_in_use(&self) -> Result<BTreeSet<u32>, StoreError> {
        self.database.read(|connection| {
            let mut query = connection.prepare_cached(
                "SELECT version FROM columns UNION SELECT previous FROM columns WHERE previous IS NOT NULL",
            )?;
            query.query_map([], |row| row.get(0))?.collect()
        })
    }
}

impl fmt::Debug for ColumnFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ColumnFile").field("read_only", &self.database.is_read_only()).finish_non_exhaustive()
    }
}

fn find(
    connection: &Connection,
    tenant: &TenantId,
    column: &FieldName,
) -> rusqlite::Result<Option<StoredColumn>> {
    let mut query = connection
        .prepare_cached("SELECT version, previous, mac FROM columns WHERE tenant = ?1 AND name = ?2")?;
    query.query_row([tenant.as_str(), column.as_str()], read_column).optional()
}

fn read_column(row: &Row<'_>) -> rusqlite::Result<StoredColumn> {
    Ok(StoredColumn { version: row.get(0)?, previous: row.get(1)?, mac: row.get(2)? })
}

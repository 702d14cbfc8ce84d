//! The carrier's own table: sealed records, with a column for each index. Nothing in it can be read.

use std::path::Path;
use std::time::Duration;

use cpni_guard::{AccountId, IndexTerm, IndexTerms, SealedRecord};
use rusqlite::{Connection, params};

use crate::Failure;

/// A row as it is stored.
pub(crate) struct Row {
    pub(crate) id: i64,
    pub(crate) account: AccountId,
    pub(crate) record: SealedRecord,
    /// Versions of the terms beside it.
    pub(crate) terms: Vec<IndexTerm>,
}

pub(crate) struct Rows(Connection);

impl Rows {
    /// Opens the table, and makes it where it is not there.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(30))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS rows (
                 id      INTEGER PRIMARY KEY,
                 account TEXT NOT NULL,
                 sealed  BLOB NOT NULL,
                 version INTEGER NOT NULL,
                 ssn     BLOB NOT NULL,
                 mobile  BLOB NOT NULL
             ) STRICT;
             CREATE INDEX IF NOT EXISTS rows_ssn ON rows (ssn);
             CREATE INDEX IF NOT EXISTS rows_mobile ON rows (mobile);",
        )?;
        Ok(Self(connection))
    }

    /// Adds rows, in one transaction.
    pub(crate) fn insert(&mut self, rows: &[(AccountId, SealedRecord, IndexTerms)]) -> Result<(), Failure> {
        let transaction = self.0.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO rows (account, sealed, version, ssn, mobile) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            for (account, record, terms) in rows {
                let (ssn, mobile) = both(terms)?;
                // The table is the carrier's: it knows its accounts.
                let account = account.expose();
                insert.execute(params![account, record.as_bytes(), record.key_version(), ssn, mobile])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// At most so many rows after this id.
    pub(crate) fn page(&self, after: i64, limit: usize) -> Result<Vec<Row>, Failure> {
        let mut query = self.0.prepare_cached(
            "SELECT id, account, sealed, ssn, mobile FROM rows WHERE id > ?1 ORDER BY id LIMIT ?2",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = query.query(params![after, limit])?;
        let mut page = Vec::new();
        while let Some(row) = rows.next()? {
            let terms = [row.get::<_, Vec<u8>>(3)?, row.get(4)?];
            page.push(Row {
                id: row.get(0)?,
                account: AccountId::new(row.get::<_, String>(1)?)?,
                record: SealedRecord::from_bytes(row.get::<_, Vec<u8>>(2)?)?,
                terms: terms.iter().map(|term| IndexTerm::from_bytes(term)).collect::<Result<_, _>>()?,
            });
        }
        Ok(page)
    }

    /// Puts what was sealed again, and its terms, in the place of what was there: a row changes whole.
    pub(crate) fn replace(&mut self, rows: &[(i64, SealedRecord, IndexTerms)]) -> Result<(), Failure> {
        let transaction = self.0.transaction()?;
        {
            let mut replace = transaction.prepare_cached(
                "UPDATE rows SET sealed = ?2, version = ?3, ssn = ?4, mobile = ?5 WHERE id = ?1",
            )?;
            for (id, record, terms) in rows {
                let (ssn, mobile) = both(terms)?;
                replace.execute(params![id, record.as_bytes(), record.key_version(), ssn, mobile])?;
            }
        }
        Ok(transaction.commit()?)
    }

    /// `WHERE index IN (terms)`: the candidates of a search.
    pub(crate) fn look_up(
        &self,
        index: &str,
        terms: &[IndexTerm],
    ) -> Result<Vec<(AccountId, SealedRecord)>, Failure> {
        let places = vec!["?"; terms.len()].join(", ");
        let mut query = self
            .0
            .prepare_cached(&format!("SELECT account, sealed FROM rows WHERE {index} IN ({places})"))?;
        let terms = terms.iter().map(IndexTerm::as_bytes);
        let mut rows = query.query(rusqlite::params_from_iter(terms))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let account = AccountId::new(row.get::<_, String>(0)?)?;
            found.push((account, SealedRecord::from_bytes(row.get::<_, Vec<u8>>(1)?)?));
        }
        Ok(found)
    }

    /// How many rows are sealed under a version.
    pub(crate) fn count(&self, version: u32) -> Result<u64, Failure> {
        let mut query = self.0.prepare_cached("SELECT count(*) FROM rows WHERE version = ?1")?;
        let count: i64 = query.query_row([version], |row| row.get(0))?;
        Ok(u64::try_from(count)?)
    }
}

fn both(terms: &IndexTerms) -> Result<(&[u8], &[u8]), Failure> {
    let term = |index| terms.get(index).map(IndexTerm::as_bytes).ok_or("a record without a term");
    Ok((term("ssn")?, term("mobile")?))
}

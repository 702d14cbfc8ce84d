//! The carrier's own tables: who has which account, line and order, and which changes wait.
//!
//! Rules: customers' values are sealed; every look-up of a caller's thing has the caller's account in its
//! condition; references are drawn, so that nobody counts them up. The numbering table and the provisioning
//! orders are what a network has in clear anyway.

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cpni_guard::transaction::TransactionId;
use cpni_guard::vocabulary::ContactPointId;
use cpni_guard::{AccountId, SealedRecord};
use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};

use crate::refusal::Refusal;

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE accounts (id TEXT PRIMARY KEY, login TEXT NOT NULL UNIQUE, record BLOB NOT NULL) STRICT;
    CREATE TABLE lines (
        number    TEXT PRIMARY KEY,
        reference TEXT NOT NULL UNIQUE,
        account   TEXT NOT NULL,
        sim       TEXT NOT NULL,
        ported_to TEXT
    ) STRICT;
    CREATE INDEX lines_of ON lines (account);
    CREATE TABLE orders (
        reference TEXT PRIMARY KEY, account TEXT NOT NULL, state TEXT NOT NULL, record BLOB NOT NULL
    ) STRICT;
    CREATE INDEX orders_of ON orders (account);
    CREATE TABLE changes (
        id TEXT PRIMARY KEY, account TEXT NOT NULL, number TEXT NOT NULL, sim TEXT NOT NULL
    ) STRICT;
    CREATE TABLE bare (account TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT;
    CREATE TABLE objections (
        token TEXT PRIMARY KEY, account TEXT NOT NULL, change TEXT NOT NULL, channel INTEGER NOT NULL, point TEXT
    ) STRICT;";

/// The carrier's tables, in a file of its own beside the library's.
pub(crate) struct Data(Mutex<Connection>);

/// A line of an account.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) reference: String,
    pub(crate) number: String,
}

/// A SIM change that waits.
pub(crate) struct Change {
    pub(crate) id: TransactionId,
    pub(crate) account: AccountId,
    pub(crate) number: String,
    pub(crate) sim: String,
}

/// Who may object to what, with a token that only a notice holds.
pub(crate) struct ObjectionOf {
    pub(crate) account: AccountId,
    pub(crate) change: TransactionId,
    pub(crate) channel: u8,
    pub(crate) point: Option<ContactPointId>,
}

/// A reference or token that nobody guesses: 32 random bytes as hexadecimal digits.
///
/// # Errors
/// [`Refusal::Internal`] if the operating system gives no randomness.
pub fn make_reference() -> Result<String, Refusal> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| Refusal::Internal)?;
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    Ok(halves.filter_map(|half| char::from_digit(half.into(), 16)).collect())
}

impl Data {
    pub(crate) fn create(folder: &Path) -> Result<Self, rusqlite::Error> {
        let connection = Connection::open(folder.join("carrier.sqlite3"))?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self(Mutex::new(connection)))
    }

    pub(crate) fn add_account(&self, account: &AccountId, login: &str, record: &[u8]) -> Result<(), Refusal> {
        self.execute(
            "INSERT INTO accounts (id, login, record) VALUES (?1, ?2, ?3)",
            params![account.expose(), login, record],
        )
    }

    pub(crate) fn add_line(&self, account: &AccountId, line: &Line, sim: &str) -> Result<(), Refusal> {
        self.execute(
            "INSERT INTO lines (number, reference, account, sim) VALUES (?1, ?2, ?3, ?4)",
            params![line.number, line.reference, account.expose(), sim],
        )
    }

    pub(crate) fn add_order(
        &self,
        account: &AccountId,
        reference: &str,
        state: &str,
        record: &[u8],
    ) -> Result<(), Refusal> {
        self.execute(
            "INSERT INTO orders (reference, account, state, record) VALUES (?1, ?2, ?3, ?4)",
            params![reference, account.expose(), state, record],
        )
    }

    pub(crate) fn account_of_login(&self, login: &str) -> Result<Option<AccountId>, Refusal> {
        self.one("SELECT id FROM accounts WHERE login = ?1", [login], |row| column(row, 0, account))
    }

    /// The sealed record of an account.
    pub(crate) fn record(&self, account: &AccountId) -> Result<SealedRecord, Refusal> {
        let found = self.one("SELECT record FROM accounts WHERE id = ?1", [account.expose()], |row| {
            column(row, 0, sealed)
        })?;
        found.ok_or(Refusal::NotFound)
    }

    /// The account of a number that is in service here, and its sealed record.
    pub(crate) fn of_number(&self, number: &str) -> Result<Option<(AccountId, SealedRecord)>, Refusal> {
        self.one(
            "SELECT accounts.id, record FROM lines JOIN accounts ON accounts.id = lines.account
             WHERE number = ?1 AND ported_to IS NULL",
            [number],
            |row| Ok((column(row, 0, account)?, column(row, 1, sealed)?)),
        )
    }

    pub(crate) fn lines(&self, account: &AccountId) -> Result<Vec<Line>, Refusal> {
        self.all(
            "SELECT reference, number FROM lines WHERE account = ?1 AND ported_to IS NULL ORDER BY reference",
            [account.expose()],
            |row| Ok(Line { reference: row.get(0)?, number: row.get(1)? }),
        )
    }

    /// The number of a line of this account's.
    pub(crate) fn number(&self, account: &AccountId, line: &str) -> Result<String, Refusal> {
        let found = self.one(
            "SELECT number FROM lines WHERE reference = ?1 AND account = ?2 AND ported_to IS NULL",
            [line, account.expose()],
            |row| row.get(0),
        )?;
        found.ok_or(Refusal::NotFound)
    }

    pub(crate) fn orders(&self, account: &AccountId) -> Result<Vec<String>, Refusal> {
        self.all(
            "SELECT reference FROM orders WHERE account = ?1 ORDER BY reference",
            [account.expose()],
            |row| row.get(0),
        )
    }

    /// An order of this account's: how it stands, and its sealed record.
    pub(crate) fn order(
        &self,
        account: &AccountId,
        order: &str,
    ) -> Result<Option<(String, SealedRecord)>, Refusal> {
        self.one(
            "SELECT state, record FROM orders WHERE reference = ?1 AND account = ?2",
            [order, account.expose()],
            |row| Ok((row.get(0)?, column(row, 1, sealed)?)),
        )
    }

    /// Keeps what was asked for: the library keeps digests of it, and gives none back.
    pub(crate) fn add_change(&self, change: &Change) -> Result<(), Refusal> {
        self.execute(
            "INSERT INTO changes (id, account, number, sim) VALUES (?1, ?2, ?3, ?4)",
            params![change.id.to_string(), change.account.expose(), change.number, change.sim],
        )
    }

    pub(crate) fn changes(&self) -> Result<Vec<Change>, Refusal> {
        self.all("SELECT id, account, number, sim FROM changes", [], |row| {
            Ok(Change {
                id: column(row, 0, transaction)?,
                account: column(row, 1, account)?,
                number: row.get(2)?,
                sim: row.get(3)?,
            })
        })
    }

    pub(crate) fn forget_change(&self, id: &TransactionId) -> Result<(), Refusal> {
        self.execute("DELETE FROM changes WHERE id = ?1", [id.to_string()])
    }

    /// What a provisioning system does: the line has this SIM from now on.
    pub(crate) fn move_sim(&self, number: &str, sim: &str) -> Result<(), Refusal> {
        self.execute("UPDATE lines SET sim = ?2 WHERE number = ?1", [number, sim])
    }

    /// What a numbering system does: the number is another carrier's from now on.
    pub(crate) fn port_out(&self, number: &str, to: &str) -> Result<(), Refusal> {
        self.execute("UPDATE lines SET ported_to = ?2 WHERE number = ?1", [number, to])
    }

    /// For `bare.rs`: the record of an account as a carrier without the library has it.
    pub(crate) fn add_bare(&self, account: &AccountId, record: &str) -> Result<(), Refusal> {
        self.execute("INSERT INTO bare (account, record) VALUES (?1, ?2)", params![account.expose(), record])
    }

    pub(crate) fn bare(&self, account: &AccountId) -> Result<String, Refusal> {
        let found =
            self.one("SELECT record FROM bare WHERE account = ?1", [account.expose()], |row| row.get(0))?;
        found.ok_or(Refusal::NotFound)
    }

    pub(crate) fn add_objection(&self, token: &str, of: &ObjectionOf) -> Result<(), Refusal> {
        let point = of.point.as_ref().map(ContactPointId::as_str);
        self.execute(
            "INSERT INTO objections (token, account, change, channel, point) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![token, of.account.expose(), of.change.to_string(), of.channel, point],
        )
    }

    pub(crate) fn objection(&self, token: &str) -> Result<Option<ObjectionOf>, Refusal> {
        self.one("SELECT account, change, channel, point FROM objections WHERE token = ?1", [token], |row| {
            let point = |text: Option<String>| text.map(ContactPointId::new).transpose();
            Ok(ObjectionOf {
                account: column(row, 0, account)?,
                change: column(row, 1, transaction)?,
                channel: row.get(2)?,
                point: column(row, 3, point)?,
            })
        })
    }

    fn execute(&self, sql: &str, values: impl Params) -> Result<(), Refusal> {
        let connection = self.connection();
        let done = connection.prepare_cached(sql).and_then(|mut statement| statement.execute(values));
        done.map(drop).map_err(|_| Refusal::Internal)
    }

    fn one<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, Refusal> {
        let connection = self.connection();
        let mut query = connection.prepare_cached(sql).map_err(|_| Refusal::Internal)?;
        query.query_row(values, read).optional().map_err(|_| Refusal::Internal)
    }

    fn all<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Refusal> {
        let connection = self.connection();
        let mut query = connection.prepare_cached(sql).map_err(|_| Refusal::Internal)?;
        let rows = query.query_map(values, read).map_err(|_| Refusal::Internal)?;
        rows.collect::<Result<_, _>>().map_err(|_| Refusal::Internal)
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Data(..)")
    }
}

/// A column that has to be something more than its SQL type. What it is not is not said.
fn column<S: FromSql, T, E>(
    row: &Row<'_>,
    at: usize,
    read: impl FnOnce(S) -> Result<T, E>,
) -> rusqlite::Result<T> {
    read(row.get(at)?).map_err(|_| rusqlite::Error::InvalidQuery)
}

fn account(text: String) -> Result<AccountId, cpni_guard::error::IdError> {
    AccountId::new(text)
}

fn sealed(bytes: Vec<u8>) -> Result<SealedRecord, cpni_guard::error::SealedError> {
    SealedRecord::from_bytes(bytes)
}

fn transaction(text: String) -> Result<TransactionId, cpni_guard::error::IdError> {
    text.parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_drawn_and_has_one_form() {
        let (one, other) = (make_reference().unwrap(), make_reference().unwrap());
        assert_ne!(one, other);
        assert!(one.len() == 64 && one.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
    }
}

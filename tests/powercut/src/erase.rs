//! Kills between the steps of an erasure: an account either opens whole or not at all, and asking again ends
//! it. The files are real, and so is SQLite's own VFS.

use std::convert::Infallible;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io, thread};

use cpni_guard::error::SubjectError;
use cpni_guard::guard::{ErasureRequest, Reseal};
use cpni_guard::keys::KeyBranch;
use cpni_guard::store::SqliteSubjects;
use cpni_guard::vocabulary::{ContactId, EventKind, FieldName};
use cpni_guard::{AccountId, AgentSession, Error, SealedRecord, SqliteStore};

use crate::Outcome;
use crate::carrier::{Carrier, KeysInFile, TemporaryFolder};
use crate::disk::Rng;
use crate::life::lines_of;

/// Accounts of one life, which it erases one after the other: about a third of them before it is killed.
const ACCOUNTS: usize = 24;
/// The longest that a process lives after its first word, in microseconds.
const LIFE: u64 = 150_000;
/// How many lives a folder has: each rotates once, and a branch has at most 64 versions.
const LIVES: u64 = 20;

pub fn run(n: u64, seed: u64) -> Outcome {
    let mut rng = Rng(seed);
    let mut folder = TemporaryFolder::new();
    let (mut whole, mut broken_off, mut erased) = (0_u64, 0_u64, 0_u64);
    for life in 0..n {
        let failed = |what: String| format!("life {life}: {what}");
        if life % LIVES == 0 {
            folder = TemporaryFolder::new();
            fs::create_dir_all(folder.path()).map_err(|error| error.to_string())?;
            KeysInFile::new(folder.path().join("keys")).map_err(|cause| cause.to_string())?;
        }
        let sealed = seal(folder.path(), life).map_err(failed)?;
        // How many erasures the process said it had finished.
        let said = lines_of("eraser", folder.path(), life, LIFE, &mut rng).map_err(failed)?;
        let carrier = open(folder.path()).map_err(failed)?;
        for (at, (account, record)) in sealed.iter().enumerate() {
            let found = carrier.guard.erasure_of(account).map_err(|cause| failed(cause.to_string()))?;
            let opens = opens(&carrier, account, record).map_err(failed)?;
            match (&found, opens) {
                (None, true) => whole += 1,
                (Some(receipt), false) if receipt.is_deleted => erased += 1,
                (Some(_), false) => broken_off += 1,
                (None, false) => return Err(failed(format!("account {at} is gone and was not erased"))),
                (Some(_), true) => return Err(failed(format!("account {at} is being erased and opens"))),
            }
            if said > at && !found.is_some_and(|receipt| receipt.is_deleted) {
                return Err(failed(format!("account {at} was said to be erased, and is not")));
            }
            let receipt = erase(&carrier, account).map_err(failed)?;
            let opens_after = self::opens(&carrier, account, record).map_err(failed)?;
            if !receipt || opens_after {
                return Err(failed(format!("account {at} was erased again, and is not")));
            }
        }
        carrier.guard.audit().verify().map_err(|cause| failed(cause.to_string()))?;
        let kinds = carrier.guard.audit().entries(0..u64::MAX).filter_map(Result::ok);
        let told = kinds.filter(|(_, event)| event.facts.kind == EventKind::AccountErased).count();
        let lives = usize::try_from(life % LIVES).unwrap_or(0) + 1;
        // One is in the middle when a life ends: its event may be there twice.
        if !(lives * ACCOUNTS..=lives * (ACCOUNTS + 1)).contains(&told) {
            return Err(failed(format!("{told} events of {lives} lives")));
        }
    }
    println!("{n} kills: {erased} accounts erased, {broken_off} broken off and finished, {whole} untouched");
    if broken_off == 0 {
        return Err("no kill hit an erasure: the test shows nothing".to_owned());
    }
    Ok(())
}

/// Erases until it is killed, and says so after each.
pub fn child(folder: &Path, life: &str) -> Result<Infallible, String> {
    let carrier = open(folder)?;
    for at in 0..ACCOUNTS {
        erase(&carrier, &account(life, at)?)?;
        io::stdout().write_all(b".\n").map_err(|error| error.to_string())?;
    }
    loop {
        thread::sleep(Duration::from_secs(1));
    }
}

fn seal(folder: &Path, life: u64) -> Result<Vec<(AccountId, SealedRecord)>, String> {
    let carrier = open(folder)?;
    let of = |at| {
        let account = account(&life.to_string(), at)?;
        let record = carrier.customer(account.expose()).map_err(|cause| cause.to_string())?;
        Ok((account, record.into_record()))
    };
    let sealed = (0..ACCOUNTS).map(of).collect::<Result<Vec<_>, String>>()?;
    // So that to seal it again is to open it.
    let keys = KeysInFile::new(folder.join("keys")).map_err(|cause| cause.to_string())?;
    carrier.guard.keys().rotate(&keys, KeyBranch::Data).map_err(|cause| cause.to_string())?;
    Ok(sealed)
}

fn opens(carrier: &Carrier, account: &AccountId, record: &SealedRecord) -> Result<bool, String> {
    match carrier.guard.reseal(account, record) {
        Ok(Reseal::Done(_)) => Ok(true),
        Err(Error::Subject(SubjectError::Erased)) => Ok(false),
        Ok(Reseal::AlreadyCurrent) => Err("it was not opened".to_owned()),
        Err(other) => Err(other.to_string()),
    }
}

fn erase(carrier: &Carrier, account: &AccountId) -> Result<bool, String> {
    let ids = (ContactId::new("case-1"), FieldName::new("ssn_index"));
    let (Ok(case), Ok(column)) = ids else { return Err("an id".to_owned()) };
    let request =
        ErasureRequest { by: AgentSession::new("ray"), case, backups_expire: None, columns: vec![column] };
    let receipt = carrier.guard.erase(account, &request).map_err(|cause| cause.to_string())?;
    Ok(receipt.is_deleted && !receipt.outstanding.is_empty())
}

fn account(life: &str, at: usize) -> Result<AccountId, String> {
    AccountId::new(format!("A-{life}-{at}")).map_err(|cause| cause.to_string())
}

fn open(folder: &Path) -> Result<Carrier, String> {
    let build = || -> Result<Carrier, Error> {
        let keys = KeysInFile::new(folder.join("keys"))?;
        let subjects = Arc::new(SqliteSubjects::open(folder)?);
        Carrier::with_subjects(SqliteStore::open(folder)?, keys, subjects)
    };
    build().map_err(|cause| cause.to_string())
}

//! Kills between the states of SIM changes: what the host's provisioning did is done once, was allowed and told
//! before, and is known or in doubt afterwards; all else goes on or runs out. The files are real, and so is SQLite's own VFS.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::Write;
use std::path::Path;
use std::time::Duration;
use std::{fs, io, thread};

use cpni_guard::error::TransactionError;
use cpni_guard::interaction::ContactChannel;
use cpni_guard::transaction::{
    ContactPoint, NextStep, RISK_WAIT, TRANSACTION_LIFE, TransactionId, TransactionState,
};
use cpni_guard::vocabulary::{ContactPointId, EventKind, Timestamp};
use cpni_guard::{AccountId, AgentSession, ChangeRequest, Error};

use crate::Outcome;
use crate::carrier::{Carrier, KeysInFile, NOW, TemporaryFolder};
use crate::disk::Rng;
use crate::life::lines_of;

/// Accounts of one life. Every other one waits a day.
const ACCOUNTS: usize = 24;
/// The longest that a process lives after its first word, in microseconds.
const LIFE: u64 = 60_000;
const LIVES: u64 = 20;
/// What the host's provisioning system did: a line each, the transaction's id.
const DONE: &str = "provisioned";

pub fn run(n: u64, seed: u64) -> Outcome {
    let mut rng = Rng(seed);
    let mut folder = TemporaryFolder::new();
    let mut found: BTreeMap<&'static str, u64> = BTreeMap::new();
    for life in 0..n {
        let failed = |what: String| format!("life {life}: {what}");
        if life % LIVES == 0 {
            folder = TemporaryFolder::new();
            fs::create_dir_all(folder.path()).map_err(|error| error.to_string())?;
            KeysInFile::new(folder.path().join("keys")).map_err(|cause| cause.to_string())?;
        }
        // How many accounts the process said it was through with.
        let said = lines_of("changer", folder.path(), life, LIFE, &mut rng).map_err(failed)?;
        look(folder.path(), life, said, &mut found).map_err(failed)?;
    }
    let states: Vec<_> = found.iter().map(|(state, count)| format!("{count} {state}")).collect();
    println!("{n} kills: {}; nothing executed twice", states.join(", "));
    let between = ["requested", "decided", "notified", "permitted", "executing"];
    if !between.iter().any(|state| found.contains_key(state)) || !found.contains_key("waiting") {
        return Err("no kill hit a change on its way: the test shows nothing".to_owned());
    }
    Ok(())
}

/// Changes SIMs until it is killed, and says so after each.
pub fn child(folder: &Path, life: &str) -> Result<Infallible, String> {
    let carrier = open(folder, NOW)?;
    for at in 0..ACCOUNTS {
        change_sim(&carrier, folder, life, at).map_err(|cause| cause.to_string())?;
        io::stdout().write_all(b".\n").map_err(|error| error.to_string())?;
    }
    loop {
        thread::sleep(Duration::from_secs(1));
    }
}

fn change_sim(carrier: &Carrier, folder: &Path, life: &str, at: usize) -> Result<(), Error> {
    let customer = carrier.customer(&name(life, at))?;
    let transactions = carrier.guard.transactions();
    let own = account(life, at)?;
    let points = ["mail-1", "mail-2"].map(|id| ContactPointId::new(id).map(point));
    let [first, second] = points;
    transactions.set_contact_points(&own, &[first?])?;
    if at % 2 == 1 {
        // A contact point that changed lately: the SIM change waits.
        transactions.set_contact_points(&own, &[second?])?;
    }
    let mut visit = carrier.identified(&format!("visit-{life}-{at}"), &customer)?;
    let asked = visit.request(&change())?;
    if asked.next != NextStep::Execute {
        return Ok(());
    }
    let permit = visit.permit(&asked.id, &change())?;
    let order = visit.execute(permit, &change())?;
    provision(folder, &asked.id);
    transactions.confirm(&order)
}

/// Looks at what a kill left, and brings it to an end.
fn look(folder: &Path, life: u64, said: usize, found: &mut BTreeMap<&'static str, u64>) -> Outcome {
    let life = life.to_string();
    let text = |error: Error| error.to_string();
    {
        let carrier = open(folder, NOW)?;
        carrier.guard.audit().verify().map_err(|cause| cause.to_string())?;
        for at in 0..ACCOUNTS {
            let own = account(&life, at).map_err(text)?;
            let state = check(&carrier, folder, &own).map_err(|what| format!("account {at}: {what}"))?;
            *found.entry(state.map_or("never asked for", TransactionState::name)).or_default() += 1;
            let ended = if at % 2 == 0 { TransactionState::Confirmed } else { TransactionState::Waiting };
            if said > at && state != Some(ended) {
                return Err(format!("account {at} was said to be {ended}, and is {state:?}"));
            }
            settle(&carrier, folder, &life, at, state).map_err(|what| format!("account {at}: {what}"))?;
        }
    }
    // After the wait the worker carries out what waited, in another process.
    let carrier = open(folder, NOW.plus(RISK_WAIT))?;
    let transactions = carrier.guard.transactions();
    for at in (1..ACCOUNTS).step_by(2) {
        let own = account(&life, at).map_err(text)?;
        let all = transactions.of(&own).map_err(text)?;
        for one in all.iter().filter(|one| one.state == TransactionState::Waiting) {
            let permit = transactions.permit(&own, &one.id, &change()).map_err(text)?;
            let order = transactions.execute(permit, &change()).map_err(text)?;
            provision(folder, &one.id);
            transactions.confirm(&order).map_err(text)?;
        }
        check(&carrier, folder, &own)?;
    }
    drop((transactions, carrier));
    // What was left runs out, and the SIM may be changed after all.
    let carrier = open(folder, NOW.plus(RISK_WAIT).plus(TRANSACTION_LIFE))?;
    for at in 0..ACCOUNTS {
        let own = account(&life, at).map_err(text)?;
        let open = carrier.guard.transactions().of(&own).map_err(text)?;
        if let Some(one) = open.iter().find(|one| one.state.is_open()) {
            return Err(format!("account {at} has one that is {} for ever", one.state));
        }
    }
    Ok(())
}

/// Whether the rows, the log and the host's own list say the same.
fn check(carrier: &Carrier, folder: &Path, own: &AccountId) -> Result<Option<TransactionState>, String> {
    let all = carrier.guard.transactions().of(own).map_err(|cause| cause.to_string())?;
    let Some(one) = all.first() else { return Ok(None) };
    let done = provisioned(folder, &one.id);
    let may_be_done = matches!(one.state, TransactionState::Executing | TransactionState::Confirmed);
    let is_done = one.state == TransactionState::Confirmed;
    if done > 1 || (done == 1 && !may_be_done) || (done == 0 && is_done) {
        return Err(format!("it is {} and was done {done} times", one.state));
    }
    if done == 1 {
        let end = Timestamp::from_micros(u64::MAX);
        let events: Vec<_> = carrier.guard.audit().about(own, Timestamp::default()..end).collect();
        let kinds = events.into_iter().map(|event| event.map(|(_, event)| event.facts.kind));
        let kinds = kinds.collect::<Result<Vec<_>, _>>().map_err(|cause| cause.to_string())?;
        let place = |kind| kinds.iter().position(|one| *one == kind).unwrap_or(usize::MAX);
        let (told, permitted) = (place(EventKind::NoticeQueued), place(EventKind::TransactionPermitted));
        let executing = place(EventKind::TransactionExecuting);
        if !(told < permitted && permitted < executing && executing < usize::MAX) {
            return Err("it was done, and the log does not say told, permitted, executing".to_owned());
        }
    }
    Ok(Some(one.state))
}

/// In doubt is settled by the host's own list; what was never done cannot be done any more by who died.
fn settle(
    carrier: &Carrier,
    folder: &Path,
    life: &str,
    at: usize,
    state: Option<TransactionState>,
) -> Outcome {
    let transactions = carrier.guard.transactions();
    let own = account(life, at).map_err(|cause| cause.to_string())?;
    if state != Some(TransactionState::Executing) {
        return Ok(());
    }
    let all = transactions.of(&own).map_err(|cause| cause.to_string())?;
    let id = all.first().ok_or("it is gone")?.id;
    let customer = carrier.customer(&name(life, at)).map_err(|cause| cause.to_string())?;
    let visit = carrier.identified(&format!("again-{life}-{at}"), &customer);
    let mut visit = visit.map_err(|cause| cause.to_string())?;
    match visit.request(&change()) {
        Err(Error::Transaction(TransactionError::AlreadyUnderWay)) => {}
        other => return Err(format!("in doubt, and another was taken: {other:?}")),
    }
    if visit.permit(&id, &change()).is_ok() {
        return Err("in doubt, and permitted again".to_owned());
    }
    let is_done = provisioned(folder, &id) == 1;
    transactions.settle(&own, &id, is_done, &AgentSession::new("ray")).map_err(|cause| cause.to_string())
}

/// What a provisioning system does: it is on stable storage when this returns.
fn provision(folder: &Path, id: &TransactionId) {
    let mut file = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(folder.join(DONE))
        .expect("the host's own file");
    file.write_all(format!("{id}\n").as_bytes()).expect("the host's own file");
    file.sync_all().expect("the host's own file");
}

fn provisioned(folder: &Path, id: &TransactionId) -> usize {
    let text = fs::read_to_string(folder.join(DONE)).unwrap_or_default();
    text.lines().filter(|line| *line == id.to_string()).count()
}

fn point(id: ContactPointId) -> ContactPoint {
    let since = Timestamp::from_secs(NOW.as_secs() - 400 * 86_400);
    ContactPoint { id, channel: ContactChannel::Email, since, from_the_beginning: false }
}

fn change() -> ChangeRequest {
    ChangeRequest::sim_change("8155550100", "8900000000000000003")
}

fn name(life: &str, at: usize) -> String {
    format!("A-{life}-{at}")
}

fn account(life: &str, at: usize) -> Result<AccountId, Error> {
    Ok(AccountId::new(name(life, at))?)
}

fn open(folder: &Path, now: Timestamp) -> Result<Carrier, String> {
    let build = || Carrier::at(folder, KeysInFile::new(folder.join("keys"))?, now);
    build().map_err(|cause: Error| cause.to_string())
}

//! Faults of a disk that keeps its power: nothing is given out while they last, the cause is typed,
//! and the guard goes on when they end. Damage that stays is found.

use std::fmt::Debug;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cpni_guard::error::{AuditError, BreakKind, InteractionError, StoreError};
use cpni_guard::{Error, Interaction, MemoryKeys, Presented};

use crate::carrier::{
    Attempts, Carrier, Customer, Handed, TemporaryFolder, guess_once, look, read_back, show_id,
};
use crate::disk::{Fault, Files, Rng, disk};
use crate::{Outcome, vfs};

const DATABASE: &str = "audit.sqlite3";
const WRITE_AHEAD_LOG: &str = "audit.sqlite3-wal";
const ANCHOR: &str = "audit.anchor";
const SLOW: Duration = Duration::from_millis(50);
/// Looks that make SQLite checkpoint, which it does every 1,000 pages of the write-ahead log.
const LOOKS: u64 = 1_000;
const PAGE: usize = 4096;
/// Damaged bytes of a page.
const DAMAGE: usize = 64;
/// How often each page is damaged, each time elsewhere.
const PASSES: usize = 8;

pub fn run(seed: u64) -> Outcome {
    vfs::register();
    for (fault, cause) in
        [(Fault::Full, StoreError::Full), (Fault::Write, StoreError::Io), (Fault::Sync, StoreError::Io)]
    {
        log_fails(fault, cause)?;
        state_fails(fault, cause)?;
        notices_fail(fault)?;
        checkpoint_fails(fault)?;
    }
    opens_read_only()?;
    is_slow()?;
    does_not_read(Fault::Read, StoreError::Io)?;
    does_not_read(Fault::Short, StoreError::Damaged)?;
    let rng = &mut Rng(seed);
    pages_are_damaged(rng)?;
    the_write_ahead_log_is_damaged(rng)?;
    an_anchor_is_half_written()
}

/// What damage of a page comes to.
#[derive(Debug, PartialEq)]
enum Found {
    /// It hit nothing that is used.
    Unused,
    /// Another log verifies.
    Older,
    Unreadable(StoreError),
    Broken(BreakKind),
}

/// A shop, a customer who was identified, and what was handed out.
struct Shop {
    folder: TemporaryFolder,
    keys: Arc<MemoryKeys>,
    handed: Vec<Handed>,
}

impl Shop {
    fn new() -> Result<Self, Error> {
        disk().replace();
        Ok(Self { folder: TemporaryFolder::new(), keys: Arc::new(MemoryKeys::new()?), handed: Vec::new() })
    }

    fn open(&self) -> Result<Carrier, Error> {
        Carrier::open(self.folder.path(), Arc::clone(&self.keys))
    }

    fn look(&mut self, visit: &mut Interaction, customer: &Customer) -> Result<(), Error> {
        look(visit, "visit", customer, &mut |it| self.handed.push(it))
    }

    /// After the fault: the log is whole, and it outlives a cut that leaves only what was synced.
    fn ends(&self, carrier: Carrier) -> Outcome {
        carrier.check(&self.handed).map_err(of)?;
        disk().cut_now();
        drop(carrier);
        disk().boot_bare();
        self.open().map_err(of)?.check(&self.handed).map_err(of)?;
        Ok(())
    }
}

/// The log cannot be written.
fn log_fails(fault: Fault, cause: StoreError) -> Outcome {
    let mut shop = Shop::new().map_err(of)?;
    let carrier = shop.open().map_err(of)?;
    let customer = carrier.customer("A-1").map_err(of)?;
    let mut visit = identified(&carrier, &customer).map_err(of)?;
    shop.look(&mut visit, &customer).map_err(of)?;
    let not_recorded = Err(Error::Audit(AuditError::NotRecorded(cause)));

    disk().fault = Some((fault, the_log));
    for _ in 0..3 {
        expect(fault, &not_recorded, &shop.look(&mut visit, &customer))?;
    }
    expect(fault, &not_recorded, &carrier.visit("new", &customer).map(|_| ()))?;
    expect(fault, &1, &shop.handed.len())?;

    disk().fault = None;
    shop.look(&mut visit, &customer).map_err(of)?;
    drop(visit);
    shop.ends(carrier)?;
    println!("{fault:?} on the log: withheld, {cause:?}; goes on");
    Ok(())
}

/// Attempts cannot be counted, codes not taken.
fn state_fails(fault: Fault, cause: StoreError) -> Outcome {
    let shop = Shop::new().map_err(of)?;
    let carrier = shop.open().map_err(of)?;
    let customer = carrier.customer("A-1").map_err(of)?;
    let mut visit = identified(&carrier, &customer).map_err(of)?;
    let code = carrier.send_code(&mut visit, &customer).map_err(of)?;
    let failed: Error = cause.into();

    disk().fault = Some((fault, the_accounts));
    let mut attempts = Attempts::default();
    expect(fault, &Err(failed.clone()), &guess_once(&mut visit, &customer, &mut attempts))?;
    expect(fault, &Err(failed), &read_back(&mut visit, &code))?;

    disk().fault = None;
    expect(fault, &Ok(Presented::Match), &read_back(&mut visit, &code))?;
    expect(fault, &Ok(Presented::NoMatch), &read_back(&mut visit, &code))?;
    guess_once(&mut visit, &customer, &mut attempts).map_err(of)?;
    drop(visit);
    shop.ends(carrier)?;
    println!("{fault:?} on the accounts: nobody is authenticated, {cause:?}; goes on");
    Ok(())
}

/// Notices cannot be queued.
fn notices_fail(fault: Fault) -> Outcome {
    let shop = Shop::new().map_err(of)?;
    let carrier = shop.open().map_err(of)?;
    let customer = carrier.customer("A-1").map_err(of)?;
    let mut visit = identified(&carrier, &customer).map_err(of)?;
    disk().fault = Some((fault, |name| name.contains("notices.")));
    let refused = Err(InteractionError::NotNotified.into());
    expect(fault, &refused, &carrier.change(&mut visit))?;
    disk().fault = None;
    carrier.change(&mut visit).map_err(of)?;
    expect(fault, &Ok(1), &carrier.guard.notices().count())?;
    drop(visit);
    shop.ends(carrier)?;
    println!("{fault:?} on the notices: no change is allowed, NotNotified; goes on");
    Ok(())
}

/// The log is written and its checkpoints fail: what is durable is in the write-ahead log.
fn checkpoint_fails(fault: Fault) -> Outcome {
    let mut shop = Shop::new().map_err(of)?;
    let carrier = shop.open().map_err(of)?;
    let customer = carrier.customer("A-1").map_err(of)?;
    disk().fault = Some((fault, |name| name.ends_with(DATABASE)));
    carrier.serve("visit", &customer, LOOKS, &mut |it| shop.handed.push(it)).map_err(of)?;
    if disk().counts.failed == 0 {
        return Err(format!("{fault:?}: no checkpoint was tried"));
    }
    disk().fault = None;
    carrier.serve("visit", &customer, 1, &mut |it| shop.handed.push(it)).map_err(of)?;
    shop.ends(carrier)?;
    println!("{fault:?} in checkpoints: nothing lost");
    Ok(())
}

fn opens_read_only() -> Outcome {
    let mut shop = Shop::new().map_err(of)?;
    let carrier = shop.open().map_err(of)?;
    let customer = carrier.customer("A-1").map_err(of)?;
    let mut visit = identified(&carrier, &customer).map_err(of)?;
    shop.look(&mut visit, &customer).map_err(of)?;
    drop((visit, carrier));
    let log = AuditError::NotRecorded(StoreError::ReadOnly).into();
    // The contact cannot be bound to its account: it is no live contact.
    let accounts = InteractionError::NoLiveContact.into();
    for (is_on, cause) in [(the_log as Files, log), (the_accounts, accounts)] {
        disk().fault = Some((Fault::ReadOnly, is_on));
        let carrier = shop.open().map_err(of)?;
        let mut handed = 0;
        let refused = carrier.serve("visit", &customer, 1, &mut |_| handed += 1);
        println!("ReadOnly: withheld, {cause:?}; goes on");
        expect("ReadOnly", &Err(cause), &refused)?;
        expect("ReadOnly", &0, &handed)?;
        drop(carrier);
        disk().fault = None;
    }
    let carrier = shop.open().map_err(of)?;
    let mut visit = identified(&carrier, &customer).map_err(of)?;
    shop.look(&mut visit, &customer).map_err(of)?;
    drop(visit);
    shop.ends(carrier)
}

/// Everybody waits, and nobody is given a value before it is durable.
fn is_slow() -> Outcome {
    let mut shop = Shop::new().map_err(of)?;
    let carrier = shop.open().map_err(of)?;
    let customer = carrier.customer("A-1").map_err(of)?;
    disk().fault = Some((Fault::Slow(SLOW), the_log));
    let (carrier_ref, customer_ref) = (&carrier, &customer);
    let served = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|number| {
                scope.spawn(move || {
                    let contact = format!("visit-{number}");
                    let mut visit = carrier_ref.visit(&contact, customer_ref)?;
                    show_id(&mut visit, customer_ref)?;
                    let (asked, mut handed) = (Instant::now(), Vec::new());
                    look(&mut visit, &contact, customer_ref, &mut |it| handed.push(it))?;
                    Ok((asked.elapsed(), handed))
                })
            })
            .collect();
        let ends = workers.into_iter().map(|worker| worker.join().expect("no panic"));
        ends.collect::<Result<Vec<_>, Error>>()
    });
    for (waited, handed) in served.map_err(of)? {
        if waited < SLOW {
            return Err(format!("a value after {waited:?}, before the log was synced"));
        }
        shop.handed.extend(handed);
    }
    expect("slow", &4, &shop.handed.len())?;
    disk().fault = None;
    shop.ends(carrier)?;
    println!("a sync of {SLOW:?}: all waited for theirs");
    Ok(())
}

/// The files open and cannot be read.
fn does_not_read(fault: Fault, cause: StoreError) -> Outcome {
    let shop = Shop::new().map_err(of)?;
    drop(shop.open().map_err(of)?);
    for is_on in [the_log, the_accounts] as [Files; 2] {
        disk().fault = Some((fault, is_on));
        expect(fault, &Err(cause.into()), &shop.open().map(|_| ()))?;
        disk().fault = None;
    }
    shop.ends(shop.open().map_err(of)?)?;
    println!("{fault:?}: does not open, {cause:?}; goes on");
    Ok(())
}

/// Every page of a closed log, damaged one at a time: the log does not open, or does not verify, or
/// the damage hit nothing that is used.
fn pages_are_damaged(rng: &mut Rng) -> Outcome {
    let found = after_damage(rng, DATABASE, drop)?;
    println!("damaged pages: {found:?}");
    let needed = [Found::Unreadable(StoreError::Damaged), Found::Broken(BreakKind::Content)];
    if needed.iter().any(|needed| !found.contains(needed)) || found.contains(&Found::Older) {
        return Err("damage was not found".to_owned());
    }
    Ok(())
}

/// The same with the write-ahead log that a kill left. SQLite ends it before the damage, so an older
/// log may verify: the threat model names this limit, which only a checkpoint outside takes away.
fn the_write_ahead_log_is_damaged(rng: &mut Rng) -> Outcome {
    let found = after_damage(rng, WRITE_AHEAD_LOG, |carrier| {
        disk().cut_now();
        drop(carrier);
        disk().boot_bare();
    })?;
    println!("damaged pages of the write-ahead log: {found:?}");
    if !found.contains(&Found::Older) {
        return Err("the limit is gone: the threat model is to say so".to_owned());
    }
    Ok(())
}

/// Ends a guard's life and damages each page of a file in turn.
fn after_damage(rng: &mut Rng, file: &str, end: impl FnOnce(Carrier)) -> Result<Vec<Found>, String> {
    let mut shop = Shop::new().map_err(of)?;
    let carrier = shop.open().map_err(of)?;
    let customer = carrier.customer("A-1").map_err(of)?;
    carrier.serve("visit", &customer, 100, &mut |it| shop.handed.push(it)).map_err(of)?;
    let root = *carrier.guard.audit().verify().map_err(of)?.root();
    end(carrier);
    let image = disk().image();
    let genuine = disk().bytes(file).ok_or("the file is gone")?;
    let mut seen = Vec::new();
    for page in (0..genuine.len() / PAGE).cycle().take(genuine.len() / PAGE * PASSES) {
        let at = page * PAGE + rng.below((PAGE - DAMAGE) as u64) as usize;
        let mut bytes = genuine.clone();
        bytes[at..at + DAMAGE].fill_with(|| rng.byte());
        disk().restore(&image);
        disk().set_bytes(file, &bytes);
        let verified = shop.open().and_then(|carrier| Ok(*carrier.guard.audit().verify()?.root()));
        let found = match verified {
            Ok(same) if same == root => Found::Unused,
            Ok(_) => Found::Older,
            Err(Error::Store(cause) | Error::Audit(AuditError::Unreadable(cause))) => {
                Found::Unreadable(cause)
            }
            Err(Error::Audit(AuditError::Broken(found))) => Found::Broken(found.kind),
            Err(cause) => return Err(format!("byte {at} of {file}: {cause:?}")),
        };
        if !seen.contains(&found) {
            seen.push(found);
        }
    }
    disk().restore(&image);
    shop.ends(shop.open().map_err(of)?)?;
    Ok(seen)
}

/// The states that a crash can leave the folder in while the anchor is written. The file itself is
/// written past SQLite, on the host's file system.
fn an_anchor_is_half_written() -> Outcome {
    let shop = Shop::new().map_err(of)?;
    drop(shop.open().map_err(of)?);
    let anchor = shop.folder.path().join(ANCHOR);
    let temporary = shop.folder.path().join(format!("{ANCHOR}.new"));
    let whole = fs::read(&anchor).map_err(of)?;
    for len in 0..=whole.len() {
        fs::remove_file(&anchor).map_err(of)?;
        fs::write(&temporary, &whole[..len]).map_err(of)?;
        shop.open().map_err(of)?.check(&[]).map_err(of)?;
        expect(len, &whole, &fs::read(&anchor).map_err(of)?)?;
    }
    // With the anchor, a log that is gone is not begun anew.
    disk().replace();
    let refused = shop.open().map(|_| ());
    let is_broken = matches!(refused, Err(Error::Audit(AuditError::Broken(found))) if found.kind == BreakKind::Truncation);
    if !is_broken {
        return Err(format!("a log that is gone: {refused:?}"));
    }
    println!("{} states of a half-written anchor: written again", whole.len() + 1);
    Ok(())
}

fn the_log(name: &str) -> bool {
    name.contains("audit.")
}

fn the_accounts(name: &str) -> bool {
    name.contains("state.")
}

fn identified(carrier: &Carrier, customer: &Customer) -> Result<Interaction, Error> {
    let mut visit = carrier.visit("visit", customer)?;
    show_id(&mut visit, customer)?;
    Ok(visit)
}

fn expect<T: PartialEq + Debug>(of: impl Debug, expected: &T, found: &T) -> Outcome {
    if expected == found {
        return Ok(());
    }
    Err(format!("{of:?}: expected {expected:?}, found {found:?}"))
}

fn of(cause: impl Debug) -> String {
    format!("{cause:?}")
}

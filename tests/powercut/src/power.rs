//! Power cuts: threads disclose until the power goes, at any step of SQLite; then everything that
//! was handed out must be in a log that verifies, and what was allowed, used or counted must be known.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use cpni_guard::interaction::NAMED_CALL_ATTEMPTS;
use cpni_guard::{Error, MemoryKeys, Presented};

use crate::carrier::{Attempts, Carrier, Customer, Handed, Lost, TemporaryFolder, guess_once, read_back};
use crate::disk::{Counts, DATABASE, Rng, disk};
use crate::{Outcome, vfs};

/// Lives of one disk: a log that was recovered is recovered again.
const LIVES: u64 = 25;
const THREADS: u64 = 4;
/// A life lasts up to 2^13 changes of the disk: long enough for SQLite's checkpoints, which come
/// every 1,000 pages.
const DOUBLINGS: u64 = 13;
/// Changes between what was accepted or counted and the cut, and of a checkpoint before it.
const SHORTLY: u64 = 40;
/// Closing takes up to 2^9 changes, most of them a checkpoint.
const CLOSING: u64 = 9;
/// Changes after which values are handed out.
const AT_WORK: u64 = 200;
/// Of the cuts, one in this many is repeated without syncs, and at least so many.
const WITHOUT_SYNC: (u64, u64) = (5, 20);

#[derive(Debug, Default)]
struct Totals {
    handed: u64,
    events: u64,
    while_opening: u64,
    with_pending_log: u64,
    in_checkpoint: u64,
    codes: u64,
    changes: usize,
    attempts: u64,
}

/// What survives a cut outside the disk.
struct World {
    folder: TemporaryFolder,
    keys: Arc<MemoryKeys>,
    handed: Vec<Handed>,
    changes: usize,
}

/// What a life must leave behind.
#[derive(Default)]
struct Claims {
    used_code: Option<String>,
    attempts: Attempts,
}

pub fn run(n: u64, seed: u64) -> Outcome {
    vfs::register();
    let mut totals = Totals::default();
    let mut world = World::new()?;
    for cut in 0..n {
        let rng = &mut Rng(seed ^ cut.wrapping_mul(0x1_0000_0001));
        if cut % LIVES == 0 {
            world = World::new()?;
        }
        world.live(cut, rng, &mut totals).map_err(|lost| format!("cut {cut}: {lost:?}"))?;
    }
    println!("{n} power cuts on {} disks: nothing lost", n.div_ceil(LIVES));
    println!(
        "  {} values handed out, {} changes allowed, {} codes used, {} attempts counted; {} events verified",
        totals.handed, totals.changes, totals.codes, totals.attempts, totals.events
    );
    println!(
        "  cut while opening {}, with writes to the log pending {}, within a checkpoint {}",
        totals.while_opening, totals.with_pending_log, totals.in_checkpoint
    );
    without_sync(n.div_ceil(WITHOUT_SYNC.0).max(WITHOUT_SYNC.1), seed)
}

/// The same with `synchronous=OFF`: if nothing were lost then, the test above would show nothing.
fn without_sync(n: u64, seed: u64) -> Outcome {
    let (mut missing, mut broken, mut totals) = (0, 0, Totals::default());
    for cut in 0..n {
        let rng = &mut Rng(!seed ^ cut.wrapping_mul(0x1_0000_0001));
        let mut world = World::new()?;
        let open = || Carrier::open(world.folder.path(), Arc::clone(&world.keys));
        drop(open().map_err(|cause| format!("without sync, cut {cut}: {cause}"))?);
        disk().boot_bare();
        disk().synchronous_off = true;
        disk().cut_after(AT_WORK + rng.spread(DOUBLINGS));
        let counts = world.work_until_the_cut(cut, rng, &mut Claims::default(), &mut totals);
        if counts.syncs > 0 {
            return Err(format!("without sync, cut {cut}: SQLite synced all the same"));
        }
        disk().boot(rng);
        match world.open_and_check() {
            Ok(_) => {}
            Err(Lost::Missing(_) | Lost::Notices { .. }) => missing += 1,
            Err(_) => broken += 1,
        }
    }
    println!(
        "{n} power cuts with synchronous=OFF: {missing} lost what was answered, {broken} left a broken log"
    );
    if missing == 0 {
        return Err("nothing was lost without syncs: the test cannot fail".to_owned());
    }
    Ok(())
}

impl World {
    fn new() -> Result<Self, String> {
        disk().replace();
        let keys = Arc::new(MemoryKeys::new().map_err(|cause| cause.to_string())?);
        Ok(Self { folder: TemporaryFolder::new(), keys, handed: Vec::new(), changes: 0 })
    }

    fn open(&self) -> Result<Carrier, Error> {
        Carrier::open(self.folder.path(), Arc::clone(&self.keys))
    }

    fn open_and_check(&self) -> Result<(Carrier, u64), Lost> {
        let carrier = self.open().map_err(Lost::DoesNotOpen)?;
        let size = carrier.check(&self.handed)?;
        let (allowed, queued) = (self.changes, carrier.guard.notices().count().map_err(Lost::DoesNotOpen)?);
        if queued < allowed {
            return Err(Lost::Notices { allowed, queued });
        }
        Ok((carrier, size))
    }

    /// One life, its end, and the beginning of the next.
    fn live(&mut self, cut: u64, rng: &mut Rng, totals: &mut Totals) -> Result<(), Lost> {
        let mut claims = Claims::default();
        match rng.below(4) {
            0 => {
                self.use_up(cut, &mut claims).map_err(Lost::DoesNotOpen)?;
                disk().cut_after(1 + rng.below(SHORTLY));
                totals.codes += 1;
            }
            1 => disk().cut_in_checkpoint(1 + rng.below(SHORTLY)),
            _ => disk().cut_after(rng.spread(DOUBLINGS)),
        }
        self.work_until_the_cut(cut, rng, &mut claims, totals);
        disk().boot(rng);

        let (carrier, size) = self.open_and_check()?;
        totals.events += size;
        totals.attempts += u64::from(claims.attempts.counted);
        holds(&carrier, cut, claims)?;
        match rng.below(3) {
            // SQLite closes the files.
            0 => return Ok(()),
            // It begins to.
            1 => disk().cut_after(rng.spread(CLOSING)),
            // The recovered log meets the next cut as recovery left it.
            _ => disk().cut_now(),
        }
        drop(carrier);
        disk().boot(rng);
        Ok(())
    }

    /// A code is accepted, attempts are counted, and the power goes.
    fn use_up(&self, cut: u64, claims: &mut Claims) -> Result<(), Error> {
        let carrier = self.open()?;
        let customer = carrier.customer(&format!("C-{cut}"))?;
        let mut visit = carrier.visit(&format!("code-{cut}"), &customer)?;
        let code = carrier.send_code(&mut visit, &customer)?;
        guess_once(&mut visit, &customer, &mut claims.attempts)?;
        guess_once(&mut visit, &customer, &mut claims.attempts)?;
        assert_eq!(read_back(&mut visit, &code)?, Presented::Match);
        claims.used_code = Some(code);
        disk().cut_now();
        drop((visit, carrier));
        disk().boot_bare();
        Ok(())
    }

    fn work_until_the_cut(
        &mut self,
        cut: u64,
        rng: &mut Rng,
        claims: &mut Claims,
        totals: &mut Totals,
    ) -> Counts {
        let Ok(carrier) = self.open() else {
            totals.while_opening += 1;
            return disk().counts;
        };
        let number = AtomicU64::new(0);
        let looks = 1 + rng.below(8);
        let handed = thread::scope(|scope| {
            let carrier = &carrier;
            let number = &number;
            let workers: Vec<_> = (0..THREADS)
                .map(|worker| {
                    scope.spawn(move || {
                        let mut handed = Vec::new();
                        let Ok(customer) = carrier.customer(&format!("A-{worker}")) else { return handed };
                        loop {
                            let contact = format!("{cut}-{}", number.fetch_add(1, Ordering::Relaxed));
                            let served = carrier.serve(&contact, &customer, looks, &mut |it| handed.push(it));
                            if served.is_err() {
                                return handed;
                            }
                        }
                    })
                })
                .collect();
            let attempts = &mut claims.attempts;
            scope.spawn(move || {
                let customer: Customer = carrier.customer(&format!("C-{cut}"))?;
                let mut visit = carrier.visit(&format!("guess-{cut}"), &customer)?;
                (0..2).try_for_each(|_| guess_once(&mut visit, &customer, attempts))
            });
            workers.into_iter().flat_map(|worker| worker.join().expect("no panic")).collect::<Vec<_>>()
        });
        assert!(!disk().has_power(), "a worker stops at the cut only");
        totals.handed += handed.len() as u64;
        totals.with_pending_log += u64::from(disk().has_pending("audit.sqlite3-wal"));
        totals.in_checkpoint += u64::from(disk().has_pending(DATABASE));
        let changes = carrier.changes.into_inner();
        self.changes += changes;
        totals.changes += changes;
        self.handed.extend(handed);
        disk().counts
    }
}

/// A used code stays used; a counted attempt stays counted, and no other is.
fn holds(carrier: &Carrier, cut: u64, claims: Claims) -> Result<(), Lost> {
    let customer = carrier.customer(&format!("C-{cut}")).map_err(Lost::DoesNotOpen)?;
    if let Some(code) = claims.used_code {
        let mut visit = carrier.visit(&format!("again-{cut}"), &customer).map_err(Lost::DoesNotOpen)?;
        if read_back(&mut visit, &code) != Ok(Presented::NoMatch) {
            return Err(Lost::CodeTwice);
        }
    }
    let before = claims.attempts;
    let mut after = Attempts::default();
    // Ends where the account locks.
    let _locked = carrier.guess(&format!("guess-again-{cut}"), &customer, &mut after).is_err();
    let total = after.counted + before.counted;
    let max = NAMED_CALL_ATTEMPTS.max;
    if total > max || after.counted + before.begun < max {
        return Err(Lost::Attempts { before, after });
    }
    Ok(())
}

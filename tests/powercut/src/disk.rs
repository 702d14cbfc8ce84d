//! A disk that can lose power: what was written, what of it was synced, and what a cut leaves.
//!
//! Rules: a write is visible at once and durable after the next sync of its file. At a cut each
//! file keeps its durable bytes and, as the seed says, none, all, a prefix or any sectors of what
//! was pending. Names are pending like bytes, until the folder is synced: by the first sync of a new
//! file and by a delete that asks for it, as in SQLite's own VFS. The WAL index is memory and is lost.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::ffi;

/// What a device writes whole or not at all. Smaller than the 4,096 that SQLite's VFS for Unix
/// states, because it also states `SQLITE_IOCAP_POWERSAFE_OVERWRITE`.
const SECTOR: usize = 512;
/// How the names of database files end; their journals' do not.
pub const DATABASE: &str = ".sqlite3";
/// Bytes of one region of the WAL index: SQLite has no other size.
pub const REGION: usize = 32 * 1024;

pub static DISK: Mutex<Disk> = Mutex::new(Disk::new());

/// A panic of one thread leaves the disk as it is for the others: every change is one step.
pub fn disk() -> MutexGuard<'static, Disk> {
    DISK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A write finds no space.
    Full,
    /// A write fails.
    Write,
    /// The file opens for reading only.
    ReadOnly,
    /// A sync fails, and what was pending will never be durable: the kernel marks the pages clean.
    Sync,
    /// A sync takes this long.
    Slow(Duration),
    /// A read fails.
    Read,
    /// A read gets less than it asked for.
    Short,
}

/// Which files, by name.
pub type Files = fn(&str) -> bool;

/// What happened since the disk was made or power came back.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Writes, truncations, syncs, creations and deletions.
    pub steps: u64,
    pub syncs: u64,
    /// Operations that a fault made fail.
    pub failed: u64,
}

pub struct Disk {
    files: BTreeMap<String, Node>,
    generation: u64,
    handles: u64,
    cut_at: Option<u64>,
    /// As `cut_at`, in changes of database files: those are checkpoints.
    cut_in_checkpoint: Option<u64>,
    has_power: bool,
    /// SQLite is kept at `synchronous=OFF`.
    pub synchronous_off: bool,
    /// What goes wrong, and on which files, by name.
    pub fault: Option<(Fault, Files)>,
    pub counts: Counts,
}

#[derive(Default)]
struct Node {
    durable: Option<Vec<u8>>,
    now: Option<Vec<u8>>,
    pending: Vec<Change>,
    locks: HashMap<u64, i32>,
    index: Arc<WalIndex>,
}

#[derive(Debug, Clone)]
enum Change {
    Create,
    Delete,
    Write { at: usize, bytes: Vec<u8> },
    Truncate(usize),
}

/// The WAL index of a file: memory that its connections share.
#[derive(Default)]
pub struct WalIndex {
    /// INVARIANT: a region neither moves nor goes while a handle holds this.
    regions: Mutex<Vec<Box<[AtomicU32]>>>,
    /// By handle: shared and exclusive slots, as bits.
    locks: Mutex<HashMap<u64, (u16, u16)>>,
}

/// An open file. It works until the power is cut.
pub struct Handle {
    pub name: String,
    id: u64,
    generation: u64,
    pub index: Arc<WalIndex>,
    delete_on_close: bool,
}

/// How much of what was pending a cut leaves.
#[derive(Debug, Clone, Copy)]
enum Leaves {
    Nothing,
    Everything,
    Prefix,
    /// Each sector with this chance in 8.
    Sectors(u64),
}

/// An SQLite result code other than `SQLITE_OK`.
pub type Code = i32;

impl Disk {
    const fn new() -> Self {
        Self {
            files: BTreeMap::new(),
            generation: 0,
            handles: 0,
            cut_at: None,
            cut_in_checkpoint: None,
            has_power: true,
            synchronous_off: false,
            fault: None,
            counts: Counts { steps: 0, syncs: 0, failed: 0 },
        }
    }

    /// An empty disk. Every handle is dead.
    pub fn replace(&mut self) {
        *self = Self { generation: self.generation + 1, handles: self.handles, ..Self::new() };
    }

    /// Cuts the power at the `steps`-th change from now, before it is done.
    pub fn cut_after(&mut self, steps: u64) {
        self.cut_at = Some(self.counts.steps + steps);
    }

    /// Cuts the power at the `steps`-th change of a database file from now.
    pub fn cut_in_checkpoint(&mut self, steps: u64) {
        self.cut_in_checkpoint = Some(steps);
    }

    pub fn cut_now(&mut self) {
        self.has_power = false;
    }

    pub fn has_power(&self) -> bool {
        self.has_power
    }

    /// Whether the file has changes that are not durable.
    pub fn has_pending(&self, file: &str) -> bool {
        self.files.iter().any(|(name, node)| name.ends_with(file) && !node.pending.is_empty())
    }

    /// The power comes back: every file is what the cut left of it.
    pub fn boot(&mut self, rng: &mut Rng) {
        let leaves = match rng.below(4) {
            0 => Leaves::Nothing,
            1 => Leaves::Everything,
            2 => Leaves::Prefix,
            _ => Leaves::Sectors(1 + rng.below(7)),
        };
        self.boot_with(leaves, rng);
    }

    /// As [`Disk::boot`], with nothing left of what was not synced.
    pub fn boot_bare(&mut self) {
        self.boot_with(Leaves::Nothing, &mut Rng(0));
    }

    fn boot_with(&mut self, leaves: Leaves, rng: &mut Rng) {
        for node in self.files.values_mut() {
            let left = survivors(node.durable.take(), std::mem::take(&mut node.pending), leaves, rng);
            *node = Node { durable: left.clone(), now: left, ..Node::default() };
        }
        self.files.retain(|_, node| node.now.is_some());
        self.generation += 1;
        (self.has_power, self.cut_at, self.cut_in_checkpoint, self.fault) = (true, None, None, None);
        (self.synchronous_off, self.counts) = (false, Counts::default());
    }

    /// The bytes of a file, to be damaged. They are durable.
    pub fn bytes(&self, file: &str) -> Option<Vec<u8>> {
        self.files.iter().find(|(name, _)| name.ends_with(file)).and_then(|(_, node)| node.now.clone())
    }

    /// Replaces the bytes of a file, durably.
    pub fn set_bytes(&mut self, file: &str, bytes: &[u8]) {
        for (_, node) in self.files.iter_mut().filter(|(name, _)| name.ends_with(file)) {
            (node.now, node.durable) = (Some(bytes.to_vec()), Some(bytes.to_vec()));
            node.pending.clear();
        }
    }

    /// A copy of every file.
    pub fn image(&self) -> BTreeMap<String, Vec<u8>> {
        self.files.iter().filter_map(|(name, node)| Some((name.clone(), node.now.clone()?))).collect()
    }

    /// A disk that holds these files. Every handle is dead.
    pub fn restore(&mut self, image: &BTreeMap<String, Vec<u8>>) {
        self.replace();
        for (name, bytes) in image {
            let node = Node { durable: Some(bytes.clone()), now: Some(bytes.clone()), ..Node::default() };
            self.files.insert(name.clone(), node);
        }
    }

    // --- What SQLite asks for ---

    /// `exists`: the host's file system has the file, made by the library itself.
    pub fn open(&mut self, name: Option<&str>, flags: i32, exists: bool) -> Result<(Handle, i32), Code> {
        self.powered(ffi::SQLITE_CANTOPEN)?;
        self.handles += 1;
        let id = self.handles;
        let name = name.map_or_else(|| format!("temporary-{id}"), str::to_owned);
        let is_there = self.files.get(&name).is_some_and(|node| node.now.is_some());
        if !is_there {
            if flags & ffi::SQLITE_OPEN_CREATE != 0 {
                self.change(&name, Change::Create)?;
            } else if exists {
                let node = Node { durable: Some(Vec::new()), now: Some(Vec::new()), ..Node::default() };
                self.files.insert(name.clone(), node);
            } else {
                return Err(ffi::SQLITE_CANTOPEN);
            }
        }
        let mut given = flags;
        if self.fault_on(&name) == Some(Fault::ReadOnly) && flags & ffi::SQLITE_OPEN_READWRITE != 0 {
            given = given & !ffi::SQLITE_OPEN_READWRITE | ffi::SQLITE_OPEN_READONLY;
        }
        let index = self.files.get(&name).map(|node| Arc::clone(&node.index)).unwrap_or_default();
        let delete_on_close = flags & ffi::SQLITE_OPEN_DELETEONCLOSE != 0;
        Ok((Handle { name, id, generation: self.generation, index, delete_on_close }, given))
    }

    pub fn close(&mut self, handle: &Handle) {
        handle.index.locks.lock().unwrap_or_else(PoisonError::into_inner).remove(&handle.id);
        if handle.generation == self.generation {
            if let Some(node) = self.files.get_mut(&handle.name) {
                node.locks.remove(&handle.id);
            }
            if handle.delete_on_close {
                self.files.remove(&handle.name);
            }
        }
    }

    pub fn exists(&self, name: &str) -> Result<bool, Code> {
        self.powered(ffi::SQLITE_IOERR_ACCESS)?;
        // As SQLite's VFS for Unix: an empty file is no journal.
        Ok(self.files.get(name).and_then(|node| node.now.as_ref()).is_some_and(|now| !now.is_empty()))
    }

    pub fn delete(&mut self, name: &str, is_durable: bool) -> Result<(), Code> {
        self.powered(ffi::SQLITE_IOERR_DELETE)?;
        if self.files.get(name).is_none_or(|node| node.now.is_none()) {
            return Err(ffi::SQLITE_IOERR_DELETE_NOENT);
        }
        self.change(name, Change::Delete)?;
        if is_durable {
            self.sync_folder();
        }
        Ok(())
    }

    /// Fills the buffer, with zeros past the end of the file.
    pub fn read(&mut self, handle: &Handle, at: usize, buffer: &mut [u8]) -> Result<(), Code> {
        self.alive(handle, ffi::SQLITE_IOERR_READ)?;
        let fault = self.fault_on(&handle.name);
        if fault == Some(Fault::Read) {
            return self.fail(ffi::SQLITE_IOERR_READ);
        }
        let now = self.files.get(&handle.name).and_then(|node| node.now.as_deref()).unwrap_or_default();
        let have = now.get(at..).unwrap_or_default();
        let mut len = have.len().min(buffer.len());
        if fault == Some(Fault::Short) {
            len /= 2;
        }
        buffer[..len].copy_from_slice(&have[..len]);
        buffer[len..].fill(0);
        if len < buffer.len() { Err(ffi::SQLITE_IOERR_SHORT_READ) } else { Ok(()) }
    }

    pub fn write(&mut self, handle: &Handle, at: usize, bytes: &[u8]) -> Result<(), Code> {
        self.alive(handle, ffi::SQLITE_IOERR_WRITE)?;
        match self.fault_on(&handle.name) {
            Some(Fault::Full) => self.fail(ffi::SQLITE_FULL),
            Some(Fault::Write) => self.fail(ffi::SQLITE_IOERR_WRITE),
            _ => self.change(&handle.name, Change::Write { at, bytes: bytes.to_vec() }),
        }
    }

    pub fn truncate(&mut self, handle: &Handle, len: usize) -> Result<(), Code> {
        self.alive(handle, ffi::SQLITE_IOERR_TRUNCATE)?;
        self.change(&handle.name, Change::Truncate(len))
    }

    pub fn sync(&mut self, handle: &Handle) -> Result<(), Code> {
        self.alive(handle, ffi::SQLITE_IOERR_FSYNC)?;
        self.step(&handle.name, ffi::SQLITE_IOERR_FSYNC)?;
        self.counts.syncs += 1;
        let fault = self.fault_on(&handle.name);
        let Some(node) = self.files.get_mut(&handle.name) else { return Err(ffi::SQLITE_IOERR_FSYNC) };
        if fault == Some(Fault::Sync) {
            node.pending.retain(Change::is_name);
            return self.fail(ffi::SQLITE_IOERR_FSYNC);
        }
        let is_new = node.pending.iter().any(Change::is_name);
        for change in node.pending.drain(..) {
            apply(&mut node.durable, &change, 0);
        }
        if is_new {
            self.sync_folder();
        }
        Ok(())
    }

    pub fn size(&self, handle: &Handle) -> Result<usize, Code> {
        self.alive(handle, ffi::SQLITE_IOERR_FSTAT)?;
        Ok(self.files.get(&handle.name).and_then(|node| node.now.as_ref()).map_or(0, Vec::len))
    }

    /// Takes a lock of a database file (<https://sqlite.org/lockingv3.html>).
    pub fn lock(&mut self, handle: &Handle, wanted: i32) -> Result<(), Code> {
        self.alive(handle, ffi::SQLITE_IOERR_LOCK)?;
        let Some(node) = self.files.get_mut(&handle.name) else { return Err(ffi::SQLITE_IOERR_LOCK) };
        let held = node.locks.get(&handle.id).copied().unwrap_or(ffi::SQLITE_LOCK_NONE);
        let others = node.locks.iter().filter(|(id, _)| **id != handle.id).map(|(_, level)| *level).max();
        let others = others.unwrap_or(ffi::SQLITE_LOCK_NONE);
        let (given, result) = match wanted {
            _ if held >= wanted => (held, Ok(())),
            ffi::SQLITE_LOCK_SHARED if others < ffi::SQLITE_LOCK_PENDING => (wanted, Ok(())),
            ffi::SQLITE_LOCK_RESERVED if others < ffi::SQLITE_LOCK_RESERVED => (wanted, Ok(())),
            ffi::SQLITE_LOCK_EXCLUSIVE if others == ffi::SQLITE_LOCK_NONE => (wanted, Ok(())),
            // No new reader comes while a writer waits for the last one.
            ffi::SQLITE_LOCK_EXCLUSIVE if others == ffi::SQLITE_LOCK_SHARED => {
                (ffi::SQLITE_LOCK_PENDING, Err(ffi::SQLITE_BUSY))
            }
            _ => (held, Err(ffi::SQLITE_BUSY)),
        };
        node.locks.insert(handle.id, given);
        result
    }

    pub fn unlock(&mut self, handle: &Handle, level: i32) {
        if handle.generation == self.generation
            && let Some(node) = self.files.get_mut(&handle.name)
        {
            node.locks.insert(handle.id, level);
        }
    }

    pub fn is_reserved(&self, handle: &Handle) -> bool {
        let locks = self.files.get(&handle.name).map(|node| &node.locks);
        locks.is_some_and(|locks| locks.values().any(|level| *level >= ffi::SQLITE_LOCK_RESERVED))
    }

    /// How long a sync of this file takes.
    pub fn slowness(&self, handle: &Handle) -> Duration {
        match self.fault_on(&handle.name) {
            Some(Fault::Slow(time)) => time,
            _ => Duration::ZERO,
        }
    }

    pub fn alive(&self, handle: &Handle, code: Code) -> Result<(), Code> {
        if handle.generation == self.generation { self.powered(code) } else { Err(code) }
    }

    /// Every name is durable, of the other files as well; bytes are not.
    fn sync_folder(&mut self) {
        for node in self.files.values_mut() {
            if let Some(last) = node.pending.iter().rposition(Change::is_name) {
                for change in node.pending.drain(..=last) {
                    apply(&mut node.durable, &change, 0);
                }
            }
        }
    }

    fn powered(&self, code: Code) -> Result<(), Code> {
        if self.has_power { Ok(()) } else { Err(code) }
    }

    fn fault_on(&self, name: &str) -> Option<Fault> {
        self.fault.filter(|(_, is_on)| is_on(name)).map(|(fault, _)| fault)
    }

    fn fail(&mut self, code: Code) -> Result<(), Code> {
        self.counts.failed += 1;
        Err(code)
    }

    fn step(&mut self, name: &str, code: Code) -> Result<(), Code> {
        self.counts.steps += 1;
        if let Some(left) = self.cut_in_checkpoint.as_mut().filter(|_| name.ends_with(DATABASE)) {
            *left -= 1;
        }
        if self.cut_at == Some(self.counts.steps) || self.cut_in_checkpoint == Some(0) {
            self.has_power = false;
        }
        self.powered(code)
    }

    /// The change that the cut hits is pending as well: it may be done, or torn.
    fn change(&mut self, name: &str, change: Change) -> Result<(), Code> {
        let node = self.files.entry(name.to_owned()).or_default();
        apply(&mut node.now, &change, 0);
        node.pending.push(change);
        self.step(name, ffi::SQLITE_IOERR_WRITE)
    }
}

impl Change {
    fn is_name(&self) -> bool {
        matches!(self, Self::Create | Self::Delete)
    }
}

impl WalIndex {
    /// Where a region is; `None` if it is not there and shall not be made.
    pub fn region(&self, number: usize, make: bool) -> Option<*mut std::ffi::c_void> {
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        while make && regions.len() <= number {
            regions.push((0..REGION / 4).map(|_| AtomicU32::new(0)).collect());
        }
        regions.get(number).map(|region| region.as_ptr().cast_mut().cast())
    }

    pub fn lock(&self, handle: &Handle, slots: u16, exclusive: bool) -> bool {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        let others = locks.iter().filter(|(id, _)| **id != handle.id);
        let stands = |(shared, alone): (u16, u16)| slots & (alone | if exclusive { shared } else { 0 }) != 0;
        if others.map(|(_, held)| *held).any(stands) {
            return false;
        }
        let (shared, alone) = locks.entry(handle.id).or_default();
        if exclusive {
            *alone |= slots
        } else {
            *shared |= slots
        }
        true
    }

    pub fn unlock(&self, handle: &Handle, slots: u16) {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        let (shared, alone) = locks.entry(handle.id).or_default();
        (*shared, *alone) = (*shared & !slots, *alone & !slots);
    }
}

fn apply(content: &mut Option<Vec<u8>>, change: &Change, fill: u8) {
    match (change, content) {
        (Change::Create, content) => *content = Some(Vec::new()),
        (Change::Delete, content) => *content = None,
        (Change::Write { at, bytes }, Some(content)) => {
            let end = at + bytes.len();
            if content.len() < end {
                content.resize(end, fill);
            }
            content[*at..end].copy_from_slice(bytes);
        }
        (Change::Truncate(len), Some(content)) => content.resize(*len, fill),
        (Change::Write { .. } | Change::Truncate(_), None) => {}
    }
}

fn survivors(
    mut content: Option<Vec<u8>>,
    pending: Vec<Change>,
    leaves: Leaves,
    rng: &mut Rng,
) -> Option<Vec<u8>> {
    // What stands in a hole before data that was written: zeros, or what the device held there.
    let fill = if rng.below(2) == 0 { 0 } else { rng.byte() };
    let prefix = rng.below(pending.len() as u64 + 1) as usize;
    // Bytes of a file whose name was not made are nobody's.
    let mut nameless = false;
    for (number, change) in pending.into_iter().enumerate() {
        let sectors = sectors_of(&change);
        let torn = rng.below(sectors.len() as u64 + 1) as usize;
        for (sector, part) in sectors.into_iter().enumerate() {
            let is_kept = match leaves {
                Leaves::Nothing => false,
                Leaves::Everything => true,
                Leaves::Prefix => number < prefix || number == prefix && sector < torn,
                Leaves::Sectors(chance) => rng.below(8) < chance,
            };
            if matches!(part, Change::Create) {
                nameless = !is_kept;
            }
            if is_kept && (!nameless || matches!(part, Change::Delete)) {
                apply(&mut content, &part, fill);
            }
        }
    }
    content
}

/// The parts of a change that a device does one by one.
fn sectors_of(change: &Change) -> Vec<Change> {
    let Change::Write { at, bytes } = change else { return vec![change.clone()] };
    let (mut at, mut rest) = (*at, bytes.as_slice());
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let (part, after) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
        parts.push(Change::Write { at, bytes: part.to_vec() });
        (at, rest) = (at + part.len(), after);
    }
    parts
}

/// SplitMix64: a seed repeats its choices.
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    /// From 1 to about `2^doublings`, every order of magnitude as likely as the others.
    pub fn spread(&mut self, doublings: u64) -> u64 {
        let end = 1 << self.below(doublings + 1);
        1 + self.below(end)
    }
}

//! What somebody who can write the store, and has no key, can do to a history.

use proptest::prelude::*;

use super::*;
use crate::hazmat::Key32;
use crate::interaction::consent::ConsentKind;
use crate::vocabulary::{ConsentScope, ContactPointId, ScriptVersion};

/// 2026-11-23T12:00:00Z.
const NOW: Timestamp = Timestamp::from_secs(1_795_435_200);

fn key() -> MacKey {
    let Ok(key) = Key32::filled_by(|out| -> Result<(), core::convert::Infallible> {
        out.fill(7);
        Ok(())
    });
    MacKey::new(&key)
}

fn account(number: u8) -> AccountRef {
    AccountRef::from_pseudonym([number; 32])
}

fn event(micros: u64, kind: ConsentKind) -> ConsentEvent {
    ConsentEvent { at: Timestamp::from_micros(NOW.as_micros() + micros), kind }
}

fn opt_in() -> ConsentKind {
    ConsentKind::OptIn { scope: ConsentScope::Location, evidence: ContactPointId::new("form-1").unwrap() }
}

/// A history of one account, with the key.
struct Kept {
    key: MacKey,
    of: AccountRef,
    stored: StoredHistory,
}

impl Kept {
    fn new(number: u8) -> Self {
        Self { key: key(), of: account(number), stored: StoredHistory::default() }
    }

    fn of(events: &[ConsentEvent]) -> Self {
        let mut kept = Self::new(1);
        events.iter().for_each(|event| assert_eq!(kept.add(event, NOW), Ok(true)));
        kept
    }

    fn chain(&self) -> Chain<'_> {
        Chain { key: &self.key, of: &self.of }
    }

    /// Whether there was something to store.
    fn add(&mut self, event: &ConsentEvent, now: Timestamp) -> Result<bool, InteractionError> {
        let Some(addition) = self.chain().add(&self.stored, event, now)? else { return Ok(false) };
        self.stored.events.push(addition.event);
        self.stored.head = Some(addition.head);
        Ok(true)
    }

    fn read(&self) -> Option<(Vec<ConsentEvent>, Option<Timestamp>)> {
        self.chain().read(&self.stored).map(|history| (history.events, history.lost_before))
    }

    /// What a reader finds after a change that the writer did not make.
    fn after(&self, change: impl FnOnce(&mut StoredHistory)) -> Option<Vec<ConsentEvent>> {
        let mut stored = self.stored.clone();
        change(&mut stored);
        self.chain().read(&stored).map(|history| history.events)
    }
}

fn three() -> Vec<ConsentEvent> {
    vec![event(0, ConsentKind::NoticeByEmail), event(1, opt_in()), event(2, ConsentKind::Objection)]
}

#[test]
fn a_history_comes_back_as_it_was_added() {
    assert_eq!(Kept::new(1).read(), Some((Vec::new(), None)));
    assert_eq!(Kept::of(&three()).read(), Some((three(), None)));
}

#[test]
fn what_was_changed_without_the_key_is_broken() {
    let kept = Kept::of(&three());
    let forged = event(3, opt_in()).encode();
    let events = || kept.stored.events.clone();
    // Inserted: alone, and with somebody's MAC behind it.
    assert_eq!(kept.after(|stored| stored.events.push(forged.clone())), None);
    assert_eq!(kept.after(|stored| stored.events.push([&forged[..], &[0; 32]].concat())), None);
    assert_eq!(kept.after(|stored| stored.events.push(events()[1].clone())), None);
    assert_eq!(kept.after(|stored| stored.events.insert(1, events()[1].clone())), None);
    // Removed: the objection at the end, one in the middle, all of them.
    assert_eq!(kept.after(|stored| drop(stored.events.pop())), None);
    assert_eq!(kept.after(|stored| drop(stored.events.remove(0))), None);
    assert_eq!(kept.after(|stored| drop(stored.events.remove(1))), None);
    assert_eq!(kept.after(|stored| stored.events.clear()), None);
    // Moved, or one in the place of another.
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        assert_eq!(kept.after(|stored| stored.events.swap(a, b)), None);
        assert_eq!(kept.after(|stored| stored.events[a] = stored.events[b].clone()), None);
    }
    // No head.
    assert_eq!(kept.after(|stored| stored.head = None), None);
    // Every bit, and every cut, of every part.
    let parts = |stored: &StoredHistory| [&stored.events[..], &[stored.head.clone().unwrap()]].concat();
    let from = |mut parts: Vec<Vec<u8>>| StoredHistory { head: parts.pop(), events: parts };
    for (number, part) in parts(&kept.stored).iter().enumerate() {
        for bit in 0..part.len() * 8 {
            let mut changed = parts(&kept.stored);
            changed[number][bit / 8] ^= 1 << (bit % 8);
            assert_eq!(kept.after(|stored| *stored = from(changed)), None, "{number} {bit}");
        }
        for len in 0..part.len() {
            let mut cut = parts(&kept.stored);
            cut[number].truncate(len);
            assert_eq!(kept.after(|stored| *stored = from(cut)), None, "{number} {len}");
        }
    }
}

#[test]
fn an_older_head_fits_no_longer_history() {
    let (mut kept, last) = (Kept::of(&three()[..2]), three().pop().unwrap());
    let older = kept.stored.head.clone();
    kept.add(&last, NOW).unwrap();
    assert_eq!(kept.after(|stored| stored.head = older.clone()), None);
    // What stays open, and is said in the threat model: both set back together, and both deleted.
    let back = |stored: &mut StoredHistory| (stored.head, _) = (older, stored.events.pop());
    assert_eq!(kept.after(back), Some(three()[..2].to_vec()));
    assert_eq!(kept.after(|stored| *stored = StoredHistory::default()), Some(Vec::new()));
}

#[test]
fn a_history_holds_for_its_own_account_and_key() {
    let kept = Kept::of(&three());
    let (key, of) = (key(), account(2));
    assert_eq!(Chain { key: &key, of: &of }.read(&kept.stored), None);
    let Ok(other) = Key32::filled_by(|out| -> Result<(), core::convert::Infallible> {
        out.fill(8);
        Ok(())
    });
    assert_eq!(Chain { key: &MacKey::new(&other), of: &kept.of }.read(&kept.stored), None);
}

#[test]
fn a_broken_history_goes_on_and_what_was_before_is_lost() {
    let mut kept = Kept::of(&three());
    // Somebody takes the objection away.
    kept.stored.events.pop();
    assert_eq!(kept.read(), None);
    let later = NOW.plus(core::time::Duration::from_secs(5));
    let objection = event(4, ConsentKind::Objection);
    assert_eq!(kept.add(&objection, later), Ok(true));
    assert_eq!(kept.read(), Some((vec![objection.clone()], Some(later))));
    // It goes on from there, and is protected as before.
    let yes = event(5_000_000, opt_in());
    assert_eq!(kept.add(&yes, later), Ok(true));
    assert_eq!(kept.read(), Some((vec![objection, yes], Some(later))));
    for number in 0..kept.stored.events.len() {
        assert_eq!(kept.after(|stored| drop(stored.events.remove(number))), None, "{number}");
    }
    // A second break, and one where nothing is left but the head; a clock at 0 loses nothing less.
    kept.stored.events.clear();
    assert_eq!(kept.add(&event(6, opt_in()), Timestamp::default()), Ok(true));
    assert_eq!(kept.read(), Some((vec![event(6, opt_in())], Some(Timestamp::from_micros(1)))));
}

#[test]
fn a_full_history_takes_only_what_closes() {
    let (notice, objection) = (event(0, ConsentKind::NoticeByEmail), event(0, ConsentKind::Objection));
    let mut kept = Kept::new(1);
    // As `add` does, without reading it all each time.
    let (mut history, of) = (History::default(), account(1));
    for index in 0..number(CONSENT_HISTORY_MAX) {
        let bytes = notice.encode();
        history.link = Chain { key: &key(), of: &of }.link(index, &history.link, &bytes);
        kept.stored.events.push([&bytes[..], &history.link].concat());
    }
    let max = kept.stored.events.len();
    kept.stored.head = Some(kept.chain().head(number(max), &history));
    assert_eq!(kept.read().unwrap().0.len(), max);
    let full = Err(InteractionError::ConsentHistoryFull);
    let interaction = [1; 16];
    let (script, recording) = (ScriptVersion::new("s1").unwrap(), ContactPointId::new("rec-1").unwrap());
    let oral = ConsentKind::OneTimeOral { interaction, script, recording };
    for opens in [ConsentKind::NoticeByEmail, ConsentKind::NoticeByMail, opt_in(), oral] {
        assert_eq!(kept.add(&event(0, opens), NOW), full);
    }
    // One below the limit takes anything.
    let last = kept.stored.events.pop().unwrap();
    assert!(kept.chain().add(&kept.stored, &event(0, opt_in()), NOW).is_ok());
    kept.stored.events.push(last);
    let revoked = |scope| event(0, ConsentKind::Revocation { scope });
    let all = [objection, event(0, ConsentKind::Undeliverable)];
    for closes in all.iter().cloned().chain(ConsentScope::ALL.iter().map(|scope| revoked(*scope))) {
        let mut kept = Kept { key: key(), of, stored: kept.stored.clone() };
        assert_eq!(kept.add(&closes, NOW), Ok(true));
        // Over the limit: closed for good, so that a further one changes nothing.
        assert_eq!((kept.stored.events.len(), kept.read()), (max + 1, None));
        assert_eq!(kept.add(&closes, NOW), Ok(false));
        assert_eq!(kept.add(&event(0, opt_in()), NOW), full);
    }
}

/// `docs/spec/consent-v1.md` §6.
#[test]
fn the_vector_of_the_specification_is_what_is_stored() {
    let (script, recording) = (ScriptVersion::new("s1").unwrap(), ContactPointId::new("rec-1").unwrap());
    let oral = ConsentKind::OneTimeOral { interaction: [2; 16], script, recording };
    let kept = Kept::of(&[event(0, ConsentKind::NoticeByEmail), event(1, opt_in()), event(2, oral)]);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let lines: Vec<_> = kept.stored.events.iter().chain(&kept.stored.head).map(|bytes| hex(bytes)).collect();
    let specification = include_str!("../../../docs/spec/consent-v1.md");
    assert!(specification.contains(&format!("```\n{}\n```\n", lines.join("\n"))), "{}", lines.join("\n"));
}

proptest! {
    #[test]
    fn any_bytes_are_a_broken_history(
        events in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..4),
        head in prop::option::of(prop::collection::vec(any::<u8>(), 0..80)),
    ) {
        prop_assume!(head.is_some() || !events.is_empty());
        let mut kept = Kept::new(1);
        kept.stored = StoredHistory { events, head };
        prop_assert_eq!(kept.read(), None);
        prop_assert_eq!(kept.add(&event(0, ConsentKind::Objection), NOW), Ok(true));
        prop_assert_eq!(kept.read(), Some((vec![event(0, ConsentKind::Objection)], Some(NOW))));
    }
}

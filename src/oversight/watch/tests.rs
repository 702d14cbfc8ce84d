use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use proptest::prelude::*;

use super::rules::*;
use super::store::{Change, MemoryWatchStore, WatchKey, WatchStore};
use super::tally::{Doing, Neighbours, Tally};
use super::watcher::{Asking, LOCAL_READS, LOCAL_READS_WITHIN, Verdict, Watcher, What, neighbour};
use crate::error::StoreError;
use crate::hazmat::Key32;
use crate::hazmat::mac::MacKey;
use crate::vocabulary::{AccountId, Action, AgentId, EmployerId, Role, RuleId, SiteId, Timestamp};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Seconds after 2026-11-23T00:00:00Z, a Monday.
const fn at(secs: u64) -> Timestamp {
    Timestamp::from_secs(1_795_392_000 + secs)
}

/// One rule: what it counts, for how many minutes, more than how many, and what else it says.
fn rules(count: &str, minutes: u64, more_than: u16, more: &str) -> WatchRules {
    let text = format!(
        "[[rule]]\nid = \"r\"\ntitle = \"t\"\ncite = \"c\"\ncount = \"{count}\"\nwithin_minutes = {minutes}\n\
         more_than = {more_than}\n{more}"
    );
    WatchRules::from_toml("test.toml", &text).unwrap()
}

const BLOCK: &str = "per = \"agent\"\nresponse = \"block\"";

/// A store that fails while its switch is on.
#[derive(Debug, Default)]
struct Failing {
    inner: MemoryWatchStore,
    fails: AtomicBool,
}

impl WatchStore for Failing {
    fn update(&self, keys: &[WatchKey], change: &mut Change<'_>) -> Result<(), StoreError> {
        if self.fails.load(Ordering::SeqCst) { Err(StoreError::Io) } else { self.inner.update(keys, change) }
    }
}

/// A floor of agents of one employer.
struct Floor {
    watcher: Watcher,
    store: Arc<Failing>,
}

impl Floor {
    fn new(rules: WatchRules) -> Self {
        let store = Arc::new(Failing::default());
        Self { watcher: watcher(Arc::clone(&store) as _, rules), store }
    }

    fn does(&self, agent: &str, role: Role, account: &str, what: What, now: Timestamp) -> Verdict {
        self.does_at(None, agent, role, account, what, now)
    }

    fn does_at(
        &self,
        site: Option<&str>,
        agent: &str,
        role: Role,
        account: &str,
        what: What,
        now: Timestamp,
    ) -> Verdict {
        let site = site.map(|site| SiteId::new(site).unwrap());
        let (agent, employer) = (AgentId::new(agent).unwrap(), EmployerId::new("carrier").unwrap());
        let account = AccountId::new(account).unwrap();
        let asking = Asking {
            agent: &agent,
            employer: &employer,
            site: site.as_ref(),
            role,
            account: Some(&account),
            has_contact: true,
        };
        self.watcher.count(&asking, what, now)
    }

    fn opens(&self, agent: &str, account: &str, now: Timestamp) -> Option<Response> {
        self.does(agent, Role::CareAgent, account, What::Opened, now).response
    }

    fn reads(&self, agent: &str, now: Timestamp) -> Verdict {
        self.does(agent, Role::CareAgent, "A-1", What::Read { refused: false }, now)
    }
}

fn references() -> MacKey {
    let key = Key32::filled_by(|bytes| {
        bytes.fill(7);
        Ok::<_, ()>(())
    });
    MacKey::new(&key.unwrap())
}

fn watcher(store: Arc<dyn WatchStore>, rules: WatchRules) -> Watcher {
    Watcher::new(store, references(), rules)
}

/// What every store of the watch must do: the store room runs this on its own.
pub(crate) fn must_hold(store: &dyn WatchStore) {
    let [a, b] = [1, 2].map(|byte| WatchKey::from_bytes([byte; 32]));
    let seen = |key| {
        let mut seen = None;
        store.update(&[key], &mut |entries| {
            seen = entries[0].clone();
            Ok(())
        })?;
        Ok::<_, StoreError>(seen)
    };
    assert_eq!(seen(a), Ok(None));
    let set = |entries: &mut [Option<Vec<u8>>]| {
        assert_eq!(entries, [None, None]);
        entries[0] = Some(b"first".to_vec());
        Ok(())
    };
    store.update(&[a, b], &mut { set }).unwrap();
    assert_eq!((seen(a), seen(b)), (Ok(Some(b"first".to_vec())), Ok(None)));
    // What fails changes nothing.
    let failed = store.update(&[a, b], &mut |entries| {
        entries.fill(Some(b"second".to_vec()));
        Err(StoreError::Damaged)
    });
    assert_eq!(failed, Err(StoreError::Damaged));
    assert_eq!((seen(a), seen(b)), (Ok(Some(b"first".to_vec())), Ok(None)));
    store
        .update(&[a], &mut |entries| {
            entries[0] = None;
            Ok(())
        })
        .unwrap();
    assert_eq!(seen(a), Ok(None));
    // Of all who count at once, none is lost.
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..5 {
                    store
                        .update(&[b, a], &mut |entries| {
                            entries[0].get_or_insert_default().push(1);
                            Ok(())
                        })
                        .unwrap();
                }
            });
        }
    });
    assert_eq!(seen(b).unwrap().map(|entry| entry.len()), Some(40));
}

#[test]
fn the_store_in_memory_holds() {
    must_hold(&MemoryWatchStore::new());
}

#[test]
fn the_rules_of_the_library_load_and_say_where_they_come_from() {
    let rules = WatchRules::built_in().unwrap();
    for measure in Measure::ALL {
        assert!(rules.rules().iter().any(|rule| rule.count == *measure), "nothing watches {measure}");
    }
    assert!(rules.rules().iter().all(|rule| rule.cite().starts_with("Library default")));
    assert!(rules.rules().iter().all(|rule| *rule.roles == *STAFF && !rule.title().is_empty()));
    assert!(WatchRules::none().rules().is_empty());
}

#[test]
fn a_fault_in_the_rules_is_named() {
    let fault = |text: &str| WatchRules::from_toml("w.toml", text).unwrap_err().to_string();
    let rule = |more: &str| {
        format!(
            "[[rule]]\nid = \"r\"\ntitle = \"t\"\ncite = \"c\"\nper = \"agent\"\nresponse = \"alert\"\n{more}\n"
        )
    };
    let good = "count = \"accounts\"\nwithin_minutes = 1\nmore_than = 4095";
    assert!(WatchRules::from_toml("w.toml", &rule(good)).is_ok());
    let cases = [
        (rule("count = \"acounts\""), "unknown measure; did you mean `accounts`?"),
        (rule(&good.replace("4095", "4096")), "a threshold is 0 to 4095"),
        (rule(&good.replace("= 1\n", "= 0\n")), "a time is 1 minute to 30 days"),
        (rule(&good.replace("= 1\n", "= 43201\n")), "a time is 1 minute to 30 days"),
        (rule(&format!("{good}\nof_last = 10")), "only a share is of the last so many reads"),
        (rule(&good.replace("accounts", "refused_share")), "the key `of_last` is missing"),
        (
            rule("count = \"refused_share\"\nof_last = 9\nmore_than = 1"),
            "a share is of the last 10 to 4096 reads",
        ),
        (
            rule("count = \"refused_share\"\nof_last = 10\nmore_than = 100\nwithin_minutes = 1"),
            "a share is in percent, 0 to 99",
        ),
        (rule(&format!("{good}\nrole = [\"care_agnt\"]")), "unknown role; did you mean `care_agent`?"),
        (rule(&format!("{good}\nrole = []")), "this list is empty"),
        (rule(&format!("{good}\nhold_minuts = 3")), "unknown key; did you mean `hold_minutes`?"),
        (rule(good).replace("\"r\"", "\"watch-decoy\""), "the library uses this id itself"),
        (rule(good).replace("\"r\"", "\"R\""), "a rule id has 1 to 64 of a-z, 0-9, `-` and `.`"),
        (rule(good).replace("\"t\"", "\"\""), "a text is one line of 1 to 400 bytes"),
        (rule(good).repeat(2), "this rule id is already there"),
        ((0..65).map(|n| rule(good).replace("\"r\"", &format!("\"r{n}\""))).collect(), "at most 64 rules"),
    ];
    for (text, expected) in cases {
        let fault = fault(&text);
        assert!(fault.starts_with("watch: w.toml:") && fault.ends_with(expected), "{fault}");
    }
}

// --- Windows -------------------------------------------------------------------------------------

#[test]
fn accounts_count_once_each_and_leave_the_window_one_by_one() {
    let floor = Floor::new(rules("accounts", 60, 2, &format!("{BLOCK}\nhold_minutes = 1")));
    assert_eq!(floor.opens("dana", "A-1", at(0)), None);
    assert_eq!(floor.opens("dana", "A-2", at(1)), None);
    assert_eq!(floor.opens("dana", "A-1", at(2)), None, "the same account again");
    assert_eq!(floor.opens("lee", "A-3", at(3)), None, "another agent");
    assert_eq!(floor.opens("dana", "A-3", at(HOUR)), Some(Response::Block), "A-1 was opened at 2");
    // The last second of the hold, and the first after it: A-2 is gone by then.
    assert_eq!(floor.opens("dana", "A-3", at(HOUR + MINUTE - 1)), Some(Response::Block));
    assert_eq!(floor.opens("dana", "A-3", at(HOUR + MINUTE)), None);

    let exact = Floor::new(rules("accounts", 60, 2, BLOCK));
    assert_eq!(exact.opens("dana", "A-1", at(0)), None);
    assert_eq!(exact.opens("dana", "A-2", at(1)), None);
    // An hour is over when it is over: the first look no longer counts.
    assert_eq!(exact.opens("dana", "A-3", at(HOUR)), None);
    let just_within = Timestamp::from_micros(at(HOUR + 1).as_micros() - 1);
    assert_eq!(exact.opens("dana", "A-4", just_within), Some(Response::Block));
}

#[test]
fn what_is_refused_counts_all_the_same() {
    let floor = Floor::new(rules("accounts", 60, 1, &format!("{BLOCK}\nhold_minutes = 2")));
    floor.opens("dana", "A-1", at(0));
    assert_eq!(floor.opens("dana", "A-2", at(1)), Some(Response::Block));
    // Trying on while held back keeps the window full.
    for n in 3..60 {
        assert_eq!(floor.opens("dana", &format!("A-{n}"), at(n * MINUTE)), Some(Response::Block));
    }
}

#[test]
fn looks_at_one_account_are_counted_for_each_account() {
    let floor = Floor::new(rules("looks_at_one_account", 7 * 24 * 60, 2, BLOCK));
    for day in 0..2 {
        assert_eq!(floor.opens("dana", "A-7", at(day * DAY)), None);
        for n in 0..30 {
            assert_eq!(floor.opens("dana", &format!("B-{day}-{n}"), at(day * DAY + n)), None);
        }
    }
    assert_eq!(floor.opens("lee", "A-7", at(2 * DAY)), None, "another agent's look");
    assert_eq!(floor.opens("dana", "A-7", at(7 * DAY)), None, "the first look is a week old");
    assert_eq!(floor.opens("dana", "A-7", at(7 * DAY + 1)), Some(Response::Block));
}

#[test]
fn reads_without_contact_verifications_unlocks_and_sims_have_windows_of_their_own() {
    let ssn = What::Verified { ssn: true, refused: false };
    let cases: [(&str, What, What); 4] = [
        ("failed_evidence", What::FailedEvidence, What::Presenting),
        ("ssn_verifications", ssn, What::Verified { ssn: false, refused: false }),
        ("unlock_requests", What::Decided(Action::UnlockHandset), What::Decided(Action::SimChange)),
        ("sim_requests", What::Decided(Action::SimChange), What::Decided(Action::UnlockHandset)),
    ];
    for (count, counts, does_not) in cases {
        let floor = Floor::new(rules(count, 60, 1, BLOCK));
        let does = |what, secs| floor.does("dana", Role::CareAgent, "A-1", what, at(secs)).response;
        assert_eq!(does(counts, 0), None, "{count}");
        assert_eq!(does(does_not, 1), None, "{count}");
        assert_eq!(does(counts, HOUR), None, "{count}: the first is an hour old");
        assert_eq!(does(counts, 2 * HOUR - 1), Some(Response::Block), "{count}");
    }
    let floor = Floor::new(rules("reads_without_contact", 60, 1, BLOCK));
    let (agent, employer) = (AgentId::new("dana").unwrap(), EmployerId::new("carrier").unwrap());
    let account = AccountId::new("A-1").unwrap();
    let reads = |has_contact, secs| {
        let role = Role::CareAgent;
        let asking = Asking {
            agent: &agent,
            employer: &employer,
            site: None,
            role,
            account: Some(&account),
            has_contact,
        };
        floor.watcher.count(&asking, What::Read { refused: true }, at(secs)).response
    };
    assert_eq!((reads(false, 0), reads(true, 1), reads(true, 2)), (None, None, None));
    assert_eq!(reads(false, 3), Some(Response::Block));
}

#[test]
fn a_share_needs_so_many_reads_of_the_window_and_is_exceeded_not_reached() {
    let floor = || Floor::new(rules("refused_share", 60, 50, &format!("{BLOCK}\nof_last = 10")));
    let reads = |floor: &Floor, refused, secs| {
        floor.does("dana", Role::CareAgent, "A-1", What::Read { refused }, at(secs)).response
    };
    let busy = floor();
    for n in 0..9 {
        assert_eq!(reads(&busy, n % 2 == 0, n), None);
    }
    assert_eq!(reads(&busy, false, 9), None, "5 of 10");
    // The refused one at 0 leaves, a refused one enters: 5. Then an allowed one leaves: 6.
    assert_eq!(reads(&busy, true, 10), None);
    assert_eq!(reads(&busy, true, 11), Some(Response::Block));
    let slow = floor();
    for n in 0..9 {
        assert_eq!(reads(&slow, true, n), None);
    }
    assert_eq!(reads(&slow, true, HOUR), None, "only 9 of the last hour");
}

#[test]
fn only_the_roles_of_a_rule_are_watched() {
    let floor = Floor::new(rules("accounts", 60, 0, BLOCK));
    let opens = |role| floor.does("dana", role, "A-1", What::Opened, at(0)).response;
    assert_eq!(opens(Role::VirtualAgent), None);
    assert_eq!(opens(Role::Customer), None);
    assert!(Role::ALL.iter().all(|role| STAFF.contains(role) == role.is_staff()));
    for role in STAFF {
        assert_eq!(opens(*role), Some(Response::Block), "{role}");
    }
    let bots = Floor::new(rules("accounts", 60, 0, &format!("{BLOCK}\nrole = [\"virtual_agent\"]")));
    let response = bots.does("bot", Role::VirtualAgent, "A-1", What::Opened, at(0)).response;
    assert_eq!(response, Some(Response::Block));
}

#[test]
fn agents_of_one_employer_count_together_where_a_rule_says_so() {
    let floor = Floor::new(rules("sequence", 60, 3, "per = \"employer\"\nresponse = \"block\""));
    let opens = |agent: &str, n: u64| floor.opens(agent, &format!("A-{:06}", 400 + n), at(n));
    assert_eq!((opens("dana", 1), opens("lee", 2), opens("ray", 3)), (None, None, None));
    assert_eq!(opens("fay", 4), Some(Response::Block));
    assert_eq!(opens("dana", 99), Some(Response::Block), "all of them are held back then");
}

#[test]
fn agents_of_one_site_count_together_and_those_elsewhere_do_not() {
    let floor = Floor::new(rules("failed_evidence", 60, 2, "per = \"site\"\nresponse = \"block\""));
    let fails = |site, agent: &str| {
        floor.does_at(site, agent, Role::CareAgent, "A-1", What::FailedEvidence, at(0)).response
    };
    for (n, agent) in ["dana", "lee", "ray", "fay"].into_iter().enumerate() {
        assert_eq!(fails(None, agent), None, "a site that is not known is none");
        assert_eq!(fails(Some("carrier"), agent), (n >= 2).then_some(Response::Block), "{agent}");
    }
    assert_eq!(fails(Some("center-2"), "dana"), None);
    // What tripped at a site is told once, whoever of it comes next.
    let site = Some("carrier");
    let untold = |agent| floor.does_at(site, agent, Role::CareAgent, "A-1", What::Presenting, at(1)).untold;
    assert_eq!(untold("dana").len(), 1);
    let (agent, employer, account) =
        (AgentId::new("dana").unwrap(), EmployerId::new("carrier").unwrap(), AccountId::new("A-1").unwrap());
    let site = SiteId::new("carrier").unwrap();
    let asking = Asking {
        agent: &agent,
        employer: &employer,
        site: Some(&site),
        role: Role::CareAgent,
        account: Some(&account),
        has_contact: true,
    };
    floor.watcher.told(&asking, &[RuleId::new("r").unwrap()]).unwrap();
    assert!(untold("lee").is_empty());
}

#[test]
fn a_clock_that_went_back_forgets_nothing() {
    let floor = Floor::new(rules("accounts", 60, 3, BLOCK));
    floor.opens("dana", "A-1", at(5 * HOUR));
    floor.opens("dana", "A-2", at(5 * HOUR));
    // Back, and forward again.
    floor.opens("dana", "A-3", at(0));
    assert_eq!(floor.opens("dana", "A-4", at(1)), Some(Response::Block));
    assert_eq!(floor.opens("dana", "A-4", at(0)), Some(Response::Block), "nor does it end what is in force");
    let later = Floor::new(rules("accounts", 60, 2, BLOCK));
    later.opens("dana", "A-1", at(5 * HOUR));
    later.opens("dana", "A-2", at(0));
    later.opens("dana", "A-2", at(5 * HOUR + 1));
    assert_eq!(later.opens("dana", "A-3", at(6 * HOUR - 1)), Some(Response::Block));
}

// --- Order ---------------------------------------------------------------------------------------

#[test]
fn account_numbers_have_neighbours() {
    let near = |id: &str, step, up| neighbour(id, step, up).map(|id| id.to_string());
    assert_eq!(near("A-41", 1, true).as_deref(), Some("A-42"));
    assert_eq!(near("A-000041", 2, false).as_deref(), Some("A-000039"));
    assert_eq!(near("8155550099", 1, true).as_deref(), Some("8155550100"));
    assert_eq!(near("999", 1, true).as_deref(), Some("1000"));
    assert_eq!(near("1000", 1, false).as_deref(), Some("999"));
    assert_eq!(near("5", 6, false), None);
    assert_eq!(near("no number", 1, true), None);
    assert_eq!(near("é7", 1, true).as_deref(), Some("é8"));
    // Of a very long number the last digits: never more than a number holds.
    assert_eq!(near(&"9".repeat(128), 1, true).map(|id| id.len()), Some(129));
}

#[test]
fn accounts_in_order_are_noticed_up_down_with_gaps_and_between_others() {
    type Order = fn(u64) -> u64;
    let orders: [(&str, Order); 5] = [
        ("up", |n| 1000 + n),
        ("down", |n| 1000 - n),
        ("every seventh", |n| 1000 + 7 * n),
        ("with a check digit", |n| 1000 + 10 * n + n * 7 % 10),
        ("farther apart than is near", |n| 1000 + 40 * n),
    ];
    for (name, number) in orders {
        let floor = Floor::new(rules("sequence", 60, 5, BLOCK));
        let mut tripped = None;
        for n in 0..8 {
            // Two calls in between, of customers with numbers of anywhere.
            for other in [70_001, 930_017] {
                floor.opens("dana", &format!("A-{:06}", other + n * 811), at(n * MINUTE));
            }
            let response = floor.opens("dana", &format!("A-{:06}", number(n)), at(n * MINUTE + 30));
            tripped = tripped.or(response.map(|_| n));
        }
        let expected = (name != "farther apart than is near").then_some(5);
        assert_eq!(tripped, expected, "{name}");
    }
}

// --- Hours ---------------------------------------------------------------------------------------

#[test]
fn an_hour_is_unusual_when_enough_days_are_known_and_none_had_it() {
    let floor = Floor::new(rules("unusual_hours", 60, 0, &format!("{BLOCK}\nhold_minutes = 1")));
    let opens = |day: u64, hour: u64| floor.opens("dana", "A-1", at(day * DAY + hour * HOUR));
    let days = u64::try_from(HOURS_MIN_DAYS).unwrap();
    for day in 0..days - 1 {
        assert_eq!((opens(day, 14), opens(day, 16)), (None, None));
    }
    assert_eq!(opens(days - 1, 3), None, "nine days are too few to know");
    assert_eq!(opens(days, 12), Some(Response::Block), "ten are not");
    assert_eq!((opens(days, 13), opens(days, 15), opens(days, 17)), (None, None, None), "the hour beside");
    assert_eq!(opens(days + 1, 23), Some(Response::Block));
    // The hours on both sides of midnight are beside each other.
    assert_eq!(opens(days + 3, 0), None);
    // What was usual a month ago is not any more: of these days only two are known.
    assert_eq!(opens(days + 2 + u64::from(HOURS_DAYS), 3), None);
}

// --- Persistence ---------------------------------------------------------------------------------

/// A tally that has something of everything.
fn full() -> Tally {
    let rules = WatchRules::built_in().unwrap();
    let mut tally = Tally::default();
    let neighbours = Neighbours::default();
    let whats = [
        What::Opened,
        What::Read { refused: true },
        What::Verified { ssn: true, refused: false },
        What::Decided(Action::UnlockHandset),
        What::Decided(Action::SimChange),
        What::FailedEvidence,
        What::Searched { government_id: true, refused: false },
    ];
    for n in 0..21 {
        for what in whats {
            let doing = Doing {
                what,
                has_contact: false,
                role: Role::CareAgent,
                account: [n; 16],
                neighbours: &neighbours,
            };
            let _in_force = tally.count(&rules, Per::Agent, &doing, at(u64::from(n) * HOUR));
        }
    }
    tally
}

#[test]
fn a_tally_is_written_and_read_back_and_nothing_else_is_read() {
    let tally = full();
    let bytes = tally.encode();
    assert!(tally.encode().len() > 1000);
    assert_eq!(Tally::decode(&bytes), Some(tally));
    for len in 0..bytes.len() {
        assert_eq!(Tally::decode(&bytes[..len]), None, "cut to {len}");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(Tally::decode(&longer), None);
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x80;
        if let Some(read) = Tally::decode(&changed) {
            assert_eq!(read.encode(), changed, "byte {at}");
        }
    }
}

/// An entry without searches is what it was before there were any; one with searches is of another format,
/// so that an older release refuses it and does not read past them.
#[test]
fn a_tally_has_a_format_of_its_own_where_there_are_searches() {
    let mut tally = full();
    let bytes = tally.encode();
    assert_eq!(bytes[0], 2);
    tally.lift();
    let without = tally.encode();
    assert_eq!((without[0], Tally::decode(&without)), (1, Some(tally)));
    let mut relabelled = without;
    relabelled[0] = 2;
    assert_eq!(Tally::decode(&relabelled), None, "the list of searches is missing");
    let mut empty = relabelled;
    let before_the_rules = empty.len() - 2;
    empty.splice(before_the_rules..before_the_rules, [0, 0]);
    assert_eq!(Tally::decode(&empty), None, "the list of searches is empty");
}

#[test]
fn searches_are_counted_with_an_account_and_without() {
    let floor = Floor::new(rules("searches", 60, 2, BLOCK));
    let search = What::Searched { government_id: false, refused: false };
    for second in 0..2 {
        assert_eq!(floor.does("dana", Role::CareAgent, "A-1", search, at(second)).response, None);
    }
    assert_eq!(floor.does("dana", Role::CareAgent, "A-1", search, at(2)).response, Some(Response::Block));
    // A search by a government's number is one try at an SSN.
    let floor = Floor::new(rules("ssn_verifications", 60, 1, BLOCK));
    for (government_id, response) in [(false, None), (true, None), (true, Some(Response::Block))] {
        let search = What::Searched { government_id, refused: true };
        assert_eq!(floor.does("lee", Role::CareAgent, "A-1", search, at(0)).response, response);
    }
}

#[test]
fn a_tally_that_does_not_decode_is_not_an_empty_one() {
    let floor = Floor::new(rules("accounts", 60, 9, BLOCK));
    floor.opens("dana", "A-1", at(0));
    let key = |what: &str, of: &str| {
        use crate::hazmat::framing::Tuple;
        let message = Tuple::new("cpni-guard/v1/watch").with(what.as_bytes()).with(of.as_bytes());
        WatchKey::from_bytes(references().mac(message.as_bytes()))
    };
    floor
        .store
        .update(&[key("agent", "dana")], &mut |entries| {
            entries[0].as_mut().unwrap().push(0);
            Ok(())
        })
        .unwrap();
    let verdict = floor.does("dana", Role::CareAgent, "A-1", What::Opened, at(1));
    assert_eq!(verdict.uncounted, Some(StoreError::Damaged));
    assert_eq!(floor.does("lee", Role::CareAgent, "A-1", What::Opened, at(1)).uncounted, None);
}

#[test]
fn a_trip_is_told_until_it_is_on_record_and_once_then() {
    let floor = Floor::new(rules("accounts", 60, 0, BLOCK));
    let opens = |secs| floor.does("dana", Role::CareAgent, "A-1", What::Opened, at(secs)).untold;
    let tripped = vec![(RuleId::new("r").unwrap(), Response::Block)];
    assert_eq!((opens(0), opens(1)), (tripped.clone(), tripped.clone()));
    let (agent, employer) = (AgentId::new("dana").unwrap(), EmployerId::new("carrier").unwrap());
    let account = AccountId::new("A-1").unwrap();
    let role = Role::CareAgent;
    let asking = Asking {
        agent: &agent,
        employer: &employer,
        site: None,
        role,
        account: Some(&account),
        has_contact: true,
    };
    floor.watcher.told(&asking, &[RuleId::new("other").unwrap()]).unwrap();
    assert_eq!(opens(2), tripped);
    floor.watcher.told(&asking, &[RuleId::new("r").unwrap()]).unwrap();
    assert_eq!(opens(3), Vec::new());
    // When it is no longer in force and trips anew, that is news.
    assert_eq!(opens(WATCH_HOLD.as_secs()), tripped);
}

#[test]
fn lifting_forgets_what_was_counted_and_not_what_is_usual() {
    let floor = Floor::new(rules("accounts", 60, 1, BLOCK));
    floor.opens("dana", "A-1", at(0));
    assert_eq!(floor.opens("dana", "A-2", at(1)), Some(Response::Block));
    floor.watcher.lift(&AgentId::new("dana").unwrap()).unwrap();
    assert_eq!(floor.opens("dana", "A-3", at(2)), None);
    assert_eq!(floor.opens("dana", "A-4", at(3)), Some(Response::Block));
}

#[test]
fn rules_that_the_host_takes_away_are_no_longer_in_force() {
    let store = Arc::new(Failing::default());
    let old = Floor { watcher: watcher(Arc::clone(&store) as _, rules("accounts", 60, 0, BLOCK)), store };
    assert_eq!(old.opens("dana", "A-1", at(0)), Some(Response::Block));
    let other = rules("accounts", 60, 1, &format!("{BLOCK}\nrole = [\"care_agent\"]"));
    let store = Arc::clone(&old.store);
    let new = Floor { watcher: watcher(Arc::clone(&store) as _, other), store };
    assert_eq!(new.opens("dana", "A-1", at(1)), Some(Response::Block), "the same id, and what it held");
    let renamed = WatchRules::from_toml("w", &WatchRules::built_in_text().replace("watch-", "own-")).unwrap();
    let store = Arc::clone(&old.store);
    let renamed = Floor { watcher: watcher(Arc::clone(&store) as _, renamed), store };
    assert_eq!(renamed.opens("dana", "A-1", at(2)), None);
}

// --- Without the store ---------------------------------------------------------------------------

#[test]
fn without_counters_each_agent_has_a_few_reads_an_hour() {
    let floor = Floor::new(WatchRules::built_in().unwrap());
    floor.store.fails.store(true, Ordering::SeqCst);
    for agent in ["dana", "lee"] {
        assert!(!floor.does(agent, Role::CareAgent, "A-1", What::Opened, at(0)).is_used_up);
        for n in 0..LOCAL_READS {
            let verdict = floor.reads(agent, at(n.into()));
            assert_eq!((verdict.uncounted, verdict.is_used_up), (Some(StoreError::Io), false), "{n}");
        }
        assert!(floor.reads(agent, at(60)).is_used_up);
    }
    // A store that comes back for a moment gives no new budget.
    floor.store.fails.store(false, Ordering::SeqCst);
    assert!(!floor.reads("dana", at(61)).is_used_up);
    floor.store.fails.store(true, Ordering::SeqCst);
    assert!(floor.reads("dana", at(62)).is_used_up);
    // Nor does a clock that went back.
    assert!(floor.reads("dana", Timestamp::default()).is_used_up);
    let hour = LOCAL_READS_WITHIN.as_secs();
    assert!(floor.reads("dana", at(hour - 1)).is_used_up);
    assert!(!floor.reads("dana", at(hour)).is_used_up);
    // Customers are not watched, and are served.
    let customer = floor.does("c-1", Role::Customer, "A-1", What::Read { refused: false }, at(0));
    assert_eq!((customer.uncounted, customer.is_used_up), (None, false));
}

#[test]
fn without_counters_guesses_use_up_what_reads_do_and_evidence_that_matches_does_not() {
    let floor = Floor::new(rules("failed_evidence", 60, 9, BLOCK));
    floor.store.fails.store(true, Ordering::SeqCst);
    let does = |what| floor.does("dana", Role::CareAgent, "A-1", what, at(0)).is_used_up;
    assert!((0..3 * LOCAL_READS).all(|_| !does(What::Presenting)));
    assert!((0..LOCAL_READS).all(|_| !does(What::Presenting) && !does(What::FailedEvidence)));
    assert!(does(What::Presenting) && does(What::FailedEvidence));
}

#[test]
fn evidence_that_fails_trips_the_librarys_rules_behind_their_thresholds() {
    for (rule, more_than, agents) in [
        ("watch-evidence-hour", 12, 1),
        ("watch-evidence", 40, 1),
        ("watch-evidence-site", 100, 20),
        ("watch-evidence-split", 200, 40),
    ] {
        let floor = Floor::new(WatchRules::built_in().unwrap());
        // The rule of a day is reached slowly, the others within their hour.
        let apart = if rule == "watch-evidence" { 1800 } else { 15 };
        let fails = |n: u64| {
            let agent = format!("a-{}", n % agents);
            let account = format!("A-{n}");
            floor.does_at(Some("s"), &agent, Role::CareAgent, &account, What::FailedEvidence, at(n * apart))
        };
        let trips = |verdict: Verdict| verdict.untold.iter().any(|(id, _)| id.as_str() == rule);
        assert!((0..more_than).all(|n| !trips(fails(n))), "{rule}: up to its threshold");
        assert!(trips(fails(more_than)), "{rule}: one more");
    }
}

#[test]
fn who_was_held_back_stays_so_without_the_store() {
    let floor = Floor::new(rules("accounts", 60, 0, BLOCK));
    assert_eq!(floor.opens("dana", "A-1", at(0)), Some(Response::Block));
    floor.store.fails.store(true, Ordering::SeqCst);
    assert_eq!(floor.reads("dana", at(1)).response, Some(Response::Block));
    assert_eq!(floor.opens("dana", "A-2", at(2)), Some(Response::Block));
    assert_eq!(floor.reads("dana", at(WATCH_HOLD.as_secs())).response, None);
}

#[test]
fn more_agents_than_are_remembered_are_refused() {
    let floor = Floor::new(rules("accounts", 60, 0, BLOCK));
    floor.store.fails.store(true, Ordering::SeqCst);
    for n in 0..4096 {
        assert!(!floor.reads(&format!("a-{n}"), at(0)).is_used_up);
    }
    assert!(floor.reads("one-more", at(0)).is_used_up);
    assert!(!floor.reads("a-0", at(1)).is_used_up);
}

#[test]
fn decoys_are_known_to_all_and_without_the_store_to_who_was_told() {
    let floor = Floor::new(WatchRules::none());
    let decoy = AccountId::new("D-1").unwrap();
    floor.watcher.set_decoys([&decoy].into_iter(), true).unwrap();
    let touches = |floor: &Floor, account: &str| {
        floor.does("c-1", Role::Customer, account, What::Opened, at(0)).is_decoy
    };
    let store = Arc::clone(&floor.store);
    let other = Floor { watcher: watcher(Arc::clone(&store) as _, WatchRules::none()), store };
    assert!(touches(&floor, "D-1") && touches(&other, "D-1") && other.watcher.is_decoy(&decoy));
    assert!(!touches(&floor, "A-1"));
    floor.store.fails.store(true, Ordering::SeqCst);
    assert!(touches(&floor, "D-1") && floor.watcher.is_decoy(&decoy));
    assert_eq!(floor.watcher.set_decoys([&decoy].into_iter(), false), Err(StoreError::Io));
    floor.store.fails.store(false, Ordering::SeqCst);
    floor.watcher.set_decoys([&decoy].into_iter(), false).unwrap();
    assert!(!touches(&floor, "D-1") && !touches(&other, "D-1"));
}

// --- 2013 and 2014 -------------------------------------------------------------------------------

/// A number that looks drawn, and is the same in every run.
fn drawn(of: u64) -> u64 {
    let mut x = of.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^ (x >> 31)
}

/// One day of an agent: so many accounts over eight hours, one read each, some refused at first. Gives
/// the rules that tripped.
fn works(floor: &Floor, agent: &str, number: u64, day: u64, accounts: u64) -> BTreeSet<String> {
    let mut tripped = BTreeSet::new();
    for n in 0..accounts {
        let draw = drawn(number * 1_000_003 + day * 1009 + n);
        let account = format!("A-{:07}", draw % 5_000_000);
        let now = at(day * DAY + (14 + number % 3) * HOUR + n * 8 * HOUR / accounts);
        let first = What::Read { refused: !draw.is_multiple_of(3) };
        for what in [What::Opened, first, What::Read { refused: false }] {
            let verdict = floor.does(agent, Role::CareAgent, &account, what, now);
            tripped.extend(verdict.untold.into_iter().map(|(rule, _)| rule.to_string()));
        }
    }
    tripped
}

#[test]
fn three_agents_with_136_accounts_a_day_trip_on_day_one_and_colleagues_never() {
    let floor = Floor::new(WatchRules::built_in().unwrap());
    let mut of_insiders: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
    for day in 0..30 {
        for colleague in 0..8 {
            // 30 to 40 accounts, five days a week.
            if (day + colleague) % 7 < 5 {
                let accounts = 30 + drawn(colleague + 31 * day) % 11;
                let tripped = works(&floor, &format!("c-{colleague}"), colleague, day, accounts);
                assert_eq!(tripped, BTreeSet::new(), "colleague {colleague} on day {day}");
            }
        }
        if day == 0 {
            for insider in 100..103 {
                let tripped = works(&floor, &format!("i-{insider}"), insider, day, 136);
                of_insiders.entry(day).or_default().extend(tripped);
                let after = at(DAY - 1);
                assert_eq!(floor.opens(&format!("i-{insider}"), "A-1", after), Some(Response::Block));
            }
        }
    }
    assert!(of_insiders[&0].contains("watch-accounts-day"));
}

// --- Against a plain count -----------------------------------------------------------------------

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// After each step the rule trips if and only if a plain count over everything that ever happened
    /// says so; written and read back on the way.
    #[test]
    fn windows_agree_with_a_plain_count(
        steps in prop::collection::vec((0_u64..1200, 0_u8..12), 1..120),
        more_than in 0_u16..8,
        minutes in 1_u64..60,
        measure in prop::sample::select(vec!["accounts", "looks_at_one_account", "reads_without_contact"]),
    ) {
        let rules = rules(measure, minutes, more_than, BLOCK);
        let rule = &rules.rules()[0];
        let within = Duration::from_secs(minutes * 60);
        let (mut tally, mut now, mut happened) = (Tally::default(), at(0), Vec::new());
        for (wait, account) in steps {
            now = now.plus(Duration::from_secs(wait));
            let what = if measure == "reads_without_contact" { What::Read { refused: false } } else { What::Opened };
            let neighbours = Neighbours::default();
            let doing =
                Doing { what, has_contact: false, role: Role::CareAgent, account: [account; 16], neighbours: &neighbours };
            let _in_force = tally.count(&rules, Per::Agent, &doing, now);
            tally = Tally::decode(&tally.encode()).unwrap();
            happened.push((now, account));
            let recent = happened.iter().filter(|(time, _)| now.since(*time).unwrap() < within);
            let mut by_account: BTreeMap<u8, usize> = BTreeMap::new();
            recent.clone().for_each(|(_, account)| *by_account.entry(*account).or_default() += 1);
            let plain = match measure {
                "accounts" => by_account.len(),
                "looks_at_one_account" => by_account.values().copied().max().unwrap_or(0),
                _ => recent.count(),
            };
            prop_assert_eq!(tally.trips(rule, now), plain > usize::from(more_than));
        }
    }
}

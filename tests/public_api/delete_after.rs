//! Values that are to be deleted after a day: refused after it, and deleted with a receipt.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use cpni_guard::error::{SealedError, SubjectError, TokenError};
use cpni_guard::guard::Reseal;
use cpni_guard::keys::{KeyBranch, MemorySubjectStore};
use cpni_guard::vocabulary::{CivilDate, EventKind, Timestamp};
use cpni_guard::{
    AgentSession, Error, Guard, MemoryKeys, Purpose, Record, SealedRecord, Stored, Stores, TokenColumn,
    TokenTerms,
};

use crate::fixture::{Carrier, NOON, account, record};
use crate::subjects::{Dying, carrier, carrier_with, plan, request};

const PAST: Error = Error::Subject(SubjectError::PastDeleteAfter);
/// From `NOON` to the midnight after it.
const TO_MIDNIGHT: Duration = Duration::from_secs(86_400 - (15 * 60 + 4) * 60);
const A_DAY: Duration = Duration::from_secs(86_400);

fn day(day: i8) -> CivilDate {
    CivilDate::new(2026, 11, day).unwrap()
}

fn plan_until(guard: &Guard, of: &str, until: CivilDate) -> SealedRecord {
    let plan = Record::new().text("plan", "Unlimited Plus");
    guard.protect_until(&account(of), plan, until).unwrap().record
}

#[test]
fn a_value_opens_until_the_end_of_its_day_and_never_after() {
    let (carrier, keys, subjects) = carrier();
    let of = account("A-1");
    let for_good = carrier.customer(&of).record;
    let (today, later) =
        (plan_until(&carrier.guard, "A-1", day(23)), plan_until(&carrier.guard, "A-1", day(25)));
    assert_eq!((today.delete_after(), for_good.delete_after()), (Some(day(23)), None));
    let alone = today.field("plan").unwrap();
    assert_eq!(alone.delete_after(), Some(day(23)), "a field has the day of its record");
    // The bytes say it as well.
    assert_eq!(SealedRecord::from_bytes(today.as_bytes().to_vec()).unwrap().delete_after(), Some(day(23)));

    carrier.clock.advance(TO_MIDNIGHT - Duration::from_micros(1));
    for opens in [Stored::from(&today), Stored::from(&alone), Stored::from(&later)] {
        assert_eq!(plan(&carrier, &of, opens).unwrap(), "Unlimited Plus");
    }
    // An interaction that has its keys already finds the day over as well.
    let mut open = carrier.authenticated("dana", &of);
    assert!(open.view(&today, ["plan"]).is_ok());
    carrier.clock.advance(Duration::from_micros(1));
    assert_eq!(open.view(&today, ["plan"]).unwrap_err(), PAST);
    open.end().unwrap();
    assert_eq!(plan(&carrier, &of, &today).unwrap_err(), PAST);
    assert_eq!(plan(&carrier, &of, &alone).unwrap_err(), PAST);
    assert_eq!(plan(&carrier, &of, &later).unwrap(), "Unlimited Plus");
    // Until it is deleted, only the clock holds it back.
    carrier.clock.set(NOON);
    assert_eq!(plan(&carrier, &of, &today).unwrap(), "Unlimited Plus");
    carrier.clock.advance(TO_MIDNIGHT);

    let receipts = carrier.guard.delete_due(&request(&["plan_copy"])).unwrap();
    let [receipt] = &receipts[..] else { panic!("one day was due: {receipts:?}") };
    assert_eq!((receipt.delete_after, receipt.key_version), (Some(day(23)), Some(1)));
    assert!(receipt.is_deleted && !receipt.is_complete());
    let names: Vec<_> = receipt.outstanding.iter().map(|name| name.as_str()).collect();
    assert_eq!(names, ["mobile", "plan_copy", "ssn"]);
    assert_eq!(carrier.guard.deletion_of(day(23)), Ok(Some(receipt.clone())));
    assert_eq!((carrier.guard.deletion_of(day(25)), carrier.guard.deletion_of(day(1))), (Ok(None), Ok(None)));
    assert_eq!(carrier.guard.delete_due(&request(&[])), Ok(vec![]), "nothing else is due");
    assert_eq!(carrier.guard.unfinished_erasures(), Ok(1));

    // From now on no clock brings it back, in any process, and nothing else went with it.
    carrier.clock.set(NOON);
    let other = carrier_with(&keys, Stores::in_memory(), &subjects);
    other.guard.import_password(&of, &crate::fixture::PASSWORD.to_owned().into()).unwrap();
    for carrier in [&carrier, &other] {
        assert_eq!(plan(carrier, &of, &today).unwrap_err(), PAST);
        assert_eq!(plan(carrier, &of, &later).unwrap(), "Unlimited Plus");
        assert_eq!(plan(carrier, &of, &for_good).unwrap(), "Unlimited Plus");
    }
    let again = carrier.guard.protect_until(&of, record(), day(23)).unwrap_err();
    assert_eq!(again, SubjectError::DeleteAfter.into(), "the day gets no other secret");

    // The record: who, on which case, which day; no account.
    let (log, index) = receipt.event.unwrap();
    assert_eq!(log, carrier.guard.audit().id());
    let event = carrier.guard.audit().entries(index..index + 1).next().unwrap().unwrap().1;
    assert_eq!((event.facts.kind, event.account.is_none()), (EventKind::ValuesDeleted, true));
    assert_eq!(event.facts.basis.unwrap().to_string(), "delete-after:2026-11-23");
    assert_eq!(event.facts.actor.unwrap().agent.as_str(), "fay");

    // What is beside it, the host confirms.
    let fay = AgentSession::new("fay");
    let confirm = |column| carrier.guard.confirm_due_deleted(day(23), column, &fay);
    assert_eq!(confirm("no_such"), Err(SubjectError::NoSuchColumn.into()));
    assert!(confirm("ssn").is_ok() && confirm("mobile").is_ok());
    assert!(confirm("plan_copy").unwrap().is_complete());
    let not_begun = carrier.guard.confirm_due_deleted(day(25), "ssn", &fay);
    assert_eq!(not_begun, Err(SubjectError::NotErased.into()));
    assert_eq!(carrier.guard.unfinished_erasures(), Ok(0));
    assert!(carrier.guard.audit().verify().is_ok());
}

#[test]
fn one_deletion_serves_all_accounts_and_every_day_that_was_missed() {
    let (carrier, keys, _) = carrier();
    let sealed: Vec<_> = (23..=27)
        .flat_map(|on| ["A-1", "A-2"].map(|of| (of, plan_until(&carrier.guard, of, day(on)))))
        .collect();
    // So that to seal it again is to open it.
    carrier.guard.keys().rotate(&keys, KeyBranch::Data).unwrap();
    carrier.clock.advance(A_DAY * 3);
    let receipts = carrier.guard.delete_due(&request(&[])).unwrap();
    assert!(receipts.iter().map(|receipt| receipt.delete_after).eq([23, 24, 25].map(|on| Some(day(on)))));
    carrier.clock.set(NOON);
    for (at, (of, sealed)) in sealed.iter().enumerate() {
        let again = carrier.guard.reseal(&account(of), sealed);
        if at < 6 { assert_eq!(again, Err(PAST)) } else { assert!(again.is_ok()) }
    }
}

#[test]
fn the_erasure_of_the_account_reaches_values_with_a_day() {
    let (carrier, keys, _) = carrier();
    let of = account("A-1");
    carrier.customer(&of);
    let (mine, theirs) =
        (plan_until(&carrier.guard, "A-1", day(25)), plan_until(&carrier.guard, "A-2", day(25)));
    carrier.guard.keys().rotate(&keys, KeyBranch::Data).unwrap();
    carrier.guard.erase(&of, &request(&[])).unwrap();
    assert_eq!(plan(&carrier, &of, &mine).unwrap_err(), SubjectError::Erased.into());
    assert_eq!(carrier.guard.reseal(&account("A-2"), &theirs).map(drop), Ok(()));
    let refused = carrier.guard.protect_until(&of, record(), day(25)).unwrap_err();
    assert_eq!(refused, SubjectError::Erased.into());
    // Readmitted, what was sealed in the epoch before stays gone.
    for column in ["ssn", "mobile"] {
        carrier.guard.confirm_deleted(&of, column, &AgentSession::new("fay")).unwrap();
    }
    carrier.guard.readmit(&of, &AgentSession::new("fay"), &request(&[]).case).unwrap();
    assert_eq!(plan(&carrier, &of, &mine).unwrap_err(), SubjectError::Erased.into());
    let anew = plan_until(&carrier.guard, "A-1", day(25));
    assert_eq!(plan(&carrier, &of, &anew).unwrap(), "Unlimited Plus");
}

#[test]
fn sealing_again_keeps_the_day() {
    let (carrier, keys, _) = carrier();
    let of = account("A-1");
    let for_good = carrier.customer(&of).record;
    let dated = [day(24), day(25)].map(|on| plan_until(&carrier.guard, "A-1", on));
    carrier.guard.keys().rotate(&keys, KeyBranch::Data).unwrap();
    let mut job = carrier.guard.reseal_job();
    let rows = [&dated[0], &for_good, &dated[1], &dated[0]].map(|sealed| (&of, Stored::from(sealed)));
    let done: Vec<_> = job
        .batch(rows)
        .unwrap()
        .into_iter()
        .map(|one| match one.unwrap() {
            Reseal::Done(done) => SealedRecord::from_bytes(done.bytes.as_bytes().to_vec()).unwrap(),
            Reseal::AlreadyCurrent => panic!("it was not"),
        })
        .collect();
    let days: Vec<_> = done.iter().map(SealedRecord::delete_after).collect();
    assert_eq!(days, [Some(day(24)), None, Some(day(25)), Some(day(24))]);
    assert!(done.iter().all(|sealed| plan(&carrier, &of, sealed).unwrap() == "Unlimited Plus"));
    carrier.clock.advance(A_DAY * 2);
    assert_eq!(carrier.guard.reseal(&of, &dated[0]), Err(PAST), "a row that is due is not carried on");
}

/// Somebody who can write the table gives a value a later day, or none.
#[test]
fn the_day_cannot_be_put_off() {
    let (carrier, ..) = carrier();
    let of = account("A-1");
    carrier.customer(&of);
    let sealed = plan_until(&carrier.guard, "A-1", day(23));
    plan_until(&carrier.guard, "A-1", day(25));
    let with_epoch = |epoch: u32| {
        let mut bytes = sealed.as_bytes().to_vec();
        bytes[8..12].copy_from_slice(&epoch.to_be_bytes());
        SealedRecord::from_bytes(bytes).unwrap()
    };
    let epoch = sealed.subject_epoch();
    assert_eq!(with_epoch(epoch + 2).delete_after(), Some(day(25)));
    for (changed, cause) in [
        (epoch + 2, SealedError::Commitment.into()),
        (1, SealedError::Commitment.into()),
        (0, SealedError::Commitment.into()),
        (epoch + 1, SubjectError::Missing.into()),
        (epoch + (1 << 16), SubjectError::Missing.into()),
        (epoch - (1 << 16), SubjectError::Erased.into()),
        (u32::MAX, SubjectError::Missing.into()),
    ] {
        assert_eq!(plan(&carrier, &of, &with_epoch(changed)).unwrap_err(), cause, "{changed:#x}");
    }
}

#[test]
fn a_token_does_not_outlive_its_value() {
    let (carrier, ..) = carrier();
    let of = account("A-1");
    carrier.customer(&of);
    let sealed = plan_until(&carrier.guard, "A-1", day(24));
    let issue = |expires: Timestamp| {
        let terms = TokenTerms::until(expires).for_purpose(Purpose::Support);
        carrier.guard.issue_token(&of, &sealed, "plan", terms)
    };
    let midnight = NOON.plus(TO_MIDNIGHT).plus(A_DAY);
    assert!(matches!(issue(midnight).unwrap_err(), Error::Token(TokenError::Terms { .. })));
    let token = issue(Timestamp::from_micros(midnight.as_micros() - 1)).unwrap();
    let mut call = carrier.authenticated("dana", &of);
    assert!(call.detokenise(&token).is_ok());
    call.end().unwrap();
    // The entry of the vault goes with the day: it has no other secret.
    carrier.clock.advance(TO_MIDNIGHT + A_DAY);
    carrier.guard.delete_due(&request(&[])).unwrap();
    carrier.clock.set(NOON);
    let mut call = carrier.authenticated("dana", &of);
    assert_eq!(call.detokenise(&token).unwrap_err(), PAST);
}

#[test]
fn days_that_cannot_be_kept_are_refused() {
    let (carrier, keys, _) = carrier();
    let of = account("A-1");
    let refused = |guard: &Guard, on| guard.protect_until(&of, record(), on).unwrap_err();
    let date = |year, month, day| CivilDate::new(year, month, day).unwrap();
    for on in [day(22), date(1969, 12, 31), date(2149, 6, 7), date(9999, 12, 31)] {
        assert_eq!(refused(&carrier.guard, on), SubjectError::DeleteAfter.into(), "{on}");
    }
    assert!(carrier.guard.protect_until(&of, record(), date(2149, 6, 6)).is_ok());
    let without = Carrier::with_keys(keys, Stores::in_memory()).unwrap();
    assert_eq!(refused(&without.guard, day(25)), SubjectError::NoStore.into());
    assert_eq!(without.guard.delete_due(&request(&[])), Err(SubjectError::NoStore.into()));
}

/// A column that another process registered is outstanding all the same.
#[test]
fn columns_of_the_store_need_not_be_named() {
    let (stores, keys) = (Stores::in_memory(), Arc::new(MemoryKeys::new().unwrap()));
    let subjects = Arc::new(MemorySubjectStore::new());
    let one = carrier_with(&keys, stores.clone(), &subjects);
    one.guard.register_column(TokenColumn::sealed("ssn_token", "ssn").unwrap()).unwrap();
    drop(one);
    let two = carrier_with(&keys, stores, &subjects);
    two.customer(&account("A-1"));
    let receipt = two.guard.erase(&account("A-1"), &request(&[])).unwrap();
    assert!(receipt.outstanding.iter().any(|name| name.as_str() == "ssn_token"));
}

/// As an erasure of an account: the process dies at every call of the store, on both sides of it.
#[test]
fn a_deletion_that_dies_anywhere_is_finished_by_asking_again() {
    let of = account("A-1");
    let mut deaths = 0;
    for after_effect in [false, true] {
        // At the first look for what is due, and from the last ones on.
        for at in [0].into_iter().chain(3_658..) {
            let (keys, inner) = (Arc::new(MemoryKeys::new().unwrap()), Arc::new(MemorySubjectStore::new()));
            let stores = Stores::in_memory();
            let carrier = carrier_with(&keys, stores.clone(), &inner);
            let sealed = plan_until(&carrier.guard, "A-1", day(23));
            carrier.guard.keys().rotate(&keys, KeyBranch::Data).unwrap();
            drop(carrier);
            let left = AtomicI64::new(at);
            let dying = Arc::new(Dying { inner: Arc::clone(&inner), left, after_effect, audit: None });
            let carrier = carrier_with(&keys, stores.clone(), &dying);
            carrier.clock.advance(TO_MIDNIGHT);
            let died = carrier.guard.delete_due(&request(&["plan_copy"])).is_err();
            let is_past = dying.left.load(Ordering::SeqCst) >= 0;
            drop(carrier);

            let carrier = carrier_with(&keys, stores, &inner);
            carrier.clock.advance(TO_MIDNIGHT);
            assert_eq!(carrier.guard.reseal(&of, &sealed), Err(PAST), "{at}");
            carrier.guard.delete_due(&request(&["plan_copy"])).unwrap();
            let receipt = carrier.guard.deletion_of(day(23)).unwrap().unwrap();
            assert!(receipt.is_deleted && receipt.event.is_some() && receipt.outstanding.len() == 3, "{at}");
            deaths += u32::from(died);
            if is_past {
                break;
            }
        }
    }
    assert!(deaths > 10, "{deaths}");
}

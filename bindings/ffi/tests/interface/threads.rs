//! A guard and an interaction that many threads share.

use std::thread;

use crate::fixture::*;

#[test]
fn eight_threads_share_a_guard() {
    let carrier = Carrier::new();
    let sealed = carrier.customer();
    // One after the other: attempts at a password are counted before they are looked at.
    let calls: Vec<_> = (0..8).map(|call| carrier.authenticated(&format!("call-{call}"))).collect();
    thread::scope(|scope| {
        for (thread, call) in calls.iter().enumerate() {
            let (carrier, sealed) = (&carrier, &sealed);
            scope.spawn(move || {
                let account = format!("acct-{thread}");
                for _ in 0..20 {
                    carrier.guard.protect(&item(&account, &customer_fields())).unwrap();
                }
                for _ in 0..5 {
                    let seen = call.view(sealed, &request(&["name"])).unwrap();
                    assert_eq!(seen.view.reveal(0).unwrap(), b"Dana Q. Example");
                    seen.view.wipe().unwrap();
                }
                call.end().unwrap();
            });
        }
    });
    let audit = carrier.guard.clone().audit().unwrap();
    let page = audit.who_saw(ACCOUNT.to_owned(), 0, NOON + DAY, 0, 100).unwrap();
    assert_eq!(page.events.len(), 40);
    assert!(matches!(audit.verify(None).unwrap(), cpni_guard_ffi::AuditCheck::Intact { .. }));
}

#[test]
fn an_interaction_ends_for_all_threads_at_once() {
    let carrier = Carrier::new();
    let sealed = carrier.customer();
    let call = carrier.authenticated("call-1");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    match call.view(&sealed, &request(&["name"])) {
                        // The end may come in between.
                        Ok(seen) => assert!(seen.view.reveal(0).map_or_else(|e| e.code() == 8001, |_| true)),
                        Err(refused) => assert!(matches!(refused.code(), 5003 | 5020..=5022), "{refused}"),
                    }
                }
            });
        }
        scope.spawn(|| call.end().unwrap());
    });
    assert_eq!(code(call.view(&sealed, &request(&["name"]))), 5003);
}

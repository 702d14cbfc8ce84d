//! The life of root keys, and passes that seal again.

use std::sync::Arc;

use cpni_guard::keys::{KeyBranch, KeyState};
use cpni_guard::vocabulary::EventKind;
use cpni_guard_ffi::{
    CauseCount, Guard, KeyDesk, KeyHolder, ResealJob, ResealResult, Unneeded, VersionCount,
    sealed_record_info,
};

use crate::fixture::*;

fn carrier() -> (Carrier, Arc<KeyHolder>, Arc<KeyDesk>) {
    let keys = KeyHolder::memory().unwrap();
    let carrier = Carrier::built(|builder| builder.keys(&keys));
    let desk = carrier.guard.clone().key_desk(keys.clone(), Some("sue".to_owned())).unwrap();
    (carrier, keys, desk)
}

fn seal(guard: &Guard, account: &str) -> Vec<u8> {
    guard.protect(&item(account, &customer_fields())).unwrap().sealed
}

fn again(result: &ResealResult) -> (Vec<u8>, u32, u32) {
    match result {
        ResealResult::Done { sealed, from, to } => (sealed.clone(), from.key_version, to.key_version),
        ResealResult::AlreadyCurrent | ResealResult::Failed { .. } => panic!("{result:?}"),
    }
}

#[test]
fn a_data_key_is_rotated_everything_sealed_again_and_the_old_key_destroyed() {
    let (carrier, _, desk) = carrier();
    let sealed = seal(&carrier.guard, ACCOUNT);
    let field = cpni_guard_ffi::sealed_record_field(&sealed, "plan".to_owned()).unwrap();
    let versions = desk.versions().unwrap();
    assert_eq!(versions.len(), 5);
    assert!(versions.iter().all(|id| (id.version, id.state) == (1, KeyState::Active)));
    assert_eq!(desk.rotate(KeyBranch::Data), Ok(2));
    let states = desk.versions().unwrap().into_iter().filter(|id| id.branch == KeyBranch::Data);
    assert_eq!(states.map(|id| id.state).collect::<Vec<_>>(), [KeyState::DecryptOnly, KeyState::Active]);
    let event = carrier.guard.clone().audit().unwrap().events(1, 10).unwrap().events.pop().unwrap();
    assert_eq!((event.kind, event.agent.as_deref()), (EventKind::KeysChanged, Some("sue")));

    let new = seal(&carrier.guard, "acct-000043");
    let job = carrier.guard.reseal_job().unwrap();
    let rows = [
        row(ACCOUNT, 1, &sealed),
        row(ACCOUNT, 2, &field),
        row("acct-000043", 1, &new),
        row("acct-000043", 1, &sealed),
        row(ACCOUNT, 1, b"not sealed"),
    ];
    let done = job.batch(&batch(&rows)).unwrap();
    let (moved, from, to) = again(&done[0]);
    assert_eq!((from, to, sealed_record_info(&moved).unwrap().key_version), (1, 2, 2));
    let (column, ..) = again(&done[1]);
    assert_eq!(done[2], ResealResult::AlreadyCurrent);
    let ResealResult::Failed { code: moved_by } = done[3] else { panic!("{:?}", done[3]) };
    assert_eq!(done[4], ResealResult::Failed { code: 3001 });
    let progress = job.progress().unwrap();
    assert_eq!((progress.resealed, progress.current, progress.unreadable), (2, 1, 1));
    assert_eq!(progress.failed, [CauseCount { code: moved_by, count: 1 }]);
    assert_eq!(progress.found[0], VersionCount { version: 1, count: 3 });
    assert_eq!((progress.without_secret, progress.began_micros), (4, NOON));
    let first = job.finish().unwrap();
    assert!(!first.shows_unneeded(1).unwrap());
    assert_eq!(code(job.finish()), 9308);
    assert_eq!(code(job.batch(&batch(&[]))), 9308);
    let destroy = |report| desk.destroy(KeyBranch::Data, 1, Unneeded::Rows { report });
    assert_eq!(code(destroy(first)), 2022);

    // A second pass, that finds nothing.
    let pass = |more: &dyn Fn(&ResealJob)| {
        let job = carrier.guard.reseal_job().unwrap();
        let rows = [row(ACCOUNT, 1, &moved), row(ACCOUNT, 2, &column), row("acct-000043", 1, &new)];
        assert!(job.batch(&batch(&rows)).unwrap().iter().all(|one| *one == ResealResult::AlreadyCurrent));
        more(&job);
        job.finish().unwrap()
    };
    assert_eq!(code(destroy(pass(&|job| job.found_unreadable().unwrap()))), 2023);
    let term = |version: u8| vec![0, 0, 0, version, 20, 1, 1, 16];
    assert_eq!(code(destroy(pass(&|job| job.found_terms(&list(&[&term(1)])).unwrap()))), 2022);
    assert_eq!(code(destroy(pass(&|job| job.found_terms(&list(&[b"x"])).unwrap()))), 2023);
    let report = pass(&|job| job.found_terms(&list(&[&term(2)])).unwrap());
    assert_eq!((report.shows_unneeded(1), report.shows_unneeded(2)), (Ok(true), Ok(false)));
    assert_eq!(report.counts().unwrap().current, 3);
    assert_eq!(code(desk.destroy(KeyBranch::Data, 1, Unneeded::OwnStores)), 2023);
    destroy(report).unwrap();
    let gone = desk.versions().unwrap().into_iter().find(|id| id.state == KeyState::Destroyed).unwrap();
    assert_eq!((gone.branch, gone.version), (KeyBranch::Data, 1));

    carrier.customer();
    let call = carrier.authenticated("call-1");
    assert_eq!(code(call.view(&sealed, &request(&["plan"]))), 2010);
    let seen = call.view(&moved, &request(&["plan"])).unwrap();
    assert_eq!(seen.view.reveal(0).unwrap(), b"Unlimited Canary");
}

#[test]
fn passwords_hold_a_key_back_until_they_move_or_are_forgotten() {
    let (carrier, _, desk) = carrier();
    carrier.customer();
    desk.rotate(KeyBranch::Data).unwrap();
    let needs = desk.needs(KeyBranch::Data, 1).unwrap();
    assert_eq!((needs.secrets, needs.total), (1, 1));
    assert_eq!(code(desk.forget_secrets(2)), 2019);
    assert_eq!(desk.forget_secrets(1), Ok(1));
    assert_eq!(desk.needs(KeyBranch::Data, 1).unwrap().total, 0);
    assert_eq!(code(desk.needs(KeyBranch::Reference, 1)), 2018);
}

#[test]
fn a_key_is_retired_and_reinstated_and_refusals_are_typed() {
    let (carrier, _, desk) = carrier();
    let sealed = carrier.customer();
    assert_eq!(code(desk.rotate(KeyBranch::Reference)), 2018);
    assert_eq!(code(desk.retire(KeyBranch::Data, 1)), 2019);
    assert_eq!(code(desk.retire(KeyBranch::Audit, 1)), 2022);
    let call = carrier.authenticated("call-1");
    desk.rotate(KeyBranch::Data).unwrap();
    desk.retire(KeyBranch::Data, 1).unwrap();
    assert_eq!(code(desk.retire(KeyBranch::Data, 1)), 2025);
    assert_eq!(code(call.view(&sealed, &request(&["plan"]))), 2021);
    desk.reinstate(KeyBranch::Data, 1).unwrap();
    assert!(call.view(&sealed, &request(&["plan"])).is_ok());

    // Who asks is looked up each time, and nothing outlives the guard.
    carrier.agents.sign_out("sue".to_owned()).unwrap();
    assert_eq!(code(desk.rotate(KeyBranch::Data)), 5001);
    carrier.guard.shut_down().unwrap();
    assert_eq!(code(desk.versions()), 9301);
    assert_eq!(code(carrier.guard.reseal_job()), 9301);
}

#[test]
fn other_processes_reload_and_a_keyring_moves_to_another_provider() {
    let vault = Arc::new(crate::hosts::Host::default());
    let keys = KeyHolder::host(vault.clone(), true).unwrap();
    let one = Carrier::built(|builder| builder.keys(&keys));
    let other = Carrier::built(|builder| builder.keys(&keys));
    let desk = one.guard.clone().key_desk(keys.clone(), None).unwrap();
    let theirs = other.guard.clone().key_desk(keys.clone(), None).unwrap();
    assert_eq!(theirs.reload(), Ok(false));
    desk.rotate(KeyBranch::Data).unwrap();
    assert_eq!(code(theirs.rotate(KeyBranch::Data)), 2017, "it was changed meanwhile: reload");
    assert_eq!(theirs.reload(), Ok(true));
    let sealed = seal(&one.guard, ACCOUNT);
    other.customer();
    assert!(other.authenticated("call-1").view(&sealed, &request(&["plan"])).is_ok());

    // Another key store: nothing that is sealed is touched.
    let new = KeyHolder::host(Arc::new(crate::hosts::Host::default()), false).unwrap();
    desk.rewrap(&new).unwrap();
    assert_eq!(desk.rewrap(&new), Ok(()), "it was done");
    assert_eq!(code(desk.rewrap(&KeyHolder::memory().unwrap())), 2003);
    let third = Carrier::built(|builder| builder.keys(&new));
    third.customer();
    assert!(third.authenticated("call-1").view(&sealed, &request(&["plan"])).is_ok());
    // What another process stored between looking and storing is not overwritten.
    vault.be_late();
    assert_eq!(code(desk.rotate(KeyBranch::Data)), 2017);
}

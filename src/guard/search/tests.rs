use std::sync::Arc;

use super::*;
use crate::classify::{Record, Schema};
use crate::envelope::SealedRecord;
use crate::guard::Stores;
use crate::interaction::{AgentProfile, ContactState, MemoryContacts, MemoryDirectory};
use crate::keys::{
    KeyBranch, KeyProvider as _, KeyState, KeyVersion, MemoryKeys, write_document_for_testing,
};
use crate::vocabulary::{AgentId, Channel, ContactId, EmployerId, ManualClock, Role};

const SCHEMA: &str = "[fields]\nssn = { class = \"ssn\" }\nmobile = { class = \"account_info\", kind = \"nanp\" }\n\
    [indexes]\nssn = { fields = [\"ssn\"], bits = 7, rows = 1000, distinct = 1000 }\n\
    mobile = { fields = [\"mobile\"], bits = 7, rows = 1000, distinct = 1000 }\n";
const GRANTS: &str = "id = \"g\"\ntitle = \"t\"\n[[rule]]\nid = \"r\"\ntitle = \"t\"\neffect = \"permit\"\n\
    when = { role = [\"fraud_analyst\"], op = [\"search\"], class = [\"ssn\", \"account_info\"] }\n";

/// A guard of one carrier, whose data keys are in these states. Its contact is a case of Fay's.
fn guard(data: &[KeyState]) -> Guard {
    let mut roots: Vec<_> = (1..)
        .zip(data)
        .map(|(version, state)| {
            let byte = u8::try_from(version).unwrap();
            (KeyVersion { branch: KeyBranch::Data, version, state: *state }, [byte; 32])
        })
        .collect();
    for (branch, key) in [(KeyBranch::Audit, [0xA0; 32]), (KeyBranch::Reference, [0xB0; 32])] {
        roots.push((KeyVersion { branch, version: 1, state: KeyState::Active }, key));
    }
    let keys = MemoryKeys::new().unwrap();
    keys.store(&write_document_for_testing(&keys, &roots).unwrap()).unwrap();
    let now = Timestamp::from_secs(1_795_446_240);
    let fay = AgentId::new("fay").unwrap();
    let directory = MemoryDirectory::default();
    directory.sign_in(
        "fay",
        AgentProfile {
            id: fay.clone(),
            role: Role::FraudAnalyst,
            employer: EmployerId::new("carrier").unwrap(),
            site: None,
            country: None,
            trained_until: Some(now),
            may_approve: false,
            own_account: None,
        },
    );
    let contacts = MemoryContacts::default();
    let case = ContactId::new("case-1").unwrap();
    let state = ContactState { case: Some(case.clone()), ..ContactState::live(Channel::BackOffice, fay) };
    contacts.set(case, state);
    Guard::builder()
        .schema(Schema::from_toml(SCHEMA).unwrap())
        .grants(GRANTS)
        .keys(keys)
        .store(Stores::in_memory())
        .agents(Arc::new(directory))
        .contacts(Arc::new(contacts))
        .clock(Arc::new(ManualClock::new(now)))
        .build()
        .unwrap()
}

struct Row {
    account: AccountId,
    record: SealedRecord,
    mobile: IndexTerm,
}

fn mobile(number: usize) -> String {
    format!("202-555-{number:04}")
}

/// The numbers of the customers that a search for each of `numbers` finds; `None` where it found other than one.
fn found(guard: &Guard, rows: &[Row], numbers: core::ops::Range<usize>) -> Vec<Option<String>> {
    let one = |number| {
        let contact = Contact::of(ContactId::new("case-1").unwrap(), Channel::BackOffice);
        let stated = [Sensitive::from(mobile(number))];
        let search =
            guard.search(AgentSession::new("fay"), contact, Purpose::Fraud, "mobile", &stated).unwrap();
        let hits = rows.iter().filter(|row| search.terms().contains(&row.mobile));
        let hits: Vec<_> = hits.map(|row| (row.account.clone(), row.record.clone())).collect();
        let found = search.find(hits.iter().map(|(account, record)| (account, record))).unwrap();
        match found.accounts() {
            [account] => Some(account.expose().to_owned()),
            _ => None,
        }
    };
    numbers.map(one).collect()
}

/// Rows of before and after a rotation, each with its term of before or after: whatever the worker has done so
/// far, nothing is missed.
#[test]
fn a_search_in_the_middle_of_a_rotation_misses_nothing() {
    use KeyState::{Active, DecryptOnly, Destroyed};
    let before = guard(&[Active]);
    let seal = |guard: &Guard, number: usize| {
        let account = AccountId::new(format!("A-{number}")).unwrap();
        let protected = guard.protect(&account, Record::new().text("mobile", mobile(number))).unwrap();
        let mobile = *protected.terms.get("mobile").unwrap();
        Row { account, record: protected.record, mobile }
    };
    let mut rows: Vec<_> = (0..100).map(|number| seal(&before, number)).collect();

    // Version 2 seals from now on. Half of the rows are done; new ones come in.
    let during = guard(&[DecryptOnly, Active]);
    rows.extend((100..120).map(|number| seal(&during, number)));
    let reindex = |rows: &mut [Row]| {
        for row in rows.iter_mut().filter(|row| during.needs_reindex("mobile", &row.mobile).unwrap()) {
            row.mobile = *during.reindex(&row.account, &row.record).unwrap().get("mobile").unwrap();
        }
    };
    reindex(&mut rows[..50]);
    assert_eq!(rows.iter().filter(|row| row.mobile.key_version() == 1).count(), 50);
    let expected = |numbers: core::ops::Range<usize>| -> Vec<_> {
        numbers.map(|number| Some(format!("A-{number}"))).collect()
    };
    // Around the place where the worker is, and among the new ones; 20 searches a case.
    assert_eq!(found(&during, &rows, 40..60), expected(40..60));
    assert_eq!(found(&guard(&[DecryptOnly, Active]), &rows, 100..120), expected(100..120));
    // The worker that died goes on; twice is as good as once.
    reindex(&mut rows);
    reindex(&mut rows);
    assert!(rows.iter().all(|row| row.mobile.key_version() == 2));
    // Every term is new and half of the records are old: searched with the new key, opened with the old.
    assert_eq!(found(&guard(&[DecryptOnly, Active]), &rows, 40..60), expected(40..60));

    // Destroyed too early: the rows whose term was left behind are not found any more, which is what
    // `needs_reindex` is for.
    rows[0].mobile = *before.reindex(&rows[0].account, &rows[0].record).unwrap().get("mobile").unwrap();
    let after = guard(&[Destroyed, Active]);
    assert_eq!(after.needs_reindex("mobile", &rows[0].mobile), Ok(true));
    assert_eq!(found(&after, &rows, 0..1), [None]);
    assert_eq!(found(&after, &rows, 110..112), expected(110..112));
}

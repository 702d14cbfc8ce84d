//! Erasure of an account, from the request to the last column that the host deleted.

use cpni_guard::vocabulary::EventKind;
use cpni_guard_ffi::{Day, ErasureReceipt, TokenColumn, TokenForm, TokenTerms};

use crate::fixture::*;

const CASE: &str = "case-77";

fn erased(carrier: &Carrier) -> ErasureReceipt {
    let expire = Some(Day { year: 2027, month: 3, day: 1 });
    let columns = vec!["crm_note".to_owned()];
    let (account, by, case) = (ACCOUNT.to_owned(), "sue".to_owned(), CASE.to_owned());
    carrier.guard.erase(account, by, case, expire, columns).unwrap()
}

#[test]
fn an_account_is_erased_and_the_host_confirms_what_it_deleted() {
    let carrier = Carrier::built(|builder| builder.memory_subjects());
    let sealed = carrier.customer();
    let join = TokenColumn { name: "ssn_join".to_owned(), field: "ssn".to_owned(), form: TokenForm::Sealed };
    carrier.guard.register_column(join).unwrap();
    let terms =
        TokenTerms { expires_micros: NOON + DAY, purposes: vec![cpni_guard::Purpose::Support], uses: None };
    let token = carrier.guard.issue_token(ACCOUNT.to_owned(), &sealed, &request(&["plan"]), terms).unwrap();
    let call = carrier.authenticated("call-1");
    assert!(call.view(&sealed, &request(&["plan"])).is_ok());
    assert_eq!(carrier.guard.erasure_of(ACCOUNT.to_owned()), Ok(None));
    let confirm =
        |column: &str| carrier.guard.confirm_deleted(ACCOUNT.to_owned(), column.to_owned(), "sue".to_owned());
    assert_eq!(code(confirm("ssn")), 2105);

    let receipt = erased(&carrier);
    assert!(receipt.is_deleted && !receipt.is_complete);
    assert_eq!(receipt.outstanding, ["crm_note", "mobile", "ssn", "ssn_join"]);
    assert_eq!((receipt.epoch, receipt.at_micros, receipt.key_version), (1, NOON, Some(1)));
    assert_eq!(receipt.backups_expire, Some(Day { year: 2027, month: 3, day: 1 }));
    assert_eq!(receipt.log.as_ref().map(Vec::len), Some(16));
    let audit = carrier.guard.clone().audit().unwrap();
    let event = audit.events(receipt.event.unwrap(), 1).unwrap().events.pop().unwrap();
    assert_eq!((event.kind, event.agent.as_deref()), (EventKind::AccountErased, Some("sue")));

    // Nothing opens, in no way, and no new secret is made by accident.
    assert_eq!(code(call.view(&sealed, &request(&["plan"]))), 2101);
    assert_eq!(code(call.detokenise(&token)), 3153);
    assert_eq!(code(carrier.guard.protect(&item(ACCOUNT, &customer_fields()))), 2101);
    assert_eq!(erased(&carrier), receipt, "asked again, it says the same");

    assert_eq!(carrier.guard.unfinished_erasures(), Ok(1));
    let readmit = || carrier.guard.readmit(ACCOUNT.to_owned(), "sue".to_owned(), CASE.to_owned());
    assert_eq!(code(readmit()), 2106);
    assert_eq!(code(confirm("nothing")), 2107);
    for column in ["crm_note", "mobile", "ssn"] {
        assert!(!confirm(column).unwrap().is_complete);
    }
    assert!(confirm("ssn_join").unwrap().is_complete);
    assert_eq!(code(confirm("ssn_join")), 2107);
    assert_eq!(carrier.guard.unfinished_erasures(), Ok(0));
    assert_eq!(
        carrier.guard.erasure_of(ACCOUNT.to_owned()).unwrap().map(|last| last.is_complete),
        Some(true)
    );
    assert_eq!(readmit(), Ok(2));
    let new = carrier.guard.protect(&item(ACCOUNT, &customer_fields())).unwrap().sealed;
    assert!(call.view(&new, &request(&["plan"])).is_ok());
    assert_eq!(code(call.view(&sealed, &request(&["plan"]))), 2101, "what was erased stays so");
    assert!(matches!(audit.verify(None), Ok(cpni_guard_ffi::AuditCheck::Intact { .. })));
}

#[test]
fn what_is_to_be_deleted_after_a_day_is() {
    let carrier = Carrier::built(|builder| builder.memory_subjects());
    let for_good = carrier.customer();
    let today = Day { year: 2026, month: 11, day: 23 };
    let until = |day: Day| carrier.guard.protect_until(&item(ACCOUNT, &customer_fields()), day);
    let sealed = until(today).unwrap().sealed;
    let info = cpni_guard_ffi::sealed_record_info(&sealed).unwrap();
    assert_eq!(info.delete_after, Some(today));
    assert_eq!(code(until(Day { day: 22, ..today })), 2111);
    assert_eq!(code(until(Day { day: 31, ..today })), 9307);
    let due = || carrier.guard.delete_due("sue".to_owned(), CASE.to_owned(), None, vec![]);
    assert_eq!(due(), Ok(vec![]));
    let call = carrier.authenticated("call-1");
    assert!(call.view(&sealed, &request(&["plan"])).is_ok());
    carrier.clock.advance(DAY).unwrap();
    let call = carrier.authenticated("call-2");
    assert_eq!(code(call.view(&sealed, &request(&["plan"]))), 2110);
    assert!(call.view(&for_good, &request(&["plan"])).is_ok());
    assert_eq!(carrier.guard.deletion_of(today), Ok(None));

    let receipts = due().unwrap();
    assert_eq!(receipts.len(), 1);
    assert!(receipts[0].is_deleted && receipts[0].delete_after == Some(today));
    assert_eq!(carrier.guard.deletion_of(today).unwrap().as_ref(), receipts.first());
    for column in &receipts[0].outstanding {
        carrier.guard.confirm_due_deleted(today, column.clone(), "sue".to_owned()).unwrap();
    }
    assert!(carrier.guard.deletion_of(today).unwrap().is_some_and(|receipt| receipt.is_complete));
}

#[test]
fn an_erasure_that_cannot_be_is_refused() {
    let without = Carrier::new();
    let erase = |carrier: &Carrier, by: &str, expire, columns| {
        code(carrier.guard.erase(ACCOUNT.to_owned(), by.to_owned(), CASE.to_owned(), expire, columns))
    };
    assert_eq!(erase(&without, "sue", None, vec![]), 2103);
    assert_eq!(code(without.guard.unfinished_erasures()), 2103);
    let carrier = Carrier::built(|builder| builder.memory_subjects());
    let sealed = carrier.customer();
    assert_eq!(erase(&carrier, "nobody", None, vec![]), 5001);
    assert_eq!(erase(&carrier, "sue", None, vec!["a b".to_owned()]), 1003);
    assert_eq!(erase(&carrier, "sue", Some(Day { year: 2027, month: 2, day: 30 }), vec![]), 9307);
    assert_eq!(erase(&carrier, "sue", None, (0..300).map(|at| format!("c{at}")).collect()), 2108);
    let call = carrier.authenticated("call-1");
    assert!(call.view(&sealed, &request(&["plan"])).is_ok(), "and nothing was erased");
}

//! From plain columns to sealed ones.

use cpni_guard::guard::ColumnContent;
use cpni_guard_ffi::{CauseCount, MigratedValue, column_content, sealed_field_from_text};

use crate::fixture::*;

#[test]
fn plain_columns_are_rehearsed_sealed_read_both_ways_and_compared() {
    let carrier = Carrier::new();
    let guard = &carrier.guard;
    let values = [
        column_value(ACCOUNT, "ssn", "987-65-4321"),
        column_value(ACCOUNT, "plan", ""),
        column_value(ACCOUNT, "mobile", "not a number"),
        column_value(ACCOUNT, "ssn", "Q0dGAdamaged"),
        column_value(ACCOUNT, "nothing", "x"),
        column_value("", "plan", "Unlimited"),
    ];
    let size = || guard.clone().audit().unwrap().size().unwrap();
    let before = size();
    let rehearsed = guard.rehearse_migration(&batch(&values)).unwrap();
    assert_eq!((rehearsed.empty, rehearsed.sealed, rehearsed.plain, rehearsed.concerns), (1, 0, 2, 1));
    let failed: Vec<_> = rehearsed.failed.iter().map(|failed| (failed.code, failed.count)).collect();
    assert_eq!(failed, [(1001, 1), (1101, 1), (3001, 1)]);
    assert!(!rehearsed.is_clean);

    let done = guard.migrate(&batch(&values)).unwrap();
    assert_eq!(done.report, rehearsed);
    let MigratedValue::Sealed { columns, concerns } = &done.results[0] else { panic!("{done:?}") };
    let fields: Vec<_> = columns.iter().map(|column| column.field.as_str()).collect();
    assert_eq!((fields, concerns.len()), (vec!["ssn", "ssn_last4"], 0));
    assert_eq!(done.results[1], MigratedValue::Already);
    assert!(matches!(&done.results[2], MigratedValue::Sealed { concerns, .. } if concerns.len() == 1));
    let codes = [3001, 1101, 1001].map(|code| MigratedValue::Failed { code });
    assert_eq!(done.results[3..], codes);

    let sealed = &columns[0].text;
    assert_eq!(column_content("ssn".to_owned(), sealed.as_bytes()), Ok(ColumnContent::Sealed));
    assert_eq!(column_content("plan".to_owned(), sealed.as_bytes()), Ok(ColumnContent::Damaged));
    assert_eq!(column_content("ssn".to_owned(), b"987-65-4321"), Ok(ColumnContent::Plain));
    let again = guard.migrate(&batch(&[column_value(ACCOUNT, "ssn", sealed)])).unwrap();
    assert_eq!((again.results.as_slice(), again.report.sealed), ([MigratedValue::Already].as_slice(), 1));
    assert!(again.report.is_clean && again.report.failed == [CauseCount { code: 0, count: 0 }; 0]);

    // While both are there, both are read as one.
    let read = |text: &str| guard.read_both(&column_value(ACCOUNT, "ssn", text));
    assert_eq!(read(sealed), Ok(Some(sealed_field_from_text(sealed.clone()).unwrap())));
    assert!(read("987-65-4321").unwrap().is_some());
    assert_eq!(read(""), Ok(None));
    assert_eq!(code(read("Q0dGAdamaged")), 3001);

    let pair = |account: &str, plain: &str, sealed: &str| {
        [column_value(account, "ssn", plain), part32(sealed.as_bytes())].concat()
    };
    let pairs = [
        pair(ACCOUNT, "987-65-4321", sealed),
        pair(ACCOUNT, "987-65-4322", sealed),
        pair("acct-000043", "987-65-4321", sealed),
        pair(ACCOUNT, "987-65-4321", "987-65-4321"),
    ];
    assert_eq!(size(), before, "sealing and reading are not recorded");
    let compared = guard.compare_columns(&batch(&pairs)).unwrap();
    assert_eq!((compared.same, compared.different), (1, vec![1, 2, 3]));
    assert_eq!(size(), before + 1, "a comparison says something of the sealed value");
    assert_eq!(code(guard.compare_columns(&batch(&[pair("", "1", sealed)]))), 1001);
    assert_eq!(size(), before + 1);
}

#[test]
fn what_is_no_list_is_refused_as_a_whole() {
    let carrier = Carrier::new();
    let whole = batch(&[column_value(ACCOUNT, "plan", "Unlimited"), column_value(ACCOUNT, "plan", "Basic")]);
    for cut in 0..whole.len() {
        assert_eq!(code(carrier.guard.migrate(&whole[..cut])), 9302, "{cut}");
        assert_eq!(code(carrier.guard.rehearse_migration(&whole[..cut])), 9302, "{cut}");
    }
    let rows = batch(&[row(ACCOUNT, 1, b"sealed"), row(ACCOUNT, 2, b"sealed")]);
    for cut in 0..rows.len() {
        assert_eq!(code(carrier.guard.reindex(&rows[..cut])), 9302, "{cut}");
    }
    let many: Vec<_> = (0..10_001).map(|_| row(ACCOUNT, 1, b"")).collect();
    assert_eq!(code(carrier.guard.reindex(&batch(&many))), 9302);
    assert_eq!(carrier.guard.reindex(&batch(&many[1..])).unwrap().len(), 10_000);
}

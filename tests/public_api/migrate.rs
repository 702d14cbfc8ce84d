//! From plain columns to sealed ones.

use cpni_guard::error::{RecordError, SealedError};
use cpni_guard::guard::{ColumnComparison, ColumnContent, ColumnValue, Migrated, MigrationReport};
use cpni_guard::vocabulary::{EventKind, RecordId};
use cpni_guard::{AccountId, SealedField, Stores};

use crate::fixture::{Carrier, account};

const SSNS: [&str; 4] = ["987-65-4321", "987654320", "12345678", ""];

struct Table {
    carrier: Carrier,
    accounts: Vec<AccountId>,
    rows: Vec<RecordId>,
    ssn: Vec<String>,
}

impl Table {
    fn new() -> Self {
        let accounts = (0..SSNS.len()).map(|number| account(&format!("A-{number}"))).collect();
        let rows = (0..SSNS.len()).map(|number| RecordId::new(format!("row-{number}")).unwrap()).collect();
        let ssn = SSNS.map(str::to_owned).to_vec();
        Self { carrier: Carrier::new(Stores::in_memory()), accounts, rows, ssn }
    }

    fn value(&self, at: usize) -> ColumnValue<'_> {
        ColumnValue { account: &self.accounts[at], record: &self.rows[at], field: "ssn", text: &self.ssn[at] }
    }

    fn values(&self) -> impl Iterator<Item = ColumnValue<'_>> {
        (0..self.ssn.len()).map(|at| self.value(at))
    }

    fn rehearse(&self) -> MigrationReport {
        let mut report = MigrationReport::default();
        self.carrier.guard.rehearse_migration(self.values(), &mut report);
        report
    }

    /// A pass over at most `limit` rows: what it sealed is written in place.
    fn pass(&mut self, limit: usize) -> MigrationReport {
        let mut report = MigrationReport::default();
        let migrated = self.carrier.guard.migrate(self.values().take(limit), &mut report);
        for (at, migrated) in migrated.into_iter().enumerate() {
            if let Ok(Migrated::Sealed { columns, .. }) = migrated {
                let names: Vec<_> = columns.iter().map(SealedField::name).collect();
                // What is no SSN has no last four digits to take.
                let expected: &[&str] = if at == 2 { &["ssn"] } else { &["ssn", "ssn_last4"] };
                assert_eq!(names, expected, "the last four digits get a column of their own");
                self.ssn[at] = columns[0].to_text();
            }
        }
        report
    }
}

#[test]
fn a_column_is_looked_at_sealed_compared_and_can_be_dropped() {
    let mut table = Table::new();
    let found = MigrationReport { empty: 1, plain: 3, concerns: 1, ..MigrationReport::default() };
    assert_eq!(table.rehearse(), found);
    assert_eq!(table.ssn, SSNS, "a rehearsal writes nothing");

    // Interrupted after two rows, begun again.
    assert_eq!(table.pass(2).plain, 2);
    let again = table.pass(9);
    assert_eq!((again.sealed, again.plain, again.empty), (2, 1, 1));
    let clean = table.pass(9);
    assert_eq!((clean.sealed, clean.plain, clean.empty, clean.is_clean()), (3, 0, 1, true));
    assert!(!again.is_clean());

    // Compared with what was there. The value is kept as it was spelled.
    let guard = &table.carrier.guard;
    let plain = |at: usize| ColumnValue { text: SSNS[at], ..table.value(at) };
    let pairs = || (0..3).map(|at| (plain(at), table.ssn[at].as_str()));
    assert_eq!(guard.compare_columns(pairs()), Ok(ColumnComparison { same: 3, different: vec![] }));
    let exchanged = [(plain(0), table.ssn[1].as_str()), (plain(1), ""), (plain(2), &table.ssn[2])];
    assert_eq!(guard.compare_columns(exchanged), Ok(ColumnComparison { same: 1, different: vec![0, 1] }));
    let told: Vec<_> = guard.audit().entries(0..u64::MAX).map(|entry| entry.unwrap().1.facts).collect();
    let told: Vec<_> = told.iter().filter(|facts| facts.kind == EventKind::ColumnsCompared).collect();
    assert_eq!(told[1].basis.as_ref().unwrap().as_str(), "same-1-different-2");
}

/// While both are there a reader need not know which it has: all go through a view.
#[test]
fn both_kinds_are_read_as_one() {
    let table = Table::new();
    let guard = &table.carrier.guard;
    let (row, owner) = (&table.rows[0], &table.accounts[0]);
    let customer = table.carrier.customer(owner);
    drop(customer);
    let plan = |text| ColumnValue { account: owner, record: row, field: "plan", text };
    let first = guard.read_both(&plan("Unlimited Plus")).unwrap().unwrap();
    let text = first.to_text();
    let second = guard.read_both(&plan(&text)).unwrap().unwrap();
    assert_eq!(first, second, "what is sealed is not sealed again");
    assert_eq!(guard.read_both(&plan("")), Ok(None));
    let mut call = table.carrier.authenticated("dana", owner);
    for column in [&first, &second] {
        let view = call.view((column, row), ["plan"]).unwrap();
        view.field("plan")
            .unwrap()
            .disclosed()
            .unwrap()
            .with_text(|text| assert_eq!(text, "Unlimited Plus"))
            .unwrap();
    }
}

/// A column that was too narrow, or bytes of another column: never taken for a plain value.
#[test]
fn damaged_values_are_neither_sealed_again_nor_shown() {
    let mut table = Table::new();
    table.pass(9);
    let whole = table.ssn[0].clone();
    assert_eq!(whole.len(), 142, "docs/migration.md says how wide a column has to be");
    let guard = &table.carrier.guard;
    let value = |text| ColumnValue { text, ..table.value(0) };
    assert_eq!(ColumnContent::of("ssn", &whole), ColumnContent::Sealed);
    assert_eq!(ColumnContent::of("mobile", &whole), ColumnContent::Damaged, "another field's");
    for cut in 1..whole.len() {
        let expected = if cut < 5 { ColumnContent::Plain } else { ColumnContent::Damaged };
        assert_eq!(ColumnContent::of("ssn", whole.get(..cut).unwrap()), expected, "{cut}");
    }
    let record = guard.protect(&table.accounts[0], cpni_guard::Record::new().text("plan", "x")).unwrap();
    assert_eq!(ColumnContent::of("ssn", &record.record.to_text()), ColumnContent::Damaged, "a whole record");

    let cut = whole.get(..40).unwrap();
    let mut report = MigrationReport::default();
    let results = guard.migrate([value(cut), value(&whole), value("987-65-4321")], &mut report);
    assert!(
        matches!(results[0], Err(cpni_guard::Error::Sealed(SealedError::Format { .. }))),
        "{:?}",
        results[0]
    );
    assert!(matches!(results[1..], [Ok(Migrated::Already), Ok(Migrated::Sealed { .. })]));
    assert_eq!((report.failed.values().sum::<u64>(), report.is_clean()), (1, false));
    assert!(guard.read_both(&value(cut)).is_err());
    let mobile = ColumnValue { field: "mobile", ..value(&whole) };
    assert_eq!(guard.read_both(&mobile), Err(SealedError::SchemaMismatch.into()));
    let nothing = ColumnValue { field: "nothing", ..value("x") };
    assert_eq!(guard.read_both(&nothing), Err(RecordError::UnknownField { position: 0 }.into()));
    // Sealed for another row or account: it reads, and does not open there.
    let moved = guard.compare_columns([(ColumnValue { text: SSNS[0], ..table.value(1) }, whole.as_str())]);
    assert_eq!(moved, Ok(ColumnComparison { same: 0, different: vec![0] }));
    assert_eq!(format!("{:?}", value(SSNS[0])), "ColumnValue(..)");
}

//! Sealing and opening a record of sixteen fields, beside the raw cipher.

use core::hint::black_box;

use cpni_guard::SealedRecord;
use cpni_guard::testing::{Fields, SealingAccount};
use criterion::Criterion;

use crate::raw::Raw;
use crate::subscriber::{self, Plain};

pub(crate) fn account() -> SealingAccount {
    let (tenant, account) = (subscriber::tenant(), subscriber::account());
    SealingAccount::new(&[7; 32], tenant, account, subscriber::record_id()).expect("an account")
}

fn fields(plain: &[Plain]) -> Fields<'_> {
    Fields::new(plain.iter().map(Plain::field))
}

fn open_all(account: &SealingAccount, record: &SealedRecord, plain: &[Plain]) {
    let asked = plain.iter().map(Plain::asked);
    account
        .open(record, asked, |text| {
            black_box(text);
        })
        .expect("it opens");
}

/// The class keys are cached.
pub(crate) fn seal(c: &mut Criterion) {
    let (plain, account) = (subscriber::plain(), account());
    let (raw, mut fields) = (Raw::of(&plain), fields(&plain));
    let mut group = c.benchmark_group("seal");
    group.bench_function("warm", |b| b.iter(|| account.seal(&mut fields)));
    group.bench_function("raw", |b| b.iter(|| raw.seal()));
    group.finish();
}

pub(crate) fn open(c: &mut Criterion) {
    let (plain, account) = (subscriber::plain(), account());
    let raw = Raw::of(&plain);
    let sealed = account.seal(&mut fields(&plain)).expect("it seals");
    let raw_sealed = raw.seal();
    let mut group = c.benchmark_group("open");
    group.bench_function("warm", |b| b.iter(|| open_all(&account, &sealed, &plain)));
    group.bench_function("raw", |b| {
        b.iter(|| {
            raw.open(&raw_sealed, |text| {
                black_box(text);
            })
        })
    });
    group.finish();
}

/// Cold is what the first look of an interaction costs: the account key and all eleven class keys
/// are derived. `derived_once` is cold for the sealing and warm for the opening, `derived_twice`
/// cold for both.
pub(crate) fn seal_and_open(c: &mut Criterion) {
    let (plain, mut account) = (subscriber::plain(), account());
    let (raw, mut fields) = (Raw::of(&plain), fields(&plain));
    let mut group = c.benchmark_group("seal_and_open");
    group.bench_function("warm", |b| {
        b.iter(|| {
            let sealed = account.seal(&mut fields).expect("it seals");
            open_all(&account, &sealed, &plain);
        });
    });
    group.bench_function("derived_once", |b| {
        b.iter(|| {
            account.cool().expect("keys");
            let sealed = account.seal(&mut fields).expect("it seals");
            open_all(&account, &sealed, &plain);
        });
    });
    group.bench_function("derived_twice", |b| {
        b.iter(|| {
            account.cool().expect("keys");
            let sealed = account.seal(&mut fields).expect("it seals");
            account.cool().expect("keys");
            open_all(&account, &sealed, &plain);
        });
    });
    group.bench_function("raw", |b| {
        b.iter(|| {
            raw.open(&raw.seal(), |text| {
                black_box(text);
            })
        })
    });
    group.finish();
}

/// From the bytes of the host's database: their structure is checked too.
pub(crate) fn read_and_open(c: &mut Criterion) {
    let (plain, account) = (subscriber::plain(), account());
    let raw = Raw::of(&plain);
    let stored = account.seal(&mut fields(&plain)).expect("it seals").as_bytes().to_vec();
    let raw_stored = raw.seal();
    let mut group = c.benchmark_group("read_and_open");
    group.bench_function("warm", |b| {
        b.iter(|| {
            let record = SealedRecord::from_bytes(stored.as_slice()).expect("a record");
            open_all(&account, &record, &plain);
        });
    });
    group.bench_function("raw", |b| {
        b.iter(|| {
            raw.open(&raw_stored.clone(), |text| {
                black_box(text);
            })
        })
    });
    group.finish();
}

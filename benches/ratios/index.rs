//! A term of a blind index from a value as it is typed, beside `hmac` over the same message.

use core::hint::black_box;

use cpni_guard::Schema;
use cpni_guard::testing::Index;
use criterion::Criterion;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::subscriber;

const SPELLED: &str = "987-65-4321";

/// Ours normalises, hashes and truncates. The limit has its key cached and its message built.
pub(crate) fn term(c: &mut Criterion) {
    let schema = Schema::from_toml(subscriber::SCHEMA).expect("a schema");
    let index = Index::new(&[0x42; 32], schema).expect("an index");
    let raw = Hmac::<Sha256>::new_from_slice(&[0x42; 32]).expect("a key");
    let message = message();

    let mut group = c.benchmark_group("blind_index");
    group.bench_function("term", |b| b.iter(|| index.term(black_box("ssn"), black_box(SPELLED))));
    group.bench_function("hmac", |b| {
        b.iter(|| raw.clone().chain_update(black_box(&message)).finalize().into_bytes());
    });
    group.finish();
}

/// `docs/spec/blind-index-v1.md` §2.
fn message() -> Vec<u8> {
    let items: [&[u8]; 5] = [b"cpni-guard/v1/blind-index", b"ssn", &[1], b"ssn", b"\x01987654321"];
    let mut out = Vec::new();
    for item in items {
        out.extend(u32::try_from(item.len()).expect("a short item").to_be_bytes());
        out.extend(item);
    }
    out
}

//! Tokens of nine digits, beside the crate `fpe` and raw AES-SIV.

use core::hint::black_box;

use aes_gcm::aes::Aes256;
use aes_siv::KeyInit as _;
use aes_siv::siv::Aes256Siv;
use cpni_guard::testing::ColumnCiphers;
use criterion::{Criterion, Throughput};
use fpe::ff1::{FF1, FlexibleNumeralString};

const MANY: u32 = 1000;
/// As long as ours: `tuple("cpni-guard/v1/token-tweak", "t", "ssn", "ssn_token")`.
const TWEAK: [u8; 54] = [7; 54];

fn ssns() -> Vec<String> {
    (0..MANY).map(|number| format!("{:09}", 900_000_000 + number * 7919)).collect()
}

fn symbols(text: &str) -> FlexibleNumeralString {
    text.bytes().map(|byte| u16::from(byte - b'0')).collect::<Vec<_>>().into()
}

pub(crate) fn ff1(c: &mut Criterion) {
    let ciphers = ColumnCiphers::new(&[7; 32]).expect("ciphers");
    let theirs = FF1::<Aes256>::new(&[7; 32], 10).expect("a radix");
    let ssns = ssns();
    let symbols: Vec<_> = ssns.iter().map(|ssn| symbols(ssn)).collect();
    let (one, one_of_symbols) = (ssns.first().expect("one"), symbols.first().expect("one"));

    let mut group = c.benchmark_group("ff1");
    group.bench_function("ours", |b| b.iter(|| ciphers.format(black_box(one))));
    group.bench_function("fpe", |b| b.iter(|| theirs.encrypt(&[], black_box(one_of_symbols))));
    group.bench_function("fpe_tweaked", |b| b.iter(|| theirs.encrypt(&TWEAK, black_box(one_of_symbols))));
    group.finish();

    let mut group = c.benchmark_group("ff1_1000");
    group.throughput(Throughput::Elements(u64::from(MANY)));
    group.bench_function("ours", |b| b.iter(|| ciphers.format_many(black_box(&ssns))));
    group.bench_function("fpe", |b| {
        b.iter(|| {
            for symbols in &symbols {
                black_box(theirs.encrypt(&[], symbols).expect("a token"));
            }
        })
    });
    group.finish();
}

pub(crate) fn siv(c: &mut Criterion) {
    let ciphers = ColumnCiphers::new(&[7; 32]).expect("ciphers");
    let mut raw = Aes256Siv::new(&[7; 64].into());
    let mut group = c.benchmark_group("siv");
    group.bench_function("ours", |b| b.iter(|| ciphers.sealed(black_box("987654321"))));
    group.bench_function("raw", |b| {
        b.iter(|| {
            let mut buffer = *black_box(b"987654321\x80\0\0\0\0\0\0");
            let tag =
                raw.encrypt_inout_detached([&TWEAK], buffer.as_mut_slice().into()).expect("short enough");
            (tag, buffer)
        })
    });
    group.finish();
}

//! Appending to the tree of the log, beside another implementation of RFC 6962.

use core::hint::black_box;

use cpni_guard::testing::Tree;
use criterion::{BatchSize, Criterion, Throughput};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use sha2::Sha256;

/// A full tree: what a larger one costs an event is the same for ours, and more for the other.
const EVENTS: u32 = 4096;
/// What a view of sixteen fields takes as an event, roughly.
const EVENT_LEN: usize = 512;

fn events() -> Vec<Vec<u8>> {
    (0..EVENTS).map(|number| number.to_be_bytes().repeat(EVENT_LEN / 4)).collect()
}

/// Every event, and one root at the end: what the tree itself costs. Events that share a write share
/// a root; `rooted` is the other end, a root for each event.
pub(crate) fn append(c: &mut Criterion) {
    let mut group = c.benchmark_group("append");
    group.throughput(Throughput::Elements(EVENTS.into()));
    group.bench_function("tree", |b| {
        b.iter_batched(
            events,
            |events| {
                let mut tree = Tree::default();
                events.iter().for_each(|event| drop(black_box(tree.push(event))));
                (tree.root(), events)
            },
            BatchSize::LargeInput,
        );
    });
    group.bench_function("rooted", |b| {
        b.iter_batched(
            events,
            |events| {
                let mut tree = Tree::default();
                for event in &events {
                    drop(black_box(tree.push(event)));
                    black_box(tree.root());
                }
                events
            },
            BatchSize::LargeInput,
        );
    });
    group.bench_function("ct_merkle", |b| {
        b.iter_batched(
            events,
            |events| {
                let mut tree = MemoryBackedTree::<Sha256, Vec<u8>>::new();
                events.into_iter().for_each(|event| tree.push(event));
                (tree.root(), tree)
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

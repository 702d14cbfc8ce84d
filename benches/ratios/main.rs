//! What the library costs beside the raw limit: `scripts/bench-ratios` reads the results.
//!
//! Rules: every group holds ours and the limit on the same work, so that a result is a ratio of
//! two times of one run; the limit does nothing that it could leave out.
#![expect(clippy::expect_used, reason = "bench code: an error ends the bench")]

mod decisions;
mod durable;
mod guard;
mod index;
mod raw;
mod scope;
mod sealing;
mod subscriber;
mod tokens;
mod tree;

criterion::criterion_group!(
    ratios,
    sealing::seal,
    sealing::open,
    sealing::seal_and_open,
    sealing::read_and_open,
    guard::protect,
    guard::view,
    index::term,
    decisions::look_up,
    decisions::whole_plan,
    decisions::load_packs,
    tree::append,
    tokens::ff1,
    tokens::siv,
    scope::breach,
    durable::disclosures,
);
criterion::criterion_main!(ratios);

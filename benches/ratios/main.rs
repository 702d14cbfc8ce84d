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
mod redact;
mod scope;
mod sealing;
mod subscriber;
mod tokens;
mod tree;

use std::time::Duration;

criterion::criterion_group! {
    name = ratios;
    // Two times of one run are compared, so their medians are steady long before criterion's eight seconds.
    config = criterion::Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3));
    targets =
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
        redact::replace,
        redact::clean,
        redact::linear,
        scope::breach,
        durable::disclosures,
}
criterion::criterion_main!(ratios);

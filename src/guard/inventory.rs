//! What the log does not tell of a field: how often it was sealed, and compared as evidence, in this process.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::classify::{FieldSpec, Schema};
use crate::oversight::report::SinceStart;

/// Counts by [`FieldSpec::index`]. They order nothing, so that relaxed is enough.
#[derive(Debug)]
pub(super) struct FieldCounts(Box<[OfField]>);

#[derive(Debug, Default)]
struct OfField {
    sealed: AtomicU64,
    compared: AtomicU64,
}

impl FieldCounts {
    pub(super) fn new(schema: &Schema) -> Self {
        Self(schema.fields().iter().map(|_| OfField::default()).collect())
    }

    pub(super) fn sealed(&self, field: &FieldSpec) {
        if let Some(counts) = self.0.get(field.index()) {
            counts.sealed.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn compared(&self, field: &FieldSpec) {
        if let Some(counts) = self.0.get(field.index()) {
            counts.compared.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn since_start(&self) -> Vec<SinceStart> {
        let read = |counts: &OfField| SinceStart {
            sealed: counts.sealed.load(Ordering::Relaxed),
            compared: counts.compared.load(Ordering::Relaxed),
        };
        self.0.iter().map(read).collect()
    }
}

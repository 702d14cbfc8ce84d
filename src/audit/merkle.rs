//! The Merkle tree of RFC 6962 §2.1, kept as its compact range: the hashes of the perfect subtrees
//! that cover the leaves so far.

use crate::hazmat::hash::{Hash, merkle_node, sha256};

/// A tree that only grows. Holds at most 64 hashes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct CompactRange {
    size: u64,
    /// Largest subtree first: one for each bit that is set in `size`.
    subtrees: Vec<Hash>,
}

impl CompactRange {
    /// A range from what was stored; `None` if the number of hashes does not fit the size.
    pub(super) fn from_parts(size: u64, subtrees: Vec<Hash>) -> Option<Self> {
        let fits = u32::try_from(subtrees.len()) == Ok(size.count_ones());
        fits.then_some(Self { size, subtrees })
    }

    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of the perfect subtrees, largest first.
    pub(super) fn subtrees(&self) -> &[Hash] {
        &self.subtrees
    }

    /// Adds a leaf, and gives back the hashes of the subtrees that it completes, smallest first.
    /// Joins two subtrees for each bit that carries: one join a leaf on average.
    pub(crate) fn push(&mut self, leaf: Hash) -> Vec<Hash> {
        let mut completed =
            Vec::with_capacity(usize::try_from(self.size.trailing_ones()).unwrap_or_default());
        self.join(leaf, |node| completed.push(node));
        completed
    }

    /// As [`CompactRange::push`], for who does not want the subtrees.
    pub(super) fn add(&mut self, leaf: Hash) {
        self.join(leaf, |_| ());
    }

    fn join(&mut self, leaf: Hash, mut completes: impl FnMut(Hash)) {
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            // INVARIANT: each set bit of the size has its subtree.
            let Some(left) = self.subtrees.pop() else { break };
            node = merkle_node(&left, &node);
            completes(node);
        }
        self.subtrees.push(node);
        self.size = self.size.saturating_add(1);
    }

    /// The Merkle tree hash of all leaves.
    pub(crate) fn root(&self) -> Hash {
        joined(&self.subtrees).unwrap_or_else(|| sha256(b""))
    }
}

/// The Merkle tree hash over perfect subtrees, largest first; `None` over none.
pub(super) fn joined(subtrees: &[Hash]) -> Option<Hash> {
    subtrees.iter().rev().copied().reduce(|right, left| merkle_node(&left, &right))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hazmat::hash::merkle_leaf;

    /// RFC 6962 §2.1, word for word.
    fn mth(leaves: &[Vec<u8>]) -> Hash {
        match leaves {
            [] => sha256(b""),
            [leaf] => merkle_leaf(leaf),
            _ => {
                let k = leaves.len().next_power_of_two() / 2;
                merkle_node(&mth(&leaves[..k]), &mth(&leaves[k..]))
            }
        }
    }

    #[test]
    fn the_root_is_the_one_of_the_definition() {
        let leaves: Vec<Vec<u8>> = (0..=70_u8).map(|n| vec![n; usize::from(n) % 5]).collect();
        let mut range = CompactRange::default();
        for (n, leaf) in leaves.iter().enumerate() {
            assert_eq!(range.root(), mth(&leaves[..n]), "{n} leaves");
            let again = CompactRange::from_parts(n as u64, range.subtrees().to_vec());
            assert_eq!(again, Some(range.clone()));
            assert_eq!(CompactRange::from_parts(n as u64 + 1, range.subtrees().to_vec()).is_some(), {
                (n as u64 + 1).count_ones() == (n as u64).count_ones()
            });
            range.push(merkle_leaf(leaf));
        }
        assert_eq!(range.size(), 71);
    }

    /// The reference tree of the Certificate Transparency project.
    #[test]
    fn the_roots_of_certificate_transparency() {
        const LEAVES: [&[u8]; 8] = [
            b"",
            &[0x00],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
        ];
        const ROOTS: [&str; 9] = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let hex = |hash: Hash| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let mut range = CompactRange::default();
        assert_eq!(hex(range.root()), ROOTS[0]);
        for (leaf, root) in LEAVES.iter().zip(&ROOTS[1..]) {
            range.push(merkle_leaf(leaf));
            assert_eq!(hex(range.root()), *root, "{} leaves", range.size());
        }
    }
}

//! Proofs about the tree: that an event is in it, and that it only grew.
//!
//! Rules: checking needs no log, no guard and no key, as RFC 9162 §2.1.3.2 and §2.1.4.2 have it;
//! making one reads the subtree hashes that are stored with the entries, a few for each level of
//! the tree; what was read is not trusted, so a proof is checked before it is given out.
//!
//! Security note: a proof says something about a root. Whether the root is the log's is what a
//! checkpoint says.

use super::log::AuditLog;
use super::merkle::joined;
use super::store::AuditStore;
use crate::error::{AuditError, ProofError};
use crate::hazmat::hash::{Hash, merkle_leaf, merkle_node};

/// The tree over the first events of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeHead {
    /// How many events.
    pub size: u64,
    /// Merkle tree hash over them (RFC 6962 §2.1).
    pub root: [u8; 32],
}

/// The leaf hash of an event's exact bytes (RFC 6962 §2.1).
#[must_use]
pub fn leaf_hash(event: &[u8]) -> [u8; 32] {
    merkle_leaf(event)
}

/// Checks that event `index` of `tree` has this leaf hash (RFC 9162 §2.1.3.2).
///
/// # Errors
/// [`ProofError::Inclusion`].
pub fn verify_inclusion(
    tree: &TreeHead,
    index: u64,
    leaf: &[u8; 32],
    path: &[[u8; 32]],
) -> Result<(), ProofError> {
    let last = tree.size.checked_sub(1).filter(|last| index <= *last).ok_or(ProofError::Inclusion)?;
    let mut at = Climb { node: index, last };
    let mut root = *leaf;
    for sibling in path {
        root = match at.step().ok_or(ProofError::Inclusion)? {
            Side::Left => merkle_node(sibling, &root),
            Side::Right => merkle_node(&root, sibling),
        };
    }
    (at.last == 0 && root == tree.root).then_some(()).ok_or(ProofError::Inclusion)
}

/// Checks that `later` begins with all events of `earlier`, in their order (RFC 9162 §2.1.4.2).
///
/// # Errors
/// [`ProofError::Consistency`]; also for an empty `earlier`, about which nothing can be proved.
pub fn verify_consistency(earlier: &TreeHead, later: &TreeHead, path: &[[u8; 32]]) -> Result<(), ProofError> {
    let holds = if earlier.size == later.size {
        earlier.size > 0 && path.is_empty() && earlier.root == later.root
    } else {
        continues(earlier, later, path).unwrap_or(false)
    };
    holds.then_some(()).ok_or(ProofError::Consistency)
}

/// `None`: the path is too short or too long, or the sizes are in the wrong order.
fn continues(earlier: &TreeHead, later: &TreeHead, path: &[Hash]) -> Option<bool> {
    if earlier.size > later.size {
        return None;
    }
    let mut at = Climb { node: earlier.size.checked_sub(1)?, last: later.size.checked_sub(1)? };
    // A size that is a power of two is one perfect subtree: its root is not told again.
    let (seed, path) =
        if earlier.size.is_power_of_two() { (&earlier.root, path) } else { path.split_first()? };
    let complete = at.node.trailing_ones();
    (at.node, at.last) = (at.node >> complete, at.last >> complete);
    let (mut first, mut second) = (*seed, *seed);
    for sibling in path {
        match at.step()? {
            Side::Left => {
                first = merkle_node(sibling, &first);
                second = merkle_node(sibling, &second);
            }
            Side::Right => second = merkle_node(&second, sibling),
        }
    }
    Some(at.last == 0 && first == earlier.root && second == later.root)
}

/// The way up from a node: `fn` and `sn` of RFC 9162.
struct Climb {
    node: u64,
    last: u64,
}

/// Where the sibling stands.
enum Side {
    Left,
    Right,
}

impl Climb {
    /// One sibling up; `None` at the root.
    fn step(&mut self) -> Option<Side> {
        if self.last == 0 {
            return None;
        }
        let side = if self.node & 1 == 1 || self.node == self.last { Side::Left } else { Side::Right };
        if self.node == self.last {
            // The last node of a level may have no sibling there: it moves up alone.
            let alone = self.node.trailing_zeros();
            (self.node, self.last) = (self.node >> alone, self.last >> alone);
        }
        (self.node, self.last) = (self.node >> 1, self.last >> 1);
        Some(side)
    }
}

impl AuditLog {
    /// The tree over all events that this process knows to be stored.
    #[must_use]
    pub fn tree_head(&self) -> TreeHead {
        let range = self.position().range;
        TreeHead { size: range.size(), root: range.root() }
    }

    /// The path from event `index` to the root of `tree`, to be checked with [`verify_inclusion`].
    ///
    /// # Errors
    /// [`AuditError::NotProven`] if the log has no such tree or the tree no such event;
    /// [`AuditError::Unreadable`] if the store fails.
    pub fn prove_inclusion(&self, index: u64, tree: &TreeHead) -> Result<Vec<[u8; 32]>, AuditError> {
        let nodes = self.nodes(tree)?;
        if index >= tree.size {
            return Err(AuditError::NotProven);
        }
        let path = nodes.inclusion(index, tree.size)?;
        let leaf = nodes.perfect(0, index)?;
        verify_inclusion(tree, index, &leaf, &path).map_err(|_| AuditError::NotProven)?;
        Ok(path)
    }

    /// The path from one tree of the log to a later one, to be checked with [`verify_consistency`].
    ///
    /// # Errors
    /// As [`AuditLog::prove_inclusion`].
    pub fn prove_consistency(
        &self,
        earlier: &TreeHead,
        later: &TreeHead,
    ) -> Result<Vec<[u8; 32]>, AuditError> {
        let nodes = self.nodes(later)?;
        if earlier.size == 0 || earlier.size > later.size {
            return Err(AuditError::NotProven);
        }
        let path = nodes.consistency(earlier.size, later.size)?;
        verify_consistency(earlier, later, &path).map_err(|_| AuditError::NotProven)?;
        Ok(path)
    }

    fn nodes(&self, tree: &TreeHead) -> Result<Nodes<'_>, AuditError> {
        if tree.size <= self.size() { Ok(Nodes(&*self.store)) } else { Err(AuditError::NotProven) }
    }
}

/// The nodes of the tree, read where they are stored: in the entry of their last leaf.
pub(super) struct Nodes<'a>(pub(super) &'a dyn AuditStore);

impl Nodes<'_> {
    /// The hash over the 2^`height` leaves from `first` on.
    fn perfect(&self, height: u32, first: u64) -> Result<Hash, AuditError> {
        let last = first + ((1 << height) - 1);
        let entry = self.0.read(last, 1).map_err(AuditError::Unreadable)?.into_iter().next();
        let entry = entry.filter(|entry| entry.index == last).ok_or(AuditError::NotProven)?;
        let node = match height.checked_sub(1) {
            None => Some(entry.leaf),
            Some(above) => usize::try_from(above).ok().and_then(|above| entry.subtrees.get(above).copied()),
        };
        node.ok_or(AuditError::NotProven)
    }

    /// The hash over the leaves from `from` to before `to`: a subtree of RFC 6962 §2.1, so that
    /// `from` is a multiple of the largest power of two in their number.
    pub(super) fn range(&self, mut from: u64, to: u64) -> Result<Hash, AuditError> {
        let mut subtrees = Vec::new();
        while from < to {
            let height = (to - from).ilog2();
            subtrees.push(self.perfect(height, from)?);
            from += 1 << height;
        }
        joined(&subtrees).ok_or(AuditError::NotProven)
    }

    /// `PATH(index, D[size])` of RFC 6962 §2.1.1, for `index` < `size`.
    fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, AuditError> {
        let (mut from, mut to) = (0, size);
        let mut path = Vec::new();
        while to - from > 1 {
            let split = split(from, to);
            if index < split {
                path.push(self.range(split, to)?);
                to = split;
            } else {
                path.push(self.range(from, split)?);
                from = split;
            }
        }
        path.reverse();
        Ok(path)
    }

    /// `PROOF(earlier, D[later])` of RFC 6962 §2.1.2, for 0 < `earlier` ≤ `later`.
    fn consistency(&self, earlier: u64, later: u64) -> Result<Vec<Hash>, AuditError> {
        let (mut from, mut to) = (0, later);
        let mut path = Vec::new();
        while earlier < to {
            let split = split(from, to);
            if earlier <= split {
                path.push(self.range(split, to)?);
                to = split;
            } else {
                path.push(self.range(from, split)?);
                from = split;
            }
        }
        if from > 0 {
            path.push(self.range(from, to)?);
        }
        path.reverse();
        Ok(path)
    }
}

/// Where RFC 6962 §2.1 splits two or more leaves: after the largest power of two below their number.
fn split(from: u64, to: u64) -> u64 {
    from + (1 << (to - from - 1).ilog2())
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64, Encoding};
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::Index;
    use serde_json::Value;
    use sha2::Sha256;

    use super::super::merkle::CompactRange;
    use super::super::store::{MemoryAuditStore, StoredEntry};
    use super::*;
    use crate::hazmat::hash::sha256;

    /// Entries with the tree's hashes only, and the root of each size.
    fn tree(leaves: u64) -> (MemoryAuditStore, Vec<TreeHead>) {
        let store = MemoryAuditStore::new();
        let mut range = CompactRange::default();
        let mut heads = vec![TreeHead { size: 0, root: range.root() }];
        for index in 0..leaves {
            let leaf = merkle_leaf(&index.to_be_bytes());
            let subtrees = range.push(leaf);
            store.memory().entries.push(StoredEntry {
                index,
                event: Vec::new(),
                leaf,
                link: [0; 32],
                subtrees,
                columns: None,
            });
            heads.push(TreeHead { size: index + 1, root: range.root() });
        }
        (store, heads)
    }

    /// Every event of every tree, and every two trees, up to a size that has all shapes of a level.
    #[test]
    fn proofs_hold_for_what_is_so_and_for_nothing_beside_it() {
        let (store, heads) = tree(40);
        let nodes = Nodes(&store);
        for tree in &heads[1..] {
            assert_eq!(nodes.range(0, tree.size), Ok(tree.root));
            for index in 0..tree.size {
                let path = nodes.inclusion(index, tree.size).unwrap();
                let leaf = merkle_leaf(&index.to_be_bytes());
                assert_eq!(verify_inclusion(tree, index, &leaf, &path), Ok(()));
                let refused = |tree: &TreeHead, index, path: &[Hash]| {
                    assert_eq!(verify_inclusion(tree, index, &leaf, path), Err(ProofError::Inclusion));
                };
                refused(tree, index ^ 1, &path);
                refused(tree, tree.size, &path);
                refused(tree, index, &[&path[..], &[leaf]].concat());
                refused(&TreeHead { root: leaf, ..*tree }, if tree.size == 1 { 1 } else { index }, &path);
                if let Some((_, shorter)) = path.split_last() {
                    refused(tree, index, shorter);
                }
            }
            for earlier in &heads[1..=usize::try_from(tree.size).unwrap()] {
                let path = nodes.consistency(earlier.size, tree.size).unwrap();
                assert_eq!(verify_consistency(earlier, tree, &path), Ok(()));
                let refused = |earlier: &TreeHead, later: &TreeHead, path: &[Hash]| {
                    assert_eq!(verify_consistency(earlier, later, path), Err(ProofError::Consistency));
                };
                refused(&TreeHead { root: [1; 32], ..*earlier }, tree, &path);
                refused(earlier, &TreeHead { root: [1; 32], ..*tree }, &path);
                refused(earlier, tree, &[&path[..], &[[1; 32]]].concat());
                refused(&heads[0], tree, &path);
                if earlier.size < tree.size {
                    refused(tree, earlier, &path);
                    refused(earlier, tree, &path[1..]);
                }
            }
        }
    }

    proptest! {
        /// Another implementation gives the same roots, and the same proofs, for every event and tree.
        #[test]
        fn another_crate_agrees(leaves in vec(vec(any::<u8>(), 0..40), 1..150), pick in any::<(Index, Index)>()) {
            let mut other = MemoryBackedTree::<Sha256, Vec<u8>>::new();
            let store = MemoryAuditStore::new();
            let mut range = CompactRange::default();
            let earlier = pick.0.index(leaves.len()) + 1;
            let mut earlier_root = Hash::default();
            for (index, event) in (0..).zip(&leaves) {
                let leaf = merkle_leaf(event);
                let subtrees = range.push(leaf);
                let entry = StoredEntry { index, event: Vec::new(), leaf, link: [0; 32], subtrees, columns: None };
                store.memory().entries.push(entry);
                other.push(event.clone());
                let other_root = other.root();
                prop_assert_eq!(&other_root.as_bytes()[..], &range.root()[..]);
                if range.size() == earlier as u64 {
                    earlier_root = range.root();
                }
            }
            let tree = TreeHead { size: range.size(), root: range.root() };
            let nodes = Nodes(&store);
            let index = pick.1.index(leaves.len());
            let path = nodes.inclusion(index as u64, tree.size).unwrap();
            let theirs = other.prove_inclusion(index);
            prop_assert_eq!(theirs.as_bytes(), path.as_flattened());
            prop_assert_eq!(verify_inclusion(&tree, index as u64, &merkle_leaf(&leaves[index]), &path), Ok(()));
            let path = nodes.consistency(earlier as u64, tree.size).unwrap();
            let theirs = other.prove_consistency(leaves.len() - earlier);
            let earlier = TreeHead { size: earlier as u64, root: earlier_root };
            prop_assert_eq!(theirs.as_bytes(), path.as_flattened());
            prop_assert_eq!(verify_consistency(&earlier, &tree, &path), Ok(()));
        }
    }

    /// Other people's cases: six of each file verify, all others must not.
    fn shared(file: &str, holds: impl Fn(&Value) -> bool) {
        let path = format!("{}/../shared/vectors/{file}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let (mut right, mut wrong) = (0, 0);
        for line in text.lines() {
            let case: Value = serde_json::from_str(line).unwrap();
            let must = !case["wantErr"].as_bool().unwrap();
            assert_eq!(holds(&case), must, "{case}");
            *(if must { &mut right } else { &mut wrong }) += 1;
        }
        assert_eq!((right, wrong), (6, 92), "{file}");
    }

    /// `None`: of another length, which is nothing that our types can hold.
    fn hash(value: &Value) -> Option<Hash> {
        Base64::decode_vec(value.as_str().unwrap()).unwrap().try_into().ok()
    }

    fn hashes(value: &Value) -> Option<Vec<Hash>> {
        value.as_array().map_or(Some(Vec::new()), |all| all.iter().map(hash).collect())
    }

    #[test]
    #[ignore = "reads ../shared/vectors"]
    fn shared_inclusion_vectors() {
        shared("merkle-inclusion.jsonl", |case| {
            let number = |name: &str| case[name].as_u64().unwrap();
            let (root, leaf, path) = (hash(&case["root"]), hash(&case["leafHash"]), hashes(&case["proof"]));
            let (Some(root), Some(leaf), Some(path)) = (root, leaf, path) else { return false };
            let tree = TreeHead { size: number("treeSize"), root };
            verify_inclusion(&tree, number("leafIdx"), &leaf, &path).is_ok()
        });
    }

    #[test]
    #[ignore = "reads ../shared/vectors"]
    fn shared_consistency_vectors() {
        shared("merkle-consistency.jsonl", |case| {
            let number = |name: &str| case[name].as_u64().unwrap();
            // Where only their being equal counts, the roots are words: "don't care".
            let root = |name: &str| hash(&case[name]).unwrap_or(sha256(case[name].to_string().as_bytes()));
            let earlier = TreeHead { size: number("size1"), root: root("root1") };
            let later = TreeHead { size: number("size2"), root: root("root2") };
            let Some(path) = hashes(&case["proof"]) else { return false };
            verify_consistency(&earlier, &later, &path).is_ok()
        });
    }
}

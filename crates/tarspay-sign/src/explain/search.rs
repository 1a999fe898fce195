//! The search: each recipe, each hash, each key, within fixed limits.

use super::body::Body;
use super::curve::Targets;
use super::hashing::{Hashing, hash};
use super::mistake::Mistake;
use super::recipe::Recipe;
use super::slips::Slip;
use std::collections::HashSet;

/// The largest number of digests that are compared with the keys.
pub const MAX_CANDIDATES: usize = 5_000;

/// The largest number of bytes of text that are built: what limits the search for a large body.
pub const MAX_TEXT_BYTES: usize = 32 * 1024 * 1024;

/// What the signature fits.
pub(super) struct Hit {
    pub(super) text: Vec<u8>,
    pub(super) digest: [u8; 32],
    /// The place of the key in the list.
    pub(super) key: usize,
    /// All ways to name the mistakes that give this digest; the shortest first.
    pub(super) names: Vec<Vec<Mistake>>,
}

pub(super) struct Search<'s> {
    body: &'s Body<'s>,
    targets: &'s Targets<'s>,
    /// The first hash of the text that is right.
    right: Option<[u8; 32]>,
    seen: HashSet<[u8; 32]>,
    built_bytes: usize,
    hit: Option<Hit>,
    complete: bool,
}

impl<'s> Search<'s> {
    pub(super) fn new(body: &'s Body<'s>, targets: &'s Targets<'s>) -> Self {
        Self { body, targets, right: None, seen: HashSet::new(), built_bytes: 0, hit: None, complete: true }
    }

    /// Tries the text that is right, then each slip, then each pair of slips.
    pub(super) fn run(&mut self, right: &Recipe, slips: &[Slip]) {
        self.try_right(right);
        self.try_recipe(right, &[], true);
        let mut in_pairs = Vec::new();
        for slip in slips {
            let mut recipe = right.clone();
            (slip.change)(&mut recipe);
            let changes_text = self.try_recipe(&recipe, &[slip], true);
            // What changes nothing by itself, as Latin-1 of plain ASCII, changes nothing beside another slip.
            if changes_text && !slip.alone {
                in_pairs.push(slip);
            }
        }
        for (position, first) in in_pairs.iter().enumerate() {
            for second in &in_pairs[position + 1..] {
                if first.place & second.place != 0 {
                    continue;
                }
                let mut recipe = right.clone();
                (first.change)(&mut recipe);
                (second.change)(&mut recipe);
                self.try_recipe(&recipe, &[first, second], false);
            }
        }
    }

    /// Takes the result: what fits, how many digests were compared, and whether no limit was met.
    pub(super) fn finish(self) -> (Option<Hit>, usize, bool) {
        let hit = self.hit.map(|mut hit| {
            hit.names.sort_by_key(Vec::len);
            let shortest = hit.names.first().map_or(0, Vec::len);
            hit.names.retain(|names| names.len() == shortest);
            let mut unique = HashSet::new();
            hit.names.retain(|names| unique.insert(names.clone()));
            hit
        });
        (hit, self.seen.len(), self.complete)
    }

    /// By the ordinary verifier, so that a signature that it accepts is never called unexplained.
    fn try_right(&mut self, right: &Recipe) {
        let text = right.text(self.body);
        let digest = Hashing::Twice.finish(hash(&text));
        self.seen.insert(digest);
        if let Some(key) = self.targets.key_behind_slowly(digest) {
            self.hit = Some(Hit { text, digest, key, names: vec![Vec::new()] });
        }
    }

    /// Returns whether the text is another one than the right one.
    fn try_recipe(&mut self, recipe: &Recipe, slips: &[&Slip], any_hash: bool) -> bool {
        if self.built_bytes > MAX_TEXT_BYTES {
            self.complete = false;
            return false;
        }
        let text = recipe.text(self.body);
        self.built_bytes += text.len();
        let once = hash(&text);
        self.try_digest(&text, Hashing::Twice.finish(once), slips, &[]);
        if any_hash {
            for (hashing, mistakes) in Hashing::WRONG {
                self.try_digest(&text, hashing.finish(once), slips, mistakes);
            }
        }
        once != *self.right.get_or_insert(once)
    }

    fn try_digest(&mut self, text: &[u8], digest: [u8; 32], slips: &[&Slip], hashed: &[Mistake]) {
        let names = || {
            let mut names: Vec<Mistake> =
                slips.iter().flat_map(|slip| &slip.mistakes).chain(hashed).copied().collect();
            names.sort_unstable();
            names.dedup();
            names
        };
        if let Some(hit) = &mut self.hit {
            // A signature fits one text: from here on, only other names for it are of interest.
            if hit.digest == digest {
                hit.names.push(names());
            }
        } else if self.seen.contains(&digest) {
            // The same text by another way, and known not to fit.
        } else if self.seen.len() >= MAX_CANDIDATES {
            self.complete = false;
        } else {
            self.seen.insert(digest);
            if let Some(key) = self.targets.key_behind(digest) {
                self.hit = Some(Hit { text: text.to_vec(), digest, key, names: vec![names()] });
            }
        }
    }
}

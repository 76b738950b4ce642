//! A hash map that is keyed from the host's seed and hashed without regard to order, so that a whole role can be.

use core::hash::{Hash, Hasher};

use foldhash::fast::FixedState;

/// A hash map with a fixed, seeded hasher.
#[derive(Clone, Debug)]
pub(crate) struct Map<K, V>(hashbrown::HashMap<K, V, FixedState>);

impl<K: Eq + Hash, V> Map<K, V> {
    pub(crate) fn new(seed: u64) -> Map<K, V> {
        Map(hashbrown::HashMap::with_hasher(FixedState::with_seed(seed)))
    }
}

impl<K, V> core::ops::Deref for Map<K, V> {
    type Target = hashbrown::HashMap<K, V, FixedState>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<K, V> core::ops::DerefMut for Map<K, V> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<K: Hash, V: Hash> Hash for Map<K, V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut sum = 0u64;
        for pair in self.0.iter() {
            let mut one = xxhash_rust::xxh3::Xxh3::new();
            pair.hash(&mut one);
            sum = sum.wrapping_add(one.finish());
        }
        state.write_usize(self.0.len());
        state.write_u64(sum);
    }
}

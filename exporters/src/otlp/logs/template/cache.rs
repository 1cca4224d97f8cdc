//! A cache of templates.
//!
//! A table of fixed size with two slots for each hash, of which the older one is replaced. A
//! template that is too large, or for which the cache has no memory left, is built each time.

use super::sections::Template;

/// The largest template that is cached. Names and labels of a pod take some hundred bytes.
const MAX_TEMPLATE_LEN: usize = 2 << 10;

/// Bytes of memory for templates, for each slot. Most templates are smaller.
const BYTES_PER_SLOT: usize = 512;

/// What a template depends on.
pub(super) trait CacheKey {
    /// The key as it is stored in the cache.
    type Stored;

    /// Returns the key to store.
    fn to_stored(&self) -> Self::Stored;

    /// Returns whether a stored key leads to the same template.
    fn matches(&self, stored: &Self::Stored) -> bool;

    /// Returns a hash of the key.
    fn hash(&self) -> u64;
}

/// Templates by the key that they depend on.
#[derive(Debug)]
pub(super) struct TemplateCache<K, const N: usize> {
    buckets: Vec<[Slot<K, N>; 2]>,
    /// Bytes of memory that the cached templates hold.
    memory: usize,
    /// The last template that is not cached.
    uncached: Template<N>,
}

/// A template and its key.
#[derive(Debug)]
struct Slot<K, const N: usize> {
    key: Option<K>,
    template: Template<N>,
}

impl<K, const N: usize> Slot<K, N> {
    const EMPTY: Self = Self {
        key: None,
        template: Template::EMPTY,
    };

    fn has_key(&self, key: &impl CacheKey<Stored = K>) -> bool {
        self.key.as_ref().is_some_and(|stored| key.matches(stored))
    }
}

impl<K, const N: usize> TemplateCache<K, N> {
    /// Creates an empty cache. `slots` is a power of two.
    pub(super) fn new(slots: usize) -> Self {
        Self {
            buckets: (0..slots / 2).map(|_| [Slot::EMPTY, Slot::EMPTY]).collect(),
            memory: 0,
            uncached: Template::EMPTY,
        }
    }

    /// Returns the template of a key, built with `build` if it is not cached.
    #[inline]
    pub(super) fn get_or_build(
        &mut self,
        key: &impl CacheKey<Stored = K>,
        build: impl FnOnce(&mut Template<N>),
    ) -> &Template<N> {
        let bucket = bucket_index(key.hash(), self.buckets.len());
        // The borrow checker rejects an early return of a slot from a loop.
        let [first, second] = &self.buckets[bucket];
        match (first.has_key(key), second.has_key(key)) {
            (true, _) => &self.buckets[bucket][0].template,
            (_, true) => &self.buckets[bucket][1].template,
            _ => self.insert(bucket, key, build),
        }
    }

    /// Replaces the older template of a bucket.
    #[cold]
    fn insert(
        &mut self,
        bucket: usize,
        key: &impl CacheKey<Stored = K>,
        build: impl FnOnce(&mut Template<N>),
    ) -> &Template<N> {
        let max_memory = self.buckets.len() * 2 * BYTES_PER_SLOT;
        let bucket = &mut self.buckets[bucket];
        let slot = &mut bucket[1];
        slot.key = None;
        self.memory -= slot.template.capacity();
        slot.template.rebuild(build);
        slot.template.shrink_to_fit();
        if slot.template.len() > MAX_TEMPLATE_LEN
            || self.memory + slot.template.capacity() > max_memory
        {
            self.uncached = std::mem::replace(&mut slot.template, Template::EMPTY);
            return &self.uncached;
        }
        self.memory += slot.template.capacity();
        slot.key = Some(key.to_stored());
        bucket.swap(0, 1);
        &bucket[0].template
    }

    /// Builds a template that is not cached.
    pub(super) fn build_uncached(&mut self, build: impl FnOnce(&mut Template<N>)) -> &Template<N> {
        self.uncached.rebuild(build);
        &self.uncached
    }
}

/// Mixes the halves of the hash: keys at regular distances may have hashes at regular distances.
fn bucket_index(hash: u64, buckets: usize) -> usize {
    let mixed = hash ^ hash >> 32;
    (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - buckets.ilog2())) as usize
}

#[cfg(test)]
mod tests {
    use super::{BYTES_PER_SLOT, CacheKey, MAX_TEMPLATE_LEN, Template, TemplateCache};

    struct NumberKey {
        number: usize,
        hash: u64,
    }

    impl CacheKey for NumberKey {
        type Stored = usize;

        fn to_stored(&self) -> usize {
            self.number
        }

        fn matches(&self, stored: &usize) -> bool {
            self.number == *stored
        }

        fn hash(&self) -> u64 {
            self.hash
        }
    }

    fn bytes<const N: usize>(template: &Template<N>) -> Vec<u8> {
        let mut out = Vec::new();
        template.copy_section(0, &mut out);
        out
    }

    #[test]
    fn a_template_is_replaced_after_two_others_with_the_same_hash() {
        let mut cache: TemplateCache<_, 1> = TemplateCache::new(4);
        let mut built = 0;
        for (number, expected) in [(7, 1), (7, 1), (8, 2), (7, 2), (8, 2), (9, 3), (7, 4)] {
            let template = cache.get_or_build(&NumberKey { number, hash: 0 }, |template| {
                built += 1;
                template.add_section(0, |out| out.push(number as u8));
            });
            assert_eq!(bytes(template), [number as u8]);
            assert_eq!(built, expected, "{number}");
        }
    }

    #[test]
    fn consecutive_keys_are_spread_over_the_cache() {
        let mut cache: TemplateCache<_, 1> = TemplateCache::new(512);
        let mut built = 0;
        for number in (0..256).chain(0..256) {
            cache.get_or_build(
                &NumberKey {
                    number,
                    hash: number as u64,
                },
                |_| built += 1,
            );
        }
        assert!(built < 320, "{built}");
    }

    #[test]
    fn the_cache_stays_within_its_memory_limit() {
        let mut cache: TemplateCache<_, 1> = TemplateCache::new(1024);
        let mut built = 0;
        for number in (0..1024).chain(0..1024) {
            cache.get_or_build(
                &NumberKey {
                    number,
                    hash: number as u64,
                },
                |template| {
                    built += 1;
                    template.add_section(0, |out| out.resize(1024, 0));
                },
            );
            let memory: usize = cache
                .buckets
                .iter()
                .flatten()
                .map(|slot| slot.template.capacity())
                .sum();
            assert!(
                memory <= 1024 * BYTES_PER_SLOT && memory == cache.memory,
                "{memory}"
            );
        }
        assert!(
            (1400..2048).contains(&built),
            "{built}: about half of them fit"
        );
    }

    #[test]
    fn a_large_template_replaces_no_other() {
        let mut cache: TemplateCache<_, 1> = TemplateCache::new(4);
        let mut built = 0;
        for number in [0, 1, 0, 1, 0] {
            let len = if number == 0 { 1 } else { MAX_TEMPLATE_LEN + 1 };
            cache.get_or_build(&NumberKey { number, hash: 0 }, |template| {
                built += 1;
                template.add_section(0, |out| out.resize(len, 0));
            });
        }
        assert_eq!(built, 3);
    }

    #[test]
    fn a_large_template_is_not_cached() {
        let mut cache: TemplateCache<_, 1> = TemplateCache::new(4);
        for n in [1, 2] {
            let large = |template: &mut Template<1>| {
                template.add_section(0, |out| out.resize(MAX_TEMPLATE_LEN + n, 0))
            };
            assert_eq!(
                cache
                    .get_or_build(&NumberKey { number: 0, hash: 0 }, large)
                    .len(),
                MAX_TEMPLATE_LEN + n
            );
            assert_eq!(
                bytes(cache.build_uncached(|template| template.add_section(0, |out| out.push(1)))),
                [1]
            );
        }
    }
}

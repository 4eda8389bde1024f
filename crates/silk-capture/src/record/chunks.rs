//! A list that grows without being copied.

/// Items of a chunk.
const ITEMS_PER_CHUNK: usize = 256;

/// A list that grows without being copied.
///
/// A request may have ten thousand queries: a list in one piece would take as much memory again
/// each time that it grows, and leave holes behind.
pub(crate) struct Chunks<T> {
    /// All but the last one are full.
    chunks: Vec<Vec<T>>,
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self { chunks: Vec::new() }
    }
}

impl<T> Chunks<T> {
    pub(crate) fn len(&self) -> usize {
        self.chunks.last().map_or(0, |last| {
            (self.chunks.len() - 1) * ITEMS_PER_CHUNK + last.len()
        })
    }

    pub(crate) fn push(&mut self, item: T) {
        match self.chunks.last_mut() {
            Some(last) if last.len() < ITEMS_PER_CHUNK => last.push(item),
            Some(_) => {
                let mut chunk = Vec::with_capacity(ITEMS_PER_CHUNK);
                chunk.push(item);
                self.chunks.push(chunk);
            }
            // Most requests have few: the first one grows as it must.
            None => self.chunks.push(vec![item]),
        }
    }

    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.chunks
            .get_mut(index / ITEMS_PER_CHUNK)?
            .get_mut(index % ITEMS_PER_CHUNK)
    }

    /// Yields the items sorted by key; equal keys keep insertion order. If they are already sorted,
    /// each chunk is freed once consumed.
    pub(crate) fn into_sorted_by_key<K: Ord>(
        mut self,
        key: impl Fn(&T) -> K,
    ) -> impl Iterator<Item = T> {
        let mut sorted = Vec::new();
        if !self.chunks.iter().flatten().is_sorted_by_key(&key) {
            sorted = std::mem::take(&mut self.chunks)
                .into_iter()
                .flatten()
                .collect();
            sorted.sort_by_key(key);
        }
        self.chunks.into_iter().flatten().chain(sorted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(items: impl Iterator<Item = usize>) -> Chunks<usize> {
        let mut chunks = Chunks::default();
        for (count, item) in items.enumerate() {
            assert_eq!(chunks.len(), count);
            chunks.push(item);
        }
        chunks
    }

    #[test]
    fn items_come_back_by_number_and_in_order() {
        for count in [
            0,
            1,
            ITEMS_PER_CHUNK - 1,
            ITEMS_PER_CHUNK,
            ITEMS_PER_CHUNK + 1,
            3 * ITEMS_PER_CHUNK,
        ] {
            let mut items = chunks(0..count);
            assert_eq!(items.len(), count);
            for index in 0..count {
                assert_eq!(items.get_mut(index), Some(&mut index.clone()));
            }
            assert_eq!(items.get_mut(count), None);
            assert!(items.into_sorted_by_key(|item| *item).eq(0..count));
            let reversed = chunks((0..count).rev());
            assert!(reversed.into_sorted_by_key(|item| *item).eq(0..count));
        }
        // Equal keys stay in the order of their coming.
        let pairs = chunks([11, 10, 21, 20].into_iter());
        assert!(
            pairs
                .into_sorted_by_key(|item| item / 10 % 2)
                .eq([21, 20, 11, 10])
        );
    }
}

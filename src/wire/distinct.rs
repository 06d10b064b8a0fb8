//! Elements of a set that was written from a list, which may hold some twice.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::ops::Range;
use std::sync::OnceLock;

/// Up to so many elements are compared with each other; more are hashed.
const FEW: usize = 8;

/// The first of each of the elements that are equal, where any are.
///
/// The elements lie one behind the other in `bytes`, each up to one of `ends`.
/// Two are equal when their bytes are.
pub fn first_of_each(bytes: &[u8], ends: &[usize]) -> Option<Vec<Range<usize>>> {
    let mut seen = SeenElements::new(bytes, ends);
    let repeated = (0..ends.len()).find(|index| !seen.add(*index))?;
    let mut kept: Vec<_> = (0..repeated).map(|index| seen.range(index)).collect();
    for index in repeated + 1..ends.len() {
        if seen.add(index) {
            kept.push(seen.range(index));
        }
    }
    Some(kept)
}

/// The elements seen so far.
struct SeenElements<'a> {
    bytes: &'a [u8],
    ends: &'a [usize],
    /// Of a few elements, the indexes of those that are different. Of many,
    /// places by hash: the upper half of the hash, and the index and 1 below
    /// it; 0 where nothing is.
    places: Vec<u64>,
    seed: u64,
}

impl<'a> SeenElements<'a> {
    fn new(bytes: &'a [u8], ends: &'a [usize]) -> Self {
        let (places, seed) = if ends.len() <= FEW {
            (Vec::with_capacity(FEW), 0)
        } else {
            (vec![0; (2 * ends.len()).next_power_of_two()], seed())
        };
        Self {
            bytes,
            ends,
            places,
            seed,
        }
    }

    #[inline]
    fn range(&self, index: usize) -> Range<usize> {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        start..self.ends[index]
    }

    #[inline]
    fn element(&self, index: usize) -> &'a [u8] {
        &self.bytes[self.range(index)]
    }

    /// Adds an element; false where an equal one is there.
    #[inline]
    fn add(&mut self, index: usize) -> bool {
        const INDEX: u64 = u32::MAX as u64;
        let element = self.element(index);
        if self.ends.len() <= FEW {
            let mut others = self.places.iter();
            let new = others.all(|other| self.element(*other as usize) != element);
            if new {
                self.places.push(index as u64);
            }
            return new;
        }
        let hash = hash(self.seed, element);
        let mask = self.places.len() - 1;
        let mut place = hash as usize & mask;
        loop {
            let other = self.places[place];
            if other == 0 {
                // A container has at most 2^31 elements.
                self.places[place] = hash & !INDEX | (index as u64 + 1);
                return true;
            }
            if (other ^ hash) & !INDEX == 0 && self.element((other & INDEX) as usize - 1) == element
            {
                return false;
            }
            place = (place + 1) & mask;
        }
    }
}

/// Unknown to whoever chooses the elements, so that nobody can choose ones
/// that all come to lie in one place.
fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| RandomState::new().hash_one(0_u64))
}

/// A hash of bytes, eight at a time.
#[inline]
fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let hash = seed ^ bytes.len() as u64;
    let Some(last) = bytes.last_chunk::<8>() else {
        let word = match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
            (Some(first), Some(last)) => {
                u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last))
            }
            _ => bytes
                .iter()
                .fold(0, |word, byte| word << 8 | u64::from(*byte)),
        };
        return mix(hash, word);
    };
    let words = bytes.as_chunks::<8>().0.iter();
    let hash = words.fold(hash, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    mix(hash, u64::from_le_bytes(*last))
}

/// Every bit of the result depends on every bit of both.
#[inline]
fn mix(hash: u64, word: u64) -> u64 {
    const FIRST: u64 = 0x9e37_79b9_7f4a_7c15;
    const SECOND: u64 = 0xe703_7ed1_a0b4_28db;
    let product = u128::from(hash ^ word ^ FIRST) * u128::from(hash.rotate_left(32) ^ SECOND);
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use super::first_of_each;

    fn kept(elements: &[&[u8]]) -> Option<Vec<Vec<u8>>> {
        let bytes = elements.concat();
        let ends: Vec<usize> = elements
            .iter()
            .scan(0, |end, element| {
                *end += element.len();
                Some(*end)
            })
            .collect();
        let ranges = first_of_each(&bytes, &ends)?;
        Some(ranges.iter().map(|r| bytes[r.clone()].to_vec()).collect())
    }

    #[test]
    fn different_elements_are_left_alone() {
        assert_eq!(kept(&[]), None);
        assert_eq!(kept(&[b"a", b"b", b""]), None);
        let many: Vec<[u8; 4]> = (0..1000_u32).map(u32::to_be_bytes).collect();
        let many: Vec<&[u8]> = many.iter().map(|bytes| &bytes[..]).collect();
        assert_eq!(kept(&many), None);
    }

    #[test]
    fn the_first_of_equal_ones_is_kept_in_order() {
        assert_eq!(
            kept(&[b"bb", b"a", b"bb", b"", b"a", b""]),
            Some(vec![b"bb".to_vec(), b"a".to_vec(), Vec::new()])
        );
        let many: Vec<Vec<u8>> = (0..1000_usize)
            .map(|number| vec![b'x'; number % 100])
            .collect();
        let slices: Vec<&[u8]> = many.iter().map(Vec::as_slice).collect();
        assert_eq!(kept(&slices), Some(many[..100].to_vec()));
    }

    #[test]
    fn elements_are_compared_and_not_their_hashes() {
        let many: Vec<Vec<u8>> = (0..40_usize).map(|number| vec![0; number]).collect();
        let slices: Vec<&[u8]> = many.iter().map(Vec::as_slice).collect();
        assert_eq!(kept(&slices), None);
    }
}

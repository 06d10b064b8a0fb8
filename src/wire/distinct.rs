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
    let ranges = || {
        ends.iter().scan(0, |start, end| {
            let range = *start..*end;
            *start = *end;
            Some(range)
        })
    };
    let mut table = if ends.len() > FEW {
        Table::new(bytes, ends.len())
    } else {
        Table::of_few(bytes)
    };
    let repeated = |table: &mut Table<'_>| {
        ranges()
            .zip(1..)
            .position(|(range, number)| !table.add(&range, ends, number))
    };
    repeated(&mut table)?;
    // Once more, now to keep them.
    table.clear();
    let kept = ranges()
        .zip(1..)
        .filter(|(range, number)| table.add(range, ends, *number))
        .map(|(range, _)| range)
        .collect();
    Some(kept)
}

/// The elements seen so far.
struct Table<'a> {
    bytes: &'a [u8],
    /// The numbers of elements by hash, from 1 on; 0 is an empty place. Of a
    /// few, their numbers one behind the other.
    places: Vec<u32>,
    few: bool,
    seed: u64,
}

impl<'a> Table<'a> {
    fn of_few(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            places: Vec::with_capacity(FEW),
            few: true,
            seed: 0,
        }
    }

    fn new(bytes: &'a [u8], count: usize) -> Self {
        Self {
            bytes,
            places: vec![0; (2 * count).next_power_of_two()],
            few: false,
            seed: seed(),
        }
    }

    fn clear(&mut self) {
        if self.few {
            self.places.clear();
        } else {
            self.places.fill(0);
        }
    }

    /// Adds an element; false where an equal one is there.
    #[inline]
    fn add(&mut self, range: &Range<usize>, ends: &[usize], number: u32) -> bool {
        let bytes = self.bytes;
        let element = &bytes[range.clone()];
        let element_of = |number: u32| {
            let index = number as usize - 1;
            let start = index.checked_sub(1).map_or(0, |before| ends[before]);
            &bytes[start..ends[index]]
        };
        if self.few {
            let new = self
                .places
                .iter()
                .all(|&other| element_of(other) != element);
            if new {
                self.places.push(number);
            }
            return new;
        }
        let mask = self.places.len() - 1;
        let mut place = hash(self.seed, element) as usize & mask;
        loop {
            match self.places[place] {
                0 => {
                    self.places[place] = number;
                    return true;
                }
                other if element_of(other) == element => return false,
                _ => place = (place + 1) & mask,
            }
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
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let start = mix(seed, bytes.len() as u64);
    let hash = words
        .iter()
        .fold(start, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    mix(hash, u64::from_le_bytes(last))
}

/// Both halves of a product depend on every bit of its factors.
#[inline]
fn mix(hash: u64, word: u64) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let product = u128::from(hash ^ word.wrapping_mul(ODD)) * u128::from(ODD);
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

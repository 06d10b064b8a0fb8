//! A cache of map keys: messages repeat them, and a string that exists needs
//! no memory and has its hash already.

use std::sync::{Mutex, MutexGuard, TryLockError};

use pyo3::prelude::*;

use crate::py::ffi::{self, NoStr, Quiet};

/// Slots of the cache; a power of two.
const SLOTS: usize = 1024;
/// Longer keys are seldom repeated and cost more to compare.
const LONGEST: usize = 32;

/// Keys of recent messages. They are kept: at most `SLOTS` short strings.
static RECENT: Mutex<Vec<Option<Py<PyAny>>>> = Mutex::new(Vec::new());

/// The keys of one message.
pub struct KeyCache {
    /// Nobody waits: a message that is read inside another one, or by another
    /// thread at the same time, goes without.
    recent: RecentKeys,
}

enum RecentKeys {
    /// Most messages have no maps.
    NotAsked,
    Taken(MutexGuard<'static, Vec<Option<Py<PyAny>>>>),
    InUse,
}

impl KeyCache {
    /// The cache, which is taken at first use.
    pub const fn new() -> Self {
        Self {
            recent: RecentKeys::NotAsked,
        }
    }

    /// Gives the cache back, for a while in which other code may run.
    pub fn rest(&mut self) {
        self.recent = RecentKeys::NotAsked;
    }

    /// The `str` of a key, if it is UTF-8.
    #[inline]
    pub fn get<'py>(
        &mut self,
        quiet: &Quiet<'py>,
        bytes: &[u8],
    ) -> Result<Bound<'py, PyAny>, NoStr<'py>> {
        if bytes.len() > LONGEST {
            return quiet.str(bytes);
        }
        if matches!(self.recent, RecentKeys::NotAsked) {
            self.recent = take();
        }
        let RecentKeys::Taken(slots) = &mut self.recent else {
            return quiet.str(bytes);
        };
        let slot = &mut slots[(hash(bytes) >> 54) as usize % SLOTS];
        if let Some(known) = slot
            && let known = quiet.share(known)
            && ffi::exact_utf8(&known).is_some_and(|known| same(known, bytes))
        {
            return Ok(known);
        }
        let text = quiet.str(bytes)?;
        let old = slot.replace(text.clone().unbind());
        drop(old.map(|old| quiet.take(old)));
        Ok(text)
    }
}

#[cold]
fn take() -> RecentKeys {
    let mut slots = match RECENT.try_lock() {
        Ok(slots) => slots,
        // Whoever panicked has left keys that are right all the same.
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        Err(TryLockError::WouldBlock) => return RecentKeys::InUse,
    };
    slots.resize_with(SLOTS, || None);
    RecentKeys::Taken(slots)
}

/// Spreads strings by their length, start and end, up to eight bytes of each; best in
/// the highest bits.
#[inline]
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let (first, last) = match bytes.len() {
        8.. => ends(bytes, u64::from_le_bytes),
        4.. => ends(bytes, |bytes| u64::from(u32::from_le_bytes(bytes))),
        _ => {
            let join = |word, byte: &u8| word << 8 | u64::from(*byte);
            (bytes.iter().fold(0, join), 0)
        }
    };
    (first ^ last.rotate_left(23) ^ bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The first and the last `N` bytes as numbers; zeros when there are fewer.
#[inline]
fn ends<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> u64) -> (u64, u64) {
    let first = bytes.first_chunk().map_or(0, |bytes| number(*bytes));
    (first, bytes.last_chunk().map_or(0, |bytes| number(*bytes)))
}

/// Whether bytes are the same, of which there are probably few: by two words that
/// overlap.
#[inline]
pub(super) fn same(bytes: &[u8], others: &[u8]) -> bool {
    bytes.len() == others.len() && starts_with(bytes, others)
}

/// Whether bytes begin with others, as [`same`] compares them.
#[inline]
pub(super) fn starts_with(bytes: &[u8], others: &[u8]) -> bool {
    let Some(start) = bytes.get(..others.len()) else {
        return false;
    };
    match others.len() {
        4..8 => {
            start.first_chunk::<4>() == others.first_chunk()
                && start.last_chunk::<4>() == others.last_chunk()
        }
        8..=16 => {
            start.first_chunk::<8>() == others.first_chunk()
                && start.last_chunk::<8>() == others.last_chunk()
        }
        _ => start == others,
    }
}

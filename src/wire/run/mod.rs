//! Values that are passed over at once.
//!
//! What is usual is passed over here, as far as it is in memory. Before whatever is
//! not, a pass ends: a value that is not whole in memory, one that may be wrong, a
//! map. The reader takes that by its own rules, so that these are written once.

pub(super) mod binary;
pub(super) mod compact;

use super::depth::Depth;

/// So many structs around another one are remembered.
const ROOM: usize = 8;

/// What may be passed over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// The longest string, in bytes.
    pub string: usize,
    /// The most bytes that a list may have, and the most elements.
    pub list: usize,
}

/// A struct whose fields are passed over.
#[derive(Clone, Copy, Debug)]
pub struct Level {
    /// The structs that come behind it in its list.
    left: u32,
    /// The levels of nesting that end with it: its list is one more.
    levels: u16,
    /// The id of its last field.
    last_id: i16,
}

impl Level {
    /// The id of the field before the next one.
    #[must_use]
    pub const fn last_id(&self) -> i16 {
        self.last_id
    }

    /// How many structs come behind it in its list, if it is in one.
    #[must_use]
    pub const fn left(&self) -> Option<usize> {
        if self.levels > 1 {
            Some(self.left as usize)
        } else {
            None
        }
    }
}

/// Structs in structs, as far as they were passed over.
#[derive(Debug)]
pub struct Walk {
    level: Level,
    outer: [Level; ROOM],
    height: usize,
    depth: Depth,
    /// Of the outermost struct only fields are passed over whose ids are larger
    /// than the first of these, and smaller than the second.
    after: i32,
    before: i32,
}

impl Walk {
    /// Begins with the first of so many structs that stand one behind the other,
    /// which was entered.
    #[inline]
    #[must_use]
    pub(super) const fn over(count: u32, depth: Depth) -> Self {
        Self::new(count.saturating_sub(1), 0, depth)
    }

    /// Begins in a struct, behind the field of this id.
    #[inline]
    #[must_use]
    pub const fn behind(last_id: i16, depth: Depth) -> Self {
        Self::new(0, last_id, depth)
    }

    /// Begins in a struct, behind the field of this id, and ends before fields of
    /// smaller ids and of those from `next_id` on.
    #[inline]
    pub(super) fn between(last_id: i16, next_id: Option<i16>, depth: Depth) -> Self {
        Self {
            after: last_id.into(),
            before: next_id.map_or(i32::MAX, i32::from),
            ..Self::new(0, last_id, depth)
        }
    }

    #[inline]
    const fn new(left: u32, last_id: i16, depth: Depth) -> Self {
        let level = Level {
            left,
            levels: 1,
            last_id,
        };
        Self {
            level,
            outer: [level; ROOM],
            height: 0,
            depth,
            after: i32::MIN,
            before: i32::MAX,
        }
    }

    /// The id of the field before the next one.
    #[inline]
    pub(super) const fn last_id(&mut self) -> &mut i16 {
        &mut self.level.last_id
    }

    /// The struct that it is in.
    #[inline]
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// The structs that it is in, the outermost first.
    pub fn levels(&self) -> impl Iterator<Item = Level> {
        let outer = self.outer[..self.height % (ROOM + 1)].iter().copied();
        outer.chain([self.level])
    }

    /// Whether it is where it began, and not in a struct within.
    #[inline]
    #[must_use]
    pub const fn is_outermost(&self) -> bool {
        self.height == 0
    }

    /// How deep it is.
    #[inline]
    #[must_use]
    pub const fn depth(&self) -> Depth {
        self.depth
    }

    /// Goes into a struct of the last field, if it can be remembered and entered.
    #[inline]
    pub(super) fn open(&mut self) -> bool {
        self.push(self.level.last_id, 1, 0)
    }

    /// Goes into a struct of a field, with `left` others behind it in a list.
    #[expect(clippy::inline_always, reason = "measured: in the loop over fields")]
    #[inline(always)]
    fn push(&mut self, id: i16, levels: u16, left: u32) -> bool {
        let Some(outer) = self.outer.get_mut(self.height) else {
            return false;
        };
        if !self.depth.enter_levels(levels.into()) {
            return false;
        }
        *outer = Level {
            last_id: id,
            ..self.level
        };
        self.height += 1;
        self.level = Level {
            left,
            levels,
            last_id: 0,
        };
        true
    }

    /// Goes on behind the end of a struct, unless it is the last one.
    #[expect(clippy::inline_always, reason = "measured: in the loop over fields")]
    #[inline(always)]
    pub(super) fn close(&mut self) -> bool {
        if self.level.left > 0 {
            self.level.left -= 1;
            self.level.last_id = 0;
            return true;
        }
        let Some(height) = self.height.checked_sub(1) else {
            return false;
        };
        self.depth.leave_levels(self.level.levels.into());
        self.height = height;
        self.level = self.outer[height % ROOM];
        true
    }
}

//! Where the field of an id is among the fields of a struct.

use super::field::PlanField;

/// Field positions by field id.
pub struct Positions {
    /// For ids from 0 on; `NO_FIELD` where there is none.
    by_id: Box<[u16]>,
    /// For all other ids, sorted by id.
    others: Box<[(i16, u16)]>,
}

const NO_FIELD: u16 = u16::MAX;
/// Ids up to here are found by index; a struct with larger ones is searched.
const INDEXED_IDS: i16 = 1024;

impl Positions {
    pub fn new(fields: &[PlanField]) -> Self {
        let indexed = |field: &&PlanField| (0..=INDEXED_IDS).contains(&field.id);
        let length = fields
            .iter()
            .filter(indexed)
            .map(|field| field.id as usize + 1)
            .max()
            .unwrap_or(0);
        let mut by_id = vec![NO_FIELD; length];
        let mut others = Vec::new();
        for (position, field) in fields.iter().enumerate() {
            if indexed(&field) {
                by_id[field.id as usize] = position as u16;
            } else {
                others.push((field.id, position as u16));
            }
        }
        others.sort_unstable_by_key(|entry| entry.0);
        Self {
            by_id: by_id.into_boxed_slice(),
            others: others.into_boxed_slice(),
        }
    }

    #[inline]
    pub fn get(&self, id: i16) -> Option<usize> {
        let found = match usize::try_from(id) {
            Ok(index) if index < self.by_id.len() => self.by_id[index],
            _ => match self.others.binary_search_by_key(&id, |entry| entry.0) {
                Ok(found) => self.others[found].1,
                Err(_) => NO_FIELD,
            },
        };
        (found != NO_FIELD).then_some(usize::from(found))
    }
}

//! Lists that are empty as a rule.

use std::ops::Deref;

/// A list that takes the room of one pointer while it is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    clippy::box_collection,
    reason = "three words in every node would be for the few that have any"
)]
pub struct Rare<T>(Option<Box<Vec<T>>>);

impl<T> Rare<T> {
    /// Adds an element.
    pub fn push(&mut self, element: T) {
        self.0.get_or_insert_default().push(element);
    }
}

impl<T> Default for Rare<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Deref for Rare<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0.as_deref().map_or(&[], Vec::as_slice)
    }
}

impl<T> FromIterator<T> for Rare<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let elements: Vec<T> = elements.into_iter().collect();
        Self((!elements.is_empty()).then(|| Box::new(elements)))
    }
}

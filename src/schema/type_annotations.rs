//! The annotations of lists, sets and maps, beside the types: hardly any has some, and
//! what a type is does not depend on them.

use std::collections::HashMap;
use std::sync::Arc;

use super::model::{Annotation, Type};
use crate::idl::Rare;

/// The annotations of containers as they are written. That of a typedef is shared by
/// its references, and so are its annotations, as in Apache's compiler.
#[derive(Debug, Default)]
pub(super) struct TypeAnnotations {
    /// By the place of what the container holds, which it keeps.
    of_containers: HashMap<usize, (Type, Rare<Annotation>)>,
}

impl TypeAnnotations {
    pub(super) fn keep(&mut self, ty: &Type, annotations: Rare<Annotation>) {
        if !annotations.is_empty()
            && let Some(place) = place(ty)
        {
            self.of_containers.insert(place, (ty.clone(), annotations));
        }
    }

    pub(super) fn of(&self, ty: &Type) -> &[Annotation] {
        let found = place(ty).and_then(|place| self.of_containers.get(&place));
        found.map_or(&[], |(_, annotations)| annotations)
    }
}

fn place(container: &Type) -> Option<usize> {
    match container {
        Type::List(element) | Type::Set(element) => Some(Arc::as_ptr(element).addr()),
        Type::Map(both) => Some(Arc::as_ptr(both).addr()),
        _ => None,
    }
}

//! Which definition of one schema is which of another.

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

use super::model::{
    Const, ConstId, Enum, EnumId, Program, ProgramId, Schema, Service, ServiceId, Struct, StructId,
    Typedef, TypedefId,
};

/// What an old definition is now, by its index in the old table.
pub(super) struct Counterparts {
    /// The folders of the old and of the new root.
    folders: [PathBuf; 2],
    programs: Vec<Option<ProgramId>>,
    pub(super) enums: Vec<Option<EnumId>>,
    pub(super) structs: Vec<Option<StructId>>,
    pub(super) typedefs: Vec<Option<TypedefId>>,
    pub(super) consts: Vec<Option<ConstId>>,
    pub(super) services: Vec<Option<ServiceId>>,
}

impl Counterparts {
    pub(super) fn new(old: &Schema, new: &Schema) -> Self {
        let programs = programs(&old.programs, &new.programs);
        macro_rules! table {
            ($table:ident $item:ident $id:ident) => {{
                let key = |each: &'_ $item| (each.program, each.name.to_string());
                let of = |each: &[$item]| each.iter().map(key).collect::<Vec<_>>();
                let found = definitions(&programs, &of(&old.$table), &of(&new.$table));
                found.into_iter().map(|at| at.map($id::at)).collect()
            }};
        }
        Self {
            folders: [old, new].map(folder),
            enums: table!(enums Enum EnumId),
            structs: table!(structs Struct StructId),
            typedefs: table!(typedefs Typedef TypedefId),
            consts: table!(consts Const ConstId),
            services: table!(services Service ServiceId),
            programs,
        }
    }

    pub(super) fn program(&self, old: ProgramId) -> Option<ProgramId> {
        self.programs[old.index()]
    }

    /// The paths of an old file and of the new one that it is, as programs know them,
    /// where they differ.
    ///
    /// These are the paths below the folder of the root; of a file beside that folder it
    /// is one that goes up as far, for nobody knows whether the folder has moved itself.
    pub(super) fn moved(&self, old: &Program, new: &Program) -> Option<(PathBuf, PathBuf)> {
        let was = path_from(&self.folders[0], &old.path)?;
        let is = path_from(&self.folders[1], &new.path)?;
        let up = |path: &Path| path.iter().filter(|part| *part == "..").count();
        (was != is && up(&was) == up(&is)).then_some((was, is))
    }

    /// New services that no old one is.
    pub(super) fn free_services<'s>(
        &'s self,
        new: &'s Schema,
    ) -> impl Iterator<Item = ServiceId> + 's {
        (0..new.services.len())
            .map(ServiceId::at)
            .filter(|id| !self.services.contains(&Some(*id)))
    }
}

/// The folder of the file that a load started with.
fn folder(schema: &Schema) -> PathBuf {
    let root = schema.programs.last();
    let folder = root.and_then(|root| root.path.parent());
    folder.map(normal).unwrap_or_default()
}

/// A path without `.`, and without `..` behind something else.
fn normal(path: &Path) -> PathBuf {
    let mut found = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if found.file_name().is_some() => {
                found.pop();
            }
            part => found.push(part),
        }
    }
    found
}

/// The way to a file from a folder; none from a relative one to an absolute one.
fn path_from(folder: &Path, file: &Path) -> Option<PathBuf> {
    let file = normal(file);
    let common = folder.iter().zip(&file).take_while(|(a, b)| a == b).count();
    let mut path: PathBuf = folder.iter().skip(common).map(|_| "..").collect();
    path.extend(file.iter().skip(common));
    (folder.is_absolute() == file.is_absolute()).then_some(path)
}

/// Roots are each other; of the other files those whose paths end alike.
fn programs(old: &[Program], new: &[Program]) -> Vec<Option<ProgramId>> {
    let mut found = vec![None; old.len()];
    let (Some(old_root), Some(new_root)) = (old.len().checked_sub(1), new.len().checked_sub(1))
    else {
        return found;
    };
    found[old_root] = Some(ProgramId::at(new_root));
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, program) in new[..new_root].iter().enumerate() {
        by_name.entry(&program.name).or_default().push(index);
    }
    let mut alike: Vec<(usize, usize, usize)> = Vec::new();
    for (index, program) in old[..old_root].iter().enumerate() {
        for &other in by_name.get(&*program.name).into_iter().flatten() {
            alike.push((common_end(&program.path, &new[other].path), index, other));
        }
    }
    alike.sort_by_key(|&(length, index, other)| (std::cmp::Reverse(length), index, other));
    let mut taken = HashSet::new();
    for (_, index, other) in alike {
        if found[index].is_none() && taken.insert(other) {
            found[index] = Some(ProgramId::at(other));
        }
    }
    found
}

fn common_end(one: &Path, other: &Path) -> usize {
    let both = one.components().rev().zip(other.components().rev());
    both.take_while(|(a, b)| a == b).count()
}

/// In the same file by name, or else in another one that is the only one to
/// have gained that name.
fn definitions(
    programs: &[Option<ProgramId>],
    old: &[(ProgramId, String)],
    new: &[(ProgramId, String)],
) -> Vec<Option<usize>> {
    let places: HashMap<(ProgramId, &str), usize> = new
        .iter()
        .enumerate()
        .map(|(index, (program, name))| ((*program, name.as_str()), index))
        .collect();
    let mut found: Vec<Option<usize>> = old
        .iter()
        .map(|(program, name)| {
            let program = programs[program.index()]?;
            places.get(&(program, name.as_str())).copied()
        })
        .collect();
    let taken: HashSet<usize> = found.iter().flatten().copied().collect();
    let mut gained: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, (_, name)) in new.iter().enumerate() {
        if !taken.contains(&index) {
            gained.entry(name).or_default().push(index);
        }
    }
    for (index, (_, name)) in old.iter().enumerate() {
        if found[index].is_none()
            && let Some([only]) = gained.get(name.as_str()).map(Vec::as_slice)
        {
            found[index] = Some(*only);
            gained.remove(name.as_str());
        }
    }
    found
}

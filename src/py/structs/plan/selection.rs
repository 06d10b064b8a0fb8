//! A few fields out of large messages: plans that have only these, and skip the
//! rest.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pyclass::{PyTraverseError, PyVisit};
use pyo3::types::{PyDict, PyString, PyTuple, PyType};

use super::Plan;
use super::chosen::Chosen;
use super::kind::Numbers;

/// As many selections are remembered for a class; a program that makes up ever
/// new ones shall not fill the memory.
const MOST_REMEMBERED: usize = 64;

/// Fields of a struct class that were chosen, compiled for decoding.
///
/// Made by `select`, or by the class itself with the same arguments. It follows the class: when that changes, the selection is
/// compiled anew at its next use.
#[pyclass(frozen, module = "fastthrift._core")]
pub struct Selection {
    /// The class.
    #[pyo3(get, name = "cls")]
    class: Py<PyType>,
    /// The paths, as they were given.
    #[pyo3(get)]
    paths: Py<PyTuple>,
    /// With lists of numbers and with arrays of them, if those were asked for.
    compiled: [Mutex<Option<Compiled>>; 2],
}

/// What a selection is compiled to, and from.
struct Compiled {
    /// The plan with the fields that were chosen.
    plan: Py<Plan>,
    /// The plans of the classes that it goes through, as they were.
    sources: Vec<Py<Plan>>,
}

impl Selection {
    fn new(class: &Bound<'_, PyType>, paths: &Bound<'_, PyTuple>) -> PyResult<Self> {
        Ok(Self {
            compiled: [
                Mutex::new(Some(Compiled::new(class, paths, Numbers::Lists)?)),
                Mutex::new(None),
            ],
            class: class.clone().unbind(),
            paths: paths.clone().unbind(),
        })
    }

    /// What `only` means: a selection, or paths, of which selections are
    /// remembered.
    pub fn of<'py>(
        class: &Bound<'py, PyType>,
        only: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, Self>> {
        let py = class.py();
        if let Ok(selection) = only.cast::<Self>() {
            let chosen_of = selection.get().class.bind(py);
            if !chosen_of.is(class) {
                return Err(PyTypeError::new_err(format!(
                    "the selection is of fields of {}, and cls is {}",
                    chosen_of.name()?,
                    class.name()?,
                )));
            }
            return Ok(selection.clone());
        }
        let paths = paths_of(only)?;
        let whole = Plan::of(class)?;
        let remembered = &whole.get().selections;
        let remembered = remembered.get_or_init(|| PyDict::new(py).unbind()).bind(py);
        if let Some(found) = remembered.get_item(&paths)?
            && let Ok(selection) = found.cast_into_exact::<Self>()
        {
            return Ok(selection);
        }
        let selection = Bound::new(py, Self::new(class, &paths)?)?;
        if remembered.len() >= MOST_REMEMBERED {
            remembered.clear();
        }
        remembered.set_item(paths, &selection)?;
        Ok(selection)
    }

    /// The plan with the fields that were chosen, of the classes as they are.
    pub fn plan<'py>(&self, py: Python<'py>, numbers: Numbers) -> PyResult<Bound<'py, Plan>> {
        // Compiling runs code of the program: not under the lock.
        if let Some(plan) = self.current(py, numbers) {
            return Ok(plan);
        }
        let compiled = Compiled::new(self.class.bind(py), self.paths.bind(py), numbers)?;
        let plan = compiled.plan.bind(py).clone();
        let mut kept = self.kept(numbers);
        let before = kept.replace(compiled);
        drop(kept);
        drop(before);
        Ok(plan)
    }

    fn kept(&self, numbers: Numbers) -> MutexGuard<'_, Option<Compiled>> {
        let kept = &self.compiled[numbers as usize];
        kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn current<'py>(&self, py: Python<'py>, numbers: Numbers) -> Option<Bound<'py, Plan>> {
        let (plan, unwatched) = {
            let kept = self.kept(numbers);
            let kept = kept.as_ref()?;
            let mut sources = kept.sources.iter().map(Py::get);
            if sources.any(|plan| plan.is_stale(py)) {
                return None;
            }
            let sources = kept.sources.iter();
            let unwatched = sources.filter(|plan| plan.get().unwatched);
            let unwatched: Vec<_> = unwatched.map(|plan| plan.clone_ref(py)).collect();
            (kept.plan.bind(py).clone(), unwatched)
        };
        let is_current = |plan: &Py<Plan>| plan.get().is_current(plan.get().class.bind(py));
        unwatched.iter().all(is_current).then_some(plan)
    }
}

impl Compiled {
    fn new(
        class: &Bound<'_, PyType>,
        paths: &Bound<'_, PyTuple>,
        numbers: Numbers,
    ) -> PyResult<Self> {
        let chosen = Chosen::of_tuple(paths)?;
        let mut sources = vec![Plan::of(class)?.unbind()];
        let plan = chosen.plan_of(class, numbers)?;
        add_sources(plan.get(), class.py(), &mut sources)?;
        Ok(Self {
            plan: plan.unbind(),
            sources,
        })
    }
}

/// Adds the plans of the classes that a narrow plan goes through.
fn add_sources(plan: &Plan, py: Python<'_>, sources: &mut Vec<Py<Plan>>) -> PyResult<()> {
    for field in plan.fields() {
        if let Some(inner) = field.kind.narrow_plan(py) {
            let inner = inner.get();
            sources.push(Plan::of(inner.class.bind(py))?.unbind());
            add_sources(inner, py, sources)?;
        }
    }
    Ok(())
}

/// Paths as a tuple of strings, of one at least.
fn paths_of<'py>(only: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyTuple>> {
    let refuse = || {
        PyTypeError::new_err(format!(
            "only must be a Selection or a tuple of names of fields, as (\"name\", \
             \"people.age\"), not {}",
            only.get_type()
        ))
    };
    if only.is_instance_of::<PyString>() {
        return Err(refuse());
    }
    let paths = match only.cast::<PyTuple>() {
        Ok(paths) => paths.clone(),
        Err(_) => only
            .try_iter()
            .map_err(|_| refuse())?
            .collect::<PyResult<Vec<_>>>()
            .and_then(|paths| PyTuple::new(only.py(), paths))?,
    };
    check_paths(&paths)?;
    Ok(paths)
}

fn check_paths(paths: &Bound<'_, PyTuple>) -> PyResult<()> {
    if paths.is_empty() {
        return Err(PyValueError::new_err(
            "no field is named: give names of fields, as \"name\" or \"people.age\"",
        ));
    }
    for path in paths.iter_borrowed() {
        if !path.is_instance_of::<PyString>() {
            return Err(PyTypeError::new_err(format!(
                "a path is a str, as \"name\" or \"people.age\", not {}",
                path.get_type()
            )));
        }
    }
    Ok(())
}

/// The fields of a struct class that `paths` name, compiled for `decode`.
///
/// A path is the name of a field, or several with dots between them: through
/// structs, the elements of lists and sets, and the values of maps. A field that is
/// named is decoded with all that it holds, unless fields in it are named.
#[pyfunction]
#[pyo3(signature = (cls, *paths))]
pub fn select(cls: &Bound<'_, PyAny>, paths: &Bound<'_, PyTuple>) -> PyResult<Selection> {
    check_paths(paths)?;
    let class = match cls.cast::<PyType>() {
        Ok(class) if class.hasattr(intern!(cls.py(), "thrift_spec"))? => class,
        _ => {
            return Err(PyTypeError::new_err(format!(
                "select() argument 'cls' must be a struct class, not {}",
                cls.repr()?
            )));
        }
    };
    Selection::new(class, paths)
}

#[pymethods]
impl Selection {
    #[new]
    #[pyo3(signature = (cls, /, *paths))]
    fn made_anew(cls: &Bound<'_, PyAny>, paths: &Bound<'_, PyTuple>) -> PyResult<Self> {
        select(cls, paths)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let mut text = format!("select({}", self.class.bind(py).name()?);
        for path in self.paths.bind(py).iter_borrowed() {
            text.push_str(", ");
            text.push_str(&path.repr()?.to_string());
        }
        text.push(')');
        Ok(text)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        let Ok(other) = other.cast::<Self>() else {
            return Ok(false);
        };
        let (py, other) = (other.py(), other.get());
        Ok(self.class.is(&other.class) && self.paths.bind(py).as_any().eq(&other.paths)?)
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        (&self.class, &self.paths).into_pyobject(py)?.hash()
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyType>, Bound<'py, PyTuple>)> {
        let py = slf.py();
        let mut args = vec![slf.get().class.bind(py).clone().into_any()];
        args.extend(slf.get().paths.bind(py).iter());
        Ok((slf.get_type(), PyTuple::new(py, args)?))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.class)?;
        visit.call(&self.paths)?;
        // Never waited for: the collector runs while nobody compiles.
        for compiled in self.compiled.iter().filter_map(|kept| kept.try_lock().ok()) {
            let Some(compiled) = &*compiled else { continue };
            visit.call(&compiled.plan)?;
            for source in &compiled.sources {
                visit.call(source)?;
            }
        }
        Ok(())
    }
}

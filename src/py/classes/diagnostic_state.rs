//! What a pickled diagnostic keeps: its words, and of the files it points into
//! the lines that are shown.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::idl::{Code, Diagnostic, Label, Severity, SourceFile, Span};

/// A range of a file: (index of the file, start, end).
type Place = (usize, u32, u32);

/// (code, is it an error, message, expected, hint, thriftpy2's text, files
/// as (path, text), the range, related places with their messages)
pub type DiagnosticState = (
    String,
    bool,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    Vec<(PathBuf, String)>,
    Place,
    Vec<(Place, String)>,
);

/// How many lines between two places of a file are kept, for those that are
/// shown together.
const BETWEEN: u32 = 100;

/// A diagnostic as plain values.
pub fn state(diagnostic: &Diagnostic) -> DiagnosticState {
    let mut files = Files::default();
    files.add(&diagnostic.file, diagnostic.span);
    for label in &diagnostic.related {
        files.add(&label.file, label.span);
    }
    let excerpts: Vec<Excerpt> = files
        .0
        .iter()
        .map(|(file, spans)| Excerpt::new(file, spans))
        .collect();
    let place = |file: &Arc<SourceFile>, span: Span| {
        let index = files.index(file);
        let excerpt = &excerpts[index];
        (index, excerpt.offset(span.start), excerpt.offset(span.end))
    };
    (
        diagnostic.code.as_str().to_owned(),
        diagnostic.is_error(),
        diagnostic.message.clone(),
        diagnostic.expected.clone(),
        diagnostic.hint.clone(),
        diagnostic.thriftpy2.clone(),
        excerpts
            .iter()
            .map(|excerpt| (excerpt.file.path().to_owned(), excerpt.text.clone()))
            .collect(),
        place(&diagnostic.file, diagnostic.span),
        diagnostic
            .related
            .iter()
            .map(|label| (place(&label.file, label.span), label.message.clone()))
            .collect(),
    )
}

/// The diagnostic that has this state.
pub fn restore(state: DiagnosticState) -> PyResult<Diagnostic> {
    let (code, is_error, message, expected, hint, thriftpy2, files, place, related) = state;
    let wrong = || PyValueError::new_err("this is no state of a Diagnostic");
    let code = *Code::ALL
        .iter()
        .find(|known| known.as_str() == code)
        .ok_or_else(wrong)?;
    let files: Vec<Arc<SourceFile>> = files
        .into_iter()
        .map(|(path, text)| Arc::new(SourceFile::new(path, text.into_bytes())))
        .collect();
    let located = |(index, start, end): Place| {
        let file = files.get(index).ok_or_else(wrong)?;
        let text = file.text();
        let is_range = text.get(start as usize..end as usize).is_some();
        is_range
            .then(|| (Arc::clone(file), Span::new(start, end)))
            .ok_or_else(wrong)
    };
    let (file, span) = located(place)?;
    let related = related
        .into_iter()
        .map(|(place, message)| {
            let (file, span) = located(place)?;
            Ok(Label {
                file,
                span,
                message,
            })
        })
        .collect::<PyResult<_>>()?;
    Ok(Diagnostic {
        code,
        severity: if is_error {
            Severity::Error
        } else {
            Severity::Warning
        },
        message,
        file,
        span,
        expected,
        hint,
        related,
        thriftpy2,
    })
}

/// The files of a diagnostic, each with the ranges in it.
#[derive(Default)]
struct Files(Vec<(Arc<SourceFile>, Vec<Span>)>);

impl Files {
    fn add(&mut self, file: &Arc<SourceFile>, span: Span) {
        match self
            .0
            .iter_mut()
            .find(|(known, _)| Arc::ptr_eq(known, file))
        {
            Some((_, spans)) => spans.push(span),
            None => self.0.push((Arc::clone(file), vec![span])),
        }
    }

    fn index(&self, file: &Arc<SourceFile>) -> usize {
        let found = self
            .0
            .iter()
            .position(|(known, _)| Arc::ptr_eq(known, file));
        found.unwrap_or_default()
    }
}

/// A file whose other lines are empty, so that lines keep their numbers.
struct Excerpt {
    file: Arc<SourceFile>,
    text: String,
    /// By line: where it starts in `text`.
    starts: Vec<usize>,
}

impl Excerpt {
    fn new(file: &Arc<SourceFile>, spans: &[Span]) -> Self {
        let mut touched: Vec<u32> = spans
            .iter()
            .flat_map(|span| [file.line(span.start), file.line(span.end)])
            .collect();
        touched.sort_unstable();
        let last = touched.last().copied().unwrap_or(1);
        let mut text = String::new();
        let mut starts = Vec::new();
        for line in 1..=last {
            starts.push(text.len());
            let next = touched.partition_point(|&other| other < line);
            let is_touched = touched.get(next) == Some(&line);
            let is_between = next > 0 && line - touched[next - 1] <= BETWEEN;
            if is_touched || is_between {
                let range = Span::new(file.line_start(line), file.line_start(line + 1));
                text.push_str(file.slice(range));
            } else {
                text.push('\n');
            }
        }
        Self {
            file: Arc::clone(file),
            text,
            starts,
        }
    }

    fn offset(&self, offset: u32) -> u32 {
        let line = self.file.line(offset);
        let start = self
            .starts
            .get(line as usize - 1)
            .copied()
            .unwrap_or_default();
        start as u32 + (offset - self.file.line_start(line))
    }
}

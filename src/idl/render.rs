//! A diagnostic with the lines it is about, for people.

use std::sync::Arc;

use annotate_snippets::{Annotation, AnnotationKind, Level, Renderer, Snippet};

use super::diagnostic::{Diagnostic, Label, Severity};
use super::source::{SourceFile, Span};

/// Places of one file so near to each other are shown together, what lies
/// between them folded.
const NEAR: u32 = 100;

/// A diagnostic as several lines of text: message, place, the lines of the
/// file with the range underlined, related places, hint. Without colours.
#[must_use]
pub fn render(diagnostic: &Diagnostic) -> String {
    render_by(&Renderer::plain(), diagnostic)
}

/// The same with the escape sequences of a terminal.
#[must_use]
pub fn render_in_color(diagnostic: &Diagnostic) -> String {
    render_by(&Renderer::styled(), diagnostic)
}

fn render_by(renderer: &Renderer, diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let label = diagnostic
        .expected
        .as_ref()
        .map(|expected| format!("expected {expected}"));
    let line = diagnostic.file.line(diagnostic.span.start);
    let (near, far): (Vec<&Label>, Vec<&Label>) = diagnostic.related.iter().partition(|related| {
        Arc::ptr_eq(&related.file, &diagnostic.file)
            && related.file.line(related.span.start).abs_diff(line) <= NEAR
    });
    let mut marks = vec![(diagnostic.span, AnnotationKind::Primary, label)];
    marks.extend(near.into_iter().map(mark));
    let mut report = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.as_str())
        .element(excerpt(&diagnostic.file, marks));
    for related in far {
        report = report.element(excerpt(&related.file, vec![mark(related)]));
    }
    if let Some(hint) = &diagnostic.hint {
        report = report.element(Level::HELP.message(hint.as_str()));
    }
    renderer.render(&[report])
}

type Mark = (Span, AnnotationKind, Option<String>);

fn mark(related: &Label) -> Mark {
    let message = related.message.clone();
    (related.span, AnnotationKind::Context, Some(message))
}

/// The lines that ranges touch, underlined. Only they are handed on: the
/// renderer looks at all it is given, and files may be large.
fn excerpt(file: &Arc<SourceFile>, marks: Vec<Mark>) -> Snippet<'_, Annotation<'_>> {
    let whole = marks
        .iter()
        .map(|(span, ..)| *span)
        .reduce(Span::to)
        .unwrap_or_default();
    let first_line = file.line(whole.start);
    let start = file.line_start(first_line);
    let end = file.line_start(file.line(whole.end) + 1);
    let annotations = marks.into_iter().map(|(span, kind, label)| {
        let range = (span.start - start) as usize..(span.end - start) as usize;
        kind.span(range).label(label)
    });
    Snippet::source(file.slice(Span::new(start, end)))
        .path(file.path().display().to_string())
        .line_start(first_line as usize)
        .annotations(annotations)
}

//! A diagnostic with the lines it is about, for people.

use std::sync::Arc;

use annotate_snippets::{Annotation, AnnotationKind, Level, Renderer, Snippet};

use super::diagnostic::{Diagnostic, Severity};
use super::source::{SourceFile, Span};

/// A diagnostic as several lines of text: message, place, the lines of the
/// file with the range underlined, related places, hint. Without colours.
#[must_use]
pub fn render(diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let label = diagnostic
        .expected
        .as_ref()
        .map(|expected| format!("expected {expected}"));
    let mut report = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.as_str())
        .element(excerpt(
            &diagnostic.file,
            diagnostic.span,
            AnnotationKind::Primary,
            label,
        ));
    for related in &diagnostic.related {
        report = report.element(excerpt(
            &related.file,
            related.span,
            AnnotationKind::Context,
            Some(related.message.clone()),
        ));
    }
    if let Some(hint) = &diagnostic.hint {
        report = report.element(Level::HELP.message(hint.as_str()));
    }
    Renderer::plain().render(&[report])
}

/// The lines that a range touches, underlined. Only they are handed on: the
/// renderer looks at all it is given, and files may be large.
fn excerpt(
    file: &Arc<SourceFile>,
    span: Span,
    kind: AnnotationKind,
    label: Option<String>,
) -> Snippet<'_, Annotation<'_>> {
    let first_line = file.line(span.start);
    let last_line = file.line(span.end.max(span.start));
    let start = file.line_start(first_line);
    let end = file.line_start(last_line + 1);
    let text = file.slice(Span::new(start, end));
    let range = (span.start - start) as usize..(span.end.max(span.start) - start) as usize;
    Snippet::source(text)
        .path(file.path().display().to_string())
        .line_start(first_line as usize)
        .annotation(kind.span(range).label(label))
}

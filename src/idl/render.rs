//! A diagnostic with the lines it is about, for people.

use std::sync::Arc;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};

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

/// A diagnostic as text with the escape sequences of a terminal.
#[must_use]
pub fn render_in_color(diagnostic: &Diagnostic) -> String {
    render_by(&Renderer::styled(), diagnostic)
}

fn render_by(renderer: &Renderer, diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Hint => Level::HELP.with_name("hint"),
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
    let report = Group::with_title(
        level
            .primary_title(diagnostic.message.as_str())
            .id(diagnostic.code.as_str()),
    );
    let mut report = excerpt(report, &diagnostic.file, marks);
    for related in far {
        report = excerpt(report, &related.file, vec![mark(related)]);
    }
    if let Some(hint) = &diagnostic.hint {
        report = report.element(Level::HELP.message(hint.as_str()));
    }
    without_marks(&renderer.render(&[report]))
}

/// The renderer marks an excerpt without a path of its own, as that of a long
/// line is, as if it were of another file.
fn without_marks(rendered: &str) -> String {
    const MARK: &str = ":::";
    let is_mark = |line: &str| line.contains(MARK) && visible(line).trim() == MARK;
    let lines: Vec<&str> = rendered.split('\n').filter(|line| !is_mark(line)).collect();
    lines.join("\n")
}

/// A line without the escape sequences for colours.
fn visible(line: &str) -> String {
    let mut pieces = line.split('\x1b');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |mut text, piece| {
        text.push_str(piece.split_once('m').map_or("", |(_, rest)| rest));
        text
    })
}

/// Lines longer than this are shown in part: the renderer looks at all of a
/// line for each diagnostic, and a file may be one line.
const LONGEST_LINE: u32 = 2000;

type Mark = (Span, AnnotationKind, Option<String>);

fn mark(related: &Label) -> Mark {
    let message = related.message.clone();
    (related.span, AnnotationKind::Context, Some(message))
}

/// The lines that ranges touch, underlined. Only they are handed on: the
/// renderer looks at all it is given, and files may be large.
fn excerpt<'d>(report: Group<'d>, file: &'d Arc<SourceFile>, marks: Vec<Mark>) -> Group<'d> {
    let whole = marks
        .iter()
        .map(|(span, ..)| *span)
        .reduce(Span::to)
        .unwrap_or_default();
    let first_line = file.line(whole.start);
    let start = file.line_start(first_line);
    let end = file.line_start(file.line(whole.end) + 1);
    let path = file.path().display().to_string();
    let lines = file.line(whole.end) - first_line + 1;
    if end - start > lines.saturating_mul(LONGEST_LINE) {
        return long_line(report, file, path, marks);
    }
    let annotations = marks.into_iter().map(|(span, kind, label)| {
        let range = (span.start - start) as usize..(span.end - start) as usize;
        kind.span(range).label(label)
    });
    report.element(
        Snippet::source(file.slice(Span::new(start, end)))
            .path(path)
            .line_start(first_line as usize)
            .annotations(annotations),
    )
}

/// The first range with what is near to it.
fn long_line<'d>(
    report: Group<'d>,
    file: &'d Arc<SourceFile>,
    path: String,
    marks: Vec<Mark>,
) -> Group<'d> {
    const AROUND: u32 = 40;
    let Some((span, kind, label)) = marks.into_iter().next() else {
        return report;
    };
    let position = file.position(span.start);
    let origin = Origin::path(path)
        .line(position.line as usize)
        .char_column(position.column as usize);
    let line_start = file.line_start(position.line);
    let line_end = file.line_start(position.line + 1);
    let stop = span.end.min(span.start + AROUND).min(line_end);
    let start = file.boundary_before(span.start.saturating_sub(AROUND).max(line_start));
    let end = file.boundary_before((stop + AROUND).min(line_end));
    let marked = (span.start - start) as usize..(file.boundary_before(stop) - start) as usize;
    report.element(origin).element(
        Snippet::<Annotation<'_>>::source(file.slice(Span::new(start, end)))
            .line_start(position.line as usize)
            .annotation(kind.span(marked).label(label)),
    )
}

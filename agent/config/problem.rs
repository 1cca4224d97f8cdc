//! Errors and warnings about a configuration, drawn as compilers draw them: file, line, column, the
//! excerpt with a caret, and what to do.

use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Patch, Renderer, Snippet};
use tidegate_runtime::component::Lint;

use super::Source;
use super::secrets::Secrets;

/// Problems that are drawn at most.
const MAX_DRAWN: usize = 50;

/// Whether a configuration can be used in spite of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Severity {
    Error,
    Warning,
}

/// Something that is wrong, or probably is, at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    severity: Severity,
    /// The kind of warning that it is, or was before warnings were denied.
    lint: Option<Lint>,
    title: String,
    span: Range<usize>,
    label: String,
    context: Option<(Range<usize>, String)>,
    notes: Vec<String>,
    help: Option<String>,
    /// What to write in place of the text at `span`.
    replacement: Option<String>,
}

impl Problem {
    /// An error in the text at `span`.
    pub(crate) fn new(title: impl Into<String>, span: Range<usize>) -> Self {
        Self {
            severity: Severity::Error,
            lint: None,
            title: title.into(),
            span,
            label: String::new(),
            context: None,
            notes: Vec::new(),
            help: None,
            replacement: None,
        }
    }

    /// A warning about the text at `span`, with which the configuration is still valid.
    pub(crate) fn warning(lint: Lint, title: impl Into<String>, span: Range<usize>) -> Self {
        Self {
            severity: Severity::Warning,
            lint: Some(lint),
            ..Self::new(title, span)
        }
    }

    /// What to write in place of the text at the problem's place.
    pub(crate) fn replacement(self, replacement: impl Into<String>) -> Self {
        Self {
            replacement: Some(replacement.into()),
            ..self
        }
    }

    /// A text beside the caret.
    pub(crate) fn label(self, label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            ..self
        }
    }

    /// A related place.
    pub(crate) fn context(self, span: Range<usize>, label: impl Into<String>) -> Self {
        Self {
            context: Some((span, label.into())),
            ..self
        }
    }

    /// An explanation.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// What to do.
    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self {
            help: Some(help.into()),
            ..self
        }
    }

    /// What to do, if that can be said.
    pub(crate) fn maybe_help(self, help: Option<String>) -> Self {
        Self { help, ..self }
    }

    /// The problem with the secrets in its texts masked.
    fn masked(&self, secrets: &Secrets) -> Self {
        let context = self.context.as_ref();
        Self {
            title: secrets.hide(&self.title),
            label: secrets.hide(&self.label),
            context: context.map(|(span, label)| (span.clone(), secrets.hide(label))),
            notes: self.notes.iter().map(|note| secrets.hide(note)).collect(),
            help: self.help.as_ref().map(|help| secrets.hide(help)),
            replacement: self.replacement.as_ref().map(|text| secrets.hide(text)),
            ..self.clone()
        }
    }

    /// Draws it over `source`.
    fn draw(&self, source: &Source, renderer: &Renderer) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut title = level.primary_title(&self.title);
        if let Some(lint) = self.lint {
            title = title.id(lint.name());
        }
        let mut group = title.element(self.excerpt(source));
        for note in &self.notes {
            group = group.element(Level::NOTE.message(note));
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help));
        }
        let groups: Vec<_> = [group].into_iter().chain(self.rewrite(source)).collect();
        renderer.render(&groups)
    }

    /// The lines of `source` that it is about.
    fn excerpt<'s>(&'s self, source: &'s Source) -> Snippet<'s, Annotation<'s>> {
        let end = source.text.len();
        let clamp = |span: &Range<usize>| span.start.min(end)..span.end.min(end);
        let mut primary = AnnotationKind::Primary.span(clamp(&self.span));
        if !self.label.is_empty() {
            primary = primary.label(&self.label);
        }
        let context = self.context.iter().map(|(span, label)| {
            let context = AnnotationKind::Context.span(clamp(span));
            context.label(label)
        });
        Snippet::source(&source.text)
            .path(&source.name)
            .annotation(primary)
            .annotations(context)
    }

    /// The line as it should be.
    fn rewrite<'s>(&'s self, source: &'s Source) -> Option<Group<'s>> {
        let patch = Patch::new(self.span.clone(), self.replacement.as_ref()?);
        let snippet = Snippet::source(&source.text)
            .path(&source.name)
            .patch(patch);
        let title = match self.lint {
            Some(Lint::RenamedKey) => "use the new name",
            _ => "write it like this",
        };
        Some(Level::HELP.secondary_title(title).element(snippet))
    }
}

/// All errors and warnings, each of them once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Problems {
    all: Vec<Problem>,
    /// Places of which all is said.
    settled: Vec<Range<usize>>,
    /// Strings with variables.
    substituted: Vec<Range<usize>>,
    secrets: Secrets,
}

impl Problems {
    pub(crate) fn push(&mut self, problem: Problem) {
        let is_settled = self.settled.contains(&problem.span);
        if !is_settled && !self.all.contains(&problem) {
            self.all.push(problem);
        }
    }

    /// Ignores all further problems of the value at `span`, which follow from a reported one.
    pub(crate) fn ignore(&mut self, span: Range<usize>) {
        self.settled.push(span);
    }

    /// Marks a string in which variables have been replaced.
    pub(crate) fn mark_substituted(&mut self, span: Range<usize>) {
        self.substituted.push(span);
    }

    /// Whether variables have been replaced in the string at `span`.
    pub(crate) fn is_substituted(&self, span: &Range<usize>) -> bool {
        self.substituted.contains(span)
    }

    /// Masks this value in all texts.
    pub(crate) fn hide(&mut self, secret: &str) {
        self.secrets.add(secret);
    }

    /// The number of errors.
    pub(crate) fn errors(&self) -> usize {
        self.count(Severity::Error)
    }

    /// The number of warnings.
    pub(crate) fn warnings(&self) -> usize {
        self.count(Severity::Warning)
    }

    fn count(&self, severity: Severity) -> usize {
        let of_severity = self.all.iter().filter(|one| one.severity == severity);
        of_severity.count()
    }

    /// Removes warnings of these kinds.
    pub(crate) fn allow(&mut self, lints: &[Lint]) {
        self.all
            .retain(|one| one.lint.is_none_or(|lint| !lints.contains(&lint)));
    }

    /// Makes errors of the warnings.
    pub(crate) fn deny_warnings(&mut self) {
        for problem in &mut self.all {
            problem.severity = Severity::Error;
        }
    }

    /// Draws them in the order of the file; their numbers come last.
    pub(crate) fn render(mut self, source: &Source, colour: bool) -> String {
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let original = source;
        let source = Source {
            name: source.name.clone(),
            text: self.secrets.mask(&source.text),
        };
        for problem in &mut self.all {
            // What to write in place of a secret would show it.
            let place = problem.span.clone();
            if original.text.get(place.clone()) != source.text.get(place) {
                problem.replacement = None;
            }
        }
        self.all.sort_by_key(|problem| problem.span.start);
        let mut text = String::new();
        for problem in self.all.iter().take(MAX_DRAWN) {
            text.push_str(&problem.masked(&self.secrets).draw(&source, &renderer));
            text.push_str("\n\n");
        }
        let counts = [(self.errors(), "error"), (self.warnings(), "warning")];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let counts: Vec<_> = counts.map(|(count, one)| plural(count, one)).collect();
        if !counts.is_empty() {
            text.push_str(&format!("{}: {}", source.name, counts.join(", ")));
        }
        if self.all.len() > MAX_DRAWN {
            text.push_str(&format!(", of which the first {MAX_DRAWN} are shown"));
        }
        text.trim_end().to_owned()
    }
}

/// A number and what is counted: `1 error`, `2 errors`.
pub(crate) fn plural(count: usize, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

//! What is wrong with a configuration, drawn as compilers draw it: file, line, column, the excerpt with
//! a caret, and what to do.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::Source;

/// Problems that are drawn; of more, the number is told.
const MAX_DRAWN: usize = 50;

/// One thing that is wrong at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    title: String,
    span: Range<usize>,
    label: String,
    context: Option<(Range<usize>, String)>,
    notes: Vec<String>,
    help: Option<String>,
}

impl Problem {
    /// A problem with the text at `span`.
    pub(crate) fn new(title: impl Into<String>, span: Range<usize>) -> Self {
        Self { title: title.into(), span, label: String::new(), context: None, notes: Vec::new(), help: None }
    }

    /// A word beside the caret.
    pub(crate) fn label(self, label: impl Into<String>) -> Self {
        Self { label: label.into(), ..self }
    }

    /// Another place that has to do with it.
    pub(crate) fn context(self, span: Range<usize>, label: impl Into<String>) -> Self {
        Self { context: Some((span, label.into())), ..self }
    }

    /// A fact that explains it.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// What to do.
    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// What to do, if it is known.
    pub(crate) fn maybe_help(self, help: Option<String>) -> Self {
        Self { help, ..self }
    }

    fn draw(&self, source: &Source, renderer: &Renderer) -> String {
        let end = source.text.len();
        let clamp = |span: &Range<usize>| span.start.min(end)..span.end.min(end);
        let mut primary = AnnotationKind::Primary.span(clamp(&self.span));
        if !self.label.is_empty() {
            primary = primary.label(&self.label);
        }
        let context = self.context.iter().map(|(span, label)| AnnotationKind::Context.span(clamp(span)).label(label));
        let snippet = Snippet::source(&source.text).path(&source.name).annotation(primary).annotations(context);
        let mut group = Level::ERROR.primary_title(&self.title).element(snippet);
        for note in &self.notes {
            group = group.element(Level::NOTE.message(note));
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help));
        }
        renderer.render(&[group])
    }
}

/// Everything that is wrong, each thing once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn push(&mut self, problem: Problem) {
        if !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Draws them in the order of the file, and counts them at the end.
    pub(crate) fn render(mut self, source: &Source, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        self.0.sort_by_key(|problem| problem.span.start);
        let mut text = String::new();
        for problem in self.0.iter().take(MAX_DRAWN) {
            text.push_str(&problem.draw(source, &renderer));
            text.push_str("\n\n");
        }
        let plural = if self.0.len() == 1 { "" } else { "s" };
        text.push_str(&format!("{}: {} error{plural}", source.name, self.0.len()));
        if self.0.len() > MAX_DRAWN {
            text.push_str(&format!(", of which the first {MAX_DRAWN} are shown"));
        }
        text
    }
}

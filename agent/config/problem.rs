//! What is wrong with a configuration, drawn as compilers draw it: file, line, column, the excerpt
//! with a caret, and what to do.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use super::Source;
use super::secrets::Secrets;

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
        Self {
            title: title.into(),
            span,
            label: String::new(),
            context: None,
            notes: Vec::new(),
            help: None,
        }
    }

    /// A word beside the caret.
    pub(crate) fn label(self, label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            ..self
        }
    }

    /// Another place that has to do with it.
    pub(crate) fn context(self, span: Range<usize>, label: impl Into<String>) -> Self {
        Self {
            context: Some((span, label.into())),
            ..self
        }
    }

    /// A fact that explains it.
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

    /// What to do, if it is known.
    pub(crate) fn maybe_help(self, help: Option<String>) -> Self {
        Self { help, ..self }
    }

    /// Draws it over `source`, whose secrets are masked.
    fn draw(&self, source: &Source, secrets: &Secrets, renderer: &Renderer) -> String {
        let end = source.text.len();
        let title = secrets.hide(&self.title);
        let labels = [
            &self.label,
            self.context
                .as_ref()
                .map_or(&self.label, |(_, label)| label),
        ]
        .map(|label| secrets.hide(label));
        let notes: Vec<_> = self.notes.iter().map(|note| secrets.hide(note)).collect();
        let help = self.help.as_ref().map(|help| secrets.hide(help));
        let clamp = |span: &Range<usize>| span.start.min(end)..span.end.min(end);
        let mut primary = AnnotationKind::Primary.span(clamp(&self.span));
        let [label, context_label] = &labels;
        if !label.is_empty() {
            primary = primary.label(label);
        }
        let context = self.context.iter();
        let context = context.map(|(span, _)| {
            AnnotationKind::Context
                .span(clamp(span))
                .label(context_label)
        });
        let snippet = Snippet::source(&source.text)
            .path(&source.name)
            .annotation(primary)
            .annotations(context);
        let mut group = Level::ERROR.primary_title(&title).element(snippet);
        for note in &notes {
            group = group.element(Level::NOTE.message(note));
        }
        if let Some(help) = &help {
            group = group.element(Level::HELP.message(help));
        }
        renderer.render(&[group])
    }
}

/// Everything that is wrong, each thing once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Problems {
    all: Vec<Problem>,
    secrets: Secrets,
}

impl Problems {
    pub(crate) fn push(&mut self, problem: Problem) {
        if !self.all.contains(&problem) {
            self.all.push(problem);
        }
    }

    /// No sentence is to show this value.
    pub(crate) fn hide(&mut self, secret: &str) {
        self.secrets.add(secret);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Draws them in the order of the file, and counts them at the end.
    pub(crate) fn render(mut self, source: &Source, colour: bool) -> String {
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let source = Source {
            name: source.name.clone(),
            text: self.secrets.mask(&source.text),
        };
        self.all.sort_by_key(|problem| problem.span.start);
        let mut text = String::new();
        for problem in self.all.iter().take(MAX_DRAWN) {
            text.push_str(&problem.draw(&source, &self.secrets, &renderer));
            text.push_str("\n\n");
        }
        let plural = if self.all.len() == 1 { "" } else { "s" };
        text.push_str(&format!(
            "{}: {} error{plural}",
            source.name,
            self.all.len()
        ));
        if self.all.len() > MAX_DRAWN {
            text.push_str(&format!(", of which the first {MAX_DRAWN} are shown"));
        }
        text
    }
}

//! The configurations that users copy: the shipped file, those of the manual, and old files.

use std::fs;
use std::path::{Path, PathBuf};

use tidegate_runtime::component::Lint;
use tidegate_runtime::telemetry::Telemetry;

use crate::config::{Environment, Problems, Registry, Source, load};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect()
}

/// What is said about a file with the kinds of the agent, without the old names of keys that it may
/// have.
pub(super) fn said_about(name: &str, text: &str) -> String {
    let environment = |name: &str| {
        let is_secret = name.contains("TOKEN") || name.contains("KEY");
        // Those of OpenTelemetry are defaults of keys, which a sample is shown without.
        let is_secret = is_secret && !name.starts_with("OTEL_");
        is_secret.then(|| "0123456789abcdef".to_owned())
    };
    said_with(name, text, &environment)
}

/// As [`said_about`], in an environment.
pub(super) fn said_with(name: &str, text: &str, environment: Environment<'_>) -> String {
    let source = Source {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    let registry = &Registry::BUILT_IN;
    let telemetry = Telemetry::default();
    let mut problems = Problems::default();
    let loaded = load(
        &source,
        registry,
        environment,
        telemetry,
        &mut problems,
        |_| {},
    );
    assert_eq!(loaded.is_some(), problems.errors() == 0);
    problems.allow(&[Lint::RenamedKey]);
    problems.render(&source, false)
}

/// The blocks of TOML on a page that are whole files.
fn samples(page: &str) -> impl Iterator<Item = &str> {
    let blocks = page.split("```toml\n").skip(1);
    let blocks = blocks.filter_map(|rest| rest.split("```").next());
    let has_receivers = |block: &&str| {
        let mut lines = block.lines().map(|line| line.trim_start_matches('['));
        lines.any(|line| line.starts_with("receivers."))
    };
    let whole = blocks.filter(has_receivers);
    whole.filter(|block| block.contains("service.pipelines."))
}

#[test]
fn no_shipped_file_and_no_sample_of_the_manual_gives_a_warning() {
    let mut pages = files("docs", "md");
    pages.push(root().join("README.md"));
    let mut count = 0;
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for sample in samples(&text) {
            count += 1;
            assert_eq!(said_about(&page.display().to_string(), sample), "");
        }
    }
    assert!(count >= 3, "{count} samples");
    let mut shipped = files("tests/golden/configs", "toml");
    shipped.push(root().join("pipeline.toml"));
    for path in shipped {
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(said_about(&path.display().to_string(), &text), "");
    }
}

/// The pipelines of the recipes: those of `deploy/examples/NAME/`.
fn recipes() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("deploy/examples")).unwrap();
    let folders = entries.map(|entry| entry.unwrap().path());
    let folders = folders.filter(|path| path.is_dir());
    folders
        .flat_map(|folder| files(folder.to_str().unwrap(), "toml"))
        .collect()
}

#[test]
fn no_recipe_gives_a_warning() {
    let recipes = recipes();
    assert!(recipes.len() >= 15, "{} recipes", recipes.len());
    for path in recipes {
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(said_about(&path.display().to_string(), &text), "");
    }
}

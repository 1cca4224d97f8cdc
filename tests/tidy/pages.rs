//! The pages for people: their links, and the length of their lines.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::root;

const MAX_COLUMNS: usize = 110;
const MAX_README_LINES: usize = 150;

/// A page: its path from the root, and its lines outside of code blocks.
struct Page {
    path: PathBuf,
    lines: Vec<String>,
}

impl Page {
    fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(root().join(&path))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut is_code = false;
        let outside = |line: &&str| {
            let is_fence = line.trim_start().starts_with("```");
            is_code ^= is_fence;
            !is_code && !is_fence && !line.starts_with("    ")
        };
        let lines = text.lines().filter(outside).map(str::to_owned).collect();
        Self { path, lines }
    }

    /// The targets of links to files of the repository.
    fn links(&self) -> impl Iterator<Item = &str> {
        let targets = self.lines.iter().flat_map(|line| line.split("](").skip(1));
        let targets = targets.filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
        targets.filter(|target| !target.contains("://"))
    }

    /// The fragments by which its headings are linked.
    fn anchors(&self) -> BTreeSet<String> {
        let headings = self.lines.iter().filter(|line| line.starts_with('#'));
        headings
            .map(|line| anchor(line.trim_start_matches('#').trim()))
            .collect()
    }
}

fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept
        .chars()
        .filter(|c| c.is_alphanumeric() || "-_ ".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The paths of what is in a folder.
fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let folder = folder.to_owned();
    let entries = fs::read_dir(root().join(&folder)).expect("the folder is there");
    let names = entries.map(|entry| entry.expect("the entry is readable").file_name());
    names.map(move |name| folder.join(name))
}

fn pages() -> Vec<Page> {
    let folders = [
        "",
        "docs",
        "benches/peers",
        "deploy/examples",
        "tests/conformance",
        "tests/fuzz",
    ];
    let recipes = entries(Path::new("deploy/examples"));
    let recipes = recipes.filter(|path| root().join(path).is_dir());
    let folders = folders.into_iter().map(PathBuf::from).chain(recipes);
    let names = folders.flat_map(|folder| entries(&folder));
    let is_page = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    names.filter(is_page).map(Page::read).collect()
}

#[test]
fn links_between_pages_lead_to_a_file_and_to_a_heading() {
    let mut broken = Vec::new();
    for page in pages() {
        for link in page.links() {
            let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => page.path.clone(),
                _ => page.path.with_file_name(file),
            };
            let is_valid = root().join(&target).exists()
                && (fragment.is_empty() || Page::read(target).anchors().contains(fragment));
            if !is_valid {
                broken.push(format!("{}: {link}", page.path.display()));
            }
        }
    }
    assert_eq!(broken, [""; 0]);
}

#[test]
fn lines_of_the_front_page_and_the_manual_are_not_too_long() {
    let mut long = Vec::new();
    for page in pages() {
        let is_manual = page.path.starts_with("docs") || page.path == Path::new("README.md");
        let lines = page.lines.iter().filter(|line| {
            is_manual && !line.starts_with('|') && line.chars().count() > MAX_COLUMNS
        });
        long.extend(lines.map(|line| format!("{}: {line}", page.path.display())));
    }
    assert_eq!(long, [""; 0]);
}

#[test]
fn the_readme_is_a_front_page() {
    let text = fs::read_to_string(root().join("README.md")).expect("the README is there");
    // Tables and code count, too.
    let long = text
        .lines()
        .filter(|line| line.chars().count() > MAX_COLUMNS);
    assert_eq!(long.collect::<Vec<_>>(), [""; 0]);
    assert!(text.lines().count() <= MAX_README_LINES);
}

#[test]
fn the_index_of_the_manual_lists_every_page() {
    let index = Page::read("docs/README.md".into());
    let listed: BTreeSet<_> = index.links().collect();
    let is_unlisted = |page: &Page| {
        let name = page.path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name != "README.md" && !listed.contains(name))
    };
    let pages = pages()
        .into_iter()
        .filter(|page| page.path.starts_with("docs"));
    let unlisted = pages.filter(is_unlisted).map(|page| page.path);
    assert_eq!(unlisted.collect::<Vec<_>>(), Vec::<PathBuf>::new());
}

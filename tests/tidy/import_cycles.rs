//! No two files of a crate import each other, directly or through a cycle.
//!
//! An edge is a path in code from one module file to another: `use` declarations, and paths in
//! expressions and types. A parent and its child may import each other, a re-exported name counts as
//! the file that defines it, and test modules are ignored.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::Visit;
use syn::{Attribute, Item, ItemMod, UseTree};

/// The path of a module from the root of its crate, with the crate's name first.
type ModulePath = Vec<String>;

/// A module that has a file.
struct Module {
    file: String,
    /// The paths in its code, each as segments from the root of the crate.
    imports: Vec<ModulePath>,
    /// Re-exports from its own crate: the name, and the path that it refers to.
    exports: BTreeMap<String, ModulePath>,
}

/// Collects the paths in one file.
struct PathCollector<'a> {
    /// The module of the visited item, inline modules included.
    current: ModulePath,
    module: &'a mut Module,
}

impl PathCollector<'_> {
    /// The path from the root of the crate, if it starts with `crate`, `self` or `super`.
    fn absolute(&self, segments: &[String]) -> Option<ModulePath> {
        let mut base = match segments.first()?.as_str() {
            "crate" => self.current[..1].to_vec(),
            "self" | "super" => self.current.clone(),
            _ => return None,
        };
        let mut rest = segments;
        while let Some((first, others)) = rest.split_first() {
            match first.as_str() {
                "crate" | "self" => {}
                "super" => _ = base.pop(),
                _ => break,
            }
            rest = others;
        }
        base.extend_from_slice(rest);
        Some(base)
    }

    fn add_import(&mut self, segments: &[String]) {
        self.module.imports.extend(self.absolute(segments));
    }

    fn use_tree(&mut self, tree: &UseTree, before: &mut Vec<String>, exports: bool) {
        let (last, alias) = match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.use_tree(&path.tree, before, exports);
                before.pop();
                return;
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.use_tree(tree, before, exports);
                }
                return;
            }
            UseTree::Glob(_) => return self.add_import(before),
            UseTree::Name(name) => (name.ident.to_string(), name.ident.to_string()),
            UseTree::Rename(rename) => (rename.ident.to_string(), rename.rename.to_string()),
        };
        before.push(last);
        if exports {
            // `pub use child::Name` may omit `self`.
            let path = self
                .absolute(before)
                .or_else(|| self.absolute(&[&["self".to_owned()], before.as_slice()].concat()));
            self.module.exports.extend(path.map(|path| (alias, path)));
        } else {
            self.add_import(before);
        }
        before.pop();
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Path>()
                .is_ok_and(|path| path.is_ident("test"))
    })
}

impl<'ast> Visit<'ast> for PathCollector<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if let Item::Use(declaration) = item {
            if !is_test(&declaration.attrs) {
                let exports = !matches!(declaration.vis, syn::Visibility::Inherited);
                self.use_tree(&declaration.tree, &mut Vec::new(), exports);
            }
        } else {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if module.content.is_some() && !is_test(&module.attrs) {
            self.current.push(module.ident.to_string());
            syn::visit::visit_item_mod(self, module);
            self.current.pop();
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<_> = path
            .segments
            .iter()
            .map(|one| one.ident.to_string())
            .collect();
        if segments.len() > 1 {
            self.add_import(&segments);
        }
        syn::visit::visit_path(self, path);
    }
}

/// The module path of a file: `core/model/src/batch/pool.rs` is `core/model`, `batch`, `pool`.
fn module_path(file: &str) -> ModulePath {
    let (krate, inside) = file.split_once("/src/").unwrap_or_else(|| {
        file.split_once('/')
            .expect("sources are in the folders of their crates")
    });
    let inside = inside.trim_end_matches(".rs");
    let segments = inside
        .split('/')
        .filter(|part| !["lib", "main", "mod"].contains(part));
    [krate]
        .into_iter()
        .chain(segments)
        .map(str::to_owned)
        .collect()
}

fn read(sources: &[(String, String)]) -> BTreeMap<ModulePath, Module> {
    let one = |(file, text): &(String, String)| {
        let at = module_path(file);
        let mut module = Module {
            file: file.clone(),
            imports: Vec::new(),
            exports: BTreeMap::new(),
        };
        let parsed = syn::parse_file(text).expect("sources compile");
        PathCollector {
            current: at.clone(),
            module: &mut module,
        }
        .visit_file(&parsed);
        (at, module)
    };
    sources.iter().map(one).collect()
}

/// The module in whose file the item at `path` is defined.
fn definition<'a>(
    modules: &'a BTreeMap<ModulePath, Module>,
    path: &[String],
) -> Option<&'a [String]> {
    let mut path = path.to_vec();
    // Chains of re-exports are short, and a cycle of them does not compile.
    for _ in 0..8 {
        let length = (1..=path.len())
            .rev()
            .find(|length| modules.contains_key(&path[..*length]))?;
        let (at, module) = modules.get_key_value(&path[..length])?;
        match path.get(length).and_then(|name| module.exports.get(name)) {
            Some(target) if target[..] != path[..=length] => {
                path = [target, &path[length + 1..]].concat();
            }
            _ => return Some(at),
        }
    }
    None
}

fn is_child(child: &[String], parent: &[String]) -> bool {
    child.len() == parent.len() + 1 && child.starts_with(parent)
}

type Edges<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

fn edges(modules: &BTreeMap<ModulePath, Module>) -> Edges<'_> {
    let mut edges = Edges::new();
    for (at, module) in modules {
        let targets = module
            .imports
            .iter()
            .filter_map(|path| definition(modules, path));
        let others = targets.filter(|to| *to != at && !is_child(to, at) && !is_child(at, to));
        let files = others.map(|to| modules[to].file.as_str());
        edges.entry(module.file.as_str()).or_default().extend(files);
    }
    edges
}

/// All files that `from` imports, directly or indirectly.
fn reachable<'a>(edges: &Edges<'a>, from: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut left: Vec<&str> = edges[from].iter().copied().collect();
    while let Some(file) = left.pop() {
        if found.insert(file) {
            left.extend(&edges[file]);
        }
    }
    found
}

/// The groups of files in which each reaches every other.
fn cycles<'a>(edges: &Edges<'a>) -> BTreeSet<Vec<&'a str>> {
    let reachable: BTreeMap<_, _> = edges
        .keys()
        .map(|file| (*file, reachable(edges, file)))
        .collect();
    let group = |file: &&'a str| {
        let group = reachable[file].iter().copied();
        group
            .filter(|other| reachable[other].contains(file))
            .collect::<Vec<_>>()
    };
    edges
        .keys()
        .map(group)
        .filter(|group| !group.is_empty())
        .collect()
}

fn cycles_in(sources: &[(&str, &str)]) -> Vec<Vec<String>> {
    let owned = sources
        .iter()
        .map(|(file, text)| ((*file).to_owned(), (*text).to_owned()));
    let modules = read(&owned.collect::<Vec<_>>());
    let cycles = cycles(&edges(&modules)).into_iter();
    cycles
        .map(|group| group.into_iter().map(str::to_owned).collect())
        .collect()
}

#[test]
fn no_files_form_an_import_cycle() {
    let modules = read(&super::production());
    let edges = edges(&modules);
    let mut report = String::new();
    for group in cycles(&edges) {
        for file in &group {
            let within = edges[file].iter().filter(|target| group.contains(*target));
            report += &format!(
                "{file} -> {}\n",
                within.copied().collect::<Vec<_>>().join(", ")
            );
        }
        report += "\n";
    }
    assert!(report.is_empty(), "files that import each other:\n{report}");
}

#[test]
fn a_cycle_over_three_files_is_found() {
    let sources = [
        ("wire/src/lib.rs", "mod a; mod b; mod c;"),
        ("wire/src/a.rs", "use crate::b::B;"),
        ("wire/src/b.rs", "fn b() { super::c::c() }"),
        ("wire/src/c.rs", "use crate::{a::{A}, a}; use std::fmt;"),
    ];
    assert_eq!(
        cycles_in(&sources),
        [["wire/src/a.rs", "wire/src/b.rs", "wire/src/c.rs"]]
    );
    let open = [
        sources[0],
        sources[1],
        sources[2],
        ("wire/src/c.rs", "use std::fmt;"),
    ];
    assert!(cycles_in(&open).is_empty());
}

#[test]
fn a_name_that_a_parent_re_exports_counts_as_the_file_that_defines_it() {
    let sources = [
        ("wire/src/a/mod.rs", "mod x; pub use x::X;"),
        ("wire/src/a/x.rs", "use crate::b::B;"),
        ("wire/src/b.rs", "use crate::a::X;"),
    ];
    assert_eq!(cycles_in(&sources), [["wire/src/a/x.rs", "wire/src/b.rs"]]);
}

#[test]
fn parents_children_and_tests_form_no_cycle() {
    let sources = [
        ("wire/src/a/mod.rs", "mod x; use x::X; struct A;"),
        ("wire/src/a/x.rs", "use super::A; use crate::b::B;"),
        (
            "wire/src/b.rs",
            "#[cfg(test)] mod tests { use crate::a::x::X; }",
        ),
    ];
    assert!(cycles_in(&sources).is_empty());
}

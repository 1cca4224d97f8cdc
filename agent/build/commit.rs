//! Finds the commit of a source tree by reading files, since git need not be installed.

use std::fs;
use std::path::{Path, PathBuf};

/// What a checkout says about its commit.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Checkout {
    /// The commit that is checked out.
    pub(crate) commit: Option<String>,
    /// The files that decide it, which exist.
    pub(crate) files: Vec<PathBuf>,
}

/// Reads the commit of the checkout whose top folder is `root`: `HEAD`, then the branch that it
/// names, in a file of its own or in `packed-refs` (gitrepository-layout(5)).
pub(crate) fn of_checkout(root: &Path) -> Checkout {
    let mut checkout = Checkout::default();
    let Some((own, common)) = folders(&root.join(".git")) else {
        return checkout;
    };
    let Some(head) = checkout.read(own.join("HEAD")) else {
        return checkout;
    };
    checkout.commit = match head.trim().strip_prefix("ref: ") {
        None => hash(&head),
        Some(name) => {
            let loose = checkout.read(common.join(name));
            let packed = checkout.read(common.join("packed-refs"));
            let loose = loose.as_deref().and_then(hash);
            loose.or_else(|| packed_ref(&packed?, name))
        }
    };
    checkout
}

/// Reads the commit that `git archive` writes into a file with the attribute `export-subst`; there
/// is none in a checkout.
pub(crate) fn of_archive(file: &Path) -> Option<String> {
    hash(&fs::read_to_string(file).ok()?)
}

impl Checkout {
    fn read(&mut self, file: PathBuf) -> Option<String> {
        let text = fs::read_to_string(&file).ok()?;
        self.files.push(file);
        Some(text)
    }
}

/// The folders with `HEAD` and with the branches, which differ in a worktree.
fn folders(git: &Path) -> Option<(PathBuf, PathBuf)> {
    if git.is_dir() {
        return Some((git.to_owned(), git.to_owned()));
    }
    let text = fs::read_to_string(git).ok()?;
    let own = git.parent()?.join(text.trim().strip_prefix("gitdir: ")?);
    let common = fs::read_to_string(own.join("commondir")).unwrap_or_else(|_| ".".to_owned());
    let common = own.join(common.trim());
    Some((own, common))
}

/// The commit of a branch in the text of `packed-refs`.
fn packed_ref(text: &str, name: &str) -> Option<String> {
    let line = text
        .lines()
        .find(|line| line.ends_with(&format!(" {name}")))?;
    hash(line.split(' ').next()?)
}

/// The text, if it is a hash: SHA-1 or SHA-256.
fn hash(text: &str) -> Option<String> {
    let text = text.trim();
    let is_hash =
        matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| text.to_owned())
}

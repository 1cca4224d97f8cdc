//! The commit that `tidegate version` shows, as the build script finds it.

#[path = "../agent/build/commit.rs"]
mod commit;

use std::path::PathBuf;

use commit::{Checkout, of_archive, of_checkout};

use crate::support::TestDir;

const COMMIT: &str = "65cbc7e2b1f04e2f1f0b8a1b0f7a0d1c2e3f4a5b";

fn found(root: &TestDir, files: &[&str]) -> Checkout {
    let files: Vec<PathBuf> = files.iter().map(|file| root.path(file)).collect();
    Checkout {
        commit: Some(COMMIT.to_owned()),
        files,
    }
}

#[test]
fn the_commit_of_a_checkout_is_that_of_its_branch() {
    let root = TestDir::new();
    std::fs::create_dir_all(root.path(".git/refs/heads")).unwrap();
    root.write(".git/HEAD", "ref: refs/heads/main\n");
    let packed = format!("# pack-refs with: peeled\n{COMMIT} refs/heads/main\n^0123\n");
    root.write(".git/packed-refs", packed);
    assert_eq!(
        of_checkout(&root.path("")),
        found(&root, &[".git/HEAD", ".git/packed-refs"])
    );

    root.write(".git/packed-refs", "");
    root.write(".git/refs/heads/main", format!("{COMMIT}\n"));
    let files = [".git/HEAD", ".git/refs/heads/main", ".git/packed-refs"];
    assert_eq!(of_checkout(&root.path("")), found(&root, &files));

    root.write(".git/HEAD", format!("{COMMIT}\n"));
    assert_eq!(of_checkout(&root.path("")), found(&root, &[".git/HEAD"]));
}

#[test]
fn the_commit_of_a_worktree_is_found_in_its_repository() {
    let root = TestDir::new();
    std::fs::create_dir_all(root.path("main/refs/heads")).unwrap();
    std::fs::create_dir_all(root.path("main/worktrees/w")).unwrap();
    std::fs::create_dir_all(root.path("w")).unwrap();
    root.write("w/.git", "gitdir: ../main/worktrees/w\n");
    root.write("main/worktrees/w/HEAD", "ref: refs/heads/w\n");
    root.write("main/worktrees/w/commondir", "../..\n");
    root.write("main/refs/heads/w", format!("{COMMIT}\n"));
    assert_eq!(of_checkout(&root.path("w")).commit.as_deref(), Some(COMMIT));
}

#[test]
fn a_tree_without_git_has_no_commit_unless_it_is_an_archive() {
    let root = TestDir::new();
    assert_eq!(of_checkout(&root.path("")), Checkout::default());
    let placeholder = root.write("archive.txt", "$Format:%H$\n");
    assert_eq!(of_archive(&placeholder), None);
    assert_eq!(of_archive(&root.path("none")), None);
    let exported = root.write("archive.txt", format!("{COMMIT}\n"));
    assert_eq!(of_archive(&exported).as_deref(), Some(COMMIT));
}

//! Failing writes to standard output.

use std::process::Command;

use crate::support::TestDir;

#[test]
fn a_file_at_its_size_limit_has_whole_lines_and_the_run_fails() {
    let dir = TestDir::new();
    let config = dir.replay(
        2_000,
        &["cilium_decode", "l34_flow"],
        "stdout",
        "give_up_after = \"10ms\"",
    );
    let out = dir.path("out");
    for (redirection, before) in [(">", ""), (">>", "before\n")] {
        std::fs::write(&out, before).unwrap();
        let script = format!("ulimit -f 16 && exec \"$0\" run -c \"$1\" {redirection} \"$2\"");
        let agent = env!("CARGO_BIN_EXE_tidegate");
        let output = Command::new("sh")
            .args(["-c", &script, agent])
            .args([&config, &out])
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{redirection}: {} {stderr}",
            output.status
        );
        assert!(stderr.contains("File too large"), "{redirection}: {stderr}");
        let text = std::fs::read_to_string(&out).unwrap();
        assert!(
            text.starts_with(before) && text.len() > 1_000,
            "{redirection}: {} bytes",
            text.len()
        );
        assert!(
            text.ends_with('\n'),
            "{redirection}: an unterminated line: {:?}",
            text.lines().last()
        );
    }
}

//! The agent as a child process.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a test waits for something that has to happen before it gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What a process left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

fn command(args: &[&OsStr]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    command
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
        .env_remove("RUST_LOG")
        .env_remove("JOURNAL_STREAM")
        .env_remove("TIDEGATE_TOKEN")
        .env_remove("TIDEGATE_LOG_FORMAT");
    command
}

/// Runs the agent until it ends.
pub(crate) fn tidegate<S: AsRef<OsStr>>(args: &[S]) -> Ended {
    let args: Vec<_> = args.iter().map(AsRef::as_ref).collect();
    finish(&mut command(&args))
}

/// Runs the agent until it ends, with some environment variables.
pub(crate) fn tidegate_with<S: AsRef<OsStr>>(args: &[S], environment: &[(&str, &OsStr)]) -> Ended {
    let args: Vec<_> = args.iter().map(AsRef::as_ref).collect();
    finish(command(&args).envs(environment.iter().copied()))
}

/// Runs the agent with a standard output that nobody reads any more.
pub(crate) fn tidegate_unread<S: AsRef<OsStr>>(args: &[S]) -> Ended {
    let args: Vec<_> = args.iter().map(AsRef::as_ref).collect();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    finish(command(&args).stdout(writer))
}

/// Runs the agent with a standard input that has these pieces, each by itself.
pub(crate) fn tidegate_reading<S: AsRef<OsStr>>(args: &[S], pieces: &[&[u8]]) -> Ended {
    let args: Vec<_> = args.iter().map(AsRef::as_ref).collect();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let pieces: Vec<Vec<u8>> = pieces.iter().map(|piece| piece.to_vec()).collect();
    // Who has read enough hangs up.
    std::thread::spawn(move || pieces.iter().try_for_each(|piece| writer.write_all(piece)));
    finish(command(&args).stdin(reader))
}

fn finish(command: &mut Command) -> Ended {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// A running agent. It is killed if it is dropped.
pub(crate) struct Agent {
    child: Child,
    lines: Receiver<String>,
    seen: String,
}

impl Agent {
    /// Starts `tidegate run` with a configuration.
    pub(crate) fn run(config: &Path) -> Self {
        Self::start(&["run".as_ref(), "-c".as_ref(), config.as_os_str()])
    }

    /// Starts the agent.
    pub(crate) fn start(args: &[&OsStr]) -> Self {
        Self::start_with(args, &[])
    }

    /// Starts `tidegate run` with a configuration and a standard output.
    pub(crate) fn run_with_output(config: &Path, stdout: impl Into<Stdio>) -> Self {
        Self::of(command(&["run".as_ref(), "-c".as_ref(), config.as_os_str()]).stdout(stdout))
    }

    /// Starts the agent with some environment variables.
    pub(crate) fn start_with(args: &[&OsStr], environment: &[(&str, &OsStr)]) -> Self {
        Self::of(command(args).envs(environment.iter().copied()))
    }

    fn of(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            stderr
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        Self {
            child,
            lines,
            seen: String::new(),
        }
    }

    /// Waits for a line on standard error that has `words`.
    pub(crate) fn says(&mut self, words: &str) -> String {
        let since = Instant::now();
        loop {
            let line = self
                .lines
                .recv_timeout(PATIENCE.saturating_sub(since.elapsed()));
            let line =
                line.unwrap_or_else(|_| panic!("nobody said {words:?}, but:\n{}", self.seen));
            self.seen.push_str(&line);
            self.seen.push('\n');
            if line.contains(words) {
                return line;
            }
        }
    }

    /// The line on standard error that has `words`, said already or still to come.
    pub(crate) fn has_said(&mut self, words: &str) -> String {
        let said = self
            .seen
            .lines()
            .find(|line| line.contains(words))
            .map(str::to_owned);
        said.unwrap_or_else(|| self.says(words))
    }

    /// Waits until it runs, and tells its telemetry address.
    pub(crate) fn address(&mut self) -> String {
        let line = self.says("running telemetry=");
        line.rsplit_once("http://").unwrap().1.to_owned()
    }

    /// Its standard output, for a reader of one's own.
    pub(crate) fn take_stdout(&mut self) -> ChildStdout {
        self.child.stdout.take().unwrap()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        self.signals(&[name]);
    }

    /// Sends signals, one right behind the other.
    pub(crate) fn signals(&self, names: &[&str]) {
        let kills: Vec<_> = names
            .iter()
            .map(|name| format!("kill -{name} {}", self.child.id()))
            .collect();
        assert!(
            Command::new("sh")
                .args(["-c", &kills.join(" && ")])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Sends a signal again and again until a line on standard error has `words`, since one that
    /// comes soon after another one is not heard.
    pub(crate) fn signal_until(&mut self, name: &str, words: &str) {
        let since = Instant::now();
        loop {
            self.signal(name);
            while let Ok(line) = self.lines.recv_timeout(Duration::from_millis(150)) {
                self.seen.push_str(&line);
                self.seen.push('\n');
                if line.contains(words) {
                    return;
                }
            }
            assert!(
                since.elapsed() < PATIENCE,
                "nobody said {words:?}, but:\n{}",
                self.seen
            );
        }
    }

    /// Reads its standard output from now on.
    pub(crate) fn output(&mut self) -> JoinHandle<String> {
        let mut pipe = self.child.stdout.take().unwrap();
        std::thread::spawn(move || {
            let mut text = String::new();
            pipe.read_to_string(&mut text).unwrap();
            text
        })
    }

    /// The most memory that it has had so far, in KiB.
    pub(crate) fn peak_memory_kib(&self) -> u64 {
        self.status_kib("VmHWM:")
    }

    /// The memory that it has now, in KiB.
    pub(crate) fn resident_memory_kib(&self) -> u64 {
        self.status_kib("VmRSS:")
    }

    fn status_kib(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap();
        line.trim_end_matches("kB").trim().parse().unwrap()
    }

    /// Waits until it has ended by itself.
    pub(crate) fn ended(mut self) -> Ended {
        let mut stdout = String::new();
        if let Some(mut pipe) = self.child.stdout.take() {
            pipe.read_to_string(&mut stdout).unwrap();
        }
        Ended {
            stdout,
            ..self.ended_unread()
        }
    }

    /// The same, without reading its standard output, so that it is stuck when it has filled the
    /// pipe.
    pub(crate) fn ended_unread(mut self) -> Ended {
        // The child's own `wait` would close standard input only; the pipe stays open and full.
        let code = self.child.wait().unwrap().code();
        let rest: String = self.lines.iter().map(|line| line + "\n").collect();
        Ended {
            code,
            stdout: String::new(),
            stderr: std::mem::take(&mut self.seen) + &rest,
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

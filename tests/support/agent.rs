//! The agent as a child process.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a test waits for an expected condition before it fails.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// Exit code and output of a process that has exited.
#[derive(Debug)]
pub(crate) struct AgentOutput {
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
        .env_remove("TIDEGATE_CONFIG")
        .env_remove("JOURNAL_STREAM")
        .env_remove("TIDEGATE_TOKEN")
        .env_remove("TIDEGATE_LOG_FORMAT");
    command
}

/// The arguments of `tidegate run` with a configuration and a file for the final ledger.
pub(crate) fn run_args<'a>(config: &'a Path, ledger_file: &'a Path) -> Vec<&'a OsStr> {
    vec![
        "run".as_ref(),
        "-c".as_ref(),
        config.as_os_str(),
        "--ledger".as_ref(),
        ledger_file.as_os_str(),
    ]
}

/// The same with `--strict`.
pub(crate) fn strict_run_args<'a>(config: &'a Path, ledger_file: &'a Path) -> Vec<&'a OsStr> {
    [run_args(config, ledger_file), vec!["--strict".as_ref()]].concat()
}

/// Runs the agent until it exits.
pub(crate) fn tidegate<S: AsRef<OsStr>>(args: &[S]) -> AgentOutput {
    let args: Vec<_> = args.iter().map(AsRef::as_ref).collect();
    finish(&mut command(&args))
}

/// Runs the agent with environment variables until it exits.
pub(crate) fn tidegate_with_env<S: AsRef<OsStr>>(
    args: &[S],
    environment: &[(&str, &OsStr)],
) -> AgentOutput {
    let args: Vec<_> = args.iter().map(AsRef::as_ref).collect();
    finish(command(&args).envs(environment.iter().copied()))
}

/// Runs the agent in a folder until it exits.
pub(crate) fn tidegate_in<S: AsRef<OsStr>>(folder: &Path, args: &[S]) -> AgentOutput {
    let args: Vec<_> = args.iter().map(AsRef::as_ref).collect();
    finish(command(&args).current_dir(folder))
}

/// Runs the agent with a standard output whose reader is closed.
pub(crate) fn tidegate_with_closed_stdout<S: AsRef<OsStr>>(args: &[S]) -> AgentOutput {
    let args: Vec<_> = args.iter().map(AsRef::as_ref).collect();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    finish(command(&args).stdout(writer))
}

/// Runs the agent with a standard input to which each chunk is written separately.
pub(crate) fn tidegate_with_stdin<S: AsRef<OsStr>>(args: &[S], chunks: &[&[u8]]) -> AgentOutput {
    let args: Vec<_> = args.iter().map(AsRef::as_ref).collect();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let chunks: Vec<Vec<u8>> = chunks.iter().map(|chunk| chunk.to_vec()).collect();
    // Writing fails once the agent has closed its end.
    std::thread::spawn(move || chunks.iter().try_for_each(|chunk| writer.write_all(chunk)));
    finish(command(&args).stdin(reader))
}

fn finish(command: &mut Command) -> AgentOutput {
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    AgentOutput {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// A running agent, killed on drop.
pub(crate) struct Agent {
    child: Child,
    lines: Receiver<String>,
    /// The lines of standard error read so far.
    log: String,
}

impl Agent {
    /// Starts `tidegate run` with a configuration.
    pub(crate) fn run(config: &Path) -> Self {
        Self::start(&["run".as_ref(), "-c".as_ref(), config.as_os_str()])
    }

    /// Starts the agent.
    pub(crate) fn start(args: &[&OsStr]) -> Self {
        Self::start_with_env(args, &[])
    }

    /// Starts `tidegate run` with a configuration and a standard output.
    pub(crate) fn run_with_stdout(config: &Path, stdout: impl Into<Stdio>) -> Self {
        Self::spawn(command(&["run".as_ref(), "-c".as_ref(), config.as_os_str()]).stdout(stdout))
    }

    /// Starts the agent with environment variables.
    pub(crate) fn start_with_env(args: &[&OsStr], environment: &[(&str, &OsStr)]) -> Self {
        Self::spawn(command(args).envs(environment.iter().copied()))
    }

    /// Starts the agent with a standard input.
    pub(crate) fn start_with_stdin(args: &[&OsStr], stdin: impl Into<Stdio>) -> Self {
        Self::spawn(command(args).stdin(stdin))
    }

    /// Starts a program that runs the agent.
    pub(crate) fn start_command(command: &mut Command) -> Self {
        Self::spawn(
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .env_remove("RUST_LOG"),
        )
    }

    /// The id of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    fn spawn(command: &mut Command) -> Self {
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
            log: String::new(),
        }
    }

    /// Waits for the next line on standard error that contains `text`.
    pub(crate) fn wait_for_line(&mut self, text: &str) -> String {
        let start = Instant::now();
        loop {
            let line = self
                .lines
                .recv_timeout(TIMEOUT.saturating_sub(start.elapsed()));
            let line = line.unwrap_or_else(|_| panic!("no line with {text:?} in:\n{}", self.log));
            self.log.push_str(&line);
            self.log.push('\n');
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Returns the first line on standard error that contains `text`, and waits for it if none of
    /// those read so far does.
    pub(crate) fn find_line(&mut self, text: &str) -> String {
        let read = self
            .log
            .lines()
            .find(|line| line.contains(text))
            .map(str::to_owned);
        read.unwrap_or_else(|| self.wait_for_line(text))
    }

    /// Waits until the pipelines run, and returns the telemetry address.
    pub(crate) fn telemetry_address(&mut self) -> String {
        let line = self.wait_for_line("running telemetry=");
        line.rsplit_once("http://").unwrap().1.to_owned()
    }

    /// The address of the exporter for Prometheus.
    pub(crate) fn metrics_address(&mut self) -> String {
        let line = self.find_line("serving metrics");
        let (_, rest) = line.split_once("address=").unwrap();
        rest.split(' ').next().unwrap().to_owned()
    }

    /// Hands over standard output.
    pub(crate) fn take_stdout(&mut self) -> ChildStdout {
        self.child.stdout.take().unwrap()
    }

    /// Reads standard output to its end on a thread.
    pub(crate) fn read_stdout(&mut self) -> JoinHandle<String> {
        let mut pipe = self.take_stdout();
        std::thread::spawn(move || {
            let mut text = String::new();
            pipe.read_to_string(&mut text).unwrap();
            text
        })
    }

    /// Sends a signal.
    pub(crate) fn send_signal(&self, name: &str) {
        self.send_signals(&[name]);
    }

    /// Sends signals in quick succession.
    pub(crate) fn send_signals(&self, names: &[&str]) {
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

    /// Repeats a signal until a line on standard error contains `text`: a signal that follows
    /// another one closely is merged with it.
    pub(crate) fn send_signal_until(&mut self, name: &str, text: &str) {
        let start = Instant::now();
        loop {
            self.send_signal(name);
            while let Ok(line) = self.lines.recv_timeout(Duration::from_millis(150)) {
                self.log.push_str(&line);
                self.log.push('\n');
                if line.contains(text) {
                    return;
                }
            }
            assert!(
                start.elapsed() < TIMEOUT,
                "no line with {text:?} in:\n{}",
                self.log
            );
        }
    }

    /// Peak memory so far, in KiB.
    pub(crate) fn peak_memory_kib(&self) -> u64 {
        self.status_kib("VmHWM:")
    }

    /// Resident memory, in KiB.
    pub(crate) fn resident_memory_kib(&self) -> u64 {
        self.status_kib("VmRSS:")
    }

    /// Resident memory that is no part of a file, such as of the program, in KiB.
    pub(crate) fn anonymous_memory_kib(&self) -> u64 {
        self.status_kib("RssAnon:")
    }

    fn status_kib(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap();
        line.trim_end_matches("kB").trim().parse().unwrap()
    }

    /// Reads standard output to its end and waits for the agent to exit.
    pub(crate) fn wait(mut self) -> AgentOutput {
        let mut stdout = String::new();
        if let Some(mut pipe) = self.child.stdout.take() {
            pipe.read_to_string(&mut stdout).unwrap();
        }
        AgentOutput {
            stdout,
            ..self.wait_without_reading_stdout()
        }
    }

    /// Waits for the agent to exit without reading its standard output, so that its writes block
    /// once the pipe is full.
    pub(crate) fn wait_without_reading_stdout(mut self) -> AgentOutput {
        // `Child::wait` closes standard input only; the output pipe stays open and full.
        let code = self.child.wait().unwrap().code();
        let rest: String = self.lines.iter().map(|line| line + "\n").collect();
        AgentOutput {
            code,
            stdout: String::new(),
            stderr: std::mem::take(&mut self.log) + &rest,
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // Both fail if it has exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
